/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/constants.h"

#include "base/error.h"
#include "seccomp/constant-table.h"

#include <string.h>

const struct constant_table *const constant_tables[] = {
	&constants_error,
	&constants_file,
	&constants_ioctl,
	&constants_memory,
	&constants_native,
	&constants_process,
	&constants_socket,
	NULL,
};

/* As strcmp() of a name that is not terminated with one that is. */
static int compare(const char *name, size_t length, const char *other)
{
	int r = strncmp(name, other, length);

	return r == 0 && other[length] != '\0' ? -1 : r;
}

static int table_lookup(const struct constant_table *table, const char *name, size_t length, uint64_t *ret)
{
	size_t low = 0, high = table->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int r = compare(name, length, table->list[middle].name);

		if (r == 0) {
			*ret = table->list[middle].value;
			return 0;
		}
		if (r < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -ENOENT;
}

int constant_lookup(const struct architecture *a, const char *name, size_t length, uint64_t *ret)
{
	for (size_t i = 0; constant_tables[i]; i++)
		if (table_lookup(constant_tables[i], name, length, ret) == 0)
			return 0;
	return -ENOENT;
}

int constant_lookup_errno(const struct architecture *a, const char *name, size_t length, uint64_t *ret)
{
	return table_lookup(&constants_error, name, length, ret);
}

void constant_suggest(const struct architecture *a, bool errors_only, struct suggestion *s)
{
	for (size_t i = 0; constant_tables[i]; i++)
		for (size_t j = 0; j < constant_tables[i]->n; j++)
			if (!errors_only || constant_tables[i] == &constants_error)
				suggestion_offer(s, constant_tables[i]->list[j].name);
}
