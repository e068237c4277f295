/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A parsed policy: for each system call the rules in their order, and what happens when none applies. Knows
 * no text; positions are carried for messages only.
 */

#include "seccomp/architecture.h"
#include "seccomp/source.h"

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POLICY_ARGUMENTS 6    /* seccomp_data has no more */
#define POLICY_RULES_MAX 4096 /* for one system call: each takes an instruction at least */
#define POLICY_ATTACHED_MAX                                                                                  \
	(1024 * 1024) /* rules of all calls: bounds memory and time where many names meet many rules */
#define POLICY_VALUE_NESTED 32           /* depth of parentheses in a value */
#define POLICY_WEIGHT_MAX   (1ULL << 48) /* of a call; those of all calls fit into 64 bits */

enum policy_op {
	POLICY_EQ,
	POLICY_NE,
	POLICY_LT,
	POLICY_LE,
	POLICY_GT,
	POLICY_GE,
	POLICY_ANY, /* (argument & value) != 0 */
	POLICY_IN,  /* (argument & ~value) == 0 */
	_POLICY_OP_MAX,
};

/* One comparison; all are unsigned and of as many bits as the architecture's word. */
struct policy_atom {
	uint64_t value;
	uint32_t offset, length; /* the value in the text that the rule is in */
	uint8_t argument;        /* 0..5 */
	uint8_t op;              /* enum policy_op */
	bool last;               /* ends its conjunction; the next atom, if any, begins another */
};

/* Applies when one of its conjunctions holds; without atoms always. */
struct policy_rule {
	struct policy_atom *atoms;
	size_t n_atoms, allocated;
	uint32_t action; /* SECCOMP_RET_* with data */
	struct position at;
};

struct policy_entry {
	uint32_t number;
	struct policy_rule **rules; /* the first that applies decides; borrowed from the policy */
	size_t n_rules, allocated;
	uint64_t weight; /* how often it is called, beside the others: 1, and what @frequency tells */
};

struct policy {
	const struct architecture *architecture;
	uint32_t default_action; /* for what has no entry and for an entry none of whose rules applies */
	bool denylist; /* everything is allowed but what is named; .default_action is SECCOMP_RET_ALLOW */
	struct position default_at;   /* .source is NULL while nobody has said */
	struct policy_entry *entries; /* ascending by number */
	size_t n_entries, allocated;
	struct policy_rule **rules; /* every rule, once, however many entries share it */
	size_t n_rules, rules_allocated;
	size_t n_attached; /* calls of policy_attach() and policy_count() */
};

/* An empty policy. */
void policy_init(struct policy *ret, const struct architecture *architecture);
void policy_done(struct policy *p);

/* A new, empty rule, owned by the policy; NULL when out of memory. */
struct policy_rule *policy_add_rule(struct policy *p);
/* Appends an atom to a rule. */
int policy_rule_add_atom(struct policy_rule *rule, struct policy_atom atom);
/* Gives back room for further atoms: most rules have one, and there may be a million. */
void policy_rule_trim(struct policy_rule *rule);
/*
 * Appends a rule to what @number (one that architecture_has_number()) has. -EEXIST when an earlier rule
 * already applies always, with *reterr_earlier set to it; -E2BIG past POLICY_RULES_MAX; -EOVERFLOW past
 * POLICY_ATTACHED_MAX.
 */
int policy_attach(struct policy *p, uint32_t number, struct policy_rule *rule,
	const struct policy_rule **reterr_earlier);
/* Adds to the weight of a number's entry, which is made if there is none. -EOVERFLOW as policy_attach(). */
int policy_count(struct policy *p, uint32_t number, uint64_t count);
/* The entry of a number, or NULL. */
const struct policy_entry *policy_find(const struct policy *p, uint32_t number);
