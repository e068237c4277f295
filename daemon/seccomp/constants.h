/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The names that stand for numbers in policies, on each architecture. Knows no syntax. */

#include "base/suggest.h"
#include "seccomp/architecture.h"

#include <stdint.h>

/*
 * Negative values come sign-extended to 64 bits. -ENOENT when there is no such name, -EOPNOTSUPP when only
 * other architectures have it.
 */
int constant_lookup(const struct architecture *a, const char *name, size_t length, uint64_t *ret);
/* As constant_lookup(), among error numbers only. */
int constant_lookup_errno(const struct architecture *a, const char *name, size_t length, uint64_t *ret);
/* Offers every name of this architecture; with @errors_only those of errors. */
void constant_suggest(const struct architecture *a, bool errors_only, struct suggestion *s);

/*
 * From numbers to names, for what is shown and for policies that are written by programs.
 *
 * constant_family_of() says what an argument takes, say "mmap-protection" for mprotect's third; with that
 * constant_family_name() names a value and constant_family_format() takes flags apart:
 * "PROT_READ|PROT_WRITE". Both give nothing but names of the architecture.
 */
struct constant_family {
	const char *name; /* "socket-family" */
	bool flags;       /* several at a time, or'd together */
	const uint16_t
		*members; /* which constants, for constant_at(); the one to show before others of its value */
	size_t n_members;
};

/* All of them, as tables/families.txt has them. */
extern const struct constant_family constant_families[];
extern const size_t n_constant_families;

/* What this argument, 0 to 5, of a system call takes; NULL where nothing is known to have names. */
const struct constant_family *constant_family_of(const char *syscall, unsigned argument);
/* By its name; NULL if there is none. */
const struct constant_family *constant_family_find(const char *name);
/* The constant of a family with exactly this value, static; NULL if there is none. */
const char *constant_family_name(
	const struct constant_family *f, const struct architecture *a, uint64_t value);
/*
 * The value in the syntax of policies: one name, or for flags several with "|", what is left over as a
 * hexadecimal number. A value without a name is the number alone. *ret is the caller's to free. -ENOMEM.
 */
int constant_family_format(
	const struct constant_family *f, const struct architecture *a, uint64_t value, char **ret);
/*
 * Among the names that start with @prefix the one with this value: the shortest, then the first in order of
 * strcmp(). NULL if there is none. Families know better which of several names is meant.
 */
const char *constant_name_of(const struct architecture *a, const char *prefix, uint64_t value);

/* How many constants there are over all architectures, and the one at an index below that, in order of
 * strcmp(). */
size_t constant_count(void);
const char *constant_at(size_t index);
