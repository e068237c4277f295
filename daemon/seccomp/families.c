/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Names the values of arguments, by what tables/families.txt says about each argument. */

#include "base/cleanup.h"
#include "base/error.h"
#include "seccomp/constant-value.h"
#include "seccomp/constants.h"
#include "seccomp/tables.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int compare_use(const char *syscall, unsigned argument, const struct constant_use *use)
{
	int r = strcmp(syscall, use->syscall);

	if (r != 0)
		return r;
	return argument < use->argument ? -1 : argument > use->argument;
}

const struct constant_family *constant_family_of(const char *syscall, unsigned argument)
{
	size_t low = 0, high = n_constant_uses;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int r = compare_use(syscall, argument, &constant_uses[middle]);

		if (r == 0)
			return &constant_families[constant_uses[middle].family];
		if (r < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct constant_family *constant_family_find(const char *name)
{
	for (size_t i = 0; i < n_constant_families; i++)
		if (strcmp(constant_families[i].name, name) == 0)
			return &constant_families[i];
	return NULL;
}

const char *constant_family_name(
	const struct constant_family *f, const struct architecture *a, uint64_t value)
{
	for (size_t i = 0; i < f->n_members; i++) {
		uint64_t own;

		if (constant_value(a, f->members[i], &own) && own == value)
			return constant_at(f->members[i]);
	}
	return NULL;
}

/* The part of @left that this member stands for; 0: it is not in there. */
static uint64_t taken_by(
	const struct constant_family *f, const struct architecture *a, size_t member, uint64_t left)
{
	uint64_t own;

	if (!constant_value(a, f->members[member], &own) || own == 0)
		return 0;
	return (left & own) == own ? own : 0;
}

static void print_flags(
	FILE *out, const struct constant_family *f, const struct architecture *a, uint64_t value)
{
	const char *separator = "";
	uint64_t left = value;

	for (size_t i = 0; i < f->n_members && left != 0; i++) {
		uint64_t taken = taken_by(f, a, i, left);

		if (taken == 0)
			continue;
		fprintf(out, "%s%s", separator, constant_at(f->members[i]));
		separator = "|";
		left &= ~taken;
	}
	if (left != 0)
		fprintf(out, "%s%#" PRIx64, separator, left);
}

int constant_family_format(
	const struct constant_family *f, const struct architecture *a, uint64_t value, char **ret)
{
	const char *name = constant_family_name(f, a, value);
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -ENOMEM;
	if (name)
		fputs(name, out);
	else if (f->flags && value != 0)
		print_flags(out, f, a, value);
	else
		fprintf(out, "%#" PRIx64, value);
	if (fclose(out) != 0)
		return -ENOMEM;
	*ret = steal_ptr(text);
	return 0;
}
