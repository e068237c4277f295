/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Calls, and what must become of them under the installed policies. */

#include <stddef.h>

struct shipped_call {
	const char *call;     /* "openat(AT_FDCWD, 1, O_RDONLY)": numbers and names of constants */
	const char *verdicts; /* one letter for each policy: a it is made, k the process ends, e it fails */
	const char *only;     /* the architectures that this is for; NULL: all that have the call */
};

extern const struct shipped_call shipped_calls[];
extern const size_t n_shipped_calls;
