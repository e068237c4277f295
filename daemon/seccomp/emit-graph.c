/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/emit-graph.h"

#include "base/array.h"
#include "seccomp/emit.h"

#include <linux/seccomp.h>

/*
 * Tests that are passed at once. A policy can make the way longer than that, but then the test that is
 * arrived at is made needlessly and nothing else is lost; without a bound the time would grow with the
 * square.
 */
#define FOLLOW_MAX 256

#define TABLE_FIRST 256 /* slots; a power of two */

void graph_init(struct graph *ret)
{
	*ret = (struct graph){};
	(void)graph_return(ret, SECCOMP_RET_KILL_PROCESS);
}

void graph_done(struct graph *g)
{
	free(g->nodes);
	free(g->table);
	*g = (struct graph){};
}

static size_t node_hash(const struct node *node)
{
	const uint64_t parts[] = { node->operand, node->if_true, node->if_false,
		(uint64_t)node->word << 8 | node->test };
	uint64_t hash = 0;

	for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
		hash = (hash ^ parts[i]) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	return (size_t)hash;
}

static bool node_equal(const struct node *a, const struct node *b)
{
	return a->operand == b->operand && a->if_true == b->if_true && a->if_false == b->if_false &&
	       a->word == b->word && a->test == b->test;
}

/* The slot of the node, or the free one where it belongs. */
static uint32_t *table_slot(const struct graph *g, const struct node *node)
{
	size_t mask = g->table_size - 1, i = node_hash(node) & mask;

	while (g->table[i] != 0 && !node_equal(&g->nodes[g->table[i] - 1], node))
		i = (i + 1) & mask;
	return &g->table[i];
}

/* Keeps at least half of the slots free. */
static int table_grow(struct graph *g)
{
	size_t size = g->table_size > 0 ? 2 * g->table_size : TABLE_FIRST;
	uint32_t *table;

	if (2 * (g->n + 1) <= g->table_size)
		return 0;
	table = calloc(size, sizeof(*table));
	if (!table)
		return -ENOMEM;
	free(g->table);
	g->table = table;
	g->table_size = size;
	for (size_t i = 0; i < g->n; i++)
		*table_slot(g, &g->nodes[i]) = (uint32_t)i + 1;
	return 0;
}

static uint32_t graph_node(struct graph *g, struct node node)
{
	uint32_t *slot;

	if (g->error == 0)
		g->error = table_grow(g);
	if (g->error < 0)
		return NODE_KILL;
	slot = table_slot(g, &node);
	if (*slot != 0)
		return *slot - 1;
	g->error = g->n < EMIT_COUNT_MAX
			   ? array_reserve(&g->nodes, &g->allocated, g->n + 1, sizeof(*g->nodes))
			   : -E2BIG;
	if (g->error < 0)
		return NODE_KILL;
	node.owner = g->owner;
	g->nodes[g->n++] = node;
	*slot = (uint32_t)g->n;
	return *slot - 1;
}

uint32_t graph_return(struct graph *g, uint32_t action)
{
	return graph_node(g, (struct node){ .test = NODE_RETURN, .operand = action });
}

uint32_t graph_test(struct graph *g, unsigned word, enum node_test test, uint32_t operand, uint32_t if_true,
	uint32_t if_false)
{
	struct node node = { .word = (uint8_t)word,
		.test = (uint8_t)test,
		.operand = operand,
		.if_true = if_true,
		.if_false = if_false };

	if (if_true == if_false)
		return if_true;
	/* One spelling for each question, so that equal ones are found to be equal. */
	if (test == NODE_ANY_BIT && operand == UINT32_MAX)
		node = (struct node){
			.word = node.word, .test = NODE_EQUAL, .if_true = if_false, .if_false = if_true
		};
	if (test == NODE_AT_LEAST && operand == 1)
		node = (struct node){
			.word = node.word, .test = NODE_EQUAL, .if_true = if_false, .if_false = if_true
		};
	return graph_node(g, node);
}

/* What the test comes to: 1, 0, or -1 while that is open. */
static int knowledge_decides(const struct knowledge *k, const struct node *node)
{
	uint32_t operand = node->operand;

	switch ((enum node_test)node->test) {
	case NODE_EQUAL:
		if (operand < k->least || operand > k->greatest || (operand & k->zeros) != 0 ||
			(k->ones & ~operand) != 0)
			return 0;
		return k->least == k->greatest ? 1 : -1;
	case NODE_AT_LEAST:
		if (k->least >= operand)
			return 1;
		return k->greatest < operand ? 0 : -1;
	case NODE_ANY_BIT:
		if (k->least == k->greatest)
			return (k->least & operand) != 0;
		if ((k->ones & operand) != 0)
			return 1;
		return (operand & ~k->zeros) == 0 ? 0 : -1;
	case NODE_RETURN:
		break;
	}
	return -1;
}

uint32_t graph_follow(const struct graph *g, uint32_t node, const struct facts *facts)
{
	for (size_t i = 0; i < FOLLOW_MAX && g->error == 0; i++) {
		const struct node *at = &g->nodes[node];
		int decided = knowledge_decides(&facts->words[at->word], at);

		if (decided < 0)
			break;
		node = decided ? at->if_true : at->if_false;
	}
	return node;
}

void facts_init(struct facts *ret)
{
	for (size_t i = 0; i < WORDS; i++)
		ret->words[i] = (struct knowledge){ .greatest = UINT32_MAX };
}
