/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A call of which a part is known: "no" is never wrong. Over random policies, against the simulator; and
 * where the whole call is known the answer is the simulator's. BAILIFF_TEST_SEED=N repeats a run.
 */

#include "base/cleanup.h"
#include "base/error.h"
#include "random-policy.h"
#include "seccomp/emit.h"
#include "seccomp/reach.h"
#include "seccomp/simulate.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/random.h>

#include <cmocka.h>

#define ROUNDS 300
#define CALLS  300

static uint64_t seed;

static int set_up(void **state)
{
	const char *wanted = getenv("BAILIFF_TEST_SEED");

	if (wanted)
		seed = strtoull(wanted, NULL, 0);
	else if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return -1;
	print_message("BAILIFF_TEST_SEED=0x%" PRIx64 "\n", seed);
	return 0;
}

static bool lets_through(uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_USER_NOTIF:
		return true;
	default:
		return false;
	}
}

static void check_call(const struct sock_filter *filter, size_t n, struct seccomp_data call)
{
	uint32_t action;
	bool through;

	assert_int_equal(filter_simulate(filter, n, &call, &action), 0);
	through = lets_through(action);
	assert_int_equal(filter_may_allow(filter, n, &call, POLICY_ARGUMENTS), through);
	assert_true(!through || filter_may_allow_any(filter, n, call.arch));
	for (unsigned known = POLICY_ARGUMENTS; through && known-- > 0;) {
		/* what is not given must not be looked at */
		call.args[known] ^= UINT64_C(0xa5a5a5a5a5a5a5a5);
		assert_true(filter_may_allow(filter, n, &call, known));
	}
}

static void check_round(struct random *r, const struct architecture *a)
{
	const struct random_shape shape = { a->first_number, 12, 8, 3, 3 };
	_cleanup_free_ struct sock_filter *filter = NULL;
	struct policy policy;
	struct emit_size size;
	size_t n;

	policy_init(&policy, a);
	random_policy(r, &shape, &policy);
	if (policy_emit(&policy, &filter, &n, &size) == 0)
		for (size_t i = 0; i < CALLS; i++) {
			struct seccomp_data call;

			random_call(r, &policy, &call);
			check_call(filter, n, call);
		}
	for (size_t i = 0; filter && i < _ARCHITECTURE_MAX; i++)
		assert_true(architectures[i].audit == a->audit ||
			    !filter_may_allow_any(filter, n, architectures[i].audit));
	policy_done(&policy);
}

static void test_random(void **state)
{
	struct random r = random_from_seed(seed);

	for (size_t i = 0; i < ROUNDS; i++)
		check_round(&r, &architectures[i % _ARCHITECTURE_MAX]);
}

/* Each number of known arguments, for one program that looks at them all. */
static void test_prefixes(void **state)
{
	const uint32_t args = offsetof(struct seccomp_data, args);
	const struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, args),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, args + 8),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 2, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
	};
	const struct seccomp_data good = { .args = { 1, 1 } }, second = { .args = { 1, 2 } },
				  first = { .args = { 0 } };

	for (unsigned known = 0; known <= POLICY_ARGUMENTS; known++) {
		assert_true(filter_may_allow(filter, ELEMENTSOF(filter), &good, known));
		assert_int_equal(filter_may_allow(filter, ELEMENTSOF(filter), &second, known), known < 2);
		assert_int_equal(filter_may_allow(filter, ELEMENTSOF(filter), &first, known), known < 1);
	}
}

/* The number is not looked at, and the interface is. */
static void test_any_number(void **state)
{
	const struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1000, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_LOG),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};

	assert_true(filter_may_allow_any(filter, ELEMENTSOF(filter), 7));
	assert_false(filter_may_allow_any(filter, ELEMENTSOF(filter), 8));
	assert_true(filter_may_allow_any(NULL, 0, 8));
}

/* A list of what is refused that looks at all 64 bits of what the kernel takes for 32 lets the same family
 * through under another number. */
static void test_ints(void **state)
{
	const uint32_t args = offsetof(struct seccomp_data, args);
	const struct sock_filter wide[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, args + 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, args),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 16, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_filter *narrow = wide + 2;
	const struct seccomp_data refused = { .args = { 16 } }, other = { .args = { 1 } };

	assert_false(filter_may_allow(wide, ELEMENTSOF(wide), &refused, 1));
	assert_true(filter_may_allow_int(wide, ELEMENTSOF(wide), &refused));
	assert_false(filter_may_allow_int(narrow, ELEMENTSOF(wide) - 2, &refused));
	assert_true(filter_may_allow_int(narrow, ELEMENTSOF(wide) - 2, &other));
	assert_true(filter_may_allow_int(NULL, 0, &refused));
}

/* What it does not know is open: it must never say "no" for want of understanding. */
static void test_strange_programs(void **state)
{
	const struct sock_filter ends[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0) };
	const struct sock_filter other[] = { BPF_STMT(BPF_LDX | BPF_IMM, 7), BPF_STMT(BPF_RET | BPF_K, 0) };
	const struct sock_filter far[] = { BPF_STMT(BPF_JMP | BPF_JA, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0) };
	const struct sock_filter nothing[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS) };
	const struct seccomp_data call = { .nr = 1 };

	assert_true(filter_may_allow(NULL, 0, &call, 6));
	assert_true(filter_may_allow(ends, ELEMENTSOF(ends), &call, 6));
	assert_true(filter_may_allow(other, ELEMENTSOF(other), &call, 6));
	assert_true(filter_may_allow(far, ELEMENTSOF(far), &call, 6));
	assert_false(filter_may_allow(nothing, ELEMENTSOF(nothing), &call, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_any_number),
		cmocka_unit_test(test_ints),
		cmocka_unit_test(test_strange_programs),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
