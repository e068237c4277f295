/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Policies put together by tests, rule by rule, without any text. A failure ends the test. */

#include "seccomp/emit.h"
#include "seccomp/policy.h"

#include <linux/seccomp.h>

#define MADE_NUMBER_MAX 4095 /* beyond the first of an architecture */
#define MADE_ONE        (SECCOMP_RET_ERRNO | 1)
#define MADE_TWO        (SECCOMP_RET_ERRNO | 2)

/* A new rule for a number, which counts from the first one of the architecture. */
struct policy_rule *add_rule(struct policy *p, uint32_t number, uint32_t action);
void add_atom(struct policy_rule *rule, enum policy_op op, unsigned argument, uint64_t value, bool last);
/* Allows the numbers 0, step, 2 * step, ...: no two are neighbours unless @step is 1. */
void allow_numbers(struct policy *p, uint32_t step);
/* A call with arguments 0. */
struct seccomp_data call_of(const struct policy *p, uint32_t number);

void emit_policy(const struct policy *p, struct sock_filter **ret_filter, size_t *ret_n);
/* Holds the program against the policy, and two simulators against each other. Returns the steps that it
 * took. */
size_t expect_verdict(
	const struct policy *p, const struct sock_filter *filter, size_t n, const struct seccomp_data *data);
