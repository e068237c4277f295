/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The program while it is made: a graph without cycles, whose nodes test one word of seccomp_data each or
 * return an action. Equal nodes are one node, so that equal rules share their instructions. A node's
 * successors are older than itself. Knows neither policies nor instructions.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORD_NUMBER         0 /* seccomp_data.nr */
#define WORD_ARCHITECTURE   1
#define WORD_LOW(argument)  (2 + 2 * (argument))
#define WORD_HIGH(argument) (3 + 2 * (argument))
#define WORDS               14
#define NODE_KILL           0 /* the first node of each graph: returns SECCOMP_RET_KILL_PROCESS */

enum node_test {
	NODE_RETURN,   /* no test: .operand is the action */
	NODE_EQUAL,    /* word == operand */
	NODE_AT_LEAST, /* word >= operand */
	NODE_ANY_BIT,  /* (word & operand) != 0 */
};

struct node {
	uint32_t operand;
	uint32_t if_true, if_false;
	uint32_t owner; /* graph.owner when it was made */
	uint8_t word, test;
};

struct graph {
	struct node *nodes;
	size_t n, allocated;
	uint32_t *table; /* of hashes: index of a node plus 1; 0 is free */
	size_t table_size;
	uint32_t owner; /* for whom nodes are made, chosen by the caller */
	bool small;     /* prefer a small program to a fast one; the caller's, too */
	int error;      /* the first; after it, all that is made is NODE_KILL */
};

/* What is known of a word at a place of the program. */
struct knowledge {
	uint32_t least, greatest;
	uint32_t zeros, ones; /* bits known to be 0, to be 1 */
};

struct facts {
	struct knowledge words[WORDS];
};

void graph_init(struct graph *ret);
void graph_done(struct graph *g);

/* The node that returns an action. */
uint32_t graph_return(struct graph *g, uint32_t action);
/* A node that tests; where both successors are the same, there is nothing to test. */
uint32_t graph_test(struct graph *g, unsigned word, enum node_test test, uint32_t operand, uint32_t if_true,
	uint32_t if_false);
/* Where one arrives from @node when the facts hold: tests that they decide are passed. */
uint32_t graph_follow(const struct graph *g, uint32_t node, const struct facts *facts);

void facts_init(struct facts *ret);
