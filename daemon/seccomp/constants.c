/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Looks up constants in the tables that tables/generate.py makes of tables/constants.txt. */

#include "seccomp/constants.h"

#include "base/error.h"
#include "seccomp/constant-value.h"
#include "seccomp/tables.h"

#include <string.h>

/* The first row whose name is not before this one. */
static size_t lower_bound(const char *name, size_t length)
{
	size_t low = 0, high = n_constant_rows;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table_compare(name, length, constant_at(middle)) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool constant_value(const struct architecture *a, size_t index, uint64_t *ret)
{
	const struct constant_row *row = &constant_rows[index];

	if (!(row->architectures & 1U << a->id))
		return false;
	*ret = row->variant ? constant_variants[row->variant - 1][a->id] : row->value;
	return true;
}

static int lookup(
	const struct architecture *a, bool errors_only, const char *name, size_t length, uint64_t *ret)
{
	size_t index = lower_bound(name, length);

	if (index == n_constant_rows || table_compare(name, length, constant_at(index)) != 0)
		return -ENOENT;
	if (errors_only && !constant_rows[index].is_error)
		return -ENOENT;
	return constant_value(a, index, ret) ? 0 : -EOPNOTSUPP;
}

int constant_lookup(const struct architecture *a, const char *name, size_t length, uint64_t *ret)
{
	return lookup(a, false, name, length, ret);
}

int constant_lookup_errno(const struct architecture *a, const char *name, size_t length, uint64_t *ret)
{
	return lookup(a, true, name, length, ret);
}

void constant_suggest(const struct architecture *a, bool errors_only, struct suggestion *s)
{
	for (size_t i = 0; i < n_constant_rows; i++)
		if (constant_rows[i].architectures & 1U << a->id &&
			(!errors_only || constant_rows[i].is_error))
			suggestion_offer(s, constant_at(i));
}

size_t constant_count(void)
{
	return n_constant_rows;
}

const char *constant_at(size_t index)
{
	return constant_names + constant_rows[index].name;
}

const char *constant_name_of(const struct architecture *a, const char *prefix, uint64_t value)
{
	size_t length = strlen(prefix);
	const char *best = NULL;

	for (size_t i = lower_bound(prefix, length); i < n_constant_rows; i++) {
		const char *name = constant_at(i);
		uint64_t own;

		if (strncmp(name, prefix, length) != 0)
			break;
		if (constant_value(a, i, &own) && own == value && (!best || strlen(name) < strlen(best)))
			best = name;
	}
	return best;
}
