/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The program is written from its end to its beginning: jumps of BPF go forward only, so that every target is
 * known when the jump to it is made. An instruction's index counts from the end; "behind" means nearer to the
 * end.
 *
 * Before a test its word must be in the accumulator. Whoever comes from a test of the same word has it there
 * already and jumps past the load.
 */

#include "seccomp/emit-program.h"

#include "base/array.h"
#include "base/cleanup.h"

#include <linux/seccomp.h>

#define JUMP_MAX 255        /* reach of a conditional jump: its offsets are bytes */
#define NOWHERE  UINT32_MAX /* no instruction yet */

/* Where a node can be entered. */
struct place {
	uint32_t at;          /* its own instruction */
	uint32_t near;        /* the last one that leads there: the same, a JA, another RET */
	uint32_t loaded;      /* the load before it */
	uint32_t near_loaded; /* the last one that leads to the load */
	uint64_t size;        /* about how many instructions it and what comes after it take */
	enum {
		UNSEEN,
		OPEN,
		DONE
	} state;
	bool needs_load; /* somebody comes with another word */
};

struct program {
	const struct graph *graph;
	struct place *places;
	struct sock_filter *insns; /* in reverse */
	size_t n, allocated;
	int error;
	size_t *cost; /* of the owner's nodes */
	size_t n_owners;
	uint32_t owner;
};

static void program_done(struct program *p)
{
	free(p->places);
	free(p->insns);
}

/* Puts an instruction before all others and returns where it is. */
static uint32_t put(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (p->error == 0)
		p->error = array_reserve(&p->insns, &p->allocated, p->n + 1, sizeof(*p->insns));
	if (p->error < 0)
		return 0;
	p->insns[p->n] = (struct sock_filter){ .code = code, .k = k, .jt = jt, .jf = jf };
	if (p->owner < p->n_owners)
		p->cost[p->owner]++;
	return (uint32_t)p->n++;
}

static uint32_t put_jump_always(struct program *p, uint32_t target)
{
	return put(p, BPF_JMP | BPF_JA, (uint32_t)p->n - 1 - target, 0, 0);
}

/* Whether a conditional jump reaches the instruction even when one more is put before. */
static bool in_reach(const struct program *p, uint32_t at)
{
	return at != NOWHERE && p->n - at <= JUMP_MAX;
}

/* An instruction in reach that leads to the node, for one who has the word @word in the accumulator. */
static uint32_t reach(struct program *p, uint32_t node, unsigned word)
{
	const struct node *n = &p->graph->nodes[node];
	struct place *place = &p->places[node];
	bool load = n->test != NODE_RETURN && n->word != word;
	uint32_t *near = load ? &place->near_loaded : &place->near;

	if (in_reach(p, *near))
		return *near;
	if (n->test == NODE_RETURN)
		*near = put(p, BPF_RET | BPF_K, n->operand, 0, 0);
	else
		*near = put_jump_always(p, load ? place->loaded : place->at);
	return *near;
}

/* Offset in seccomp_data. All architectures that there are tables for put the low half first. */
static uint32_t word_offset(unsigned word)
{
	if (word == WORD_NUMBER)
		return offsetof(struct seccomp_data, nr);
	if (word == WORD_ARCHITECTURE)
		return offsetof(struct seccomp_data, arch);
	return (uint32_t)(offsetof(struct seccomp_data, args) + (word - WORD_LOW(0)) * sizeof(uint32_t));
}

static uint16_t test_code(enum node_test test)
{
	switch (test) {
	case NODE_EQUAL:
		return BPF_JMP | BPF_K | BPF_JEQ;
	case NODE_AT_LEAST:
		return BPF_JMP | BPF_K | BPF_JGE;
	case NODE_ANY_BIT:
		return BPF_JMP | BPF_K | BPF_JSET;
	case NODE_RETURN:
		break;
	}
	return BPF_RET | BPF_K;
}

static void write_node(struct program *p, uint32_t node)
{
	const struct node *n = &p->graph->nodes[node];
	struct place *place = &p->places[node];
	uint32_t if_true, if_false;

	p->owner = n->owner;
	if (n->test == NODE_RETURN)
		return; /* is put wherever it is needed */
	if_true = reach(p, n->if_true, n->word);
	if_false = reach(p, n->if_false, n->word);
	if (p->error < 0)
		return;
	place->at = put(p, test_code((enum node_test)n->test), n->operand, (uint8_t)(p->n - 1 - if_true),
		(uint8_t)(p->n - 1 - if_false));
	place->near = place->at;
	if (place->needs_load) {
		place->loaded = put(p, BPF_LD | BPF_W | BPF_ABS, word_offset(n->word), 0, 0);
		place->near_loaded = place->loaded;
	}
}

/*
 * Successors are older than a node. Sizes are those of trees: what is shared counts more than once, which
 * does not matter to those who only compare them.
 */
static int places_init(struct program *p)
{
	const struct graph *g = p->graph;

	p->places = calloc(g->n, sizeof(*p->places));
	if (!p->places)
		return -ENOMEM;
	for (size_t i = 0; i < g->n; i++) {
		const struct node *n = &g->nodes[i];
		uint64_t size = 1;

		if (n->test != NODE_RETURN)
			size += p->places[n->if_true].size + p->places[n->if_false].size;
		p->places[i] = (struct place){ .at = NOWHERE,
			.near = NOWHERE,
			.loaded = NOWHERE,
			.near_loaded = NOWHERE,
			.size = size < UINT32_MAX ? size : UINT32_MAX };
	}
	return 0;
}

/* The successor that is written first, and so comes last: the larger, so that the jump past the other is
 * short. */
static uint32_t far_successor(const struct program *p, const struct node *n)
{
	return p->places[n->if_true].size > p->places[n->if_false].size ? n->if_true : n->if_false;
}

static uint32_t near_successor(const struct program *p, const struct node *n)
{
	return far_successor(p, n) == n->if_true ? n->if_false : n->if_true;
}

/* Lists the nodes in the order of writing: each after its successors. */
static int order_nodes(struct program *p, uint32_t root, uint32_t **ret, size_t *ret_n)
{
	_cleanup_free_ uint32_t *order = calloc(p->graph->n, sizeof(*order));
	_cleanup_free_ uint32_t *stack = calloc(2 * p->graph->n + 1, sizeof(*stack));
	size_t depth = 0, n = 0;

	if (!order || !stack)
		return -ENOMEM;
	stack[depth++] = root;
	while (depth > 0) {
		uint32_t node = stack[depth - 1];
		const struct node *at = &p->graph->nodes[node];
		struct place *place = &p->places[node];

		if (place->state != UNSEEN) {
			if (place->state == OPEN)
				order[n++] = node;
			place->state = DONE;
			depth--;
			continue;
		}
		place->state = OPEN;
		if (at->test == NODE_RETURN)
			continue;
		stack[depth++] = near_successor(p, at);
		stack[depth++] = far_successor(p, at);
	}
	*ret_n = n;
	*ret = steal_ptr(order);
	return 0;
}

static void find_loads(struct program *p, uint32_t root, const uint32_t *order, size_t n)
{
	p->places[root].needs_load = true;
	for (size_t i = 0; i < n; i++) {
		const struct node *node = &p->graph->nodes[order[i]];

		if (node->test == NODE_RETURN)
			continue;
		if (p->graph->nodes[node->if_true].word != node->word)
			p->places[node->if_true].needs_load = true;
		if (p->graph->nodes[node->if_false].word != node->word)
			p->places[node->if_false].needs_load = true;
	}
}

static int write_nodes(struct program *p, uint32_t root)
{
	_cleanup_free_ uint32_t *order = NULL;
	size_t n;
	int r = places_init(p);

	if (r == 0)
		r = order_nodes(p, root, &order, &n);
	if (r < 0)
		return r;
	find_loads(p, root, order, n);
	for (size_t i = 0; i < n && p->error == 0; i++)
		write_node(p, order[i]);
	if (p->graph->nodes[root].test == NODE_RETURN)
		(void)reach(p, root, WORD_NUMBER);
	return p->error;
}

int program_write(const struct graph *g, uint32_t root, struct sock_filter **ret, size_t *ret_n, size_t *cost,
	size_t n_owners)
{
	_cleanup_(program_done) struct program p = { .graph = g, .cost = cost, .n_owners = n_owners };
	struct sock_filter *filter;
	int r = write_nodes(&p, root);

	if (r < 0)
		return r;
	filter = reallocarray(NULL, p.n, sizeof(*filter));
	if (!filter)
		return -ENOMEM;
	for (size_t i = 0; i < p.n; i++)
		filter[i] = p.insns[p.n - 1 - i];
	*ret_n = p.n;
	*ret = filter;
	return 0;
}
