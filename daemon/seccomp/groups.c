/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Looks up groups of system calls in the table that tables/generate.py makes of tables/groups.txt. */

#include "seccomp/groups.h"

#include <stdio.h>
#include <string.h>

const struct syscall_group *syscall_group_find(const char *name, size_t length)
{
	for (size_t i = 0; i < n_syscall_groups; i++) {
		const char *other = syscall_groups[i].name;

		if (strncmp(name, other, length) == 0 && other[length] == '\0')
			return &syscall_groups[i];
	}
	return NULL;
}

void syscall_group_suggest(struct suggestion *s)
{
	char name[SUGGEST_NAME_MAX + 1];

	for (size_t i = 0; i < n_syscall_groups; i++) {
		snprintf(name, sizeof(name), "@%s", syscall_groups[i].name);
		suggestion_offer(s, name);
	}
}
