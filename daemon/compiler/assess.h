/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a finished profile leaves open: its exposure score, and whether it is in the forbidden intersection.
 */

#include "catalog/compiled.h"
#include "compiler/shared.h"
#include "profile/profile.h"
#include "profile/score.h"

/* @p: where the compiled profile came from; for the words of ProtectSystem= and ProtectHome= alone. @shared:
 * programs that are assessed once, or NULL. */
void assess_profile(const struct profile *p, const struct compiled_profile *c,
	const struct shared_filters *shared, struct score *ret);
/* Its part about system calls, from the program that is loaded. Sets items that are nobody else's. */
void assess_filter(const struct compiled_profile *c, struct score *s);
/* INTERSECTION_*: all three together must never be. */
uint32_t assess_intersection(const struct compiled_profile *c);
