/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Search by the value of one word: which of many ranges does it fall into? The tree that is made is balanced
 * by the weights of the ranges, and where one decision is mostly taken, made of tests for the exceptions.
 */

#include "seccomp/emit-graph.h"

/* The values from .first to the next segment's, or the last of all. */
struct segment {
	uint32_t first;
	uint32_t target; /* a node */
	uint64_t weight; /* how often it is met, beside the others */
};

/*
 * The node that leads every value of @word to its segment's target. @list: ascending, the first from 0, n >
 * 0; neighbours with one target are joined in place.
 */
uint32_t search_build(struct graph *g, unsigned word, struct segment *list, size_t n);
