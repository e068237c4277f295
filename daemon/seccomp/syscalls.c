/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Looks up system calls in the tables that tables/generate.py makes of tables/syscalls.txt. */

#include "seccomp/syscalls.h"

#include "base/error.h"
#include "seccomp/tables.h"

#include <string.h>

/* As strcmp() of a name that is not terminated with one that is. */
static int compare(const char *name, size_t length, const char *other)
{
	int r = strncmp(name, other, length);

	return r == 0 && other[length] != '\0' ? -1 : r;
}

const struct syscall_row *syscall_find(const char *name, size_t length)
{
	size_t low = 0, high = n_syscall_rows;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int r = compare(name, length, syscall_rows[middle].name);

		if (r == 0)
			return &syscall_rows[middle];
		if (r < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
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
