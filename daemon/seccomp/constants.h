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
