/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Names of values by family, for the writer. Data alone. */

#include "learn/tracked.h"

struct value_names {
	const char *const *list; /* NULL-terminated; NULL: no names */
	bool flags;              /* each stands for bits that are joined */
};

extern const struct value_names value_names[];
/* The low eight bits of the flags of clone(2) are a signal. */
extern const char *const *const signal_names;
