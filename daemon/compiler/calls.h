/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a finished program may let through, beside calls that are known to be harmless for what is asked. A
 * call that the tables do not know, or that is newer than what was looked at, is none of these: the next
 * kernel may have other ways to the same thing.
 */

#include "seccomp/architecture.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#define CALL_NUMBERS 1024U /* twice as many as any interface has */

/* Of each number of an interface, counted from its first one: whether it is harmless. To begin with, all that
 * have been looked at are. */
void calls_begin(const struct architecture *a, bool ret[CALL_NUMBERS]);
void calls_set(const struct architecture *a, const char *const *names, size_t n, bool harmless,
	bool ret[CALL_NUMBERS]);
/* The name of one that the program may let through, whatever its arguments, and that is not harmless; NULL:
 * there is none. */
const char *calls_find_in(const struct sock_filter *filter, size_t n, const struct architecture *a,
	const bool harmless[CALL_NUMBERS]);
/* The same on any interface, where only these calls are not harmless. */
const char *calls_find(const struct sock_filter *filter, size_t n, const char *const *names, size_t n_names);
