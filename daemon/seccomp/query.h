/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a policy says about a call, some of whose arguments may be open: every verdict that such a call can
 * have, the rule behind it and an example. Exact: from the rules, not from trying calls out.
 */

#include "seccomp/diagnostics.h"
#include "seccomp/policy.h"

#include <linux/filter.h>

/* A call that is asked about. */
struct policy_call {
	uint32_t number;
	bool given[POLICY_ARGUMENTS]; /* else any value */
	uint64_t arguments[POLICY_ARGUMENTS];
	struct position at[POLICY_ARGUMENTS]; /* of what is given */
};

/*
 * Parses "openat(AT_FDCWD, *, O_RDONLY)": a name, or a number that may follow "#", and up to six values of
 * the policy language or "*" for any. Arguments that are not there are any, too, and "..." as the last stands
 * for them. @sources keeps the text. -EBADMSG: @diagnostics tell why.
 */
int policy_call_parse(struct source_set *sources, struct diagnostics *diagnostics,
	const struct architecture *architecture, const char *text, struct policy_call *ret);

/* Parses an action, such as "return EPERM"; as policy_call_parse(). */
int policy_action_parse(struct source_set *sources, struct diagnostics *diagnostics,
	const struct architecture *architecture, const char *text, uint32_t *ret);

/* One of the rules that can decide, or the default. */
struct policy_answer {
	uint32_t action;
	const struct policy_rule *rule; /* NULL: the default */
	/*
	 * What must hold for that, beside that no earlier rule decides: those conjunctions of the rule that
	 * can, without what the call has already. None: nothing.
	 */
	struct policy_atom *atoms;
	size_t n_atoms, allocated;
	struct seccomp_data example;
};

/* In the order of the rules. */
struct policy_answers {
	struct policy_answer *list;
	size_t n, allocated;
};

/*
 * @filter: the policy's program; each example is put to it and to the rules. Returns 0; -E2BIG when the rules
 * have too many combinations to decide; -EPROTO when program, rules and answer contradict each other;
 * -ENOMEM.
 */
int policy_query(const struct policy *p, const struct sock_filter *filter, size_t n_filter,
	const struct policy_call *call, struct policy_answers *ret);
void policy_answers_done(struct policy_answers *a);

/*
 * Whether any call of @number (one that architecture_has_number()) is allowed, logged or not, or left to a
 * tracer or a supervisor to decide. -E2BIG and -ENOMEM: not decided; who must be careful takes that for
 * "yes".
 */
int policy_reachable(const struct policy *p, uint32_t number, bool *ret);
