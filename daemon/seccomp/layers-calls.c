/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Lists of calls: what is listed is allowed and all else refused, or the other way round. */

#include "base/error.h"
#include "seccomp/layer.h"
#include "seccomp/restrict.h"
#include "seccomp/syscalls.h"

#include <fcntl.h>
#include <string.h>

/* By this call a sandbox's program is started, and all architectures have it. */
#define START "execveat"

/* One rule with one action for the number. A number may have two names; the first that says something
 * decides. */
static int attach(struct policy *p, uint32_t number, uint32_t action)
{
	const struct policy_rule *earlier;
	struct policy_rule *rule;

	if (policy_find(p, number))
		return 0;
	rule = policy_add_rule(p);
	if (!rule)
		return -ENOMEM;
	rule->action = action;
	return policy_attach(p, number, rule, &earlier);
}

/* Calls with the mark first: where a number has two names, it is enough that one of them is listed. */
static int attach_all(const struct call_list *l, bool listed, uint32_t action, struct policy *p)
{
	int r = 0;

	for (size_t i = 0; i < n_syscall_rows && r == 0; i++) {
		uint32_t number = syscall_rows[i].numbers[p->architecture->id];

		if (number == SYSCALL_NONE || l->marks[i].listed != listed)
			continue;
		r = attach(p, number, listed && l->marks[i].answered ? l->marks[i].action : action);
	}
	return r;
}

static bool allows(const struct call_list *l, const char *name)
{
	const struct syscall_row *row = syscall_find(name, strlen(name));
	const struct call_mark *mark = row ? &l->marks[row - syscall_rows] : NULL;

	if (!mark)
		return false;
	return l->kind == LIST_ALLOW ? mark->listed && !mark->answered : !mark->listed;
}

/* The call that starts the program, where the list refuses it: allowed with no more than the arguments that
 * it has then. */
static int attach_start(const struct call_list *l, struct policy *p)
{
	const struct syscall_row *row = syscall_find(START, strlen(START));
	const struct call_mark *mark = &l->marks[row - syscall_rows];
	uint32_t number = row->numbers[p->architecture->id];
	struct policy_rule *start = policy_add_rule(p), *refuse = policy_add_rule(p);
	const struct policy_rule *earlier;
	int r;

	if (!start || !refuse)
		return -ENOMEM;
	start->action = SECCOMP_RET_ALLOW;
	refuse->action = mark->answered ? mark->action : l->otherwise;
	r = policy_rule_add_bits(start, 4, UINT32_MAX, AT_EMPTY_PATH);
	if (r < 0)
		return r;
	start->atoms[start->n_atoms - 1].last = true;
	r = policy_attach(p, number, start, &earlier);
	return r < 0 ? r : policy_attach(p, number, refuse, &earlier);
}

int layer_filter(const struct seccomp_layers *layers, struct policy *ret)
{
	const struct call_list *l = &layers->filter;
	int r = 0;

	if (l->kind == LIST_NONE)
		return 0;
	if (!allows(l, START))
		r = attach_start(l, ret);
	if (r == 0 && l->kind == LIST_DENY)
		return attach_all(l, true, l->otherwise, ret);
	/* What these tables do not know yet, programs shall find missing, as on the kernels that they know.
	 */
	ret->default_action = SECCOMP_RET_ERRNO | ENOSYS;
	if (r == 0)
		r = attach_all(l, true, SECCOMP_RET_ALLOW, ret);
	return r < 0 ? r : attach_all(l, false, l->otherwise, ret);
}

int layer_log(const struct seccomp_layers *layers, struct policy *ret)
{
	const struct call_list *l = &layers->log;

	if (l->kind == LIST_NONE)
		return 0;
	if (l->kind == LIST_DENY)
		ret->default_action = SECCOMP_RET_LOG;
	return attach_all(l, true, l->kind == LIST_DENY ? SECCOMP_RET_ALLOW : SECCOMP_RET_LOG, ret);
}
