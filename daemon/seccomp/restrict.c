/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Of each policy the first rule that applies decides. So the pairs of one's rules and the other's, in the
 * order of the first's and within it of the second's, are a list of which again the first that applies
 * decides: it is the pair of what each would have decided by. A default is a last rule that always applies.
 */

#include "seccomp/restrict.h"

#include "base/array.h"
#include "base/cleanup.h"
#include "seccomp/region.h"

#include <assert.h>

#define ATOMS_MAX 65536 /* of a rule that two make: far more than a program has room for */

uint32_t action_stricter(uint32_t first, uint32_t second)
{
	/* As the kernel compares them: signed, so that kill-process comes below all others. */
	int32_t a = (int32_t)(first & SECCOMP_RET_ACTION_FULL),
		b = (int32_t)(second & SECCOMP_RET_ACTION_FULL);

	return b < a ? second : first;
}

/* What one policy says of a number: its rules, and the default where they leave something open. */
struct side {
	const struct policy_entry *entry; /* NULL: nothing but the default */
	struct policy_rule otherwise;
	size_t n;
};

static struct side side_of(const struct policy *p, uint32_t number)
{
	struct side s = { .entry = policy_find(p, number), .otherwise = { .action = p->default_action } };
	size_t n = s.entry ? s.entry->n_rules : 0;

	s.n = n > 0 && s.entry->rules[n - 1]->n_atoms == 0 ? n : n + 1;
	return s;
}

static const struct policy_rule *side_rule(const struct side *s, size_t i)
{
	return s->entry && i < s->entry->n_rules ? s->entry->rules[i] : &s->otherwise;
}

struct pairing {
	struct policy *policy;
	const struct architecture *architecture;
	struct policy_rule **rules; /* of the number that is looked at */
	size_t n_rules, allocated;
};

static void pairing_done(struct pairing *p)
{
	free(p->rules);
}

static size_t clause_end(const struct policy_rule *rule, size_t begin)
{
	while (begin + 1 < rule->n_atoms && !rule->atoms[begin].last)
		begin++;
	return begin + 1;
}

/* What a clause that fixes an argument's value makes of an atom: it holds (1), it can't (0), or neither (-1).
 */
static int decided_by(
	const struct pairing *p, const struct policy_atom *clause, size_t n, const struct policy_atom *atom)
{
	for (size_t i = 0; i < n; i++)
		if (clause[i].op == POLICY_EQ && clause[i].argument == atom->argument)
			return atom_holds(atom, p->architecture, clause[i].value);
	return -1;
}

/* Whether two clauses can't hold together, as far as fixed values show that. */
static bool clauses_exclude(const struct pairing *p, const struct policy_atom *a, size_t n_a,
	const struct policy_atom *b, size_t n_b)
{
	for (size_t i = 0; i < n_b; i++)
		if (decided_by(p, a, n_a, &b[i]) == 0)
			return true;
	for (size_t i = 0; i < n_a; i++)
		if (decided_by(p, b, n_b, &a[i]) == 0)
			return true;
	return false;
}

static int add_atoms(struct policy_rule *rule, const struct policy_atom *atoms, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		struct policy_atom atom = atoms[i];

		atom.last = false;
		r = policy_rule_add_atom(rule, atom);
	}
	return r;
}

/* Appends the conjunction of two clauses, unless nothing can be in it. */
static int add_both(const struct pairing *p, struct policy_rule *rule, const struct policy_atom *a,
	size_t n_a, const struct policy_atom *b, size_t n_b)
{
	int r = 0;

	if (clauses_exclude(p, a, n_a, b, n_b))
		return 0;
	if (rule->n_atoms + n_a + n_b > ATOMS_MAX)
		return -E2BIG;
	r = add_atoms(rule, a, n_a);
	for (size_t i = 0; i < n_b && r == 0; i++)
		if (decided_by(p, a, n_a, &b[i]) < 0)
			r = add_atoms(rule, &b[i], 1);
	if (r == 0)
		rule->atoms[rule->n_atoms - 1].last = true;
	return r;
}

/* The atoms of the rule that applies when both do: each clause of one with each of the other. Both have some.
 */
static int multiply(const struct pairing *p, const struct policy_rule *a, const struct policy_rule *b,
	struct policy_rule *rule)
{
	size_t i_end, j_end;
	int r = 0;

	for (size_t i = 0; i < a->n_atoms && r == 0; i = i_end) {
		i_end = clause_end(a, i);
		for (size_t j = 0; j < b->n_atoms && r == 0; j = j_end) {
			j_end = clause_end(b, j);
			r = add_both(p, rule, a->atoms + i, i_end - i, b->atoms + j, j_end - j);
		}
	}
	return r;
}

/* Appends a rule; takes over the atoms. */
static int add_rule(struct pairing *p, struct policy_rule *atoms, uint32_t action, struct position at)
{
	struct policy_rule *rule;

	if (p->n_rules >= POLICY_RULES_MAX)
		return -E2BIG;
	rule = policy_add_rule(p->policy);
	if (!rule ||
		array_reserve(&p->rules, &p->allocated, p->n_rules + 1, sizeof(struct policy_rule *)) < 0)
		return -ENOMEM;
	*rule = (struct policy_rule){ .atoms = steal_ptr(atoms->atoms),
		.n_atoms = atoms->n_atoms,
		.allocated = atoms->allocated,
		.action = action,
		.at = at };
	p->rules[p->n_rules++] = rule;
	return 0;
}

static void scratch_done(struct policy_rule *rule)
{
	free(rule->atoms);
}

/* The rule for when both apply; none if they never do. @b: NULL for "whatever the other says". */
static int add_pair(
	struct pairing *p, const struct policy_rule *a, const struct policy_rule *b, uint32_t action)
{
	_cleanup_(scratch_done) struct policy_rule scratch = {};
	const struct policy_rule *alone = !b || b->n_atoms == 0 ? a : a->n_atoms == 0 ? b : NULL;
	int r = 0;

	for (size_t i = 0; alone && i < alone->n_atoms && r == 0; i++)
		r = policy_rule_add_atom(&scratch, alone->atoms[i]);
	if (!alone)
		r = multiply(p, a, b, &scratch);
	if (r < 0)
		return r;
	if (!alone && scratch.n_atoms == 0)
		return 0;
	policy_rule_trim(&scratch);
	return add_rule(p, &scratch, action, a->at.source || !b ? a->at : b->at);
}

/* All pairs with one rule of the first policy. From where on the second's rules make no difference, they are
 * not asked. */
static int add_pairs(struct pairing *p, const struct policy_rule *a, const struct side *second)
{
	size_t differ = second->n - 1;
	uint32_t verdict = action_stricter(a->action, side_rule(second, differ)->action);
	int r = 0;

	while (differ > 0 && action_stricter(a->action, side_rule(second, differ - 1)->action) == verdict)
		differ--;
	for (size_t j = 0; j < differ && r == 0; j++)
		r = add_pair(
			p, a, side_rule(second, j), action_stricter(a->action, side_rule(second, j)->action));
	return r < 0 ? r : add_pair(p, a, NULL, verdict);
}

static void entry_replace(struct policy *p, uint32_t number, struct pairing *with)
{
	struct policy_entry *entry = &p->entries[policy_find(p, number) - p->entries];

	free(entry->rules);
	entry->rules = steal_ptr(with->rules);
	entry->n_rules = with->n_rules;
	entry->allocated = with->allocated;
}

static int restrict_number(struct policy *p, const struct policy *by, uint32_t number)
{
	_cleanup_(pairing_done) struct pairing pairing = { .policy = p, .architecture = p->architecture };
	struct side first = side_of(p, number), second = side_of(by, number);
	int r = 0;

	for (size_t i = 0; i < first.n && r == 0; i++)
		r = add_pairs(&pairing, side_rule(&first, i), &second);
	/* Makes the entry if there is none. Nothing of @first is good afterwards. */
	if (r == 0)
		r = policy_count(p, number, second.entry ? second.entry->weight - 1 : 0);
	if (r == 0 && (p->n_attached += pairing.n_rules) >= POLICY_ATTACHED_MAX)
		r = -EOVERFLOW;
	if (r == 0)
		entry_replace(p, number, &pairing);
	return r;
}

/* The numbers that either names, ascending. */
static int numbers_of(const struct policy *p, const struct policy *by, uint32_t **ret, size_t *ret_n)
{
	uint32_t *numbers = reallocarray(NULL, p->n_entries + by->n_entries + 1, sizeof(*numbers));
	size_t i = 0, j = 0, n = 0;

	if (!numbers)
		return -ENOMEM;
	while (i < p->n_entries || j < by->n_entries) {
		bool left = j == by->n_entries ||
			    (i < p->n_entries && p->entries[i].number <= by->entries[j].number);
		uint32_t number = left ? p->entries[i].number : by->entries[j].number;

		/* Where the other only says "allow", nothing changes. */
		if (!left || by->default_action != SECCOMP_RET_ALLOW || policy_find(by, number))
			numbers[n++] = number;
		if (!left || (j < by->n_entries && by->entries[j].number == number))
			j++;
		if (left)
			i++;
	}
	*ret = numbers;
	*ret_n = n;
	return 0;
}

int policy_restrict(struct policy *p, const struct policy *by, uint32_t *reterr_number)
{
	_cleanup_free_ uint32_t *numbers = NULL;
	size_t n;
	int r = numbers_of(p, by, &numbers, &n);

	assert(p->architecture == by->architecture);
	for (size_t i = 0; i < n && r == 0; i++) {
		r = restrict_number(p, by, numbers[i]);
		if (r < 0)
			*reterr_number = numbers[i];
	}
	if (r == 0)
		p->default_action = action_stricter(p->default_action, by->default_action);
	return r;
}

int policy_rule_add_bits(struct policy_rule *rule, unsigned argument, uint64_t mask, uint64_t value)
{
	struct policy_atom atom = { .argument = (uint8_t)argument, .op = POLICY_ANY };
	int r = 0;

	assert((value & ~mask) == 0);
	for (uint64_t left = value; left != 0 && r == 0; left &= left - 1) {
		atom.value = left & -left;
		r = policy_rule_add_atom(rule, atom);
	}
	if (r < 0 || value == mask)
		return r;
	atom.op = POLICY_IN;
	atom.value = ~(mask & ~value);
	return policy_rule_add_atom(rule, atom);
}
