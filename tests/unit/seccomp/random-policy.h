/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Random policies, their text, and arguments near the values that they compare with. */

#include "seccomp/policy.h"

#include <linux/seccomp.h>
#include <stdio.h>

struct random {
	uint64_t state; /* not 0 */
};

uint64_t random_next(struct random *r);
/* 0..n-1 */
size_t random_below(struct random *r, size_t n);

struct random_shape {
	uint32_t first_number, n_numbers; /* of system calls */
	size_t max_entries, max_rules, max_atoms;
};

/* Fills an empty policy. */
void random_policy(struct random *r, const struct random_shape *shape, struct policy *ret);
/* Writes the policy in the language, each value in one of its many spellings. */
void random_print(struct random *r, const struct policy *p, FILE *f);
/* A call that the policy has something to say about, or its neighbour. */
void random_call(struct random *r, const struct policy *p, struct seccomp_data *ret);
