/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Sets of calls, as conditions on six arguments describe them, and whether anything is in them. Decides
 * exactly, never by trying values out. Knows atoms and conjunctions, nothing of rules or actions.
 */

#include "seccomp/policy.h"

/* Atoms that must all hold, borrowed; none always holds. */
struct conjunction {
	const struct policy_atom *atoms;
	size_t n;
};

/*
 * What one argument may be: from .low to .high, without the bits of .forbidden, with at least one bit of each
 * of .any, and none of .not.
 */
struct region_word {
	uint64_t low, high, forbidden;
	uint64_t *any, *not ;
	size_t n_any, any_allocated, n_not, not_allocated;
	uint64_t member; /* one that the argument may be; means nothing once the region is empty */
};

struct region_change;
struct region_choice;

/* All calls for which each of the added atoms holds. */
struct region {
	struct region_word words[POLICY_ARGUMENTS];
	const struct architecture *architecture;
	uint64_t mask;               /* of its word */
	struct region_change *trail; /* how to take the atoms back, the last first */
	size_t n_trail, trail_allocated;
	struct region_choice *choices; /* of region_escape(), kept for the next time */
	size_t choices_allocated;
	/*
	 * Steps that may still be taken. To find a call that is in the region and in none of many
	 * conjunctions can take exponential time: who runs out gets -E2BIG, not a guess.
	 */
	uint64_t work;
};

/* The region of all calls. */
void region_init(struct region *ret, const struct architecture *architecture, uint64_t work);
void region_done(struct region *r);
/* Whether it holds for an argument, both cut to the word. */
bool atom_holds(const struct policy_atom *atom, const struct architecture *architecture, uint64_t argument);
/* The atom that holds where @atom does not. */
struct policy_atom atom_negated(const struct policy_atom *atom);
/*
 * Narrows the region, which must not be empty. Returns 1; 0 when nothing is left; -E2BIG, -ENOMEM. In each
 * case it is to be taken back with region_undo() to what .n_trail was before.
 */
int region_add(struct region *r, struct policy_atom atom);
void region_undo(struct region *r, size_t n_trail);
/* Adds all atoms of a conjunction; as region_add(). */
int region_add_all(struct region *r, const struct conjunction *c);
/* Whether the atom holds for each call of the region: 1, 0, or an error. */
int region_implies(struct region *r, struct policy_atom atom);
/*
 * Whether a call of the region, which is not empty, lies in none of the conjunctions: 1, and .member of the
 * words is such a call; 0; -E2BIG, -ENOMEM. Takes back what it adds.
 */
int region_escape(struct region *r, const struct conjunction *list, size_t n);
/* As region_escape(), with small arguments in the call that it finds. */
int region_example(struct region *r, const struct conjunction *list, size_t n);
/* The least and the greatest value of an argument in a region that is not empty. 0; -E2BIG. */
int region_bounds(struct region *r, unsigned argument, uint64_t *ret_least, uint64_t *ret_greatest);
