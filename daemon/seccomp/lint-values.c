/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What can be said of a rule by itself: its action, and its comparisons one by one. */

#include "seccomp/linter.h"

#include "base/error.h"
#include "seccomp/lint-arguments.h"
#include "seccomp/syscalls.h"

#include <inttypes.h>

#define NAME_STEPS 64 /* what it takes to find what is known of a call */

/* An atom with what is around it. */
struct comparison {
	const struct policy_rule *rule;
	const struct policy_atom *atom;
	uint32_t number; /* of one of the calls */
	enum argument_kind kind;
	unsigned word_bits;
};

static bool is_order(uint8_t op)
{
	return op == POLICY_LT || op == POLICY_LE || op == POLICY_GT || op == POLICY_GE;
}

/* Whether the same conjunction says which bits there may be at all. */
static bool is_bounded(struct linter *l, const struct comparison *c)
{
	const struct policy_atom *first = c->atom, *end = c->rule->atoms + c->rule->n_atoms;

	if (!lint_spend(l, c->rule->n_atoms))
		return true;
	while (first > c->rule->atoms && !first[-1].last)
		first--;
	for (; first < end; first++) {
		if (first->argument == c->atom->argument && first->op == POLICY_IN)
			return true;
		if (first->last)
			return false;
	}
	return false;
}

/* In a rule that denies, "any of these bits" is what is meant. */
static int check_any(struct linter *l, const struct comparison *c)
{
	int bits = __builtin_popcountll(c->atom->value);

	if (c->atom->op != POLICY_ANY || bits < 2 || !rule_allows(c->rule) || is_bounded(l, c))
		return 0;
	return lint_warn(l, atom_position(c->rule, c->atom), "any-bits",
		"`&` holds as soon as one of these %d bits is set, whatever others are; `in` holds when no "
		"others are",
		bits);
}

static bool is_negative(const struct comparison *c)
{
	return (c->atom->value >> (c->word_bits - 1)) & 1;
}

static int check_order(struct linter *l, const struct comparison *c)
{
	if (!is_order(c->atom->op) || !is_negative(c))
		return 0;
	return lint_warn(l, atom_position(c->rule, c->atom), "unsigned-order",
		"comparisons are unsigned: this value is 0x%" PRIx64 ", above all positive ones",
		c->atom->value);
}

static int check_pointer(struct linter *l, const struct comparison *c)
{
	bool with_null = c->atom->value == 0 && (c->atom->op == POLICY_EQ || c->atom->op == POLICY_NE);
	char buffer[LINT_NAME_MAX];

	if (c->kind != ARGUMENT_POINTER || with_null)
		return 0;
	return lint_warn(l, atom_position(c->rule, c->atom), "pointer-compared",
		"arg%u of `%s` is a pointer: what it points to cannot be compared, and the address tells "
		"nothing",
		c->atom->argument, lint_name(l->p, c->number, buffer));
}

/* Whether the rule compares the same argument with the same number with its upper half clear, too. */
static bool has_short_form(struct linter *l, const struct comparison *c)
{
	if (!lint_spend(l, c->rule->n_atoms))
		return true;
	for (size_t i = 0; i < c->rule->n_atoms; i++) {
		const struct policy_atom *other = &c->rule->atoms[i];

		if (other->argument == c->atom->argument && other->op == c->atom->op &&
			other->value == (uint32_t)c->atom->value)
			return true;
	}
	return false;
}

/* C libraries and compilers pass a negative int sign-extended or with its upper half clear, as it happens. */
static int check_negative(struct linter *l, const struct comparison *c)
{
	bool equality = c->atom->op == POLICY_EQ || c->atom->op == POLICY_NE;
	char buffer[LINT_NAME_MAX];

	if (c->word_bits == 32 || c->kind != ARGUMENT_INT || !equality || (int64_t)c->atom->value >= 0 ||
		(int64_t)c->atom->value < INT32_MIN || has_short_form(l, c))
		return 0;
	return lint_warn(l, atom_position(c->rule, c->atom), "negative-int",
		"arg%u of `%s` has 32 bits for the kernel, and a negative one may come as 0x%" PRIx64
		" or as 0x%" PRIx32 ": compare with both",
		c->atom->argument, lint_name(l->p, c->number, buffer), c->atom->value,
		(uint32_t)c->atom->value);
}

static int check_action(struct linter *l, const struct policy_rule *rule)
{
	switch (rule->action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_KILL_THREAD:
		return lint_warn(l, rule->at, "kill-thread",
			"ends one thread and leaves the others, often waiting for it forever; "
			"`kill-process` ends all");
	case SECCOMP_RET_ERRNO:
		if ((rule->action & SECCOMP_RET_DATA) != 0)
			return 0;
		return lint_warn(l, rule->at, "fake-success",
			"the call is not made, and the program is told that it succeeded");
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_USER_NOTIF:
		return lint_warn(l, rule->at, "unanswered",
			"Bailiff starts nobody who would answer, so that the call fails with ENOSYS; "
			"`return ENOSYS` says so");
	default:
		return 0;
	}
}

/* What depends on the call: said for the first that it is about. */
static int check_kinds(struct linter *l, const struct statement *s, struct comparison *c)
{
	size_t before = l->d->n_warnings;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_names && l->d->n_warnings == before; i++) {
		if (!lint_spend(l, NAME_STEPS))
			break;
		c->number = s->names[i].number;
		c->kind = argument_kind(
			l->p->architecture, syscall_name(l->p->architecture, c->number), c->atom->argument);
		r = check_pointer(l, c);
		if (r == 0)
			r = check_negative(l, c);
	}
	return r;
}

int lint_rule(struct linter *l, const struct statement *s, const struct policy_rule *rule)
{
	int r = check_action(l, rule);

	for (size_t i = 0; r == 0 && i < rule->n_atoms; i++) {
		struct comparison c = {
			.rule = rule,
			.atom = &rule->atoms[i],
			.word_bits = l->p->architecture->word_bits,
		};

		r = check_any(l, &c);
		if (r == 0)
			r = check_order(l, &c);
		if (r == 0)
			r = check_kinds(l, s, &c);
	}
	return r;
}
