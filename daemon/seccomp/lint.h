/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Looks in one statement for what is right by the grammar and most likely not meant. Warnings never change
 * the verdict.
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
	bool commented; /* a comment stands in one of its lines or ends in the line before it */
};

/* Returns 0; -ENOMEM. */
int lint_statement(struct diagnostics *d, const struct policy *p, const struct statement *s);
