/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the lints share. Each returns 0 or -ENOMEM, and says what it finds by lint_warn(). */

#include "seccomp/decision.h"
#include "seccomp/lint.h"

struct linter {
	struct diagnostics *d;
	const struct policy *p;
	uint64_t work; /* steps that questions about many rules may still take, all together */
};

/*
 * Whether the lints may still take these steps, a step being about a byte looked at. Past what they have,
 * they say nothing more: who suppresses ten thousand warnings in a line of a megabyte has to be content with
 * that.
 */
bool lint_spend(struct linter *l, uint64_t steps);
/*
 * Adds a warning, unless a comment allows it, or the same was said of the same place: a rule can be that of
 * many calls.
 */
int lint_warn(struct linter *l, struct position at, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Where the value of an atom stands. */
struct position atom_position(const struct policy_rule *rule, const struct policy_atom *atom);
/* The name of a call, or "#" and its number; @buffer is for the latter. */
#define LINT_NAME_MAX 16
const char *lint_name(const struct policy *p, uint32_t number, char buffer[static LINT_NAME_MAX]);
static inline bool rule_allows(const struct policy_rule *rule)
{
	return action_permission(rule->action) == PERMISSION_ALLOWED;
}

/* lint-comment.c: whether a comment at the statement around @at allows warnings with this code. */
bool lint_allowed(struct position at, const char *code);
/* Whether there is a comment in the statement, or the line before it is one. */
bool lint_commented(struct position at);
/* A code in such a comment that no warning has: 1 and its place; 0. */
int lint_find_unknown(struct position at, struct position *ret);

/* lint-values.c: one rule of a statement, without its neighbours. */
int lint_rule(struct linter *l, const struct statement *s, const struct policy_rule *rule);

/* lint-reach.c: the rules of a call together. */
int lint_entry(struct linter *l, const struct policy_entry *entry);

/* lint-calls.c: which calls are allowed at all. */
int lint_calls(struct linter *l);
