/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What programs look like: correct at the edges of each architecture's numbers, flat, small where much is
 * alike, and made in bounded time. That they say what their policies say in general is for test-random.c.
 */

#include "made-policy.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "seccomp/simulate.h"

#include <linux/audit.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_every_number(void **state)
{
	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++) {
		_cleanup_free_ struct sock_filter *filter = NULL;
		struct policy p;
		size_t n;

		policy_init(&p, &architectures[i]);
		allow_numbers(&p, 3);
		emit_policy(&p, &filter, &n);
		for (uint32_t number = 0; number <= MADE_NUMBER_MAX + 2; number++) {
			struct seccomp_data data = call_of(&p, number);

			(void)expect_verdict(&p, filter, n, &data);
		}
		policy_done(&p);
	}
}

/* Also with a default that does not kill, what is beyond the native numbers does: x32, and negative ones. */
static void test_foreign_numbers(void **state)
{
	static const uint32_t numbers[] = { 0, 39, 0x3fffffff, 0x40000000, 0x40000000 + 39, 0x7fffffff,
		0x80000000, 0x80000000 + 39, 0xbfffffff, 0xc0000000, 0xfffffffe, 0xffffffff };

	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++) {
		const struct architecture *a = &architectures[i];
		_cleanup_free_ struct sock_filter *filter = NULL;
		struct policy p;
		size_t n;

		policy_init(&p, a);
		p.default_action = SECCOMP_RET_ERRNO | EPERM;
		allow_numbers(&p, 3);
		emit_policy(&p, &filter, &n);
		for (size_t j = 0; j < ELEMENTSOF(numbers); j++) {
			struct seccomp_data data = { .nr = (int)numbers[j], .arch = a->audit };
			bool native = numbers[j] >= a->first_number && numbers[j] <= a->last_number;

			(void)expect_verdict(&p, filter, n, &data);
			assert_int_equal(policy_evaluate(&p, &data) == SECCOMP_RET_KILL_PROCESS, !native);
		}
		policy_done(&p);
	}
}

/* Where words have 32 bits the upper half, which anybody can fill, decides nothing. */
static void test_upper_halves(void **state)
{
	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++) {
		bool narrow = architectures[i].word_bits == 32;
		_cleanup_free_ struct sock_filter *filter = NULL;
		struct seccomp_data data;
		struct policy p;
		size_t n;

		policy_init(&p, &architectures[i]);
		add_atom(add_rule(&p, 1, MADE_ONE), POLICY_EQ, 1, 0x5412, true);
		emit_policy(&p, &filter, &n);
		data = call_of(&p, 1);
		data.args[1] = 0x5412;
		assert_int_equal(policy_evaluate(&p, &data), MADE_ONE);
		(void)expect_verdict(&p, filter, n, &data);
		data.args[1] |= 0xdeadbeefULL << 32;
		assert_int_equal(policy_evaluate(&p, &data), narrow ? MADE_ONE : SECCOMP_RET_KILL_PROCESS);
		(void)expect_verdict(&p, filter, n, &data);
		policy_done(&p);
	}
}

/* Neighbours with one verdict are one range: a policy that allows all that exists is a handful of
 * instructions. */
static void test_neighbours_merge(void **state)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	struct policy p;
	size_t n;

	policy_init(&p, architecture_native());
	allow_numbers(&p, 1);
	emit_policy(&p, &filter, &n);
	assert_in_range(n, 5, 8);
	policy_done(&p);
}

/* What takes as many steps as the tree is deep, not as there are entries. */
static void test_search_is_balanced(void **state)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	size_t n, far = 0;
	struct policy p;

	policy_init(&p, architecture_native());
	allow_numbers(&p, 8);
	emit_policy(&p, &filter, &n);
	assert_in_range(n, 512, 800);
	for (uint32_t number = 0; number <= MADE_NUMBER_MAX; number++) {
		struct seccomp_data data = call_of(&p, number);
		size_t steps = expect_verdict(&p, filter, n, &data);

		far = steps > far ? steps : far;
	}
	/* 513 calls: nine comparisons, a few values in a row, a JA now and then, and four instructions
	 * around. */
	assert_in_range(far, 13, 20);
	policy_done(&p);
}

/* Every other call has a weight of 1. Their number decides how much a frequent one gains. */
static void test_frequent_calls_come_sooner(void **state)
{
	_cleanup_free_ struct sock_filter *plain = NULL, *alike = NULL, *weighed = NULL;
	size_t n_plain, n_alike, n_weighed, before, after;
	struct seccomp_data data;
	struct policy p;

	policy_init(&p, architecture_native());
	allow_numbers(&p, 8);
	emit_policy(&p, &plain, &n_plain);
	data = call_of(&p, 808);
	before = expect_verdict(&p, plain, n_plain, &data);
	for (size_t i = 0; i < p.n_entries; i++)
		p.entries[i].weight = 1000000;
	emit_policy(&p, &alike, &n_alike);
	assert_int_equal(n_alike, n_plain);
	assert_memory_equal(alike, plain, n_plain * sizeof(*plain));
	for (size_t i = 0; i < p.n_entries; i++)
		p.entries[i].weight = p.entries[i].number == 808 ? UINT64_MAX : 1;
	emit_policy(&p, &weighed, &n_weighed);
	after = expect_verdict(&p, weighed, n_weighed, &data);
	assert_true(after + 4 < before);
	for (uint32_t number = 0; number <= MADE_NUMBER_MAX; number++) {
		data = call_of(&p, number);
		assert_true(expect_verdict(&p, weighed, n_weighed, &data) < 60);
	}
	policy_done(&p);
}

/* However many orders of size lie between weights, no call is beyond reach. */
static void test_uneven_weights(void **state)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	struct policy p;
	size_t n;

	policy_init(&p, architecture_native());
	allow_numbers(&p, 4);
	for (size_t i = 0; i < p.n_entries; i++)
		p.entries[i].weight = 1ULL << i % 64;
	emit_policy(&p, &filter, &n);
	for (uint32_t number = 0; number <= MADE_NUMBER_MAX; number++) {
		struct seccomp_data data = call_of(&p, number);

		assert_true(expect_verdict(&p, filter, n, &data) < 80);
	}
	policy_done(&p);
}

/* A list of values is a search, too, and none of its steps asks for the upper half again. */
static void test_list_is_searched(void **state)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	struct policy_rule *rule;
	struct policy p;
	size_t n;

	policy_init(&p, &architectures[ARCHITECTURE_X86_64]);
	rule = add_rule(&p, 16, SECCOMP_RET_ALLOW);
	for (uint64_t i = 0; i < 256; i++)
		add_atom(rule, POLICY_EQ, 1, 0x5400 + 3 * i, true);
	emit_policy(&p, &filter, &n);
	assert_in_range(n, 256, 420);
	for (uint64_t value = 0x53f0; value < 0x5710; value++) {
		struct seccomp_data data = call_of(&p, 16);

		data.args[1] = value;
		assert_true(expect_verdict(&p, filter, n, &data) <= 20);
	}
	policy_done(&p);
}

/* Loads that a program of no more than one call makes. */
static size_t count_loads(const struct policy *p)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	size_t n, loads = 0;

	emit_policy(p, &filter, &n);
	for (size_t i = 0; i < n; i++)
		loads += filter[i].code == (BPF_LD | BPF_W | BPF_ABS);
	return loads;
}

/* mmap: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE: one word, loaded once, beside architecture and number. */
static void test_loads_are_shared(void **state)
{
	struct policy_rule *rule;
	struct policy p;

	policy_init(&p, &architectures[ARCHITECTURE_X86_64]);
	rule = add_rule(&p, 9, SECCOMP_RET_ALLOW);
	add_atom(rule, POLICY_IN, 2, ~4ULL, true);
	add_atom(rule, POLICY_IN, 2, ~2ULL, true);
	assert_int_equal(count_loads(&p), 3);
	/* socket: arg0 == 1 && arg1 == 1 || arg0 == 1 && arg1 == 2: two arguments of two halves. */
	rule = add_rule(&p, 41, SECCOMP_RET_ALLOW);
	for (uint64_t type = 1; type <= 2; type++) {
		add_atom(rule, POLICY_EQ, 0, 1, false);
		add_atom(rule, POLICY_EQ, 1, type, true);
	}
	assert_int_equal(count_loads(&p), 7);
	policy_done(&p);
}

/* Two statements of the same words, apart from each other, are one piece of the program. */
static void test_equal_rules_are_shared(void **state)
{
	_cleanup_free_ struct sock_filter *one = NULL, *both = NULL;
	size_t n_one, n_both;
	struct policy p;

	policy_init(&p, architecture_native());
	for (uint64_t i = 0; i < 20; i++)
		add_atom(i == 0 ? add_rule(&p, 9, SECCOMP_RET_ALLOW) : p.rules[0], POLICY_EQ, 2, 5 * i, true);
	emit_policy(&p, &one, &n_one);
	for (uint64_t i = 0; i < 20; i++)
		add_atom(
			i == 0 ? add_rule(&p, 30, SECCOMP_RET_ALLOW) : p.rules[1], POLICY_EQ, 2, 5 * i, true);
	emit_policy(&p, &both, &n_both);
	assert_in_range(n_both, n_one + 1, n_one + 3);
	policy_done(&p);
}

/* Between a call that is allowed always and its verdict no argument is looked at, or kernels could not skip
 * it. */
static void test_allowed_without_arguments(void **state)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	struct policy p;
	size_t n, at = 0;

	policy_init(&p, &architectures[ARCHITECTURE_X86_64]);
	add_atom(add_rule(&p, 38, SECCOMP_RET_ALLOW), POLICY_EQ, 0, 7, true);
	add_atom(add_rule(&p, 40, SECCOMP_RET_ALLOW), POLICY_EQ, 0, 8, true);
	(void)add_rule(&p, 39, SECCOMP_RET_ALLOW);
	emit_policy(&p, &filter, &n);
	while (filter[at].code != (BPF_RET | BPF_K)) {
		const struct sock_filter *insn = &filter[at++];

		if (BPF_CLASS(insn->code) == BPF_LD)
			assert_true(insn->k < offsetof(struct seccomp_data, instruction_pointer));
		else if (BPF_OP(insn->code) == BPF_JA)
			at += insn->k;
		else if (insn->k == AUDIT_ARCH_X86_64)
			at += insn->jt;
		else if (BPF_OP(insn->code) == BPF_JEQ)
			at += insn->k == 39 ? insn->jt : insn->jf;
		else
			at += 39 >= insn->k ? insn->jt : insn->jf;
	}
	assert_int_equal(filter[at].k, SECCOMP_RET_ALLOW);
	policy_done(&p);
}

static void test_simulator_refuses(void **state)
{
	static const struct sock_filter bad[][2] = {
		{ { BPF_LD | BPF_IMM, 0, 0, 1 }, { BPF_RET | BPF_K, 0, 0, 0 } },
		{ { BPF_LD | BPF_W | BPF_ABS, 0, 0, 64 }, { BPF_RET | BPF_K, 0, 0, 0 } },
		{ { BPF_LD | BPF_W | BPF_ABS, 0, 0, 3 }, { BPF_RET | BPF_K, 0, 0, 0 } },
		{ { BPF_LD | BPF_W | BPF_ABS, 0, 0, UINT32_MAX - 3 }, { BPF_RET | BPF_K, 0, 0, 0 } },
		{ { BPF_JMP | BPF_JA, 0, 0, 1 }, { BPF_RET | BPF_K, 0, 0, 0 } },
		{ { BPF_JMP | BPF_JA, 0, 0, UINT32_MAX }, { BPF_RET | BPF_K, 0, 0, 0 } },
		{ { BPF_JMP | BPF_JEQ | BPF_K, 1, 1, 0 }, { BPF_RET | BPF_K, 0, 0, 0 } },
		{ { BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 }, { BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 } },
		{ { BPF_RET | BPF_A, 0, 0, 0 }, { BPF_RET | BPF_K, 0, 0, 0 } },
		{ { BPF_JMP | BPF_JGT | BPF_K, 0, 0, 0 }, { BPF_RET | BPF_K, 0, 0, 0 } },
	};
	const struct seccomp_data data = {};
	uint32_t action;

	for (size_t i = 0; i < ELEMENTSOF(bad); i++)
		assert_int_equal(filter_simulate(bad[i], 2, &data, &action), -EINVAL);
	assert_int_equal(filter_simulate(bad[0], 0, &data, &action), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_number),
		cmocka_unit_test(test_foreign_numbers),
		cmocka_unit_test(test_upper_halves),
		cmocka_unit_test(test_neighbours_merge),
		cmocka_unit_test(test_search_is_balanced),
		cmocka_unit_test(test_frequent_calls_come_sooner),
		cmocka_unit_test(test_uneven_weights),
		cmocka_unit_test(test_list_is_searched),
		cmocka_unit_test(test_loads_are_shared),
		cmocka_unit_test(test_equal_rules_are_shared),
		cmocka_unit_test(test_allowed_without_arguments),
		cmocka_unit_test(test_simulator_refuses),
	};

	return cmocka_run_group_tests_name("seccomp emit", tests, NULL, NULL);
}
