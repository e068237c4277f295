/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The shape of the tables that tables/generate.py makes of the data files beside it. Only syscalls.c,
 * constants.c, families.c and groups.c look inside; everybody else asks them.
 */

#include "seccomp/architecture.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* As strcmp() of a name that is not terminated with one that is: how the tables are searched. */
static inline int table_compare(const char *name, size_t length, const char *other)
{
	int r = strncmp(name, other, length);

	return r == 0 && other[length] != '\0' ? -1 : r;
}

/*
 * One constant. The names stand one after the other in constant_names, in ascending order of strcmp() as the
 * rows are: ten thousand pointers would have to be relocated by each process that starts.
 */
struct constant_row {
	uint64_t value;        /* where .variant is 0 */
	uint32_t name;         /* offset in constant_names */
	uint16_t variant;      /* from 1: the row of constant_variants that has the value by architecture */
	uint8_t architectures; /* bit 1 << enum architecture_id: has it */
	uint8_t is_error;
};

extern const char constant_names[];
extern const struct constant_row constant_rows[];
extern const size_t n_constant_rows;
extern const uint64_t constant_variants[][_ARCHITECTURE_MAX];

/* Of each architecture the indexes in syscall_rows, in ascending order of the number. */
struct syscall_order {
	const uint16_t *rows;
	size_t n;
};

extern const struct syscall_order syscall_orders[_ARCHITECTURE_MAX];

/* What an argument takes. In ascending order of .syscall, then .argument. */
struct constant_use {
	const char *syscall;
	uint16_t argument;
	uint16_t family;
};

extern const struct constant_use constant_uses[];
extern const size_t n_constant_uses;
