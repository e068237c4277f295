/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What constants.c tells families.c: the value of a constant by its place in the table. */

#include "seccomp/architecture.h"

/* False when the architecture does not have it. @index is below constant_count(). */
bool constant_value(const struct architecture *a, size_t index, uint64_t *ret);
