/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "learn/statements.h"

#include "base/array.h"
#include "base/strv.h"
#include "learn/tracked.h"
#include "seccomp/constants.h"
#include "seccomp/simulate.h"
#include "seccomp/syscalls.h"

#include <inttypes.h>
#include <string.h>

#define START_ARGUMENT 4 /* of execveat: its flags */

struct addition {
	const char *name, *why;
};

/* What every program can need without having been seen to. The last is i386's and arm's. */
static const struct addition additions[] = {
	{ "exit", "how a thread ends" },
	{ "exit_group", "how a process ends" },
	{ "restart_syscall", "the kernel has it called after a stop" },
	{ "rt_sigreturn", "the return from a signal's handler" },
	{ "sigreturn", "the return from a signal's handler" },
};

/* What the vDSO does without a system call, unless the clock or the processor does not let it. */
static const struct addition vdso_additions[] = {
	{ "clock_getres", "for when the vDSO can not do it" },
	{ "clock_getres_time64", "for when the vDSO can not do it" },
	{ "clock_gettime", "for when the vDSO can not do it" },
	{ "clock_gettime64", "for when the vDSO can not do it" },
	{ "getcpu", "for when the vDSO can not do it" },
	{ "gettimeofday", "for when the vDSO can not do it" },
	{ "time", "for when the vDSO can not do it" },
};

void statements_done(struct statements *s)
{
	free(s->list);
	free(s->clone.values);
	*s = (struct statements){};
}

static int find_number(const struct learning *l, const char *name, uint32_t *ret)
{
	return syscall_lookup(l->architecture, name, strlen(name), ret);
}

/* The entry of a name that was seen, or NULL. */
static const struct learn_call *seen_call(const struct learning *l, const char *name)
{
	const struct learn_call *call;
	uint32_t number;

	if (find_number(l, name, &number) < 0)
		return NULL;
	call = learning_find(l, number);
	return call && call->count > 0 ? call : NULL;
}

static bool has_statement(const struct statements *s, uint32_t number)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i].number == number)
			return true;
	return false;
}

static struct statement *add_statement(const struct learning *l, struct statements *s, uint32_t number)
{
	const char *name = syscall_name(l->architecture, number);
	struct statement *statement;

	if (array_reserve(&s->list, &s->allocated, s->n + 1, sizeof(*s->list)) < 0)
		return NULL;
	statement = &s->list[s->n++];
	*statement = (struct statement){ .number = number };
	if (name)
		(void)snprintf(statement->name, sizeof(statement->name), "%s", name);
	else
		(void)snprintf(statement->name, sizeof(statement->name), "%" PRIu32, number);
	return statement;
}

static int add_unseen(
	const struct learning *l, struct statements *s, const struct addition *list, size_t n_list)
{
	struct statement *statement;
	uint32_t number;

	for (size_t i = 0; i < n_list; i++) {
		if (find_number(l, list[i].name, &number) < 0 || has_statement(s, number))
			continue;
		statement = add_statement(l, s, number);
		if (!statement)
			return -ENOMEM;
		statement->why = list[i].why;
	}
	return 0;
}

static int add_start(const struct learning *l, struct statements *s)
{
	struct statement *statement = NULL;
	uint32_t number;

	if (find_number(l, "execveat", &number) < 0)
		return -EOPNOTSUPP;
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i].number == number)
			statement = &s->list[i];
	if (!statement)
		statement = add_statement(l, s, number);
	if (!statement)
		return -ENOMEM;
	statement->start = true;
	return 0;
}

static int copy_values(struct learn_call *into, const struct learn_call *from)
{
	for (size_t i = 0; i < from->n_values; i++) {
		uint64_t before = into->dropped;
		int r = learn_value(into, from->values[i].value, from->values[i].low_half);

		if (r < 0)
			return r;
		for (size_t j = 0; into->dropped == before && j < into->n_values; j++)
			if (into->values[j].value == from->values[i].value)
				into->values[j].count += from->values[i].count - 1;
	}
	into->count += from->count;
	into->without_argument += from->without_argument;
	into->dropped += from->dropped;
	return 0;
}

/* The statement for clone gets the flags of clone3, too. */
static int join_clone3(const struct learning *l, struct statements *s)
{
	const struct learn_call *clone3 = seen_call(l, "clone3"), *clone = seen_call(l, "clone");
	struct statement *statement = NULL;
	uint32_t number;
	int r;

	if (!clone3 || find_number(l, "clone", &number) < 0)
		return 0;
	s->clone = (struct learn_call){ .number = number, .tracked = tracked_find(l->architecture, "clone") };
	r = clone ? copy_values(&s->clone, clone) : 0;
	if (r == 0)
		r = copy_values(&s->clone, clone3);
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i].number == number)
			statement = &s->list[i];
	if (!statement)
		statement = add_statement(l, s, number);
	if (!statement)
		return -ENOMEM;
	statement->call = &s->clone;
	return r;
}

static int compare_names(const void *a, const void *b)
{
	const struct statement *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int statements_make(const struct learning *l, const struct learn_write_options *o, struct statements *ret)
{
	int r = 0;

	for (size_t i = 0; i < l->n_calls; i++) {
		struct statement *statement;

		if (l->calls[i].count == 0)
			continue;
		statement = add_statement(l, ret, l->calls[i].number);
		if (!statement)
			return -ENOMEM;
		statement->call = &l->calls[i];
	}
	if (o->avoid_clone3)
		r = join_clone3(l, ret);
	if (r == 0)
		r = add_unseen(l, ret, additions, ELEMENTSOF(additions));
	if (r == 0 && o->vdso)
		r = add_unseen(l, ret, vdso_additions, ELEMENTSOF(vdso_additions));
	if (r == 0)
		r = add_start(l, ret);
	if (r < 0)
		return r;
	qsort(ret->list, ret->n, sizeof(*ret->list), compare_names);
	return 0;
}

static bool has_writable_code(const struct learning *l, const struct learn_call *call)
{
	for (size_t i = 0; i < call->n_values; i++)
		if (protection_is_writable_code(l->architecture, call->values[i].value))
			return true;
	return false;
}

enum statement_limit statement_limits(
	const struct learning *l, const struct learn_write_options *o, const struct learn_call *call)
{
	const struct tracked_call *tracked = call->tracked;

	if (tracked->behind_pointer)
		return o->avoid_clone3 && strcmp(tracked->name, "clone3") == 0 ? LIMIT_ENOSYS : LIMIT_NONE;
	if (tracked->family == FAMILY_PROTECTION && !has_writable_code(l, call) &&
		(o->protection_guard || call->without_argument > 0))
		return LIMIT_GUARD;
	if (call->without_argument > 0 && o->any_argument)
		return LIMIT_NONE;
	return call->n_values > 0 ? LIMIT_VALUES : LIMIT_REFUSED;
}

/* What Bailiff gives to execveat; 0, which it is not, where the name is unknown. */
static uint64_t start_flags(const struct learning *l)
{
	uint64_t flags = 0;

	(void)constant_lookup(l->architecture, "AT_EMPTY_PATH", 13, &flags);
	return flags;
}

/* The policy's verdict for a value of an argument, all others being 0. */
static bool policy_permits(const struct policy *p, uint32_t number, unsigned argument, uint64_t value)
{
	struct seccomp_data data = { .nr = (int)number, .arch = p->architecture->audit };
	uint32_t action;

	data.args[argument] = value;
	action = policy_evaluate(p, &data) & SECCOMP_RET_ACTION_FULL;
	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

/* Whether no rule of the entry looks at another argument than this one. */
static bool looks_at(const struct policy_entry *entry, unsigned argument)
{
	for (size_t i = 0; i < entry->n_rules; i++)
		for (size_t j = 0; j < entry->rules[i]->n_atoms; j++)
			if (entry->rules[i]->atoms[j].argument != argument)
				return false;
	return true;
}

/* Whether the policy permits every value that was seen, of an argument that alone matters to it. */
static bool permits_seen(const struct learning *l, const struct learn_write_options *o,
	const struct policy_entry *entry, const struct statement *s)
{
	const struct learn_call *call = s->call;
	unsigned argument = s->start ? START_ARGUMENT : call && call->tracked ? call->tracked->argument : 0;

	if (!s->start && (!call || !call->tracked || call->n_values == 0 || call->tracked->behind_pointer))
		return false;
	if (!looks_at(entry, argument) || (call && (call->without_argument > 0 || call->dropped > 0)))
		return false;
	if (s->start && !policy_permits(o->included, s->number, argument, start_flags(l)))
		return false;
	for (size_t i = 0; call && i < call->n_values; i++)
		if (!policy_permits(o->included, s->number, argument, call->values[i].value))
			return false;
	return true;
}

enum statement_included statement_included(
	const struct learning *l, const struct learn_write_options *o, const struct statement *s)
{
	const struct policy_entry *entry = o->included ? policy_find(o->included, s->number) : NULL;

	if (!entry || entry->n_rules == 0)
		return INCLUDED_NOT;
	if (permits_seen(l, o, entry, s))
		return INCLUDED_PERMITS;
	if (entry->rules[entry->n_rules - 1]->n_atoms > 0)
		return INCLUDED_NOT;
	if (entry->n_rules == 1 && policy_permits(o->included, s->number, 0, 0))
		return INCLUDED_PERMITS;
	return INCLUDED_DECIDES;
}

bool statement_is_start_value(const struct learning *l, uint64_t value)
{
	return value == start_flags(l);
}

static int warn_call(const struct learning *l, const struct learn_write_options *o,
	const struct learn_call *call, char ***list)
{
	const struct tracked_call *tracked = call->tracked;
	enum statement_limit limit = statement_limits(l, o, call);
	int r = 0;

	if (limit == LIMIT_NONE && !tracked->behind_pointer)
		r = strv_extendf(list,
			"%s is permitted with every argument: the logs lack those of %" PRIu64
			" of its calls",
			tracked->name, call->without_argument);
	else if (limit == LIMIT_NONE)
		r = strv_extendf(list,
			"%s is permitted with every argument: they stand in memory, where no filter looks%s",
			tracked->name,
			strcmp(tracked->name, "clone3") == 0 ? " (--avoid-clone3 has clone used instead)"
							     : "");
	else if (limit == LIMIT_GUARD && call->without_argument > 0)
		r = strv_extendf(list,
			"%s is permitted for all but writable code: the logs lack the arguments of %" PRIu64
			" of its calls",
			tracked->name, call->without_argument);
	else if (call->without_argument > 0 && limit != LIMIT_ENOSYS)
		r = strv_extendf(list,
			"%s: the logs lack the arguments of %" PRIu64
			" of its calls, and nothing is permitted for them",
			tracked->name, call->without_argument);
	if (r == 0 && limit == LIMIT_VALUES && call->dropped > 0)
		r = strv_extendf(list,
			"%s is permitted with the first %d different arguments; %" PRIu64
			" of its calls had others",
			tracked->name, LEARN_VALUES_MAX, call->dropped);
	if (r == 0 && limit == LIMIT_VALUES && tracked->family == FAMILY_PROTECTION &&
		has_writable_code(l, call))
		r = strv_extendf(list, "%s made memory writable and executable", tracked->name);
	return r;
}

/* What is added to a policy that says something of the call already. */
static int warn_added(const struct learn_write_options *o, const struct statement *s, char ***list)
{
	const struct policy_entry *entry = o->included ? policy_find(o->included, s->number) : NULL;
	const struct tracked_call *tracked = s->call ? s->call->tracked : NULL;

	if (!entry || !s->call || (tracked && looks_at(entry, tracked->argument)))
		return 0;
	return strv_extendf(list,
		"%s is permitted beyond the included policy, which looks at more of its arguments", s->name);
}

static int warn_statement(const struct learning *l, const struct learn_write_options *o,
	const struct statement *s, char ***list)
{
	int r;

	switch (statement_included(l, o, s)) {
	case INCLUDED_NOT:
		r = warn_added(o, s, list);
		return r == 0 && s->call && s->call->tracked ? warn_call(l, o, s->call, list) : r;
	case INCLUDED_PERMITS:
		return 0;
	case INCLUDED_DECIDES:
		return strv_extendf(list,
			"%s: the included policy decides, which may be other than what was seen", s->name);
	}
	return 0;
}

int learn_warnings(const struct learning *l, const struct learn_write_options *o, char ***ret)
{
	_cleanup_(statements_done) struct statements statements = {};
	_cleanup_(strv_freep) char **list = NULL;
	int r = 0;

	if (l->n_events == 0)
		r = strv_extend(&list, "no system call was found in the logs");
	if (r == 0 && l->n_foreign > 0)
		r = strv_extendf(&list,
			"left out: %" PRIu64 " of the calls, made through another architecture's interface, "
			"which no policy for %s permits",
			l->n_foreign, l->architecture->name);
	if (r == 0 && l->n_problems > 0)
		r = strv_extendf(&list, "left out: %" PRIu64 " of the lines, not understood",
			l->n_problems + l->n_more_problems);
	if (r == 0)
		r = statements_make(l, o, &statements);
	for (size_t i = 0; r == 0 && i < statements.n; i++)
		r = warn_statement(l, o, &statements.list[i], &list);
	if (r < 0)
		return r;
	*ret = steal_ptr(list);
	return 0;
}
