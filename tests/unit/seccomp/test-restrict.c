/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Policies laid over one another, and programs for several architectures: each random call gets what the
 * kernel would make of the policies' own answers. BAILIFF_TEST_SEED=N repeats a run.
 */

#include "made-policy.h"
#include "random-policy.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "seccomp/restrict.h"
#include "seccomp/simulate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 400
#define CALLS  400
#define LAYERS 3

static uint64_t seed;

static int set_up(void **state)
{
	return random_seed(&seed);
}

/* The order of the kernel's own list, in seccomp(2). */
static void test_precedence(void **state)
{
	static const uint32_t order[] = { SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,
		SECCOMP_RET_ERRNO, SECCOMP_RET_USER_NOTIF, SECCOMP_RET_TRACE, SECCOMP_RET_LOG,
		SECCOMP_RET_ALLOW };

	for (size_t i = 0; i < ELEMENTSOF(order); i++) {
		for (size_t j = i + 1; j < ELEMENTSOF(order); j++) {
			assert_int_equal(action_stricter(order[i] | 7, order[j] | 9), order[i] | 7);
			assert_int_equal(action_stricter(order[j] | 9, order[i] | 7), order[i] | 7);
		}
		assert_int_equal(action_stricter(order[i] | 9, order[i] | 7), order[i] | 9);
	}
}

static void check_round(struct random *r, const struct architecture *a)
{
	const struct random_shape shape = { a->first_number, 12, 8, 3, 3 };
	struct policy policies[LAYERS], joined;
	_cleanup_free_ struct sock_filter *filter = NULL;
	struct emit_size size;
	uint32_t number;
	int written;
	size_t n;

	/* the same again, so that the result can be compared with what it was made of */
	struct random again = *r;

	policy_init(&joined, a);
	random_policy(&again, &shape, &joined);
	for (size_t i = 0; i < LAYERS; i++) {
		policy_init(&policies[i], a);
		random_policy(r, &shape, &policies[i]);
		if (i > 0 && random_once_in(r, 2))
			policies[i].default_action = SECCOMP_RET_ALLOW;
		if (i > 0)
			assert_int_equal(policy_restrict(&joined, &policies[i], &number), 0);
	}
	/* now and then, all of it does not fit into a program */
	written = policy_emit(&joined, &filter, &n, &size);
	assert_true(written == 0 || written == -E2BIG);
	for (size_t i = 0; i < CALLS; i++) {
		struct seccomp_data call;
		uint32_t expected, said;

		random_call(r, &policies[random_below(r, LAYERS)], &call);
		random_disturb(r, &policies[0], &call);
		expected = policy_evaluate(&policies[0], &call);
		for (size_t j = 1; j < LAYERS; j++)
			expected = action_stricter(expected, policy_evaluate(&policies[j], &call));
		assert_int_equal(policy_evaluate(&joined, &call), expected);
		if (written < 0)
			continue;
		assert_int_equal(filter_simulate(filter, n, &call, &said), 0);
		assert_int_equal(said, expected);
	}
	for (size_t i = 0; i < LAYERS; i++)
		policy_done(&policies[i]);
	policy_done(&joined);
}

static void test_random(void **state)
{
	struct random r = random_from_seed(seed);

	for (size_t i = 0; i < ROUNDS; i++)
		check_round(&r, &architectures[i % _ARCHITECTURE_MAX]);
}

/* What each architecture's policy says, by one program, and that nobody else is let in. */
static void check_several(struct random *r, unsigned mask)
{
	static const struct random_shape shape = { 0, 12, 8, 4, 6 };
	struct policy policies[_ARCHITECTURE_MAX];
	const struct policy *list[_ARCHITECTURE_MAX];
	_cleanup_free_ struct sock_filter *filter = NULL;
	struct emit_size size;
	size_t n_list = 0, n;

	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++) {
		struct random_shape moved = shape;

		moved.first_number += architectures[i].first_number;
		policy_init(&policies[i], &architectures[i]);
		random_policy(r, &moved, &policies[i]);
		if (mask >> i & 1)
			list[n_list++] = &policies[i];
	}
	assert_int_equal(policies_emit(list, n_list, &filter, &n, &size), 0);
	for (size_t i = 0; i < CALLS; i++) {
		size_t whose = random_below(r, _ARCHITECTURE_MAX);
		uint32_t expected = SECCOMP_RET_KILL_PROCESS, said;
		struct seccomp_data call;

		random_call(r, &policies[whose], &call);
		if (random_once_in(r, 8))
			call.nr = (int)random_value(r, 32);
		for (size_t j = 0; j < n_list; j++) {
			const struct architecture *a = list[j]->architecture;
			uint32_t number = (uint32_t)call.nr;

			if (a->audit == call.arch && number >= a->first_number && number <= a->last_number)
				expected = policy_evaluate(list[j], &call);
		}
		assert_int_equal(filter_simulate(filter, n, &call, &said), 0);
		assert_int_equal(said, expected);
	}
	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++)
		policy_done(&policies[i]);
}

static void test_several(void **state)
{
	struct random r = random_from_seed(seed);

	for (unsigned i = 0; i < 5; i++)
		for (unsigned mask = 1; mask < 1U << _ARCHITECTURE_MAX; mask++)
			check_several(&r, mask);
}

/* Rules that can't both apply leave nothing behind; what one side has decided asks the other nothing. */
static void test_small(void **state)
{
	struct policy p, by;
	uint32_t number;

	policy_init(&p, &architectures[ARCHITECTURE_X86_64]);
	policy_init(&by, &architectures[ARCHITECTURE_X86_64]);
	by.default_action = SECCOMP_RET_ALLOW;
	add_atom(add_rule(&p, 1, SECCOMP_RET_ALLOW), POLICY_EQ, 1, 0x5401, true);
	assert_int_equal(policy_rule_add_bits(add_rule(&by, 1, MADE_ONE), 1, UINT32_MAX, 0x5412), 0);
	by.rules[0]->atoms[by.rules[0]->n_atoms - 1].last = true;
	assert_int_equal(policy_restrict(&p, &by, &number), 0);
	assert_int_equal(p.n_entries, 1);
	assert_int_equal(p.entries[0].n_rules, 2);
	assert_int_equal(p.entries[0].rules[0]->n_atoms, 1);
	assert_int_equal(p.entries[0].rules[1]->action, SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(p.entries[0].rules[1]->n_atoms, 0);
	policy_done(&p);
	policy_done(&by);
}

/* Bits of an argument, whatever lies beside them. */
static void test_bits(void **state)
{
	struct random r = random_from_seed(seed);

	for (size_t i = 0; i < 2000; i++) {
		const struct architecture *a = &architectures[i % _ARCHITECTURE_MAX];
		uint64_t mask = random_value(&r, a->word_bits), value = random_value(&r, a->word_bits) & mask;
		struct policy_rule *rule;
		struct policy p;

		policy_init(&p, a);
		rule = add_rule(&p, 1, SECCOMP_RET_ALLOW);
		assert_int_equal(policy_rule_add_bits(rule, 2, mask, value), 0);
		if (rule->n_atoms > 0)
			rule->atoms[rule->n_atoms - 1].last = true;
		for (size_t j = 0; j < 40; j++) {
			uint64_t other = random_value(&r, 64);
			struct seccomp_data call = call_of(&p, 1);
			bool same;

			call.args[2] = random_once_in(&r, 3) ? other : (other & ~mask) | value;
			same = (call.args[2] & mask) == value;
			assert_int_equal(policy_evaluate(&p, &call),
				same ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS);
		}
		policy_done(&p);
	}
}

/* Conditions that multiply have an end. */
static void test_bound(void **state)
{
	struct policy p, by;
	uint32_t number = 0;

	policy_init(&p, &architectures[ARCHITECTURE_X86_64]);
	policy_init(&by, &architectures[ARCHITECTURE_X86_64]);
	for (unsigned i = 0; i < 100; i++) {
		add_atom(add_rule(&p, 5, i % 2 ? MADE_ONE : SECCOMP_RET_ALLOW), POLICY_GE, 0, i, true);
		add_atom(add_rule(&by, 5, i % 2 ? SECCOMP_RET_LOG : SECCOMP_RET_TRAP), POLICY_GE, 1, i, true);
	}
	assert_int_equal(policy_restrict(&p, &by, &number), -E2BIG);
	assert_int_equal(number, 5);
	policy_done(&p);
	policy_done(&by);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests_name("restrict", tests, set_up, NULL);
}
