/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Whether a finished program lets a call through, when not all of the call is known. An upper bound: where an
 * unknown argument decides, both ways are gone, so "no" is certain and "yes" may be too much.
 */

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Architecture, number and the first n_known arguments of call are given. Allowed means: allowed, logged, or
 * left to a tracer or a supervisor. An instruction that no program of ours has counts as allowed, and
 * so does everything when memory is short. */
bool filter_may_allow(
	const struct sock_filter *filter, size_t n, const struct seccomp_data *call, unsigned n_known);
/* Any call of an interface at all. Where it is not so, filter_may_allow() says no of each number. */
bool filter_may_allow_any(const struct sock_filter *filter, size_t n, uint32_t audit_arch);
/* The same of a call whose first argument is an int: a filter sees 64 bits, the kernel looks at the lower 32.
 * These are given, the upper ones may be any. */
bool filter_may_allow_int(const struct sock_filter *filter, size_t n, const struct seccomp_data *call);
