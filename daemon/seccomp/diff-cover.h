/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Describes the calls of one number on which two policies decide in certain ways by few and simple
 * conjunctions. Knows decisions, nothing of what they mean.
 */

#include "seccomp/decision.h"
#include "seccomp/diff.h"

/* One policy's decisions, and those of them that are looked for. */
struct cover_side {
	const struct decisions *decisions;
	const bool *wanted; /* as many */
};

struct cover {
	const struct architecture *architecture;
	uint32_t number;
	struct cover_side sides[2];
	uint64_t *work; /* steps left, for this cover and others */
};

/*
 * Fills .regions and .state of the item, so that a call lies in one of the regions exactly if on both sides a
 * wanted decision is the first that holds. Returns 0 or -ENOMEM.
 */
int cover_find(const struct cover *c, struct diff_item *item);
