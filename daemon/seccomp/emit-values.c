/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The intervals become a sequence of turns: values where the fate changes. One search looks at the high half,
 * and where that does not decide, another at the low half.
 */

#include "seccomp/emit-values.h"

#include "base/array.h"

#define NODE_UNSET UINT32_MAX

/* How often a range is met beside others is not known; a value that is named is what the list is about. */
#define WEIGHT_NAMED 2
#define WEIGHT_REST  1

void values_done(struct values *v)
{
	free(v->turns);
	free(v->low);
	free(v->high);
}

static uint64_t values_max(const struct values *v)
{
	return v->bits == 64 ? UINT64_MAX : UINT32_MAX;
}

static void turn_add(struct values *v, uint64_t first)
{
	if (v->graph->error == 0)
		v->graph->error =
			array_reserve(&v->turns, &v->turns_allocated, v->n_turns + 1, sizeof(*v->turns));
	if (v->graph->error == 0)
		v->turns[v->n_turns++] = (struct turn){ .first = first, .target = NODE_UNSET };
}

static int turn_compare(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/* Every value where some interval begins or has ended, once, ascending. */
static void collect_turns(struct values *v, const struct interval_list *intervals)
{
	size_t kept = 0;

	v->n_turns = 0;
	turn_add(v, 0);
	for (size_t i = 0; i < intervals->n; i++) {
		turn_add(v, intervals->list[i].first);
		if (intervals->list[i].last < values_max(v))
			turn_add(v, intervals->list[i].last + 1);
	}
	qsort(v->turns, v->n_turns, sizeof(*v->turns), turn_compare);
	for (size_t i = 0; i < v->n_turns; i++)
		if (kept == 0 || v->turns[i].first != v->turns[kept - 1].first)
			v->turns[kept++] = v->turns[i];
	v->n_turns = kept;
	for (size_t i = 0; i < v->n_turns; i++)
		v->turns[i].next = i;
}

static size_t turn_index(const struct values *v, uint64_t first)
{
	size_t low = 0, high = v->n_turns;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (v->turns[middle].first < first)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first turn from @i on that is unset; shortens the way for the next who asks. */
static size_t turn_unset(struct values *v, size_t i)
{
	while (i < v->n_turns && v->turns[i].next != i) {
		size_t next = v->turns[i].next;

		if (next < v->n_turns)
			v->turns[i].next = v->turns[next].next;
		i = next;
	}
	return i;
}

static void set_targets(struct values *v, const struct interval_list *intervals, uint32_t otherwise)
{
	for (size_t i = 0; i < intervals->n; i++) {
		const struct interval *interval = &intervals->list[i];
		size_t at = turn_unset(v, turn_index(v, interval->first));

		while (at < v->n_turns && v->turns[at].first <= interval->last) {
			v->turns[at].target = interval->target;
			v->turns[at].next = at + 1;
			at = turn_unset(v, at + 1);
		}
	}
	for (size_t i = 0; i < v->n_turns; i++)
		if (v->turns[i].target == NODE_UNSET)
			v->turns[i].target = otherwise;
}

static void segment_add(
	struct graph *g, struct segment **list, size_t *n, size_t *allocated, uint32_t first, uint32_t target)
{
	if (*n > 0 && (*list)[*n - 1].first == first)
		(*n)--;
	if (g->error == 0)
		g->error = array_reserve(list, allocated, *n + 1, sizeof(**list));
	if (g->error == 0)
		(*list)[(*n)++] = (struct segment){ .first = first, .target = target };
}

/* The search over one half of the argument; @facts know the other. */
static uint32_t build_half(struct values *v, unsigned word, struct segment *list, size_t n,
	uint32_t otherwise, const struct facts *facts)
{
	struct facts known = *facts;

	for (size_t i = 0; i < n; i++) {
		struct knowledge *k = &known.words[word];

		list[i].weight = list[i].target == otherwise ? WEIGHT_REST : WEIGHT_NAMED;
		k->least = list[i].first;
		k->greatest = i + 1 < n ? list[i + 1].first - 1 : UINT32_MAX;
		list[i].target = graph_follow(v->graph, list[i].target, &known);
	}
	return v->graph->error < 0 ? NODE_KILL : search_build(v->graph, word, list, n);
}

/*
 * The low halves of the values with one high half, from the turn @i on, which is the first of them. Returns
 * the first turn that is beyond.
 */
static size_t build_low(struct values *v, unsigned argument, size_t i, uint32_t otherwise,
	const struct facts *facts, uint32_t *ret)
{
	uint32_t high = (uint32_t)(v->turns[i].first >> 32);
	struct facts known = *facts;

	v->n_low = 0;
	if ((uint32_t)v->turns[i].first != 0)
		segment_add(v->graph, &v->low, &v->n_low, &v->low_allocated, 0, v->turns[i - 1].target);
	for (; i < v->n_turns && v->turns[i].first >> 32 == high; i++)
		segment_add(v->graph, &v->low, &v->n_low, &v->low_allocated, (uint32_t)v->turns[i].first,
			v->turns[i].target);
	known.words[WORD_HIGH(argument)].least = high;
	known.words[WORD_HIGH(argument)].greatest = high;
	*ret = v->graph->error < 0 ? NODE_KILL
				   : build_half(v, WORD_LOW(argument), v->low, v->n_low, otherwise, &known);
	return i;
}

/* Fills v->high. */
static void build_halves(struct values *v, unsigned argument, uint32_t otherwise, const struct facts *facts)
{
	uint32_t low;

	v->n_high = 0;
	for (size_t i = 0; i < v->n_turns && v->graph->error == 0;) {
		uint64_t high = v->turns[i].first >> 32;

		/* From the very beginning of a high half to its end: the low half decides nothing. */
		if ((uint32_t)v->turns[i].first == 0 &&
			(i + 1 == v->n_turns || v->turns[i + 1].first >> 32 != high)) {
			segment_add(v->graph, &v->high, &v->n_high, &v->high_allocated, (uint32_t)high,
				v->turns[i++].target);
			continue;
		}
		i = build_low(v, argument, i, otherwise, facts, &low);
		segment_add(v->graph, &v->high, &v->n_high, &v->high_allocated, (uint32_t)high, low);
		if (high < UINT32_MAX && (i == v->n_turns || v->turns[i].first > (high + 1) << 32))
			segment_add(v->graph, &v->high, &v->n_high, &v->high_allocated, (uint32_t)high + 1,
				v->turns[i - 1].target);
	}
}

uint32_t values_build(struct values *v, unsigned argument, const struct interval_list *intervals,
	uint32_t otherwise, const struct facts *facts)
{
	uint32_t low;

	collect_turns(v, intervals);
	if (v->graph->error < 0)
		return NODE_KILL;
	set_targets(v, intervals, otherwise);
	if (v->bits == 32) {
		(void)build_low(v, argument, 0, otherwise, facts, &low);
		return low;
	}
	build_halves(v, argument, otherwise, facts);
	return v->graph->error < 0 ? NODE_KILL
				   : build_half(v, WORD_HIGH(argument), v->high, v->n_high, otherwise, facts);
}
