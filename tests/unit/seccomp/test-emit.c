/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Programs must say what the policy says. Three readings are held against each other: the rules themselves,
 * the program in the simulator, and for a sample the program in the kernel.
 */

#include "random-policy.h"

#include "base/bounds.h"
#include "base/error.h"
#include "base/filter.h"
#include "base/process.h"
#include "seccomp/emit.h"
#include "seccomp/seccomp.h"
#include "seccomp/simulate.h"

#include <inttypes.h>
#include <linux/audit.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define POLICY_NUMBER_MAX 4095

#define POLICIES         1200
#define CALLS_PER_POLICY 250 /* 300,000 evaluations in all */
#define KERNEL_PROGRAMS  80
#define KERNEL_CALLS     40
#define KERNEL_DEATHS    4    /* calls that must kill, each in a process for itself */
#define UNUSED_NUMBER    2000 /* no system call, now or soon: what is allowed fails with ENOSYS */

/* One seed for all tests, printed; BAILIFF_TEST_SEED repeats a run. */
static uint64_t seed;

static int setup_seed(void **state)
{
	const char *wanted = getenv("BAILIFF_TEST_SEED");

	if (wanted)
		seed = strtoull(wanted, NULL, 0);
	else if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return -1;
	seed |= 1;
	print_message("BAILIFF_TEST_SEED=0x%" PRIx64 "\n", seed);
	return 0;
}

static void expect_verdict(
	const struct policy *p, const struct sock_filter *filter, size_t n, const struct seccomp_data *data)
{
	uint32_t wanted = policy_evaluate(p, data), got = 0;

	if (filter_simulate(filter, n, data, &got) == 0 && got == wanted)
		return;
	fail_msg("call %d of 0x%x (0x%llx, 0x%llx, 0x%llx, 0x%llx, 0x%llx, 0x%llx): 0x%x instead of 0x%x",
		data->nr, data->arch, data->args[0], data->args[1], data->args[2], data->args[3],
		data->args[4], data->args[5], got, wanted);
}

/* The policy's text must give the very program that its rules give. */
static void expect_text_equal(
	struct random *r, const struct policy *p, const struct sock_filter *filter, size_t n)
{
	_cleanup_free_ char *text = NULL;
	struct seccomp_result result;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	random_print(r, p, f);
	assert_int_equal(fclose(f), 0);
	if (seccomp_compile_text(text, size, -1, "random", NULL, &result) < 0)
		fail_msg("%s\n%s", result.diagnostics ? result.diagnostics[0].rendered : "?", text);
	assert_int_equal(result.n_filter, n);
	assert_memory_equal(result.filter, filter, n * sizeof(*filter));
	seccomp_result_done(&result);
}

static void emit_policy(const struct policy *p, struct sock_filter **ret_filter, size_t *ret_n)
{
	struct emit_size size;

	assert_int_equal(policy_emit(p, ret_filter, ret_n, &size), 0);
	assert_true(*ret_n >= 1 && *ret_n <= BPF_MAXINSNS_PER_FILTER);
}

static void check_random_policy(struct random *r, const struct random_shape *shape)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	struct policy p;
	size_t n;

	policy_init(&p, architecture_native());
	random_policy(r, shape, &p);
	emit_policy(&p, &filter, &n);
	expect_text_equal(r, &p, filter, n);
	for (size_t i = 0; i < CALLS_PER_POLICY; i++) {
		struct seccomp_data data;

		random_call(r, &p, &data);
		if (random_below(r, 64) == 0)
			data.arch = AUDIT_ARCH_I386;
		if (random_below(r, 64) == 0)
			data.nr |= 0x40000000;
		expect_verdict(&p, filter, n, &data);
	}
	policy_done(&p);
}

static void test_random_policies(void **state)
{
	static const struct random_shape shapes[] = {
		{ 0, 500, 12, 3, 4 }, { 0, 500, 300, 2, 2 }, /* a wide tree with far jumps */
		{ 0, 8, 8, 6, 8 },                           /* neighbours */
		{ 4000, 96, 3, 2, 200 },                     /* long expressions, up to the last number */
	};
	struct random r = { .state = seed };

	for (size_t i = 0; i < POLICIES; i++)
		check_random_policy(&r, &shapes[i % ELEMENTSOF(shapes)]);
	print_message("%d evaluations of %d random policies\n", POLICIES * CALLS_PER_POLICY, POLICIES);
}

static void no_core(void)
{
	const struct rlimit none = {};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
}

/* Only this call: for an _exit() sanitizers make calls of their own, which a filter may not permit. */
static void leave(int status)
{
	(void)syscall(SYS_exit_group, status);
}

static void load_or_exit(const struct sock_filter *filter, size_t n)
{
	no_core();
	(void)process_reset_signals(); /* cmocka catches SIGSYS */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || filter_load(filter, n) < 0)
		leave(2);
}

static long call(const struct seccomp_data *d)
{
	return syscall(d->nr, d->args[0], d->args[1], d->args[2], d->args[3], d->args[4], d->args[5]);
}

static bool is_deadly(uint32_t action)
{
	return action == SECCOMP_RET_KILL_PROCESS || action == SECCOMP_RET_KILL_THREAD ||
	       action == SECCOMP_RET_TRAP;
}

/* What errno says after a call that did not kill. */
static int expected_errno(uint32_t action)
{
	return (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO ? (int)(action & SECCOMP_RET_DATA)
								       : ENOSYS;
}

/* In a child: every call that must not kill has the result that its verdict says. */
static int run_harmless(const struct sock_filter *filter, size_t n, const struct seccomp_data *calls,
	const uint32_t *actions, size_t n_calls)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		load_or_exit(filter, n);
		for (size_t i = 0; i < n_calls; i++)
			if (!is_deadly(actions[i]) &&
				(call(&calls[i]) != -1 || errno != expected_errno(actions[i])))
				leave(1);
		leave(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int run_deadly(const struct sock_filter *filter, size_t n, const struct seccomp_data *data)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		load_or_exit(filter, n);
		(void)call(data);
		leave(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void check_in_kernel(struct random *r, unsigned *deaths)
{
	static const struct random_shape shape = { UNUSED_NUMBER, 64, 32, 3, 4 };
	_cleanup_free_ struct sock_filter *filter = NULL;
	struct seccomp_data calls[KERNEL_CALLS];
	uint32_t actions[KERNEL_CALLS];
	const struct policy_rule *earlier;
	struct policy_rule *allow;
	struct policy p;
	unsigned left = KERNEL_DEATHS;
	size_t n;

	policy_init(&p, architecture_native());
	random_policy(r, &shape, &p);
	for (size_t i = 0; i < KERNEL_CALLS; i++) {
		random_call(r, &p, &calls[i]);
		actions[i] = policy_evaluate(&p, &calls[i]);
	}
	allow = policy_add_rule(&p);
	assert_non_null(allow);
	allow->action = SECCOMP_RET_ALLOW;
	assert_int_equal(policy_attach(&p, SYS_exit_group, allow, &earlier), 0);
	emit_policy(&p, &filter, &n);
	assert_int_equal(run_harmless(filter, n, calls, actions, KERNEL_CALLS), 0);
	for (size_t i = 0; i < KERNEL_CALLS && left > 0; i++) {
		int status;

		if (!is_deadly(actions[i]))
			continue;
		status = run_deadly(filter, n, &calls[i]);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("call %d: status 0x%x for verdict 0x%x", calls[i].nr, (unsigned)status,
				actions[i]);
		(*deaths)++;
		left--;
	}
	policy_done(&p);
}

static void test_kernel_agrees(void **state)
{
	struct random r = { .state = seed };
	unsigned deaths = 0;

	for (size_t i = 0; i < KERNEL_PROGRAMS; i++)
		check_in_kernel(&r, &deaths);
	print_message("%d programs, %d calls and %u deaths in the kernel\n", KERNEL_PROGRAMS,
		KERNEL_PROGRAMS * KERNEL_CALLS, deaths);
}

/* Allows the numbers first, first + step, …: nothing merges, so each takes two ranges. */
static void allow_numbers(struct policy *p, uint32_t step)
{
	for (uint32_t number = 0; number <= POLICY_NUMBER_MAX; number += step) {
		struct policy_rule *rule = policy_add_rule(p);
		const struct policy_rule *earlier;

		assert_non_null(rule);
		rule->action = SECCOMP_RET_ALLOW;
		assert_int_equal(policy_attach(p, number, rule, &earlier), 0);
	}
}

static void test_every_number(void **state)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	struct policy p;
	size_t n;

	policy_init(&p, architecture_native());
	allow_numbers(&p, 3);
	emit_policy(&p, &filter, &n);
	for (uint32_t number = 0; number <= POLICY_NUMBER_MAX + 2; number++) {
		struct seccomp_data data = { .nr = (int)number, .arch = p.architecture->audit };

		expect_verdict(&p, filter, n, &data);
	}
	policy_done(&p);
}

/* Also with a default that does not kill, what is beyond the native numbers does: x32, and negative ones. */
static void test_foreign_numbers(void **state)
{
	static const uint32_t numbers[] = { 0x3fffffff, 0x40000000, 0x40000000 + 39, 0x7fffffff, 0x80000000,
		0x80000000 + 39, 0xbfffffff, 0xc0000000, 0xfffffffe, 0xffffffff };
	_cleanup_free_ struct sock_filter *filter = NULL;
	struct policy p;
	size_t n;

	policy_init(&p, architecture_native());
	p.default_action = SECCOMP_RET_ERRNO | EPERM;
	allow_numbers(&p, 3);
	emit_policy(&p, &filter, &n);
	for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
		struct seccomp_data data = { .nr = (int)numbers[i], .arch = p.architecture->audit };

		expect_verdict(&p, filter, n, &data);
	}
#ifdef __x86_64__
	for (size_t i = 1; i < ELEMENTSOF(numbers); i++) {
		struct seccomp_data data = { .nr = (int)numbers[i], .arch = p.architecture->audit };

		assert_int_equal(policy_evaluate(&p, &data), SECCOMP_RET_KILL_PROCESS);
	}
#endif
	policy_done(&p);
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

/* Steps to a verdict: the tree's depth, not the number of entries. */
static void test_search_is_balanced(void **state)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	size_t n, far = 0;
	struct policy p;

	policy_init(&p, architecture_native());
	allow_numbers(&p, 8);
	emit_policy(&p, &filter, &n);
	assert_true(n > 500);
	for (uint32_t number = 0; number <= POLICY_NUMBER_MAX; number++) {
		uint32_t accumulator = number;
		size_t steps = 0;

		/* The first three instructions deal with the architecture. */
		for (size_t at = 3; filter[at].code != (BPF_RET | BPF_K); at++, steps++) {
			if (filter[at].code == (BPF_JMP | BPF_JA))
				at += filter[at].k;
			else if (accumulator >= filter[at].k)
				at += filter[at].jt;
			else
				at += filter[at].jf;
		}
		far = steps > far ? steps : far;
	}
	/* 1,025 ranges: 11 comparisons at most, and now and then a JA. */
	assert_in_range(far, 10, 16);
	policy_done(&p);
}

static void test_too_large(void **state)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	struct emit_size size = {};
	struct policy p;
	size_t n;

	policy_init(&p, architecture_native());
	allow_numbers(&p, 2);
	assert_int_equal(policy_find(&p, 2)->rules[0]->n_atoms, 0);
	for (uint64_t i = 0; i < BPF_MAXINSNS_PER_FILTER; i++)
		assert_int_equal(
			policy_rule_add_atom(policy_find(&p, 2)->rules[0],
				(struct policy_atom){ .op = POLICY_EQ, .value = 2 * i, .last = true }),
			0);
	assert_int_equal(policy_emit(&p, &filter, &n, &size), -E2BIG);
	assert_null(filter);
	assert_true(size.instructions > BPF_MAXINSNS_PER_FILTER);
	assert_ptr_equal(size.largest, policy_find(&p, 2));
	assert_in_range(size.largest_instructions, BPF_MAXINSNS_PER_FILTER, BPF_MAXINSNS_PER_FILTER + 400);
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
		{ { BPF_JMP | BPF_JEQ | BPF_K, 1, 1, 0 }, { BPF_RET | BPF_K, 0, 0, 0 } },
		{ { BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 }, { BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 } },
		{ { BPF_RET | BPF_A, 0, 0, 0 }, { BPF_RET | BPF_K, 0, 0, 0 } },
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
		cmocka_unit_test(test_random_policies),
		cmocka_unit_test(test_kernel_agrees),
		cmocka_unit_test(test_every_number),
		cmocka_unit_test(test_foreign_numbers),
		cmocka_unit_test(test_neighbours_merge),
		cmocka_unit_test(test_search_is_balanced),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_simulator_refuses),
	};

	return cmocka_run_group_tests_name("seccomp emit", tests, setup_seed, NULL);
}
