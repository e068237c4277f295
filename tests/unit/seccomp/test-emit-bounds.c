/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Policies that nobody means well, and those that are just too large: a program or an error, in bounded time.
 */

#include "made-policy.h"

#include "base/bounds.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

/* Against times that grow with the square, not a measurement: what is bounded by it takes a tenth of that.
 * Where this was run on other machines they were emulated. */
#if defined(__SANITIZE_ADDRESS__) || !defined(__x86_64__)
#define PATIENCE_SEC 20
#else
#define PATIENCE_SEC 2
#endif

static void test_too_large(void **state)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	struct emit_size size = {};
	struct policy_rule *rule;
	struct policy p;
	size_t n;

	policy_init(&p, architecture_native());
	allow_numbers(&p, 4);
	rule = add_rule(&p, 2, SECCOMP_RET_ALLOW);
	for (uint64_t i = 0; i < BPF_MAXINSNS_PER_FILTER; i++)
		add_atom(rule, POLICY_EQ, 0, 2 * i, true);
	assert_int_equal(policy_emit(&p, &filter, &n, &size), -E2BIG);
	assert_null(filter);
	assert_true(size.instructions > BPF_MAXINSNS_PER_FILTER);
	assert_ptr_equal(size.largest, policy_find(&p, 2));
	assert_in_range(size.largest_instructions, BPF_MAXINSNS_PER_FILTER, BPF_MAXINSNS_PER_FILTER + 400);
	policy_done(&p);
}

/* What is too large when it is fast is made small instead. */
static void test_nearly_too_large(void **state)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	struct seccomp_data data;
	struct policy_rule *rule;
	struct policy p;
	size_t n;

	policy_init(&p, &architectures[ARCHITECTURE_X86_64]);
	rule = add_rule(&p, 2, SECCOMP_RET_ALLOW);
	for (uint64_t i = 0; i < 3800; i++)
		add_atom(rule, POLICY_EQ, 0, 2 * i, true);
	emit_policy(&p, &filter, &n);
	data = call_of(&p, 2);
	for (data.args[0] = 0; data.args[0] < 7602; data.args[0]++)
		assert_true(expect_verdict(&p, filter, n, &data) < 60);
	policy_done(&p);
}

/* Allows what has one of two bits set: @n such tests, none of which tells anything of another. */
static void fill_tests(struct policy *p, size_t n)
{
	struct policy_rule *rule = add_rule(p, 2, SECCOMP_RET_ALLOW);

	for (unsigned argument = 0; argument < POLICY_ARGUMENTS; argument++)
		for (unsigned one = 0; one < 64; one++)
			for (unsigned other = one < 32 ? 0 : 32; other < one && n > 0; other++, n--)
				add_atom(rule, POLICY_ANY, argument, 1ULL << one | 1ULL << other, true);
}

/* Instruction by instruction up to the most that the kernel takes, and past it. */
static void test_just_too_large(void **state)
{
	size_t most = 0, least = SIZE_MAX;

	for (size_t i = BPF_MAXINSNS_PER_FILTER - 60; i < BPF_MAXINSNS_PER_FILTER; i++) {
		_cleanup_free_ struct sock_filter *filter = NULL;
		struct emit_size size = {};
		struct policy p;
		size_t n = 0;
		int r;

		policy_init(&p, &architectures[ARCHITECTURE_X86_64]);
		fill_tests(&p, i);
		r = policy_emit(&p, &filter, &n, &size);
		if (r == 0 && n > most)
			most = n;
		if (r < 0 && size.instructions < least)
			least = size.instructions;
		assert_true(r == 0 || r == -E2BIG);
		policy_done(&p);
	}
	assert_int_equal(most, BPF_MAXINSNS_PER_FILTER);
	assert_int_equal(least, BPF_MAXINSNS_PER_FILTER + 1);
}

/* Fills an empty policy with something nobody means well. */
struct hostile {
	const char *name;
	void (*fill)(struct policy *p);
};

static void fill_values(struct policy *p)
{
	struct policy_rule *rule = add_rule(p, 16, SECCOMP_RET_ALLOW);

	for (uint64_t i = 0; i < 100000; i++)
		add_atom(rule, POLICY_EQ, 1, i * 0x9e3779b97f4a7c15ULL, true);
}

static void fill_holes(struct policy *p)
{
	struct policy_rule *rule = add_rule(p, 16, SECCOMP_RET_ALLOW);

	for (uint64_t i = 0; i < 100000; i++)
		add_atom(rule, POLICY_NE, 1, i * 0x9e3779b97f4a7c15ULL, i == 99999);
}

static void fill_masks(struct policy *p)
{
	struct policy_rule *rule = add_rule(p, 16, SECCOMP_RET_ALLOW);

	for (uint64_t i = 0; i < 20000; i++)
		add_atom(rule, i % 2 ? POLICY_ANY : POLICY_IN, (unsigned)i % 3, i * 0x9e3779b97f4a7c15ULL,
			i % 5 == 4);
}

/* Each pair fails at its second half, from where all others have to be passed. */
static void fill_pairs(struct policy *p)
{
	struct policy_rule *rule = add_rule(p, 16, SECCOMP_RET_ALLOW);

	for (uint64_t i = 0; i < 20000; i++) {
		add_atom(rule, POLICY_EQ, 0, i, false);
		add_atom(rule, POLICY_EQ, 1, i, true);
	}
}

static void fill_rules(struct policy *p)
{
	for (uint64_t i = 0; i < POLICY_RULES_MAX; i++) {
		struct policy_rule *rule = add_rule(p, 16, SECCOMP_RET_ERRNO | (uint32_t)(1 + i % 4000));

		add_atom(rule, POLICY_GE, 1, i << 20, false);
		add_atom(rule, POLICY_LE, 1, (i + 2) << 20, true);
	}
}

static void fill_entries(struct policy *p)
{
	for (uint32_t number = 0; number <= MADE_NUMBER_MAX; number++) {
		struct policy_rule *rule = add_rule(p, number, MADE_ONE);

		for (uint64_t i = 0; i < 20; i++)
			add_atom(rule, (enum policy_op)(i % 8), (unsigned)i % 6, number * 31ULL << i, i % 2);
	}
}

/* Every name of a large group, with rules that are written once. */
static void fill_shared(struct policy *p)
{
	const struct policy_rule *earlier;

	for (size_t i = 0; i < 100; i++)
		add_atom(add_rule(p, 0, i % 2 ? MADE_ONE : MADE_TWO), POLICY_EQ, 0, 7 * i, true);
	for (uint32_t number = 1; number <= MADE_NUMBER_MAX; number++)
		for (size_t i = 0; i < 100; i++)
			assert_int_equal(policy_attach(p, number, p->rules[i], &earlier), 0);
}

static double now(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void test_hostile_in_bounded_time(void **state)
{
	static const struct hostile all[] = { { "values", fill_values }, { "holes", fill_holes },
		{ "masks", fill_masks }, { "pairs", fill_pairs }, { "rules", fill_rules },
		{ "entries", fill_entries }, { "shared", fill_shared } };

	for (size_t i = 0; i < ELEMENTSOF(all); i++) {
		_cleanup_free_ struct sock_filter *filter = NULL;
		struct emit_size size = {};
		struct policy p;
		double start;
		size_t n;
		int r;

		policy_init(&p, &architectures[ARCHITECTURE_X86_64]);
		all[i].fill(&p);
		start = now();
		r = policy_emit(&p, &filter, &n, &size);
		print_message("%s: %.3f s, %zu instructions\n", all[i].name, now() - start,
			r == 0 ? n : size.instructions);
		assert_true(r == 0 || (r == -E2BIG && size.largest));
		assert_true(now() - start < PATIENCE_SEC);
		policy_done(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_just_too_large),
		cmocka_unit_test(test_nearly_too_large),
		cmocka_unit_test(test_hostile_in_bounded_time),
	};

	return cmocka_run_group_tests_name("seccomp emit bounds", tests, NULL, NULL);
}
