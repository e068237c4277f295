/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The program is written from its end to its beginning: jumps of BPF go forward only, so that every target is
 * known when the jump to it is made. An instruction's index counts from the end; "behind" means nearer to the
 * end.
 */

#include "seccomp/emit.h"

#include "base/array.h"
#include "base/bounds.h"
#include "base/error.h"

#include <endian.h>
#include <stddef.h>

#define JUMP_MAX 255 /* reach of a conditional jump: its offsets are bytes */
#define TREE_DEPTH                                                                                           \
	16 /* 2^16 ranges; there are at most 2 * 4352 + 4: two for each number and what lies outside */

struct emitter {
	struct sock_filter *insns; /* in reverse */
	size_t n, allocated;
	bool narrow; /* words of 32 bits: upper halves of arguments decide nothing */
	int error;   /* the first; all that follows is without effect */
};

/* Where to go on: with a verdict, or at an instruction. */
struct target {
	bool is_action;
	uint32_t value; /* the action, or the instruction's index */
};

static struct target target_action(uint32_t action)
{
	return (struct target){ .is_action = true, .value = action };
}

static bool target_equal(struct target a, struct target b)
{
	return a.is_action == b.is_action && a.value == b.value;
}

/* Puts an instruction before all others and returns where it is. */
static struct target emit(struct emitter *e, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (e->error == 0 && e->n >= EMIT_COUNT_MAX)
		e->error = -E2BIG;
	if (e->error == 0)
		e->error = array_reserve(&e->insns, &e->allocated, e->n + 1, sizeof(*e->insns));
	if (e->error < 0)
		return target_action(SECCOMP_RET_KILL_PROCESS);
	e->insns[e->n] = (struct sock_filter){ .code = code, .k = k, .jt = jt, .jf = jf };
	return (struct target){ .value = (uint32_t)e->n++ };
}

/* Whether the instruction at @i ends in @target: it is the target, or a JA to it, or returns its action. */
static bool leads_to(const struct emitter *e, size_t i, struct target target)
{
	const struct sock_filter *insn = &e->insns[i];

	if (target.is_action)
		return insn->code == (BPF_RET | BPF_K) && insn->k == target.value;
	if (i == target.value)
		return true;
	return insn->code == (BPF_JMP | BPF_JA) && i - 1 - insn->k == target.value;
}

/*
 * An instruction that leads to @target and that a conditional jump reaches, even when one more instruction is
 * put before. Made if there is none.
 */
static uint32_t reachable(struct emitter *e, struct target target)
{
	size_t farthest = e->n > JUMP_MAX - 1 ? e->n - (JUMP_MAX - 1) : 0;

	if (e->error < 0)
		return 0;
	for (size_t i = e->n; i > farthest; i--)
		if (leads_to(e, i - 1, target))
			return (uint32_t)(i - 1);
	if (target.is_action)
		return emit(e, BPF_RET | BPF_K, target.value, 0, 0).value;
	return emit(e, BPF_JMP | BPF_JA, (uint32_t)(e->n - 1 - target.value), 0, 0).value;
}

/* Compares the accumulator with @k. */
static struct target emit_jump(
	struct emitter *e, uint16_t comparison, uint32_t k, struct target if_true, struct target if_false)
{
	uint32_t t, f;

	if (target_equal(if_true, if_false))
		return if_true;
	t = reachable(e, if_true);
	f = reachable(e, if_false);
	if (e->error < 0)
		return target_action(SECCOMP_RET_KILL_PROCESS);
	return emit(e, BPF_JMP | BPF_K | comparison, k, (uint8_t)(e->n - 1 - t), (uint8_t)(e->n - 1 - f));
}

/* Makes sure that the first instruction leads to @target, for one that is put before it and falls through. */
static void emit_landing(struct emitter *e, struct target target)
{
	if (e->error < 0 || (e->n > 0 && leads_to(e, e->n - 1, target)))
		return;
	if (target.is_action)
		(void)emit(e, BPF_RET | BPF_K, target.value, 0, 0);
	else
		(void)emit(e, BPF_JMP | BPF_JA, (uint32_t)(e->n - 1 - target.value), 0, 0);
}

/* Loads a word of seccomp_data and goes on at @next. */
static struct target emit_load(struct emitter *e, size_t offset, struct target next)
{
	emit_landing(e, next);
	return emit(e, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static uint32_t high_half(uint64_t value)
{
	return (uint32_t)(value >> 32);
}

static uint32_t low_half(uint64_t value)
{
	return (uint32_t)value;
}

static struct target emit_load_high(struct emitter *e, unsigned argument, struct target next)
{
	size_t offset = offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t);

	return emit_load(e, offset + (__BYTE_ORDER == __LITTLE_ENDIAN ? sizeof(uint32_t) : 0), next);
}

static struct target emit_load_low(struct emitter *e, unsigned argument, struct target next)
{
	size_t offset = offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t);

	return emit_load(e, offset + (__BYTE_ORDER == __LITTLE_ENDIAN ? 0 : sizeof(uint32_t)), next);
}

/* argument > value, or with BPF_JGE argument >= value: decided by the high halves unless they are equal. */
static struct target emit_order(struct emitter *e, const struct policy_atom *atom, uint16_t comparison,
	struct target if_true, struct target if_false)
{
	uint32_t high = high_half(atom->value);
	struct target next = emit_jump(e, comparison, low_half(atom->value), if_true, if_false);

	next = emit_load_low(e, atom->argument, next);
	if (e->narrow)
		return next;
	if (high == 0) {
		next = emit_jump(e, BPF_JEQ, 0, next, if_true);
	} else {
		next = emit_jump(e, BPF_JEQ, high, next, if_false);
		next = emit_jump(e, BPF_JGT, high, if_true, next);
	}
	return emit_load_high(e, atom->argument, next);
}

/* (argument & mask) != 0. A half of the mask without bits decides nothing. */
static struct target emit_any(
	struct emitter *e, unsigned argument, uint64_t mask, struct target if_true, struct target if_false)
{
	struct target next = if_false;

	if (low_half(mask) != 0) {
		next = emit_jump(e, BPF_JSET, low_half(mask), if_true, next);
		next = emit_load_low(e, argument, next);
	}
	if (high_half(mask) != 0 && !e->narrow) {
		next = emit_jump(e, BPF_JSET, high_half(mask), if_true, next);
		next = emit_load_high(e, argument, next);
	}
	return next;
}

/*
 * The argument equals the value of one of n atoms, which agree in the high half. A list of values, such as
 * the requests of ioctl(2), so takes one instruction each.
 */
static struct target emit_equal(struct emitter *e, const struct policy_atom *atoms, size_t n,
	struct target if_true, struct target if_false)
{
	struct target next = if_false;

	for (size_t i = n; i > 0; i--)
		next = emit_jump(e, BPF_JEQ, low_half(atoms[i - 1].value), if_true, next);
	next = emit_load_low(e, atoms[0].argument, next);
	if (e->narrow)
		return next;
	next = emit_jump(e, BPF_JEQ, high_half(atoms[0].value), next, if_false);
	return emit_load_high(e, atoms[0].argument, next);
}

static struct target emit_atom(
	struct emitter *e, const struct policy_atom *atom, struct target if_true, struct target if_false)
{
	switch ((enum policy_op)atom->op) {
	case POLICY_EQ:
		return emit_equal(e, atom, 1, if_true, if_false);
	case POLICY_NE:
		return emit_equal(e, atom, 1, if_false, if_true);
	case POLICY_LT:
		return emit_order(e, atom, BPF_JGE, if_false, if_true);
	case POLICY_LE:
		return emit_order(e, atom, BPF_JGT, if_false, if_true);
	case POLICY_GT:
		return emit_order(e, atom, BPF_JGT, if_true, if_false);
	case POLICY_GE:
		return emit_order(e, atom, BPF_JGE, if_true, if_false);
	case POLICY_ANY:
		return emit_any(e, atom->argument, atom->value, if_true, if_false);
	case POLICY_IN:
		return emit_any(e, atom->argument, ~atom->value, if_false, if_true);
	case _POLICY_OP_MAX:
		break;
	}
	e->error = -EINVAL;
	return if_false;
}

/* Whether the atom is a conjunction for itself and tests for equality. */
static bool is_lone_equality(const struct policy_rule *rule, size_t i)
{
	return rule->atoms[i].op == POLICY_EQ && rule->atoms[i].last && (i == 0 || rule->atoms[i - 1].last);
}

/* How many atoms up to and without @end emit_equal() can take together; 0 if none. */
static size_t equality_run(const struct policy_rule *rule, size_t end)
{
	const struct policy_atom *last = &rule->atoms[end - 1];
	size_t n = 0;

	for (size_t i = end; i > 0 && is_lone_equality(rule, i - 1); i--, n++)
		if (rule->atoms[i - 1].argument != last->argument ||
			high_half(rule->atoms[i - 1].value) != high_half(last->value))
			break;
	return n;
}

/* Tries one rule, and goes on at @next when it does not apply. */
static struct target emit_rule(struct emitter *e, const struct policy_rule *rule, struct target next)
{
	struct target action = target_action(rule->action);
	struct target other = next; /* where a conjunction that fails goes on */

	if (rule->n_atoms == 0)
		return action;
	for (size_t i = rule->n_atoms; i > 0 && e->error == 0;) {
		size_t run = equality_run(rule, i);

		if (run > 0) {
			next = emit_equal(e, &rule->atoms[i - run], run, action, next);
			i -= run;
			continue;
		}
		if (rule->atoms[i - 1].last)
			other = next;
		next = emit_atom(e, &rule->atoms[i - 1], rule->atoms[i - 1].last ? action : next, other);
		i--;
	}
	return next;
}

static struct target emit_entry(struct emitter *e, const struct policy *p, const struct policy_entry *entry)
{
	struct target next = target_action(p->default_action);

	for (size_t i = entry->n_rules; i > 0; i--)
		next = emit_rule(e, entry->rules[i - 1], next);
	return next;
}

/* Numbers from .first to the next range's are dealt with at .target. */
struct range {
	uint32_t first;
	struct target target;
};

struct range_list {
	struct range *list;
	size_t n, allocated;
	int error;
};

static void range_list_done(struct range_list *l)
{
	free(l->list);
}

/* Begins a range, unless the one before does the same or would be empty. */
static void range_add(struct range_list *l, uint32_t first, struct target target)
{
	if (l->n > 0 && l->list[l->n - 1].first == first)
		l->n--;
	if (l->n > 0 && target_equal(l->list[l->n - 1].target, target))
		return;
	if (l->error == 0)
		l->error = array_reserve(&l->list, &l->allocated, l->n + 1, sizeof(*l->list));
	if (l->error == 0)
		l->list[l->n++] = (struct range){ .first = first, .target = target };
}

/* The part of the ranges that a node of the search tree decides among. */
struct node {
	size_t begin, end;
	int visits;
	struct target upper;
};

/* A balanced search over the ranges, each node after its subtrees. The number is in the accumulator. */
static struct target emit_search(struct emitter *e, const struct range_list *ranges)
{
	struct node stack[TREE_DEPTH + 1] = { { .begin = 0, .end = ranges->n } };
	struct target result = ranges->list[0].target;
	size_t depth = 1;

	while (depth > 0 && e->error == 0) {
		struct node *node = &stack[depth - 1];
		size_t middle = node->begin + (node->end - node->begin) / 2;

		if (node->end - node->begin == 1) {
			result = ranges->list[node->begin].target;
			depth--;
		} else if (node->visits++ == 0) {
			stack[depth++] = (struct node){ .begin = middle, .end = node->end };
		} else if (node->visits == 2) {
			node->upper = result;
			stack[depth++] = (struct node){ .begin = node->begin, .end = middle };
		} else {
			result = emit_jump(e, BPF_JGE, ranges->list[middle].first, node->upper, result);
			depth--;
		}
	}
	return result;
}

static bool same_rules(const struct policy_entry *a, const struct policy_entry *b)
{
	return a->n_rules == b->n_rules && memcmp(a->rules, b->rules, a->n_rules * sizeof(*a->rules)) == 0;
}

/* The rules of every entry, and the ranges of numbers that lead to them. */
static int emit_entries(
	struct emitter *e, const struct policy *p, struct range_list *ranges, struct emit_size *size)
{
	_cleanup_free_ struct target *targets = calloc(p->n_entries + 1, sizeof(*targets));

	if (!targets)
		return -ENOMEM;
	if (p->architecture->first_number > 0)
		range_add(ranges, 0, target_action(SECCOMP_RET_KILL_PROCESS));
	range_add(ranges, p->architecture->first_number, target_action(p->default_action));
	/* Past the largest size that is told nothing changes any more; the search for twins would take
	 * minutes. */
	for (size_t i = 0; i < p->n_entries && e->error == 0; i++) {
		size_t before = e->n, twin = 0;

		/* Names in one group share their rules; then they share the instructions, too. */
		while (!same_rules(&p->entries[twin], &p->entries[i]))
			twin++;
		targets[i] = twin < i ? targets[twin] : emit_entry(e, p, &p->entries[i]);
		if (e->n - before > size->largest_instructions) {
			size->largest = &p->entries[i];
			size->largest_instructions = e->n - before;
		}
		range_add(ranges, p->entries[i].number, targets[i]);
		range_add(ranges, p->entries[i].number + 1, target_action(p->default_action));
	}
	if (p->architecture->last_number < UINT32_MAX)
		range_add(ranges, p->architecture->last_number + 1, target_action(SECCOMP_RET_KILL_PROCESS));
	return ranges->error;
}

/* Everything, in reverse. */
static int emit_policy(struct emitter *e, const struct policy *p, struct emit_size *size)
{
	_cleanup_(range_list_done) struct range_list ranges = {};
	struct target next;
	int r = emit_entries(e, p, &ranges, size);

	if (r < 0)
		return r;
	next = emit_search(e, &ranges);
	next = emit_load(e, offsetof(struct seccomp_data, nr), next);
	next = emit_jump(e, BPF_JEQ, p->architecture->audit, next, target_action(SECCOMP_RET_KILL_PROCESS));
	(void)emit_load(e, offsetof(struct seccomp_data, arch), next);
	size->instructions = e->n;
	return e->error;
}

int policy_emit(
	const struct policy *p, struct sock_filter **ret_filter, size_t *ret_n, struct emit_size *reterr_size)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	struct emitter e = { .narrow = p->architecture->word_bits == 32 };
	struct emit_size size = {};
	int r = emit_policy(&e, p, &size);

	if (r == 0 && e.n > BPF_MAXINSNS_PER_FILTER)
		r = -E2BIG;
	if (r == 0)
		filter = reallocarray(NULL, e.n, sizeof(*filter));
	if (r == 0 && !filter)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < e.n; i++)
		filter[i] = e.insns[e.n - 1 - i];
	free(e.insns);
	if (r == -E2BIG)
		*reterr_size = size;
	if (r < 0)
		return r;
	*ret_n = e.n;
	*ret_filter = steal_ptr(filter);
	return 0;
}
