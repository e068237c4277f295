/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Names of flags, for the writer. Their numbers are the policy compiler's; one that an architecture lacks is
 * passed over. Data alone.
 */

#include "learn/tracked.h"

/* By family; each NULL-terminated, NULL for a family whose values are no flags. */
extern const char *const *const flag_names[_FAMILY_MAX + 1];
/* The low eight bits of the flags of clone(2) are one of these. */
extern const char *const *const signal_names;
