/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Calls that a policy kills for: the launcher's side learns which, the call is never made, and the filter
 * that asks says of every call what the one that kills would have said.
 */

#include "base/denied.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/filter.h"
#include "base/io.h"
#include "harness.h"
#include "jail/steps.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MSEC 30000
#define LAUNCHES  51
#define CALLS     20000U

#define NUMBER(x)  NUMBER_(x)
#define NUMBER_(x) #x

/* Permits everything but a few: */
static const struct filter_rule policy[] = {
	{ SYS_sethostname, FILTER_KILL, 0, 0, 0 },
	{ SYS_acct, FILTER_KILL, 0, 0, 0 }, /* of the keeper's list, too */
	{ SYS_setdomainname, FILTER_FAIL(EXDEV), 0, 0, 0 },
	{ SYS_sendmsg, FILTER_FAIL(EXDEV), 0, 0, 0 },
	{ SYS_seccomp, FILTER_KILL, 0, 0, 0 },
	{ SYS_prctl, FILTER_FAIL(EXDEV), 0, FILTER_WHOLE_ARG, PR_SET_SECCOMP },
};

struct program {
	struct sock_filter *v;
	size_t n;
};

static struct program use_policy(struct rig *r, enum violation_report violations)
{
	struct program p;

	assert_int_equal(filter_build(policy, ELEMENTSOF(policy), FILTER_PERMIT, &p.v, &p.n), 0);
	r->spec.filter = p.v;
	r->spec.n_filter = p.n;
	r->spec.violations = violations;
	return p;
}

static bool asked(struct rig *r, int timeout)
{
	struct pollfd p = { .fd = r->jail.listener_fd, .events = POLLIN };

	return poll(&p, 1, timeout) == 1 && (p.revents & POLLIN) != 0;
}

/* Takes the one question that the probe's call must lead to. */
static struct jail_violation take(struct rig *r)
{
	struct jail_violation v = { 0 };

	assert_true(r->jail.listener_fd >= 0);
	assert_true(asked(r, WAIT_MSEC));
	assert_int_equal(jail_take_violation(&r->jail, &v), 1);
	assert_int_equal(v.arch, filter_native_arch());
	assert_true(v.address != 0);
	return v;
}

static void test_call_is_known(void **state)
{
	struct rig *r = *state;
	struct program p = use_policy(r, VIOLATIONS_AUTO);
	struct jail_violation v;

	rig_launch(r, ARGS("call", NUMBER(SYS_sethostname), "11", "12", "13", "14", "15", "16"));
	v = take(r);
	assert_int_equal(v.number, SYS_sethostname);
	assert_true(v.main);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(v.args[i], 11 + i);
	rig_read(r, NULL);
	assert_string_equal(r->output, "");
	rig_finish(r);
	assert_int_equal(r->status.si_code, CLD_KILLED);
	assert_int_equal(r->status.si_status, SIGKILL);
	free(p.v);
}

/* A process that the program has started: it is killed, and the program lives. */
static void test_other_process(void **state)
{
	struct rig *r = *state;
	struct program p = use_policy(r, VIOLATIONS_AUTO);
	struct jail_violation v;

	rig_launch(r, ARGS("in-child", NUMBER(SYS_sethostname)));
	v = take(r);
	assert_int_equal(v.number, SYS_sethostname);
	assert_false(v.main);
	rig_read(r, NULL);
	assert_line(r, "in-child ok 9");
	rig_finish(r);
	assert_int_equal(r->status.si_code, CLD_EXITED);
	free(p.v);
}

/* A thread that is not the first, of another process: by Linux 6.9 or later alone; before, all goes. */
static void test_other_thread(void **state)
{
	struct rig *r = *state;
	struct program p = use_policy(r, VIOLATIONS_AUTO);

	rig_launch(r, ARGS("in-child", NUMBER(SYS_sethostname), "thread"));
	assert_false(take(r).main);
	rig_read(r, NULL);
	rig_finish(r);
	if (r->status.si_code == CLD_EXITED)
		assert_line(r, "in-child ok 9");
	free(p.v);
}

/* Linux 5.19; where it is not known, the address is not looked at. */
static bool kernel_waits_for_a_kill(void)
{
	const unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) < 0 && errno == EFAULT;
}

/* A process whose timer ends every wait does not get away: what was read once is held until it is killed. */
static void test_interrupted(void **state)
{
	struct rig *r = *state;
	struct program p = use_policy(r, VIOLATIONS_AUTO);
	union violation_question u = { .bytes = { 0 } };
	int result;

	if (!kernel_waits_for_a_kill())
		skip();
	rig_launch(r, ARGS("in-child", NUMBER(SYS_sethostname), "interrupted"));
	do { /* one that was taken back before it was read */
		assert_true(asked(r, WAIT_MSEC));
		u = (union violation_question){ .bytes = { 0 } };
		result = ioctl(r->jail.listener_fd, SECCOMP_IOCTL_NOTIF_RECV, &u);
	} while (result < 0 && errno == ENOENT);
	assert_return_code(result, errno);
	(void)usleep(300000);
	assert_return_code(ioctl(r->jail.listener_fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &u.question.id), errno);
	jail_kill(&r->jail);
	rig_finish(r);
	free(p.v);
}

/* The listener is gone while a call waits: it is answered, and was not made. */
static void test_listener_gone(void **state)
{
	struct rig *r = *state;
	struct program p = use_policy(r, VIOLATIONS_AUTO);

	rig_launch(r, ARGS("call", NUMBER(SYS_sethostname), "0", "0"));
	assert_true(asked(r, WAIT_MSEC));
	r->jail.listener_fd = fd_close(r->jail.listener_fd);
	rig_read(r, NULL);
	assert_line(r, "call ENOSYS");
	rig_finish(r);
	free(p.v);
}

/* What of the two calls that were excepted while the jail was built is left; see test-behind.c. */
static void test_exceptions_are_closed(void **state)
{
	struct rig *r = *state;
	struct program p = use_policy(r, VIOLATIONS_AUTO);

	rig_launch(r, ARGS("call", NUMBER(SYS_sendmsg), "0", "0", "0", "--", "call", NUMBER(SYS_seccomp), "1",
			      "0", "0"));
	assert_int_equal(take(r).number, SYS_seccomp);
	rig_read(r, NULL);
	assert_line(r, "call EXDEV");
	rig_finish(r);
	free(p.v);
}

/* Whoever asks for none has none, and the kernel kills; nor has a policy that kills for nothing. */
static void test_off(void **state)
{
	struct rig *r = *state;
	struct program p = use_policy(r, VIOLATIONS_UNTOLD);

	rig_launch(r, ARGS("call", NUMBER(SYS_sethostname), "0", "0"));
	assert_int_equal(r->jail.listener_fd, -1);
	rig_read(r, NULL);
	rig_finish(r);
	assert_int_equal(r->status.si_status, SIGSYS);
	free(p.v);
}

/* Another listener is around us: the kernel refuses a second one, and kills as before. */
static int run_below_a_listener(struct rig *r)
{
	const struct sock_filter all = { .code = BPF_RET | BPF_K, .k = SECCOMP_RET_ALLOW };
	union {
		const struct sock_filter *constant;
		struct sock_filter *plain;
	} insns = { .constant = &all };
	struct sock_fprog program = { .len = 1, .filter = insns.plain };
	struct program p = use_policy(r, VIOLATIONS_TOLD);

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program) < 0)
		return 1;
	if (START(r, "call", NUMBER(SYS_sethostname), "0", "0") < 0 || jail_go(&r->jail, &r->spec) < 0 ||
		rig_report(r) != 1)
		return 2;
	if (r->jail.listener_fd >= 0)
		return 3;
	rig_finish(r);
	free(p.v);
	return r->status.si_status == SIGSYS ? 0 : 4;
}

static void test_below_a_listener(void **state)
{
	assert_int_equal(rig_as_child(*state, run_below_a_listener), 0);
}

/* An exec that fails behind a filter that asks is still reported, though not even exit_group is permitted. */
static void test_failed_exec(void **state)
{
	static const struct filter_rule only_exec[] = { { SYS_execveat, FILTER_PERMIT, 0, 0, 0 } };
	struct rig *r = *state;
	struct program p;

	assert_int_equal(filter_build(only_exec, 1, FILTER_KILL, &p.v, &p.n), 0);
	r->spec.filter = p.v;
	r->spec.n_filter = p.n;
	r->spec.executable = rig_format(r, "/%s", "no-program");
	rig_bind(r, rig_file(r, "no-program", "not a program", 0755), "/no-program", 0);
	rig_fail(r, STAGE_EXEC, -ENOEXEC, "/no-program");
	free(p.v);
}

/* What stands in the program is what the policy says, but that a question takes the
 * place of killing, and not where the keeper's list would answer. */
static void test_verdicts(void **state)
{
	struct rig *r = *state;
	struct program p = use_policy(r, VIOLATIONS_TOLD);
	struct filter_plan plan = { 0 };
	struct jail_error e;

	assert_int_equal(prepare_violations(&r->context, &r->spec, 5, &plan, &e), 0);
	assert_true(plan.asks);
	for (uint32_t nr = 0; nr < 600; nr++) {
		const uint64_t args[6] = { 5 };
		uint32_t arch = filter_native_arch();
		uint32_t plain = filter_verdict(p.v, p.n, arch, nr, args),
			 asking = filter_verdict(plan.whole.filter, plan.whole.len, arch, nr, args);

		if (plain == FILTER_KILL && nr != SYS_acct)
			assert_int_equal(asking, SECCOMP_RET_USER_NOTIF);
		else
			assert_int_equal(asking, plain);
		assert_int_equal(
			filter_verdict(plan.whole.filter, plan.whole.len, 0x40000003, nr, args), FILTER_KILL);
	}
	filter_plan_done(&plan);
	free(p.v);
}

static bool is_denied(uint32_t number, uint32_t word)
{
	for (size_t i = 0; i < n_denied_calls; i++)
		if (denied_calls[i].number == number &&
			(denied_calls[i].mask == 0 || (word & denied_calls[i].mask) == denied_calls[i].value))
			return true;
	return false;
}

/* Where all is killed for: each line of the keeper's list is found, whatever its place, and no call beside.
 */
static void test_denied(void **state)
{
	static const struct filter_rule only = { SYS_read, FILTER_PERMIT, 0, 0, 0 };
	static const uint32_t words[] = { 0, TIOCSTI, TIOCSETD, TIOCGWINSZ, 0xffffffff };
	struct rig *r = *state;
	struct filter_plan plan = { 0 };
	struct jail_error e;
	struct program p;

	assert_int_equal(filter_build(&only, 1, FILTER_KILL, &p.v, &p.n), 0);
	r->spec.filter = p.v;
	r->spec.n_filter = p.n;
	r->spec.violations = VIOLATIONS_TOLD;
	assert_int_equal(prepare_violations(&r->context, &r->spec, 5, &plan, &e), 0);
	for (uint32_t nr = 0; nr < 600; nr++)
		for (size_t i = 0; i < ELEMENTSOF(words); i++) {
			const uint64_t args[6] = { 0, words[i] };
			uint32_t verdict = filter_verdict(
				plan.whole.filter, plan.whole.len, filter_native_arch(), nr, args);

			if (nr == SYS_read)
				assert_int_equal(verdict, FILTER_PERMIT);
			else
				assert_int_equal(verdict, is_denied(nr, words[i]) ? SECCOMP_RET_KILL_PROCESS
										  : SECCOMP_RET_USER_NOTIF);
		}
	filter_plan_done(&plan);
	free(p.v);
}

/* Who may load filters could hide what it is killed for: not asked unless told to. */
static void test_auto(void **state)
{
	static const struct {
		struct filter_rule rule;
		bool asks;
	} rows[] = {
		{ { SYS_seccomp, FILTER_PERMIT, 0, 0, 0 }, false },
		{ { SYS_prctl, FILTER_PERMIT, 0, 0, 0 }, false },
		{ { SYS_prctl, FILTER_PERMIT, 0, FILTER_WHOLE_ARG, PR_SET_NAME }, true },
		{ { SYS_read, FILTER_PERMIT, 0, 0, 0 }, true },
	};
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		for (int told = 0; told < 2; told++) {
			struct filter_plan plan = { 0 };
			struct jail_error e;
			struct program p;

			assert_int_equal(filter_build(&rows[i].rule, 1, FILTER_KILL, &p.v, &p.n), 0);
			r->spec.filter = p.v;
			r->spec.n_filter = p.n;
			r->spec.violations = told ? VIOLATIONS_TOLD : VIOLATIONS_AUTO;
			assert_int_equal(prepare_violations(&r->context, &r->spec, 5, &plan, &e), 0);
			assert_int_equal(plan.asks, told || rows[i].asks);
			filter_plan_done(&plan);
			free(p.v);
		}
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* From the clone to the exec, with the kernel killing and with the launcher: figures for docs/BENCHMARKS.md,
 * and nothing that a slow machine could fail at. */
static void test_cost(void **state)
{
	static const enum violation_report ways[] = { VIOLATIONS_UNTOLD, VIOLATIONS_TOLD };
	static uint64_t usec[ELEMENTSOF(ways)][LAUNCHES];

	for (size_t i = 0; i < ELEMENTSOF(ways) * LAUNCHES; i++) {
		size_t way = i % ELEMENTSOF(ways);
		struct rig *r = *state;
		struct program p = use_policy(r, ways[way]);
		uint64_t begun = now_boottime_usec();

		rig_launch(r, ARGS("exit", "0"));
		usec[way][i / ELEMENTSOF(ways)] = now_boottime_usec() - begun;
		assert_int_equal(r->jail.listener_fd >= 0, ways[way] == VIOLATIONS_TOLD);
		rig_read(r, NULL);
		rig_finish(r);
		free(p.v);
		assert_int_equal(rig_teardown(state), 0);
		assert_int_equal(rig_setup(state), 0);
	}
	for (size_t way = 0; way < ELEMENTSOF(ways); way++)
		qsort(usec[way], LAUNCHES, sizeof(usec[way][0]), compare);
	print_message("median of %d launches: %llu us when the kernel kills, %llu us when it asks\n",
		LAUNCHES, (unsigned long long)usec[0][LAUNCHES / 2],
		(unsigned long long)usec[1][LAUNCHES / 2]);
}

/* Always permitted; and permitted for what its argument is. */
static uint64_t time_calls(bool argument)
{
	struct timespec begin, end;

	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	for (unsigned i = 0; i < CALLS; i++)
		(void)(argument ? syscall(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0) : syscall(SYS_getppid));
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	return (uint64_t)(end.tv_sec - begin.tv_sec) * 1000000000U + (uint64_t)end.tv_nsec -
	       (uint64_t)begin.tv_nsec;
}

static void run_calls(const struct rig *r, const struct program *p, struct filter_plan *plan, int result)
{
	struct jail_error e;
	uint64_t nsec[2];
	bool asks = false;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		(plan->asks && apply_violations(plan, &r->spec, &asks, &e) < 0) || asks != plan->asks ||
		(!asks && filter_load(p->v, p->n) < 0))
		_exit(1);
	for (int i = 0; i < 2; i++)
		nsec[i] = time_calls(i == 1);
	_exit(write(result, nsec, sizeof(nsec)) == sizeof(nsec) ? 0 : 2);
}

/* In a process that has the filter, and whose listener waits with us. */
static void measure_calls(struct rig *r, enum violation_report way, uint64_t nsec[2])
{
	struct program p = use_policy(r, way);
	struct filter_plan plan = { 0 };
	int result[2], go[2], status;
	struct jail_error e;
	pid_t pid;

	assert_int_equal(pipe2(result, O_CLOEXEC), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, go), 0);
	assert_int_equal(prepare_violations(&r->context, &r->spec, go[1], &plan, &e), 0);
	assert_int_equal(plan.asks, way == VIOLATIONS_TOLD);
	pid = fork();
	if (pid == 0)
		run_calls(r, &p, &plan, result[1]);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(result[0], nsec, 2 * sizeof(*nsec)), 2 * sizeof(*nsec));
	for (int i = 0; i < 2; i++) {
		(void)close(result[i]);
		(void)close(go[i]);
	}
	filter_plan_done(&plan);
	free(p.v);
}

/* What a call that is permitted costs more when the filter asks: figures for docs/BENCHMARKS.md, too. */
static void test_cost_of_calls(void **state)
{
	static const enum violation_report ways[] = { VIOLATIONS_UNTOLD, VIOLATIONS_TOLD };
	static uint64_t took[2][ELEMENTSOF(ways)][LAUNCHES];
	uint64_t nsec[2];

	for (size_t i = 0; i < ELEMENTSOF(ways) * LAUNCHES; i++) {
		size_t way = i % ELEMENTSOF(ways);

		measure_calls(*state, ways[way], nsec);
		for (size_t kind = 0; kind < 2; kind++)
			took[kind][way][i / ELEMENTSOF(ways)] = nsec[kind];
	}
	for (size_t kind = 0; kind < 2; kind++) {
		for (size_t way = 0; way < ELEMENTSOF(ways); way++)
			qsort(took[kind][way], LAUNCHES, sizeof(took[0][0][0]), compare);
		print_message(
			"a call that is permitted %s: %.1f ns (median %.1f) when the kernel kills, %.1f "
			"(%.1f) when it asks\n",
			kind == 0 ? "always" : "by its argument", (double)took[kind][0][0] / CALLS,
			(double)took[kind][0][LAUNCHES / 2] / CALLS, (double)took[kind][1][0] / CALLS,
			(double)took[kind][1][LAUNCHES / 2] / CALLS);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_call_is_known),
		TEST(test_other_process),
		TEST(test_other_thread),
		TEST(test_interrupted),
		TEST(test_listener_gone),
		TEST(test_exceptions_are_closed),
		TEST(test_off),
		TEST(test_below_a_listener),
		TEST(test_failed_exec),
		TEST(test_verdicts),
		TEST(test_denied),
		TEST(test_auto),
		TEST(test_cost),
		TEST(test_cost_of_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
