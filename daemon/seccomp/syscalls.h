/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Names of system calls and their numbers on each architecture. */

#include "base/suggest.h"
#include "seccomp/architecture.h"

#include <stdint.h>

#define SYSCALL_NONE UINT32_MAX /* no number: the architecture does not have the call */

/* Names stand in their rows: pointers would have to be relocated by each process that starts. */
#define SYSCALL_NAME_SIZE 32

struct syscall_row {
	char name[SYSCALL_NAME_SIZE];
	uint32_t since; /* first kernel that had it on some architecture, as KERNEL_VERSION(); 0: not known */
	uint32_t
		numbers[_ARCHITECTURE_MAX]; /* by enum architecture_id, as seccomp_data.nr; or SYSCALL_NONE */
};

/* All of them, in ascending order of strcmp() of their names. */
extern const struct syscall_row syscall_rows[];
extern const size_t n_syscall_rows;

/* What is known of a call; NULL for an unknown name. */
const struct syscall_row *syscall_find(const char *name, size_t length);
/* -ENOENT for an unknown name, -EOPNOTSUPP for one that only other architectures have. */
int syscall_lookup(const struct architecture *a, const char *name, size_t length, uint32_t *ret);
/*
 * The name of a number, static; NULL if it has none. Where a number has two names, always the same of them.
 */
const char *syscall_name(const struct architecture *a, uint32_t number);
/* Offers every name of this architecture. */
void syscall_suggest(const struct architecture *a, struct suggestion *s);
