/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Tables: the names that stand for numbers in policies. Each table lists one field in ascending order of
 * strcmp(); a name is in one table only. Knows no syntax.
 */

/* Nothing else here: the tables include headers of the kernel that contradict those of the C library. */
#include <stddef.h>
#include <stdint.h>

struct constant {
	const char *name;
	uint64_t value; /* negative ones as the kernel sees them: sign-extended to 64 bits */
};

struct constant_table {
	const struct constant *list;
	size_t n;
};

/* clang-format off */
#define K(name)     { #name, (uint64_t)(name) }
#define TABLE(list) { list, sizeof(list) / sizeof((list)[0]) }
/* clang-format on */

extern const struct constant_table constants_error;
extern const struct constant_table constants_file;
extern const struct constant_table constants_ioctl;
extern const struct constant_table constants_memory;
extern const struct constant_table constants_process;
extern const struct constant_table constants_socket;
/* What the architecture has for itself; may be empty. */
extern const struct constant_table constants_native;

/* All tables, NULL-terminated. */
extern const struct constant_table *const constant_tables[];
