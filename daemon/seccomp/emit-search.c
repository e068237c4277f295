/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Up to BLOCK segments get the best tree there is, or nearly, by dynamic programming over their intervals;
 * more are first halved by weight. So the time is linear but for a logarithm, and the tree within a fraction
 * of a step of the best.
 */

#include "seccomp/emit-search.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <string.h>

#define BLOCK        250 /* segments; the time for each block grows with the square */
#define CHAIN_MAX    24  /* values tested one after the other before the rest */
#define CHAIN_FAST   6   /* unless a small program is wanted: more are better halved */
#define WEIGHT_SCALE 16  /* so that the price of an instruction can be a fraction of a call's */
#define PRICE_FAST   4   /* what an instruction costs beside WEIGHT_SCALE for each time it runs */
#define PRICE_SMALL  (1ULL << 32)
#define WEIGHT_MAX   (1ULL << 34) /* with the scale 2^38: 2^16 segments and 2^8 steps stay below 2^64 */
#define DEPTH        (BLOCK + 80) /* a block can be as deep as it is long; log(2^16) / log(8/7) above it */

_Static_assert(BLOCK >= 8 && BLOCK <= UINT8_MAX, "halves have an eighth at least, roots are bytes");

/* The part of the segments that a node of the tree decides among. */
struct span {
	size_t begin, end;
	size_t middle; /* where its upper half begins */
	int visits;
	uint32_t upper; /* the node of its upper half */
};

struct search {
	struct graph *graph;
	unsigned word;
	const struct segment *list;
	size_t n;
	uint64_t price; /* of an instruction */
	size_t chain_max;
	uint64_t *before;              /* weights of all segments before each one, and at last of all */
	size_t block_begin, block_end; /* what the tables are about */
	/* For the segments from begin + i up to and without begin + j: what the best tree costs, and its
	 * root. */
	uint64_t *costs;
	uint8_t *roots; /* where its upper half begins */
	bool *chains;   /* it has none: exceptions and the rest */
	size_t stride;  /* of the tables */
};

/* Segments of one value each that differ from all others of a span. */
struct chain {
	uint32_t rest; /* where the others go */
	size_t values[CHAIN_MAX];
	size_t n;
};

static void search_done(struct search *s)
{
	free(s->before);
	free(s->costs);
	free(s->roots);
	free(s->chains);
}

static uint64_t *cost_of(const struct search *s, size_t i, size_t j)
{
	return &s->costs[i * s->stride + j];
}

static uint8_t *root_of(const struct search *s, size_t i, size_t j)
{
	return &s->roots[i * s->stride + j];
}

static bool *is_chain(const struct search *s, size_t i, size_t j)
{
	return &s->chains[i * s->stride + j];
}

static uint64_t span_weight(const struct search *s, size_t begin, size_t end)
{
	return s->before[end] - s->before[begin];
}

static bool is_single(const struct search *s, size_t i)
{
	uint32_t last = i + 1 < s->n ? s->list[i + 1].first - 1 : UINT32_MAX;

	return s->list[i].first == last;
}

/* Puts a value where its weight belongs: the heaviest is tested first, then the lowest. */
static void chain_insert(const struct search *s, struct chain *c, size_t value)
{
	size_t at = c->n++;

	while (at > 0 && s->list[c->values[at - 1]].weight < s->list[value].weight) {
		c->values[at] = c->values[at - 1];
		at--;
	}
	c->values[at] = value;
}

/* Whether a span consists of exceptions and one rest. */
static bool chain_find(const struct search *s, size_t begin, size_t end, struct chain *ret)
{
	bool found = false;

	/* The rest is in one piece between two exceptions. */
	if (end - begin > 2 * s->chain_max + 1)
		return false;
	ret->n = 0;
	for (size_t i = begin; i < end && !found; i++)
		if (!is_single(s, i)) {
			ret->rest = s->list[i].target;
			found = true;
		}
	if (!found)
		ret->rest = s->list[end - 1].target;
	for (size_t i = begin; i < end; i++) {
		if (s->list[i].target == ret->rest)
			continue;
		if (!is_single(s, i) || ret->n == s->chain_max)
			return false;
		chain_insert(s, ret, i);
	}
	return true;
}

static uint64_t chain_cost(const struct search *s, size_t begin, size_t end, const struct chain *c)
{
	uint64_t left = span_weight(s, begin, end), cost = 0;

	for (size_t i = 0; i < c->n; i++) {
		cost += left + s->price;
		left -= span_weight(s, c->values[i], c->values[i] + 1);
	}
	return cost;
}

/*
 * The best root of a span lies between those of the spans that are shorter by one at either end. (Knuth,
 * 1971, for search trees without chains; with them that is nearly always so, and else a step may be lost.)
 */
static void block_span(struct search *s, size_t i, size_t j)
{
	size_t begin = s->block_begin;
	size_t left = j - i > 2 ? *root_of(s, i, j - 1) : i + 1,
	       right = j - i > 2 ? *root_of(s, i + 1, j) : i + 1;
	uint64_t through = span_weight(s, begin + i, begin + j) + s->price, best = UINT64_MAX;
	struct chain chain;

	for (size_t k = left < right ? left : right; k <= left || k <= right; k++) {
		uint64_t cost = *cost_of(s, i, k) + *cost_of(s, k, j) + through;

		if (cost < best) {
			best = cost;
			*root_of(s, i, j) = (uint8_t)k;
		}
	}
	*is_chain(s, i, j) = false;
	if (chain_find(s, begin + i, begin + j, &chain)) {
		uint64_t cost = chain_cost(s, begin + i, begin + j, &chain);

		*is_chain(s, i, j) = cost <= best;
		if (cost <= best)
			best = cost;
	}
	*cost_of(s, i, j) = best;
}

static void block_solve(struct search *s, size_t begin, size_t end)
{
	size_t n = end - begin;

	s->block_begin = begin;
	s->block_end = end;
	for (size_t i = 0; i < n; i++)
		*cost_of(s, i, i + 1) = 0;
	for (size_t length = 2; length <= n; length++)
		for (size_t i = 0; i + length <= n; i++)
			block_span(s, i, i + length);
}

/*
 * Halves a span by weight. However uneven the weights, each half has an eighth of the segments, so that the
 * tree is never deep.
 */
static size_t halve(const struct search *s, size_t begin, size_t end)
{
	size_t eighth = (end - begin) / 8;
	size_t low = begin + eighth, high = end - eighth;
	uint64_t half = span_weight(s, begin, end) / 2;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (span_weight(s, begin, middle) < half)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint32_t build_chain(struct search *s, const struct span *span)
{
	struct chain chain;
	uint32_t next;

	(void)chain_find(s, span->begin, span->end, &chain);
	next = chain.rest;
	for (size_t i = chain.n; i > 0; i--) {
		const struct segment *exception = &s->list[chain.values[i - 1]];

		next = graph_test(s->graph, s->word, NODE_EQUAL, exception->first, exception->target, next);
	}
	return next;
}

/* The first look at a span. Returns whether it is done, with *ret its node; else span->middle is chosen. */
static bool visit_span(struct search *s, struct span *span, uint32_t *ret)
{
	size_t length = span->end - span->begin;
	size_t i, j;

	if (length == 1) {
		*ret = s->list[span->begin].target;
		return true;
	}
	if (length > BLOCK) {
		span->middle = halve(s, span->begin, span->end);
		return false;
	}
	if (span->begin < s->block_begin || span->end > s->block_end)
		block_solve(s, span->begin, span->end);
	i = span->begin - s->block_begin;
	j = span->end - s->block_begin;
	if (*is_chain(s, i, j)) {
		*ret = build_chain(s, span);
		return true;
	}
	span->middle = s->block_begin + *root_of(s, i, j);
	return false;
}

static uint32_t build_tree(struct search *s)
{
	struct span stack[DEPTH] = { { .end = s->n } };
	size_t depth = 1;
	uint32_t result = NODE_KILL;

	while (depth > 0) {
		struct span *span = &stack[depth - 1];

		if (span->visits == 0 && visit_span(s, span, &result)) {
			depth--;
		} else if (span->visits++ == 0) {
			stack[depth++] = (struct span){ .begin = span->middle, .end = span->end };
		} else if (span->visits == 2) {
			span->upper = result;
			stack[depth++] = (struct span){ .begin = span->begin, .end = span->middle };
		} else {
			result = graph_test(s->graph, s->word, NODE_AT_LEAST, s->list[span->middle].first,
				span->upper, result);
			depth--;
		}
	}
	return result;
}

static size_t join_neighbours(struct segment *list, size_t n)
{
	size_t kept = 1;

	for (size_t i = 1; i < n; i++) {
		struct segment *last = &list[kept - 1];

		if (list[i].target == last->target)
			last->weight = last->weight < WEIGHT_MAX ? last->weight + list[i].weight : WEIGHT_MAX;
		else
			list[kept++] = list[i];
	}
	return kept;
}

static int search_allocate(struct search *s)
{
	s->stride = (s->n < BLOCK ? s->n : BLOCK) + 1;
	s->before = calloc(s->n + 1, sizeof(*s->before));
	s->costs = calloc(s->stride * s->stride, sizeof(*s->costs));
	s->roots = calloc(s->stride * s->stride, sizeof(*s->roots));
	s->chains = calloc(s->stride * s->stride, sizeof(*s->chains));
	return s->before && s->costs && s->roots && s->chains ? 0 : -ENOMEM;
}

static void weigh(struct search *s)
{
	for (size_t i = 0; i < s->n; i++) {
		uint64_t weight = s->list[i].weight < WEIGHT_MAX ? s->list[i].weight : WEIGHT_MAX;

		s->before[i + 1] = s->before[i] + WEIGHT_SCALE * weight;
	}
}

uint32_t search_build(struct graph *g, unsigned word, struct segment *list, size_t n)
{
	_cleanup_(search_done) struct search s = { .graph = g, .word = word, .list = list };

	s.n = join_neighbours(list, n);
	if (s.n == 1 || g->error < 0)
		return list[0].target;
	s.price = g->small ? PRICE_SMALL : PRICE_FAST;
	s.chain_max = g->small ? CHAIN_MAX : CHAIN_FAST;
	g->error = search_allocate(&s);
	if (g->error < 0)
		return NODE_KILL;
	weigh(&s);
	return build_tree(&s);
}
