/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Policies for a world so small that every call in it can be tried: each of six arguments has two bits, which
 * lie in far ends of the word. What is not of this world is denied by each policy's first rule in the same
 * way.
 */

#include "random-policy.h"

#define SMALL_CALLS   4096
#define SMALL_NUMBER  7 /* above the first: the system call that policies have rules for */
#define SMALL_OUTSIDE (SECCOMP_RET_ERRNO | 4001)

/* The bits that an argument has. */
uint64_t small_bits(const struct architecture *a, unsigned argument);
/* A condition on an argument, with a value of the small world or next to one. */
struct policy_atom small_atom(struct random *r, const struct architecture *a);
/* One of all calls: 0 to SMALL_CALLS - 1. */
struct seccomp_data small_call(const struct architecture *a, unsigned index);
/* Fills an empty policy. @n_actions: how many different ones it may use, 2 to 7. */
void small_policy(struct random *r, size_t max_rules, size_t max_atoms, size_t n_actions, struct policy *ret);
/* Fills an empty policy with the rules of another, some of them changed. */
void small_variation(struct random *r, const struct policy *p, struct policy *ret);
