/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Looks for what is right by the grammar and most likely not meant. Warnings never change the verdict. A
 * comment "lint: allow CODE" in the statement, or in the line before it, keeps those with that code away.
 */

#include "seccomp/diagnostics.h"
#include "seccomp/policy.h"

/* A system call that a statement is for. */
struct statement_name {
	uint32_t number;
	struct position at; /* as the text has it: a name, a number, or the group that it comes from */
	bool from_group;
};

struct statement {
	const struct statement_name *names;
	size_t n_names;
	struct policy_rule *const *rules;
	size_t n_rules;
};

/* What can be said of a statement by itself. Returns 0; -ENOMEM. */
int lint_statement(struct diagnostics *d, const struct policy *p, const struct statement *s);
/*
 * What takes the whole policy, which has no errors: what its rules come to together. Puts all diagnostics
 * into the order of the texts. Returns 0; -ENOMEM.
 */
int lint_policy(struct diagnostics *d, const struct policy *p);

/* The codes of all warnings, sorted; ends with NULL. */
extern const char *const lint_codes[];
