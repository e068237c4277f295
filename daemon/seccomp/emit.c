/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The rules of each entry become a graph of tests (emit-match.c), the numbers a search that leads to them
 * (emit-search.c), and the whole a program (emit-program.c). Nothing is asked of the arguments before the
 * number is found: kernels since 5.11 notice numbers that are always allowed, and then do not run the program
 * for them.
 */

#include "seccomp/emit.h"

#include "base/array.h"
#include "base/bounds.h"
#include "base/cleanup.h"
#include "seccomp/emit-match.h"
#include "seccomp/emit-program.h"
#include "seccomp/emit-search.h"

/* Beside each other, a call that is named and a stretch of numbers that are not. */
#define WEIGHT_NAMED   4
#define WEIGHT_UNNAMED 1

DEFINE_CLEANUP(struct matcher *, matcher_free);

struct number_list {
	struct segment *list;
	size_t n, allocated;
};

static void number_list_done(struct number_list *l)
{
	free(l->list);
}

/* What is done from this number on. One that is added for the same number takes the other's place. */
static int number_add(struct number_list *l, uint32_t first, uint32_t target, uint64_t weight)
{
	int r;

	if (l->n > 0 && l->list[l->n - 1].first == first)
		l->n--;
	r = array_reserve(&l->list, &l->allocated, l->n + 1, sizeof(*l->list));
	if (r < 0)
		return r;
	l->list[l->n++] = (struct segment){ .first = first, .target = target, .weight = weight };
	return 0;
}

static bool same_rules(const struct policy_entry *a, const struct policy_entry *b)
{
	return a->n_rules == b->n_rules && memcmp(a->rules, b->rules, a->n_rules * sizeof(*a->rules)) == 0;
}

/* Entries that have been built, by their rules: the names of a group share them and need them built once. */
struct twins {
	const struct policy_entry *entries;
	size_t *slots; /* index of an entry plus 1; 0 is free */
	size_t n;      /* of slots; a power of two, more than twice the entries */
};

static int twins_init(struct twins *t, const struct policy *p)
{
	*t = (struct twins){ .entries = p->entries, .n = 16 };
	while (t->n <= 2 * p->n_entries)
		t->n *= 2;
	t->slots = calloc(t->n, sizeof(*t->slots));
	return t->slots ? 0 : -ENOMEM;
}

static void twins_done(struct twins *t)
{
	free(t->slots);
}

/* The first entry that has the same rules as entry @i, which may be itself. */
static size_t twins_find(struct twins *t, size_t i)
{
	const struct policy_entry *entry = &t->entries[i];
	uint64_t hash = 0;
	size_t slot;

	for (size_t j = 0; j < entry->n_rules; j++)
		hash = (hash ^ (uintptr_t)entry->rules[j] >> 4) * 0x9e3779b97f4a7c15ULL;
	slot = (size_t)(hash >> 32) & (t->n - 1);
	while (t->slots[slot] != 0 && !same_rules(&t->entries[t->slots[slot] - 1], entry))
		slot = (slot + 1) & (t->n - 1);
	if (t->slots[slot] == 0)
		t->slots[slot] = i + 1;
	return t->slots[slot] - 1;
}

/* The nodes that decide about each entry. They belong to the entry that needed them first. */
static int build_entries(struct graph *g, const struct policy *p, uint32_t otherwise, uint32_t *targets)
{
	_cleanup_(matcher_freep) struct matcher *m = matcher_new(g, p->architecture);
	_cleanup_(twins_done) struct twins twins = {};

	if (!m || twins_init(&twins, p) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_entries && g->error == 0; i++) {
		size_t twin = twins_find(&twins, i);

		g->owner = (uint32_t)i;
		targets[i] = twin < i ? targets[twin] : matcher_build(m, &p->entries[i], otherwise);
	}
	g->owner = (uint32_t)p->n_entries;
	return g->error;
}

static uint64_t least_weight(const struct policy *p)
{
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < p->n_entries; i++)
		least = p->entries[i].weight < least ? p->entries[i].weight : least;
	return least;
}

/* Only by how much a call is more frequent than the least frequent one counts: alike is alike at any height.
 */
static uint64_t entry_weight(const struct policy_entry *entry, uint64_t least)
{
	uint64_t more = entry->weight - least;

	return WEIGHT_NAMED + (more < UINT32_MAX ? WEIGHT_NAMED * more : WEIGHT_NAMED * (uint64_t)UINT32_MAX);
}

/* The search for the number. */
static int build_numbers(
	struct graph *g, const struct policy *p, uint32_t otherwise, const uint32_t *targets, uint32_t *ret)
{
	_cleanup_(number_list_done) struct number_list numbers = {};
	const struct architecture *a = p->architecture;
	uint64_t least = least_weight(p);
	int r = 0;

	if (a->first_number > 0)
		r = number_add(&numbers, 0, NODE_KILL, WEIGHT_UNNAMED);
	if (r == 0)
		r = number_add(&numbers, a->first_number, otherwise, WEIGHT_UNNAMED);
	for (size_t i = 0; i < p->n_entries && r == 0; i++) {
		const struct policy_entry *entry = &p->entries[i];

		r = number_add(&numbers, entry->number, targets[i], entry_weight(entry, least));
		if (r == 0)
			r = number_add(&numbers, entry->number + 1, otherwise, WEIGHT_UNNAMED);
	}
	if (r == 0 && a->last_number < UINT32_MAX)
		r = number_add(&numbers, a->last_number + 1, NODE_KILL, WEIGHT_UNNAMED);
	if (r == 0)
		*ret = search_build(g, WORD_NUMBER, numbers.list, numbers.n);
	return r < 0 ? r : g->error;
}

/* The graph of a policy; @ret: where it starts. */
static int build_policy(struct graph *g, const struct policy *p, uint32_t *ret)
{
	_cleanup_free_ uint32_t *targets = calloc(p->n_entries + 1, sizeof(*targets));
	uint32_t otherwise = graph_return(g, p->default_action), numbers;
	int r;

	if (!targets)
		return -ENOMEM;
	r = build_entries(g, p, otherwise, targets);
	if (r == 0)
		r = build_numbers(g, p, otherwise, targets, &numbers);
	if (r < 0)
		return r;
	*ret = graph_test(g, WORD_ARCHITECTURE, NODE_EQUAL, p->architecture->audit, numbers, NODE_KILL);
	return g->error;
}

/* A graph that is too large is not written; then each node counts for an instruction. */
static void count_nodes(const struct graph *g, size_t *cost, size_t n)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->nodes[i].owner < n)
			cost[g->nodes[i].owner]++;
}

static struct emit_size measure(const struct policy *p, size_t instructions, const size_t *cost)
{
	struct emit_size size = { .instructions =
					  instructions < EMIT_COUNT_MAX ? instructions : EMIT_COUNT_MAX };

	for (size_t i = 0; i < p->n_entries; i++)
		if (cost[i] > size.largest_instructions) {
			size.largest = &p->entries[i];
			size.largest_instructions = cost[i];
		}
	return size;
}

static int emit(const struct policy *p, bool small, struct sock_filter **ret_filter, size_t *ret_n,
	struct emit_size *reterr_size)
{
	_cleanup_free_ size_t *cost = calloc(p->n_entries + 1, sizeof(*cost));
	_cleanup_free_ struct sock_filter *filter = NULL;
	_cleanup_(graph_done) struct graph g = {};
	size_t n = EMIT_COUNT_MAX;
	uint32_t root;
	int r;

	if (!cost)
		return -ENOMEM;
	graph_init(&g);
	g.small = small;
	r = build_policy(&g, p, &root);
	if (r == 0)
		r = program_write(&g, root, &filter, &n, cost, p->n_entries);
	else if (r == -E2BIG)
		count_nodes(&g, cost, p->n_entries);
	if (r == 0 && n > BPF_MAXINSNS_PER_FILTER)
		r = -E2BIG;
	if (r == -E2BIG)
		*reterr_size = measure(p, n, cost);
	if (r < 0)
		return r;
	*ret_n = n;
	*ret_filter = steal_ptr(filter);
	return 0;
}

int policy_emit(
	const struct policy *p, struct sock_filter **ret_filter, size_t *ret_n, struct emit_size *reterr_size)
{
	int r = emit(p, false, ret_filter, ret_n, reterr_size);

	/* What is a little too large may fit when it takes a few steps more. */
	if (r == -E2BIG && reterr_size->instructions < 2 * BPF_MAXINSNS_PER_FILTER)
		r = emit(p, true, ret_filter, ret_n, reterr_size);
	return r;
}
