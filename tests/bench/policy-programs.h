/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* One set of rules, as each compiler translates it. */

#include "policy-rules.h"
#include "stats.h"

#include <linux/filter.h>

enum compiler {
	COMPILER_BAILIFF,
	COMPILER_LIBSECCOMP_1,
	COMPILER_LIBSECCOMP_2,
	COMPILER_MINIJAIL_PARSER,
	COMPILER_MINIJAIL_LINEAR,
	COMPILER_MINIJAIL_BST,
	_COMPILER_MAX,
};

extern const char *const compiler_names[_COMPILER_MAX];

/* Where Minijail's compilers are; NULL where they are not. */
struct minijail {
	const char *tools;  /* folder of compile_seccomp_policy.py */
	const char *parser; /* the program parse_seccomp_policy */
};

struct program {
	struct sock_filter *filter; /* NULL: this compiler is not there */
	size_t n;
	struct samples compiling;
};

/*
 * Compiles with one compiler: @rounds times with those that are libraries; once with those that are programs,
 * whose start is part of their time.
 */
int program_make(enum compiler compiler, const struct rule_set *rules, const struct minijail *minijail,
	size_t rounds, struct program *ret);
void program_done(struct program *p);
