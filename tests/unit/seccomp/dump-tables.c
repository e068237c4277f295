/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Prints the tables as the library has them, for compare-tables.py: it sets them beside other sources. */

#include "seccomp/constants.h"
#include "seccomp/groups.h"
#include "seccomp/syscalls.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void print_syscalls(const struct architecture *a)
{
	for (size_t i = 0; i < n_syscall_rows; i++) {
		const char *name = syscall_rows[i].name;
		uint32_t number;

		if (syscall_lookup(a, name, strlen(name), &number) == 0)
			printf("syscall %s %s %" PRIu32 "\n", a->name, name, number);
	}
}

static void print_constants(const struct architecture *a)
{
	for (size_t i = 0; i < constant_count(); i++) {
		const char *name = constant_at(i);
		uint64_t value;

		if (constant_lookup(a, name, strlen(name), &value) == 0)
			printf("constant %s %s %" PRIu64 "\n", a->name, name, value);
	}
}

static void print_versions(void)
{
	for (size_t i = 0; i < n_syscall_rows; i++) {
		uint32_t since = syscall_rows[i].since;

		if (since != 0)
			printf("since %s %" PRIu32 ".%" PRIu32 "\n", syscall_rows[i].name, since >> 16,
				since >> 8 & 0xff);
	}
}

static void print_groups(void)
{
	for (size_t i = 0; i < n_syscall_groups; i++)
		for (size_t m = 0; m < syscall_groups[i].n_members; m++)
			printf("group @%s %s\n", syscall_groups[i].name,
				syscall_group_member(&syscall_groups[i], m));
}

int main(void)
{
	const struct architecture *native = architecture_native();

	if (native)
		printf("native %s %s\n", native->name, native->name);
	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++) {
		print_syscalls(&architectures[i]);
		print_constants(&architectures[i]);
	}
	print_versions();
	print_groups();
	return fflush(stdout) == 0 ? 0 : 1;
}
