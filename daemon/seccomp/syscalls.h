/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Names of system calls and their numbers on the architecture built for. */

#include "base/suggest.h"

#include <stdint.h>

/* -ENOENT for an unknown name, -EOPNOTSUPP for one that only other architectures have. */
int syscall_lookup(const char *name, size_t length, uint32_t *ret);
/* Offers every name of this architecture. */
void syscall_suggest(struct suggestion *s);
