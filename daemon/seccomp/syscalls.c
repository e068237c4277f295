/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Looks up system calls in the tables that tables/generate.py makes of tables/syscalls.txt. */

#include "seccomp/syscalls.h"

#include "base/error.h"
#include "seccomp/tables.h"

#include <string.h>

/* Policies for Minijail name the private calls of arm after the kernel's headers: __ARM_NR_set_tls. */
#define ARM_PREFIX      "ARM_"
#define ARM_COMMON_LAST 4095 /* those above are private */

static const struct syscall_row *find_row(const char *name, size_t length)
{
	size_t low = 0, high = n_syscall_rows;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int r = table_compare(name, length, syscall_rows[middle].name);

		if (r == 0)
			return &syscall_rows[middle];
		if (r < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct syscall_row *syscall_find(const char *name, size_t length)
{
	size_t prefix = strlen(ARM_PREFIX);
	const struct syscall_row *row = find_row(name, length);
	uint32_t number;

	if (row || length <= prefix || memcmp(name, ARM_PREFIX, prefix) != 0)
		return row;
	row = find_row(name + prefix, length - prefix);
	number = row ? row->numbers[ARCHITECTURE_ARM] : SYSCALL_NONE;
	return number != SYSCALL_NONE && number > ARM_COMMON_LAST ? row : NULL;
}

int syscall_lookup(const struct architecture *a, const char *name, size_t length, uint32_t *ret)
{
	const struct syscall_row *row = syscall_find(name, length);

	if (!row)
		return -ENOENT;
	if (row->numbers[a->id] == SYSCALL_NONE)
		return -EOPNOTSUPP;
	*ret = row->numbers[a->id];
	return 0;
}

const char *syscall_name(const struct architecture *a, uint32_t number)
{
	const struct syscall_order *order = &syscall_orders[a->id];
	size_t low = 0, high = order->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct syscall_row *row = &syscall_rows[order->rows[middle]];

		if (row->numbers[a->id] == number)
			return row->name;
		if (row->numbers[a->id] > number)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

void syscall_suggest(const struct architecture *a, struct suggestion *s)
{
	for (size_t i = 0; i < n_syscall_rows; i++)
		if (syscall_rows[i].numbers[a->id] != SYSCALL_NONE)
			suggestion_offer(s, syscall_rows[i].name);
}
