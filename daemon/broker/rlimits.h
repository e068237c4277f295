/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Resource limits by the names that callers use: those behind Limit in a profile, as NOFILE. */

#include <stdint.h>

/* -EINVAL for none of them. */
int rlimit_from_name(const char *name, uint32_t *ret);
/* "" for none that has a name. */
const char *rlimit_name(uint32_t resource);
