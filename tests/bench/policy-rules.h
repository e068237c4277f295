/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The rules that all compilers are given: calls that are allowed always, and calls that are allowed with some
 * arguments, in the shapes that real policies have. Only what every contender can express.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RULE_NUMBERS_END                                                                                     \
	450 /* the headers of Debian 12 name no higher one, so that all contenders know all */

enum bench_op {
	BENCH_EQ,
	BENCH_NE,
	BENCH_IN, /* no bit but these */
};

struct bench_atom {
	uint8_t argument, op;
	bool last; /* of its conjunction */
	uint64_t value;
};

struct bench_rule {
	uint32_t number;
	char *name;
	const struct bench_atom *atoms;
	size_t n_atoms; /* 0: always allowed */
};

struct rule_set {
	struct bench_rule *rules; /* ascending by number */
	size_t n;
};

/* What is measured. */
enum bench_call {
	CALL_ALLOWED,  /* getppid() */
	CALL_FILTERED, /* madvise(NULL, 0, MADV_DONTNEED), whose third argument is one of a list */
	CALL_UNLISTED, /* getpgid(), which no rule set names: the default action */
	_CALL_MAX,
};

struct bench_arguments {
	uint32_t number;
	uint64_t args[6];
};

extern const char *const bench_call_names[_CALL_MAX];
extern const struct bench_arguments bench_calls[_CALL_MAX];

/* A set for @wanted calls, or for as many as there are. The same every time. -ENOMEM. */
int rule_set_make(size_t wanted, struct rule_set *ret);
void rule_set_done(struct rule_set *s);
/* As policy text, with a default action of its own when @default_action is not NULL. A fresh string. */
int rule_set_text(const struct rule_set *s, const char *default_action, char **ret, size_t *ret_size);
