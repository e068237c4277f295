/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Named sets of system calls: those of systemd, with what kernels have added since. */

#include "base/suggest.h"
#include "seccomp/architecture.h"

#include <stdint.h>

struct syscall_group {
	const char *name;        /* without "@": "system-service" */
	const char *description; /* one line */
	const uint16_t *members; /* names of calls, sorted, other groups expanded: syscall_group_member() */
	size_t n_members;
};

/* All of them, sorted by name. */
extern const struct syscall_group syscall_groups[];
extern const size_t n_syscall_groups;

/* One after the other; not each of them is in syscall_rows. */
extern const char syscall_group_names[];

static inline const char *syscall_group_member(const struct syscall_group *g, size_t i)
{
	return syscall_group_names + g->members[i];
}

/* By its name without "@"; NULL if there is none. */
const struct syscall_group *syscall_group_find(const char *name, size_t length);
/* Offers every name, with "@". */
void syscall_group_suggest(struct suggestion *s);
