/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The rules are split into clauses: what "||" separates. Clauses with one action may be tried in any order,
 * as may the atoms of a clause, so those about one argument come together; comparisons of one argument, of
 * however many clauses, become one search.
 */

#include "seccomp/emit-match.h"

#include "base/array.h"
#include "seccomp/emit-values.h"

#define SEVERAL POLICY_ARGUMENTS /* in place of the number of the argument that a clause is about */

struct clause {
	const struct policy_atom *atoms;
	size_t n;
	uint32_t target;  /* the node of its action */
	uint8_t argument; /* or SEVERAL */
	bool plain;       /* about one argument, and nothing but comparisons */
	/* Where it stands: clauses of one block have the same action. */
	size_t block, rank, index;
};

struct matcher {
	struct graph *graph;
	struct values values;
	struct clause *clauses;
	size_t n_clauses, clauses_allocated;
	struct interval_list intervals;
	uint64_t *holes; /* values that "!=" excludes */
	size_t n_holes, holes_allocated;
};

/* What the atoms of one clause say of one argument. */
struct group {
	unsigned argument;
	uint64_t least, greatest; /* the comparisons hold nowhere else; none at all when least > greatest */
	uint64_t forbidden;       /* bits that must be 0 */
	uint64_t certain;         /* bits that must be 1 */
	bool compared;
	struct facts before; /* what is known when it is looked at */
};

struct matcher *matcher_new(struct graph *g, const struct architecture *architecture)
{
	struct matcher *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->graph = g;
	m->values.graph = g;
	m->values.bits = architecture->word_bits;
	return m;
}

void matcher_free(struct matcher *m)
{
	if (!m)
		return;
	values_done(&m->values);
	free(m->clauses);
	free(m->intervals.list);
	free(m->holes);
	free(m);
}

static uint64_t value_max(const struct matcher *m)
{
	return m->values.bits == 64 ? UINT64_MAX : UINT32_MAX;
}

static uint64_t atom_value(const struct matcher *m, const struct policy_atom *atom)
{
	return atom->value & value_max(m);
}

static void clause_describe(struct clause *c)
{
	c->argument = c->n > 0 ? c->atoms[0].argument : SEVERAL;
	c->plain = c->n > 0;
	for (size_t i = 0; i < c->n; i++) {
		if (c->atoms[i].argument != c->argument)
			c->argument = SEVERAL;
		if (c->atoms[i].op == POLICY_ANY || c->atoms[i].op == POLICY_IN)
			c->plain = false;
	}
	if (c->argument == SEVERAL)
		c->plain = false;
}

/* Splits a rule into its clauses. */
static void add_clauses(struct matcher *m, const struct policy_rule *rule, size_t block)
{
	uint32_t target = graph_return(m->graph, rule->action);
	size_t begin = 0;

	for (size_t i = 0; i < rule->n_atoms || (i == 0 && rule->n_atoms == 0); i++) {
		struct clause clause = { .target = target, .block = block, .index = m->n_clauses };

		if (rule->n_atoms > 0 && !rule->atoms[i].last && i + 1 < rule->n_atoms)
			continue;
		if (rule->n_atoms > 0) {
			clause.atoms = rule->atoms + begin;
			clause.n = i + 1 - begin;
		}
		clause_describe(&clause);
		if (m->graph->error == 0)
			m->graph->error = array_reserve(
				&m->clauses, &m->clauses_allocated, m->n_clauses + 1, sizeof(*m->clauses));
		if (m->graph->error < 0)
			return;
		m->clauses[m->n_clauses++] = clause;
		begin = i + 1;
	}
}

static int clause_compare(const void *a, const void *b)
{
	const struct clause *x = a, *y = b;

	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Within each block: first what is about one argument, by argument; of that, comparisons first. */
static void sort_clauses(struct matcher *m)
{
	size_t seen[POLICY_ARGUMENTS] = {}, n_seen = 0;

	for (size_t i = 0; i < m->n_clauses; i++) {
		struct clause *c = &m->clauses[i];

		if (i == 0 || c->block != m->clauses[i - 1].block) {
			memset(seen, 0, sizeof(seen));
			n_seen = 0;
		}
		c->rank = SIZE_MAX;
		if (c->argument == SEVERAL)
			continue;
		if (seen[c->argument] == 0)
			seen[c->argument] = ++n_seen;
		c->rank = 2 * seen[c->argument] + (c->plain ? 0 : 1);
	}
	qsort(m->clauses, m->n_clauses, sizeof(*m->clauses), clause_compare);
}

static void collect_clauses(struct matcher *m, const struct policy_entry *entry)
{
	size_t block = 0;

	m->n_clauses = 0;
	for (size_t i = 0; i < entry->n_rules; i++) {
		if (i > 0 && entry->rules[i]->action != entry->rules[i - 1]->action)
			block++;
		add_clauses(m, entry->rules[i], block);
	}
	if (m->graph->error == 0)
		sort_clauses(m);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Nothing is both at least 1 and at most 0. */
static void group_never(struct group *g)
{
	g->least = 1;
	g->greatest = 0;
}

static void group_add(const struct matcher *m, struct group *g, const struct policy_atom *atom)
{
	uint64_t value = atom_value(m, atom);

	switch ((enum policy_op)atom->op) {
	case POLICY_EQ:
		g->least = larger(g->least, value);
		g->greatest = smaller(g->greatest, value);
		break;
	case POLICY_LT:
		if (value == 0)
			group_never(g);
		else
			g->greatest = smaller(g->greatest, value - 1);
		break;
	case POLICY_LE:
		g->greatest = smaller(g->greatest, value);
		break;
	case POLICY_GT:
		if (value == value_max(m))
			group_never(g);
		else
			g->least = larger(g->least, value + 1);
		break;
	case POLICY_GE:
		g->least = larger(g->least, value);
		break;
	case POLICY_ANY:
		/* Of several bits nobody knows which one it was. */
		if ((value & (value - 1)) == 0)
			g->certain |= value;
		break;
	case POLICY_IN:
		g->forbidden |= ~value & value_max(m);
		break;
	case POLICY_NE:
	case _POLICY_OP_MAX:
		break;
	}
	if (atom->op != POLICY_ANY && atom->op != POLICY_IN)
		g->compared = true;
}

static struct group group_of(const struct matcher *m, const struct clause *c, unsigned argument)
{
	struct group g = { .argument = argument, .greatest = value_max(m) };

	for (size_t i = 0; i < c->n; i++)
		if (c->atoms[i].argument == argument)
			group_add(m, &g, &c->atoms[i]);
	return g;
}

static int value_compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void collect_holes(struct matcher *m, const struct clause *c, const struct group *g)
{
	m->n_holes = 0;
	for (size_t i = 0; i < c->n; i++) {
		uint64_t value = atom_value(m, &c->atoms[i]);

		if (c->atoms[i].argument != g->argument || c->atoms[i].op != POLICY_NE || value < g->least ||
			value > g->greatest)
			continue;
		if (m->graph->error == 0)
			m->graph->error = array_reserve(
				&m->holes, &m->holes_allocated, m->n_holes + 1, sizeof(*m->holes));
		if (m->graph->error < 0)
			return;
		m->holes[m->n_holes++] = value;
	}
	if (m->n_holes > 1)
		qsort(m->holes, m->n_holes, sizeof(*m->holes), value_compare);
}

static void add_interval(struct matcher *m, uint64_t first, uint64_t last, uint32_t target)
{
	struct interval_list *l = &m->intervals;

	if (m->graph->error == 0)
		m->graph->error = array_reserve(&l->list, &l->allocated, l->n + 1, sizeof(*l->list));
	if (m->graph->error == 0)
		l->list[l->n++] = (struct interval){ first, last, target };
}

/* The values for which all comparisons of the group hold. */
static void add_intervals(struct matcher *m, const struct clause *c, const struct group *g, uint32_t target)
{
	uint64_t first = g->least;

	if (g->least > g->greatest)
		return;
	collect_holes(m, c, g);
	for (size_t i = 0; i < m->n_holes && m->graph->error == 0; i++) {
		if (m->holes[i] > first)
			add_interval(m, first, m->holes[i] - 1, target);
		if (m->holes[i] == g->greatest)
			return;
		first = m->holes[i] + 1;
	}
	add_interval(m, first, g->greatest, target);
}

static void know_range(struct facts *f, const struct group *g)
{
	struct knowledge *high = &f->words[WORD_HIGH(g->argument)], *low = &f->words[WORD_LOW(g->argument)];

	if (!g->compared || g->least > g->greatest)
		return;
	high->least = (uint32_t)(g->least >> 32);
	high->greatest = (uint32_t)(g->greatest >> 32);
	if (high->least == high->greatest) {
		low->least = (uint32_t)g->least;
		low->greatest = (uint32_t)g->greatest;
	}
}

static void know_bits(struct facts *f, unsigned argument, uint64_t zeros, uint64_t ones)
{
	f->words[WORD_LOW(argument)].zeros |= (uint32_t)zeros;
	f->words[WORD_HIGH(argument)].zeros |= (uint32_t)(zeros >> 32);
	f->words[WORD_LOW(argument)].ones |= (uint32_t)ones;
	f->words[WORD_HIGH(argument)].ones |= (uint32_t)(ones >> 32);
}

static uint32_t half_any(const struct matcher *m, unsigned word, uint32_t mask, uint32_t if_set,
	uint32_t if_clear, const struct facts *facts)
{
	struct facts clear = *facts, set = *facts;

	clear.words[word].zeros |= mask;
	if ((mask & (mask - 1)) == 0)
		set.words[word].ones |= mask;
	return graph_test(m->graph, word, NODE_ANY_BIT, mask, graph_follow(m->graph, if_set, &set),
		graph_follow(m->graph, if_clear, &clear));
}

/* Whether the argument has any bit of the mask. A half of the mask without bits decides nothing. */
static uint32_t build_any(const struct matcher *m, unsigned argument, uint64_t mask, uint32_t if_set,
	uint32_t if_clear, const struct facts *facts)
{
	uint32_t high = (uint32_t)(mask >> 32), low = (uint32_t)mask;
	struct facts known = *facts;

	if (low != 0) {
		known.words[WORD_HIGH(argument)].zeros |= high;
		if_clear = half_any(m, WORD_LOW(argument), low, if_set, if_clear, &known);
	}
	return high == 0 ? if_clear : half_any(m, WORD_HIGH(argument), high, if_set, if_clear, facts);
}

/* All that a clause says of one argument: comparisons first, then bits that must be 0, then each "&". */
static uint32_t build_group(
	struct matcher *m, const struct clause *c, const struct group *g, uint32_t if_true, uint32_t if_false)
{
	struct facts known = g->before;
	struct facts ranged;

	know_range(&known, g);
	ranged = known;
	know_bits(&known, g->argument, g->forbidden, 0);
	for (size_t i = c->n; i > 0; i--)
		if (c->atoms[i - 1].argument == g->argument && c->atoms[i - 1].op == POLICY_ANY)
			if_true = build_any(
				m, g->argument, atom_value(m, &c->atoms[i - 1]), if_true, if_false, &known);
	if (g->forbidden != 0)
		if_true = build_any(m, g->argument, g->forbidden, if_false, if_true, &ranged);
	if (!g->compared)
		return if_true;
	m->intervals.n = 0;
	add_intervals(m, c, g, if_true);
	return values_build(&m->values, g->argument, &m->intervals, if_false, &g->before);
}

/* One clause, whatever it is made of. */
static uint32_t build_clause(struct matcher *m, const struct clause *c, uint32_t otherwise)
{
	struct group groups[POLICY_ARGUMENTS];
	bool seen[POLICY_ARGUMENTS] = {};
	uint32_t next = c->target;
	struct facts known;
	size_t n = 0;

	facts_init(&known);
	for (size_t i = 0; i < c->n; i++) {
		unsigned argument = c->atoms[i].argument;

		if (seen[argument])
			continue;
		seen[argument] = true;
		groups[n] = group_of(m, c, argument);
		groups[n].before = known;
		know_range(&known, &groups[n]);
		know_bits(&known, argument, groups[n].forbidden, groups[n].certain);
		n++;
	}
	for (size_t i = n; i > 0; i--)
		next = build_group(m, c, &groups[i - 1], next, otherwise);
	return next;
}

/* Clauses @begin to @end without it, all of them plain and about one argument: one search for all. */
static uint32_t build_plain(struct matcher *m, size_t begin, size_t end, uint32_t otherwise)
{
	unsigned argument = m->clauses[begin].argument;
	struct facts nothing;

	facts_init(&nothing);
	m->intervals.n = 0;
	for (size_t i = begin; i < end && m->graph->error == 0; i++) {
		struct group g = group_of(m, &m->clauses[i], argument);

		add_intervals(m, &m->clauses[i], &g, m->clauses[i].target);
	}
	return values_build(&m->values, argument, &m->intervals, otherwise, &nothing);
}

static size_t plain_begin(const struct matcher *m, size_t end)
{
	size_t begin = end;

	while (begin > 0 && m->clauses[begin - 1].plain &&
		m->clauses[begin - 1].argument == m->clauses[end - 1].argument)
		begin--;
	return begin;
}

uint32_t matcher_build(struct matcher *m, const struct policy_entry *entry, uint32_t otherwise)
{
	uint32_t next = otherwise;

	collect_clauses(m, entry);
	for (size_t i = m->n_clauses; i > 0 && m->graph->error == 0;) {
		size_t begin = plain_begin(m, i);

		if (begin < i) {
			next = build_plain(m, begin, i, next);
			i = begin;
		} else {
			i--;
			next = build_clause(m, &m->clauses[i], next);
		}
	}
	return m->graph->error < 0 ? NODE_KILL : next;
}
