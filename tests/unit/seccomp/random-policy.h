/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Random policies: the text, in all that the language has, and beside it the rules that the text stands for,
 * put together without the parser. Calls around the values that the rules name.
 */

#include "seccomp/policy.h"

#include <linux/seccomp.h>

struct random {
	uint64_t state; /* not 0 */
};

/* For a test program's set-up: BAILIFF_TEST_SEED, or chance; printed, so that a run can be repeated. 0, or
 * -1. */
int random_seed(uint64_t *ret);
struct random random_from_seed(uint64_t seed);
uint64_t random_next(struct random *r);
/* 0..n-1 */
size_t random_below(struct random *r, size_t n);
/* Once in n times. */
bool random_once_in(struct random *r, size_t n);
/* A value of as many bits, most often one at an edge. */
uint64_t random_value(struct random *r, unsigned bits);

struct random_shape {
	uint32_t first_number, n_numbers; /* of system calls */
	size_t max_entries, max_rules, max_atoms;
};

/* Fills an empty policy. */
void random_policy(struct random *r, const struct random_shape *shape, struct policy *ret);
/* A call that the policy has something to say about, or its neighbour. */
void random_call(struct random *r, const struct policy *p, struct seccomp_data *ret);
/*
 * Makes a call, now and then, one of another interface, and puts something where nobody should look: into the
 * upper halves of words of 32 bits.
 */
void random_disturb(struct random *r, const struct policy *p, struct seccomp_data *data);
