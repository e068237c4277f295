/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "small-policy.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint32_t actions[] = { SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_ERRNO | 1,
	SECCOMP_RET_LOG, SECCOMP_RET_TRACE, SECCOMP_RET_USER_NOTIF, SECCOMP_RET_KILL_THREAD };

uint64_t small_bits(const struct architecture *a, unsigned argument)
{
	static const uint64_t wide[POLICY_ARGUMENTS] = { 0x8000000000000001, 0x0000000180000000,
		0x0000000000000003, 0x4000000000000010, 0x0000000100000001, 0xc000000000000000 };
	static const uint64_t narrow[POLICY_ARGUMENTS] = { 0x80000001, 0x00018000, 0x3, 0x40000010,
		0x00010001, 0xc0000000 };

	return (a->word_bits == 32 ? narrow : wide)[argument];
}

static uint64_t spread(uint64_t bits, unsigned pattern)
{
	uint64_t low = bits & -bits;

	return (pattern & 1 ? low : 0) | (pattern & 2 ? bits & ~low : 0);
}

struct seccomp_data small_call(const struct architecture *a, unsigned index)
{
	struct seccomp_data data = { .nr = (int)(a->first_number + SMALL_NUMBER), .arch = a->audit };

	for (unsigned i = 0; i < POLICY_ARGUMENTS; i++)
		data.args[i] = spread(small_bits(a, i), index >> 2 * i & 3);
	return data;
}

struct policy_atom small_atom(struct random *r, const struct architecture *a)
{
	uint64_t mask = a->word_bits == 32 ? UINT32_MAX : UINT64_MAX;
	unsigned argument = (unsigned)random_below(r, POLICY_ARGUMENTS);
	struct policy_atom atom = {
		.argument = (uint8_t)argument,
		.op = (uint8_t)random_below(r, _POLICY_OP_MAX),
		.value = spread(small_bits(a, argument), (unsigned)random_below(r, 4)),
	};

	switch (random_below(r, 8)) {
	case 0:
		atom.value++;
		break;
	case 1:
		atom.value--;
		break;
	case 2:
		atom.value |= random_next(r) & random_next(r);
		break;
	case 3:
		atom.value = ~atom.value;
		break;
	default:
		break;
	}
	atom.value &= mask;
	return atom;
}

static void attach(struct policy *p, struct policy_rule *rule)
{
	const struct policy_rule *earlier;

	assert_int_equal(policy_attach(p, p->architecture->first_number + SMALL_NUMBER, rule, &earlier), 0);
}

/* The first rule. */
static void fence(struct policy *p)
{
	struct policy_rule *rule = policy_add_rule(p);

	assert_non_null(rule);
	rule->action = SMALL_OUTSIDE;
	for (unsigned i = 0; i < POLICY_ARGUMENTS; i++) {
		uint64_t mask = p->architecture->word_bits == 32 ? UINT32_MAX : UINT64_MAX;
		struct policy_atom atom = { .argument = (uint8_t)i,
			.op = POLICY_ANY,
			.value = ~small_bits(p->architecture, i) & mask,
			.last = true };

		assert_int_equal(policy_rule_add_atom(rule, atom), 0);
	}
	attach(p, rule);
}

static void add_atoms(struct random *r, struct policy *p, struct policy_rule *rule, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct policy_atom atom = small_atom(r, p->architecture);

		atom.last = i + 1 == n || random_below(r, 3) == 0;
		assert_int_equal(policy_rule_add_atom(rule, atom), 0);
	}
}

void small_policy(struct random *r, size_t max_rules, size_t max_atoms, size_t n_actions, struct policy *ret)
{
	size_t n = random_below(r, max_rules + 1);

	ret->default_action = actions[1 + random_below(r, n_actions - 1)];
	fence(ret);
	for (size_t i = 0; i < n; i++) {
		struct policy_rule *rule = policy_add_rule(ret);

		assert_non_null(rule);
		rule->action = actions[random_below(r, n_actions)];
		if (i + 1 < n || random_below(r, 3) > 0)
			add_atoms(r, ret, rule, 1 + random_below(r, max_atoms));
		attach(ret, rule);
	}
}

void small_variation(struct random *r, const struct policy *p, struct policy *ret)
{
	const struct policy_entry *entry = policy_find(p, p->architecture->first_number + SMALL_NUMBER);

	ret->default_action = p->default_action;
	fence(ret);
	for (size_t i = 1; i < entry->n_rules; i++) {
		struct policy_rule *rule = policy_add_rule(ret);

		assert_non_null(rule);
		rule->action = random_below(r, 6) == 0 ? SECCOMP_RET_ALLOW : entry->rules[i]->action;
		for (size_t j = 0; j < entry->rules[i]->n_atoms; j++) {
			struct policy_atom atom = entry->rules[i]->atoms[j];

			if (random_below(r, 10) == 0) {
				bool last = atom.last;

				atom = small_atom(r, p->architecture);
				atom.last = last;
			}
			assert_int_equal(policy_rule_add_atom(rule, atom), 0);
		}
		attach(ret, rule);
	}
}
