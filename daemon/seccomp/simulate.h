/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a policy and what a program say about one system call. The two are written apart, so that each checks
 * the other: the tests hold the emitter to the policy's own reading.
 */

#include "seccomp/policy.h"

#include <linux/filter.h>
#include <linux/seccomp.h>

/* The verdict (SECCOMP_RET_*) straight from the rules. */
uint32_t policy_evaluate(const struct policy *p, const struct seccomp_data *data);

/*
 * The verdict of a program made by emit.c. -EINVAL when it does what those never do: another instruction, a
 * load outside of the data or not of an aligned word, a jump or a fall past its end.
 */
int filter_simulate(
	const struct sock_filter *filter, size_t n, const struct seccomp_data *data, uint32_t *ret_action);
