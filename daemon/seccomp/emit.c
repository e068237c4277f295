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

#include <assert.h>

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

/* One of the policies, and the nodes that it needs. */
struct part {
	const struct policy *policy;
	uint32_t otherwise; /* the node of its default */
	uint32_t *targets;  /* of each entry */
	size_t first_owner; /* of its nodes; the entries number them on */
};

struct parts {
	struct part list[_ARCHITECTURE_MAX];
	size_t n, n_entries;
};

static void parts_done(struct parts *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->list[i].targets);
}

static int parts_init(struct parts *p, const struct policy *const *policies, size_t n)
{
	assert(n > 0 && n <= _ARCHITECTURE_MAX);
	*p = (struct parts){};
	for (size_t i = 0; i < n; i++) {
		struct part *part = &p->list[i];

		assert(i == 0 || policies[i - 1]->architecture->id < policies[i]->architecture->id);
		*part = (struct part){ .policy = policies[i], .first_owner = p->n_entries };
		part->targets = calloc(policies[i]->n_entries + 1, sizeof(*part->targets));
		if (!part->targets)
			return -ENOMEM;
		p->n++;
		p->n_entries += policies[i]->n_entries;
	}
	return 0;
}

/* The nodes that decide about each entry. They belong to the entry that needed them first. */
static int build_entries(struct graph *g, struct part *part, uint32_t nobody)
{
	const struct policy *p = part->policy;
	_cleanup_(matcher_freep) struct matcher *m = matcher_new(g, p->architecture);
	_cleanup_(twins_done) struct twins twins = {};

	if (!m || twins_init(&twins, p) < 0)
		return -ENOMEM;
	part->otherwise = graph_return(g, p->default_action);
	for (size_t i = 0; i < p->n_entries && g->error == 0; i++) {
		size_t twin = twins_find(&twins, i);

		g->owner = (uint32_t)(part->first_owner + i);
		part->targets[i] =
			twin < i ? part->targets[twin] : matcher_build(m, &p->entries[i], part->otherwise);
	}
	g->owner = nobody;
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

/* What is done with the numbers of one architecture, appended. */
static int list_numbers(struct number_list *numbers, const struct part *part)
{
	const struct policy *p = part->policy;
	uint64_t least = least_weight(p);
	int r = number_add(numbers, p->architecture->first_number, part->otherwise, WEIGHT_UNNAMED);

	for (size_t i = 0; i < p->n_entries && r == 0; i++) {
		const struct policy_entry *entry = &p->entries[i];

		r = number_add(numbers, entry->number, part->targets[i], entry_weight(entry, least));
		if (r == 0)
			r = number_add(numbers, entry->number + 1, part->otherwise, WEIGHT_UNNAMED);
	}
	return r;
}

/* The search for the number, among the architectures that the kernel tells apart by nothing else. */
static int build_numbers(struct graph *g, const struct parts *parts, uint32_t audit, uint32_t *ret)
{
	_cleanup_(number_list_done) struct number_list numbers = {};
	int r = number_add(&numbers, 0, NODE_KILL, WEIGHT_UNNAMED);

	for (size_t i = 0; i < parts->n && r == 0; i++) {
		const struct architecture *a = parts->list[i].policy->architecture;

		if (a->audit != audit)
			continue;
		r = list_numbers(&numbers, &parts->list[i]);
		if (r == 0 && a->last_number < UINT32_MAX)
			r = number_add(&numbers, a->last_number + 1, NODE_KILL, WEIGHT_UNNAMED);
	}
	if (r == 0)
		*ret = search_build(g, WORD_NUMBER, numbers.list, numbers.n);
	return r < 0 ? r : g->error;
}

static bool audit_seen(const struct parts *parts, size_t n, uint32_t audit)
{
	for (size_t i = 0; i < n; i++)
		if (parts->list[i].policy->architecture->audit == audit)
			return true;
	return false;
}

/* The graph of the policies; @ret: where it starts. The first policy's architecture is asked for first. */
static int build_policies(struct graph *g, struct parts *parts, uint32_t *ret)
{
	uint32_t root = NODE_KILL, numbers = NODE_KILL;
	int r = 0;

	for (size_t i = 0; i < parts->n && r == 0; i++)
		r = build_entries(g, &parts->list[i], (uint32_t)parts->n_entries);
	for (size_t i = parts->n; i > 0 && r == 0; i--) {
		uint32_t audit = parts->list[i - 1].policy->architecture->audit;

		if (audit_seen(parts, i - 1, audit))
			continue;
		r = build_numbers(g, parts, audit, &numbers);
		if (r == 0)
			root = graph_test(g, WORD_ARCHITECTURE, NODE_EQUAL, audit, numbers, root);
	}
	*ret = root;
	return r < 0 ? r : g->error;
}

/* A graph that is too large is not written; then each node counts for an instruction. */
static void count_nodes(const struct graph *g, size_t *cost, size_t n)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->nodes[i].owner < n)
			cost[g->nodes[i].owner]++;
}

static struct emit_size measure(const struct parts *parts, size_t instructions, const size_t *cost)
{
	struct emit_size size = { .instructions =
					  instructions < EMIT_COUNT_MAX ? instructions : EMIT_COUNT_MAX };

	for (size_t i = 0; i < parts->n; i++)
		for (size_t j = 0; j < parts->list[i].policy->n_entries; j++)
			if (cost[parts->list[i].first_owner + j] > size.largest_instructions) {
				size.largest = &parts->list[i].policy->entries[j];
				size.largest_instructions = cost[parts->list[i].first_owner + j];
			}
	return size;
}

static int emit(struct parts *parts, bool small, struct sock_filter **ret_filter, size_t *ret_n,
	struct emit_size *reterr_size)
{
	_cleanup_free_ size_t *cost = calloc(parts->n_entries + 1, sizeof(*cost));
	_cleanup_free_ struct sock_filter *filter = NULL;
	_cleanup_(graph_done) struct graph g = {};
	size_t n = EMIT_COUNT_MAX;
	uint32_t root;
	int r;

	if (!cost)
		return -ENOMEM;
	graph_init(&g);
	g.small = small;
	r = build_policies(&g, parts, &root);
	if (r == 0)
		r = program_write(&g, root, &filter, &n, cost, parts->n_entries);
	else if (r == -E2BIG)
		count_nodes(&g, cost, parts->n_entries);
	if (r == 0 && n > BPF_MAXINSNS_PER_FILTER)
		r = -E2BIG;
	if (r == -E2BIG)
		*reterr_size = measure(parts, n, cost);
	if (r < 0)
		return r;
	*ret_n = n;
	*ret_filter = steal_ptr(filter);
	return 0;
}

int policies_emit(const struct policy *const *policies, size_t n, struct sock_filter **ret_filter,
	size_t *ret_n, struct emit_size *reterr_size)
{
	_cleanup_(parts_done) struct parts parts;
	int r = parts_init(&parts, policies, n);

	if (r == 0)
		r = emit(&parts, false, ret_filter, ret_n, reterr_size);
	/* What is a little too large may fit when it takes a few steps more. */
	if (r == -E2BIG && reterr_size->instructions < 2 * BPF_MAXINSNS_PER_FILTER)
		r = emit(&parts, true, ret_filter, ret_n, reterr_size);
	return r;
}

int policy_emit(
	const struct policy *p, struct sock_filter **ret_filter, size_t *ret_n, struct emit_size *reterr_size)
{
	return policies_emit(&p, 1, ret_filter, ret_n, reterr_size);
}
