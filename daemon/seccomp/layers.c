/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Each layer restricts what was there before it, so that a call gets what the kernel would make of it if each
 * had a filter of its own. The order decides only whose error number is returned where several return one:
 * that of the policy, of the filter, of the keys, the first of these.
 */

#include "seccomp/layers.h"

#include "base/bounds.h"
#include "base/error.h"
#include "seccomp/emit.h"
#include "seccomp/layer.h"
#include "seccomp/loaded.h"
#include "seccomp/restrict.h"
#include "seccomp/syscalls.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

/* One policy an architecture. */
struct stack {
	struct policy own[_ARCHITECTURE_MAX]; /* where there is none to begin with */
	const struct policy *list[_ARCHITECTURE_MAX];
	size_t n;
};

static void stack_done(struct stack *s)
{
	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++)
		policy_done(&s->own[i]);
}

static void policy_allowing(struct policy *ret, const struct architecture *a)
{
	policy_init(ret, a);
	ret->default_action = SECCOMP_RET_ALLOW;
}

static int say(char **reterr_text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int say(char **reterr_text, const char *format, ...)
{
	va_list ap;
	int r;

	va_start(ap, format);
	r = vasprintf(reterr_text, format, ap);
	va_end(ap);
	if (r >= 0)
		return -EBADMSG;
	*reterr_text = NULL;
	return -ENOMEM;
}

static int lay_over(
	const struct seccomp_layers *l, struct policy *p, const struct layer *layer, char **reterr_text)
{
	_cleanup_(policy_done) struct policy by;
	uint32_t number = 0;
	const char *name;
	int r;

	policy_allowing(&by, p->architecture);
	r = layer->build(l, &by);
	if (r == 0)
		r = policy_restrict(p, &by, &number);
	if (r != -E2BIG && r != -EOVERFLOW)
		return r;
	name = syscall_name(p->architecture, number);
	return say(reterr_text,
		"the policy's rules for %s, together with %s, are too many; put the call under fewer "
		"conditions",
		name ? name : "a system call", layer->name);
}

static int lay_over_all(const struct seccomp_layers *l, struct policy *p, char **reterr_text)
{
	static const struct layer lists[] = {
		{ "SystemCallFilter=", layer_filter },
		{ "SystemCallFilter=", layer_filter_packed },
		{ "SystemCallLog=", layer_log },
		{ "SystemCallLog=", layer_log_packed },
	};
	int r = 0;

	for (size_t i = 0; i < ELEMENTSOF(lists) && r == 0; i++)
		r = lay_over(l, p, &lists[i], reterr_text);
	for (size_t i = 0; i < n_key_layers && r == 0; i++)
		r = lay_over(l, p, &key_layers[i], reterr_text);
	return r;
}

static int explain_size(const struct stack *s, const struct emit_size *size, char **reterr_text)
{
	const char *name = NULL;

	for (size_t i = 0; i < s->n && size->largest && !name; i++)
		if (policy_find(s->list[i], size->largest->number) == size->largest)
			name = syscall_name(s->list[i]->architecture, size->largest->number);
	return say(reterr_text,
		"the filter of all keys together takes %zu instructions, and the kernel runs at most %d; "
		"most of "
		"them, %zu, are for %s",
		size->instructions, BPF_MAXINSNS_PER_FILTER, size->largest_instructions,
		name ? name : "the search for the call");
}

int layers_compile(const struct seccomp_layers *l, struct seccomp_result policies[_ARCHITECTURE_MAX],
	const bool wanted[_ARCHITECTURE_MAX], struct sock_filter **ret_filter, size_t *ret_n,
	char **reterr_text)
{
	_cleanup_(stack_done) struct stack stack = {};
	struct emit_size size;
	int r = 0;

	for (size_t i = 0; i < _ARCHITECTURE_MAX && r == 0; i++) {
		struct policy *p = &stack.own[i];

		if (!wanted[i])
			continue;
		if (policies[i].loaded)
			p = &policies[i].loaded->policy;
		else
			policy_allowing(p, &architectures[i]);
		r = lay_over_all(l, p, reterr_text);
		stack.list[stack.n++] = p;
	}
	if (r < 0)
		return r;
	assert(stack.n > 0);
	r = policies_emit(stack.list, stack.n, ret_filter, ret_n, &size);
	return r == -E2BIG ? explain_size(&stack, &size, reterr_text) : r;
}
