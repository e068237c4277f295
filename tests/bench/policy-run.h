/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Runs a filter as the kernel would and counts its instructions. Other compilers use more of BPF than ours,
 * whose simulator refuses the rest.
 */

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

/* -EINVAL for a program that the kernel would not load or that no compiler here makes. */
int program_run(const struct sock_filter *filter, size_t n, const struct seccomp_data *data,
	uint32_t *ret_action, size_t *ret_steps);
