/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Tests of one argument against a list of ranges of values. Knows words and nodes, but no rules. */

#include "seccomp/emit-graph.h"
#include "seccomp/emit-search.h"

/* Values with the same fate. */
struct interval {
	uint64_t first, last;
	uint32_t target;
};

struct interval_list {
	struct interval *list; /* where two overlap, the earlier one decides */
	size_t n, allocated;
};

/* A value from which on another fate applies. */
struct turn {
	uint64_t first;
	uint32_t target;
	size_t next; /* while targets are chosen: the first from here on without one, or a step towards it */
};

/* Memory that is used again for one list after the other. */
struct values {
	struct graph *graph;
	unsigned bits; /* of an argument: 64 or 32 */
	struct turn *turns;
	size_t n_turns, turns_allocated;
	struct segment *low, *high;
	size_t n_low, low_allocated, n_high, high_allocated;
};

void values_done(struct values *v);
/*
 * The node that leads an argument to the target of its interval, or else to @otherwise. @facts: what is known
 * when it is reached.
 */
uint32_t values_build(struct values *v, unsigned argument, const struct interval_list *intervals,
	uint32_t otherwise, const struct facts *facts);
