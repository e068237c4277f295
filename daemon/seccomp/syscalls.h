/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Names of system calls and their numbers on each architecture. */

#include "base/suggest.h"
#include "seccomp/architecture.h"

#include <stdint.h>

/* -ENOENT for an unknown name, -EOPNOTSUPP for one that only other architectures have. */
int syscall_lookup(const struct architecture *a, const char *name, size_t length, uint32_t *ret);
/* The name of a number, static; NULL if it has none. */
const char *syscall_name(const struct architecture *a, uint32_t number);
/* Offers every name of this architecture. */
void syscall_suggest(const struct architecture *a, struct suggestion *s);
