/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Which argument of which system call is looked at, and the names that its values have. Names are resolved by
 * the policy compiler's own tables, so that what is written here compiles there.
 */

#include "seccomp/architecture.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum value_family {
	FAMILY_NUMBER, /* without names */
	FAMILY_VALUE,  /* the one that the compiler's tables have for the argument */
	FAMILY_PROTECTION,
	FAMILY_CLONE,
	FAMILY_EXEC_FLAGS,
	_FAMILY_MAX,
};

struct tracked_call {
	const char *name;
	unsigned argument; /* 0..5 */
	enum value_family family;
	const char *label; /* how strace marks the argument: "flags="; NULL: by its position */
	/*
	 * The values stand in memory that the argument points to: strace shows them, a filter can not see
	 * them.
	 */
	bool behind_pointer;
	bool is_int; /* the kernel reads 32 bits: strace shows no more */
};

/* NULL when no argument of this call is tracked. */
const struct tracked_call *tracked_find(const struct architecture *a, const char *name);

/* Whether memory with this protection can be written and executed. */
bool protection_is_writable_code(const struct architecture *a, uint64_t value);

/*
 * Writes a value as a policy has it: by names where all of it has names. Same value, same text.
 */
int tracked_print(FILE *f, const struct architecture *a, const struct tracked_call *tracked, uint64_t value);

/*
 * Calls of i386 that are made through another: strace shows the inner name, a filter sees the outer call.
 * Returns the outer call's name and the first argument that selects the inner one, or NULL.
 */
const char *multiplexer_of(
	const struct architecture *a, const char *name, size_t length, uint64_t *ret_selector);
