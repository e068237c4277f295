/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Seccomp filters for Bailiff's own processes, from tables in their confine.c files. (Filters of sandboxes
 * come from policies and are made by seccomp/.) Every filter kills the process for a foreign architecture
 * and, on x86-64, for the x32 interface, whatever the table says. seccomp(2),
 * Documentation/userspace-api/seccomp_filter.rst.
 */

#include <endian.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#define FILTER_KILL    ((uint32_t)SECCOMP_RET_KILL_PROCESS)
#define FILTER_PERMIT  ((uint32_t)SECCOMP_RET_ALLOW)
#define FILTER_FAIL(e) ((uint32_t)SECCOMP_RET_ERRNO | ((uint32_t)(e)&SECCOMP_RET_DATA))

/*
 * One line of a table. With mask 0 it is unconditional, else it applies when (argument & mask) == value; only
 * the low 32 bits of the argument are looked at, which is all that the kernel reads of an int or of flag
 * words. The order matters among lines of one number only: the first that applies decides, and an
 * unconditional one must be the last of its number.
 */
struct filter_rule {
	uint32_t number;   /* SYS_x */
	uint32_t action;   /* FILTER_* */
	uint32_t argument; /* 0..5 */
	uint32_t mask, value;
};

#define FILTER_ALLOW(name)                                                                                   \
	{                                                                                                    \
		SYS_##name, FILTER_PERMIT, 0, 0, 0                                                           \
	}
#define FILTER_DENY(name, error)                                                                             \
	{                                                                                                    \
		SYS_##name, FILTER_FAIL(error), 0, 0, 0                                                      \
	}
#define FILTER_ALLOW_ARG(name, arg, mask, val)                                                               \
	{                                                                                                    \
		SYS_##name, FILTER_PERMIT, (arg), (uint32_t)(mask), (uint32_t)(val)                          \
	}
#define FILTER_DENY_ARG(name, arg, mask, val, error)                                                         \
	{                                                                                                    \
		SYS_##name, FILTER_FAIL(error), (arg), (uint32_t)(mask), (uint32_t)(val)                     \
	}

/* The argument equals this value, in its low 32 bits. */
#define FILTER_WHOLE_ARG 0xffffffffU

/* Where a program finds the low 32 bits of an argument. */
#define FILTER_LOW_WORD_OF_ARG(i)                                                                            \
	((uint32_t)(offsetof(struct seccomp_data, args) + (i) * sizeof(uint64_t)) +                          \
		(BYTE_ORDER == BIG_ENDIAN ? 4U : 0U))

/* AUDIT_ARCH_x of the system calls that this program makes; 0 where it is not known here. */
uint32_t filter_native_arch(void);
/* A copy by number; lines of one number keep their order. Freed with free(3). */
int filter_sort(const struct filter_rule *rules, size_t n, struct filter_rule **ret);
/*
 * Translates a table. @default_action decides for every number without a line, and for a line's number when
 * no condition held. -EINVAL for a table that contradicts itself, -E2BIG past the kernel's limit, -EOPNOTSUPP
 * on an architecture that is not known here. The result is freed with free(3).
 */
int filter_build(const struct filter_rule *rules, size_t n, uint32_t default_action, struct sock_filter **ret,
	size_t *ret_n);
/* A table for another architecture that the machine runs beside its own. */
struct filter_foreign {
	uint32_t arch; /* AUDIT_ARCH_* */
	const struct filter_rule *rules;
	size_t n;
};
/* As filter_build(); calls of the @foreign architecture do not kill, but have a table of their own. NULL:
 * none. */
int filter_build_two(const struct filter_rule *rules, size_t n, const struct filter_foreign *foreign,
	uint32_t default_action, struct sock_filter **ret, size_t *ret_n);
/* Installs a filter on the calling thread; no_new_privs must be set before, or this fails with -EACCES. */
int filter_load(const struct sock_filter *filter, size_t n);
/* filter_build() and filter_load(). */
int filter_apply(const struct filter_rule *rules, size_t n, uint32_t default_action);
