/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The kernel has the last word on what a program says. Random policies for the native interface and, where
 * the kernel has them, for the 32-bit and the x32 one: a child loads the program and makes calls, which are
 * harmless if they are allowed or do not exist. BAILIFF_TEST_SEED as in test-random.c.
 */

#include "random-text.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/filter.h"
#include "base/process.h"
#include "seccomp/emit.h"
#include "seccomp/simulate.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PROGRAMS     80   /* for each interface */
#define CALLS        60   /* in one process */
#define DEATHS       4    /* calls that must kill, each in a process for itself */
#define FIRST_UNUSED 2000 /* no system call, now or soon: what is allowed fails with ENOSYS */
#define CANNOT_LOAD  3

/* A way into the kernel. */
struct interface {
	enum architecture_id architecture;
	long (*call)(const struct seccomp_data *data);
	uint32_t exit_group;
	const uint32_t *numbers; /* of calls that only look, or do not exist */
	size_t n_numbers;
};

static uint64_t first_seed;

static int set_up(void **state)
{
	return random_seed(&first_seed);
}

static long call_native(const struct seccomp_data *data)
{
	const __u64 *args = data->args;

	return syscall((long)(uint32_t)data->nr, args[0], args[1], args[2], args[3], args[4], args[5]);
}

#define UNUSED(n) FIRST_UNUSED + (n)
#define ALL_UNUSED                                                                                           \
	UNUSED(0), UNUSED(1), UNUSED(2), UNUSED(3), UNUSED(5), UNUSED(8), UNUSED(13), UNUSED(21),            \
		UNUSED(34), UNUSED(55), UNUSED(89)

static const uint32_t native_numbers[] = { SYS_getpid, SYS_getppid, SYS_getuid, SYS_getgid, SYS_geteuid,
	SYS_getegid, SYS_gettid, SYS_sched_yield, ALL_UNUSED };

#ifdef __x86_64__
/* What is in the upper halves of the registers is part of the test: the kernel hands it to the filter. */
static long call_i386(const struct seccomp_data *data)
{
	const __u64 *args = data->args;
	uint64_t result = (uint32_t)data->nr;
	register uint64_t sixth __asm__("r12") = args[5];

	/* The sixth argument goes where frames are kept; the red zone is below the stack pointer. */
	__asm__ volatile(
		"lea -128(%%rsp), %%rsp\n\t"
		"push %%rbp\n\t"
		"mov %[sixth], %%rbp\n\t"
		"int $0x80\n\t"
		"pop %%rbp\n\t"
		"lea 128(%%rsp), %%rsp"
		: "+a"(result)
		: "b"(args[0]), "c"(args[1]), "d"(args[2]), "S"(args[3]), "D"(args[4]), [sixth] "r"(sixth)
		: "memory", "cc", "r8", "r9", "r10", "r11");
	if ((int32_t)result >= 0 || (int32_t)result < -4095)
		return (int32_t)result;
	errno = -(int32_t)result;
	return -1;
}

/* getpid, getuid16, getgid16, geteuid16, getegid16, getppid, sched_yield, getuid, gettid */
static const uint32_t i386_numbers[] = { 20, 24, 47, 49, 50, 64, 158, 199, 224, ALL_UNUSED };

static const struct interface i386_interface = { ARCHITECTURE_I386, call_i386, 252, i386_numbers,
	ELEMENTSOF(i386_numbers) };
static const struct interface x32_interface = { ARCHITECTURE_X32, call_native, SYS_exit_group, native_numbers,
	ELEMENTSOF(native_numbers) };
#endif

static uint32_t full_number(const struct interface *i, uint32_t number)
{
	return architectures[i->architecture].first_number + number;
}

/* Only this call: for an _exit() sanitizers make calls of their own, which a filter may not permit. */
static void leave(const struct interface *i, int status)
{
	const struct seccomp_data data = { .nr = (int)full_number(i, i->exit_group),
		.args = { (__u64)status } };

	(void)i->call(&data);
}

static void load_or_leave(const struct interface *i, const struct sock_filter *filter, size_t n)
{
	const struct rlimit none = {};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)process_reset_signals(); /* cmocka catches SIGSYS */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || filter_load(filter, n) < 0)
		leave(i, CANNOT_LOAD);
}

static bool is_deadly(uint32_t action)
{
	return action == SECCOMP_RET_KILL_PROCESS || action == SECCOMP_RET_KILL_THREAD ||
	       action == SECCOMP_RET_TRAP;
}

/* Whether a call that did not kill had the result that its verdict says. */
static bool result_fits(const struct interface *i, const struct seccomp_data *data, uint32_t action)
{
	bool allowed = action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
	long result = i->call(data);
	int error = errno;

	if (allowed && (uint32_t)data->nr < full_number(i, FIRST_UNUSED))
		return result >= 0;
	/* Nobody traces and nobody is notified: that is ENOSYS, too. */
	return result == -1 && error == ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO
							? (int)(action & SECCOMP_RET_DATA)
							: ENOSYS);
}

static int wait_for(pid_t pid)
{
	int status;

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* In a child: all calls that must not kill. The exit status is the index of the first that differs, plus 4.
 */
static int run_harmless(const struct interface *i, const struct sock_filter *filter, size_t n,
	const struct seccomp_data *calls, const uint32_t *actions)
{
	pid_t pid = fork();

	if (pid == 0) {
		load_or_leave(i, filter, n);
		for (int j = 0; j < CALLS; j++)
			if (!is_deadly(actions[j]) && !result_fits(i, &calls[j], actions[j]))
				leave(i, j + 4);
		leave(i, 0);
	}
	return wait_for(pid);
}

static int run_deadly(const struct interface *i, const struct sock_filter *filter, size_t n,
	const struct seccomp_data *data)
{
	pid_t pid = fork();

	if (pid == 0) {
		load_or_leave(i, filter, n);
		(void)i->call(data);
		leave(i, 0);
	}
	return wait_for(pid);
}

/* A call that stays within the interface: what it did in another one, nobody knows. */
static void harmless_call(
	struct random *r, const struct interface *i, const struct policy *p, struct seccomp_data *ret)
{
	random_call(r, p, ret);
	random_disturb(r, p, ret);
	ret->arch = p->architecture->audit;
	ret->nr = (int)full_number(i, i->numbers[random_below(r, i->n_numbers)]);
}

static void fail_with(const struct random_text *p, const struct seccomp_data *data, uint32_t action,
	int status, uint64_t seed)
{
	fprintf(stderr,
		"BAILIFF_TEST_SEED=0x%" PRIx64 "\ncall %u (0x%llx, 0x%llx, 0x%llx, 0x%llx, 0x%llx, 0x%llx): "
		"status 0x%x for verdict 0x%x\n",
		seed, (uint32_t)data->nr, data->args[0], data->args[1], data->args[2], data->args[3],
		data->args[4], data->args[5], (unsigned)status, action);
	random_text_print(p, stderr);
	fail();
}

static void check_deaths(const struct interface *i, const struct random_text *p,
	const struct sock_filter *filter, size_t n, const struct seccomp_data *calls, const uint32_t *actions,
	uint64_t seed, size_t *deaths)
{
	size_t left = DEATHS;

	for (size_t j = 0; j < CALLS && left > 0; j++) {
		int status;

		if (!is_deadly(actions[j]))
			continue;
		status = run_deadly(i, filter, n, &calls[j]);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_with(p, &calls[j], actions[j], status, seed);
		(*deaths)++;
		left--;
	}
}

static void allow_exit(const struct interface *i, struct policy *p)
{
	struct policy_rule *allow = policy_add_rule(p);
	const struct policy_rule *earlier;

	assert_non_null(allow);
	allow->action = SECCOMP_RET_ALLOW;
	assert_int_equal(policy_attach(p, full_number(i, i->exit_group), allow, &earlier), 0);
}

static void check_program(const struct interface *i, uint64_t seed, size_t *deaths)
{
	const struct text_shape shape = { .architecture = &architectures[i->architecture],
		.numbers = i->numbers,
		.n_numbers = i->n_numbers,
		.max_statements = 30,
		.max_rules = 3,
		.max_atoms = 4,
		.denylists = true };
	struct random r = random_from_seed(seed);
	_cleanup_free_ struct sock_filter *filter = NULL;
	struct seccomp_data calls[CALLS];
	uint32_t actions[CALLS];
	struct random_text p;
	struct emit_size size;
	int status;
	size_t n;

	random_text_make(&r, &shape, &p);
	for (size_t j = 0; j < CALLS; j++) {
		harmless_call(&r, i, &p.model, &calls[j]);
		actions[j] = policy_evaluate(&p.model, &calls[j]);
	}
	allow_exit(i, &p.model);
	assert_int_equal(policy_emit(&p.model, &filter, &n, &size), 0);
	status = run_harmless(i, filter, n, calls, actions);
	if (WIFEXITED(status) && WEXITSTATUS(status) >= 4)
		fail_with(
			&p, &calls[WEXITSTATUS(status) - 4], actions[WEXITSTATUS(status) - 4], status, seed);
	assert_int_equal(status, 0);
	check_deaths(i, &p, filter, n, calls, actions, seed, deaths);
	random_text_done(&p);
}

static void check_interface(const struct interface *i)
{
	size_t deaths = 0;

	for (uint64_t j = 0; j < PROGRAMS; j++)
		check_program(i, first_seed + j, &deaths);
	print_message("%s: %d programs, %d calls and %zu deaths in the kernel\n",
		architectures[i->architecture].name, PROGRAMS, PROGRAMS * CALLS, deaths);
}

static void test_native(void **state)
{
	const struct architecture *native = architecture_native();
	struct interface i = { .call = call_native,
		.exit_group = SYS_exit_group,
		.numbers = native_numbers,
		.n_numbers = ELEMENTSOF(native_numbers) };

	if (!native)
		skip();
	i.architecture = native->id;
	check_interface(&i);
}

#ifdef __x86_64__
/* Whether the kernel has the interface: a child comes back from it with the status that it left with. */
static bool is_there(const struct interface *i)
{
	const struct rlimit none = {};
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &none);
		leave(i, 7);
		(void)syscall(SYS_exit_group, 1);
	}
	status = wait_for(pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 7;
}

static void test_i386(void **state)
{
	if (!is_there(&i386_interface)) {
		print_message("this kernel has no 32-bit interface\n");
		return;
	}
	check_interface(&i386_interface);
}

static void test_x32(void **state)
{
	if (!is_there(&x32_interface)) {
		print_message("this kernel has no x32 interface\n");
		return;
	}
	check_interface(&x32_interface);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_native),
#ifdef __x86_64__
		cmocka_unit_test(test_i386),
		cmocka_unit_test(test_x32),
#endif
	};

	return cmocka_run_group_tests_name("seccomp kernel", tests, set_up, NULL);
}
