/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What a profile says about a process' share in the machine: that it is so inside, that without it all is as
 * the launcher has it, and that what is not allowed or not there fails the launch with the key named.
 */

#include "base/capability.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/filter.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define IO_VALUE(class, level) ((class) << 13 | (level))
#define OUTSIDE_SLACK          "50000" /* the kernel's, whatever the launcher's is */

static void test_all(void **state)
{
	struct compiled_tuning t = { .set = TUNE_NICE | TUNE_OOM_SCORE | TUNE_CPUS | TUNE_IO |
					    TUNE_TIMER_SLACK,
		.nice = 7,
		.oom_score_adjust = 900,
		.io_class = IO_CLASS_BEST_EFFORT,
		.io_priority = 6,
		.timer_slack_nsec = 123456 };
	struct rig *r = *state;

	/* the last of them no machine here has: as in systemd, it is enough that one is there */
	t.cpus[0] = 1;
	t.cpus[CPU_WORDS - 1] = UINT64_C(1) << 63;
	r->spec.tuning = &t;
	RUN(r, "see");
	assert_value(r, "nice", "7");
	assert_value(r, "oom_score_adj", "900");
	assert_value(r, "cpus", "0");
	assert_value(r, "ioprio", rig_format(r, "%d", IO_VALUE(2, 6)));
	assert_value(r, "timerslack", "123456");
	/* no right that a step took stays */
	assert_value(r, "cap_permitted", "0000000000000000");
}

/* The rest is the launcher's, which is ours here. */
static void test_off(void **state)
{
	struct compiled_tuning t = { 0 };
	struct rig *r = *state;
	int nice = getpriority(PRIO_PROCESS, 0);
	cpu_set_t cpus;
	size_t n = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	r->spec.tuning = &t;
	RUN(r, "see");
	assert_value(r, "nice", rig_format(r, "%d", nice));
	assert_value(r, "timerslack", OUTSIDE_SLACK);
	for (const char *p = rig_value(r, "cpus"); p && *p; p = strchr(p, ' ') ? strchr(p, ' ') + 1 : "")
		n++;
	assert_int_equal(n, CPU_COUNT(&cpus));
}

static void test_realtime_io(void **state)
{
	struct compiled_tuning t = { .set = TUNE_IO, .io_class = IO_CLASS_REALTIME, .io_priority = 3 };
	struct rig *r = *state;

	r->spec.tuning = &t;
	RUN(r, "see");
	assert_value(r, "ioprio", rig_format(r, "%d", IO_VALUE(1, 3)));
}

static void test_no_such_cpu(void **state)
{
	struct compiled_tuning t = { .set = TUNE_CPUS };
	struct rig *r = *state;

	t.cpus[CPU_WORDS - 1] = UINT64_C(1) << 63;
	r->spec.tuning = &t;
	rig_fail(r, STAGE_RLIMITS, -EINVAL, "CPUAffinity=: none of these processors");
}

/* The launcher has CAP_SYS_NICE only where it does nothing: the step itself puts it to work. */
static int run_nice_permitted(struct rig *r)
{
	if (rig_give_up(CAPABILITY_BIT(CAP_SYS_NICE), false) < 0)
		return 1;
	return rig_prints(r, ARGS("exit", "0"), "") ? 0 : 2;
}

static int run_nice_without(struct rig *r)
{
	if (rig_give_up(CAPABILITY_BIT(CAP_SYS_NICE), true) < 0)
		return 1;
	return rig_fails(r, STAGE_RLIMITS, -EACCES, "Nice=: Bailiff lacks CAP_SYS_NICE, which takes it to -5")
		       ? 0
		       : 2;
}

static void test_nice_below(void **state)
{
	struct compiled_tuning t = { .set = TUNE_NICE, .nice = -5 };
	struct rig *r = *state;

	r->spec.tuning = &t;
	assert_int_equal(rig_as_child(r, run_nice_permitted), 0);
	r->spec.id++;
	assert_int_equal(rig_as_child(r, run_nice_without), 0);
}

/* Below the launcher's own is what takes the capability, not below 0: a service manager may have made it
 * nice. */
static int run_nicer_permitted(struct rig *r)
{
	return setpriority(PRIO_PROCESS, 0, 9) < 0 ? 1 : run_nice_permitted(r);
}

static int run_nicer_without(struct rig *r)
{
	if (setpriority(PRIO_PROCESS, 0, 9) < 0 || rig_give_up(CAPABILITY_BIT(CAP_SYS_NICE), true) < 0)
		return 1;
	return rig_fails(r, STAGE_RLIMITS, -EACCES, "Nice=: Bailiff lacks CAP_SYS_NICE, which takes it to 5")
		       ? 0
		       : 2;
}

static void test_nice_below_own(void **state)
{
	struct compiled_tuning t = { .set = TUNE_NICE, .nice = 5 };
	struct rig *r = *state;

	r->spec.tuning = &t;
	assert_int_equal(rig_as_child(r, run_nicer_permitted), 0);
	r->spec.id++;
	assert_int_equal(rig_as_child(r, run_nicer_without), 0);
}

static int run_oom_without(struct rig *r)
{
	if (rig_give_up(CAPABILITY_BIT(CAP_SYS_RESOURCE), true) < 0)
		return 1;
	return rig_fails(r, STAGE_RLIMITS, -EACCES,
		       "OOMScoreAdjust=: Bailiff lacks CAP_SYS_RESOURCE, which takes it down to -999")
		       ? 0
		       : 2;
}

static void test_oom_score_below(void **state)
{
	struct compiled_tuning t = { .set = TUNE_OOM_SCORE, .oom_score_adjust = -999 };
	struct rig *r = *state;

	r->spec.tuning = &t;
	assert_int_equal(rig_as_child(r, run_oom_without), 0);
}

static int run_oom_lowered(struct rig *r)
{
	if (rig_give_up(CAPABILITY_BIT(CAP_SYS_RESOURCE), true) < 0)
		return 1;
	RUN(r, "write", "/proc/self/oom_score_adj", "0");
	return strcmp(r->output, "write ok\n") == 0 ? 0 : 2;
}

/* In a process of its own, which launches and reads what is printed. */
static void launch_in_child(struct rig *r, int (*run)(struct rig *r))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int result = run(r);

		rig_await_lingering(r);
		_exit(result);
	}
	/* or the child would wait for more output of ours */
	r->output_end = fd_close(r->output_end);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Set without the capability, the score is no bound: the kernel takes the launcher's for that. */
static void test_oom_score_is_no_bound(void **state)
{
	struct compiled_tuning t = { .set = TUNE_OOM_SCORE, .oom_score_adjust = 500 };
	struct rig *r = *state;

	r->spec.tuning = &t;
	launch_in_child(r, run_oom_lowered);
}

static bool sees(struct rig *r, const char *key, const char *want)
{
	const char *value = rig_value(r, key);

	return value && strcmp(value, want) == 0;
}

/* With a launcher of niceness 9 and score 500. */
static int run_below(struct rig *r, const char *nice, const char *score)
{
	_cleanup_close_ int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "500\n", 4) != 4 || setpriority(PRIO_PROCESS, 0, 9) < 0)
		return 1;
	RUN(r, "see");
	return sees(r, "nice", nice) && sees(r, "oom_score_adj", score) ? 0 : 2;
}

static int run_raised(struct rig *r)
{
	return run_below(r, "12", "600");
}

static int run_stays(struct rig *r)
{
	return run_below(r, "9", "500");
}

/* An option where the profile is silent raises, and never lowers what the launcher has. */
static void try_floor(struct rig *r, int nice, int score, int (*run)(struct rig *r))
{
	struct jail_tightened t = {
		.tuning = { .set = TUNE_NICE | TUNE_OOM_SCORE, .nice = nice, .oom_score_adjust = score },
		.floor = TUNE_NICE | TUNE_OOM_SCORE
	};

	r->spec.tuning = &t.tuning;
	r->spec.tightened = &t;
	launch_in_child(r, run);
	r->spec.tightened = NULL;
}

static void test_option_raises(void **state)
{
	try_floor(*state, 12, 600, run_raised);
}

static void test_option_does_not_lower(void **state)
{
	try_floor(*state, 8, 0, run_stays);
}

static bool kernel_has_core_scheduling(void)
{
	unsigned long cookie = 0;

	return prctl(PR_SCHED_CORE, PR_SCHED_CORE_GET, 0, 0, &cookie) == 0;
}

/* A kernel without: the filter answers what such a kernel would. */
static int pretend_none(void)
{
	const struct filter_rule rule = { SYS_prctl, FILTER_FAIL(EINVAL), 0, FILTER_WHOLE_ARG,
		PR_SCHED_CORE };

	return filter_apply(&rule, 1, FILTER_PERMIT);
}

static int run_core_refused(struct rig *r)
{
	return pretend_none() == 0 && rig_fails(r, STAGE_RLIMITS, -EOPNOTSUPP,
					      "CoreScheduling=: this kernel has none")
		       ? 0
		       : 1;
}

static int run_core_optional(struct rig *r)
{
	bool incomplete;

	r->spec.optional = OPTIONAL_CORE_SCHEDULING;
	if (pretend_none() < 0 || START(r, "exit", "0") < 0)
		return 1;
	incomplete = (r->jail.lacking & 1U << LACK_CORE_SCHEDULING) != 0;
	if (jail_go(&r->jail, &r->spec) < 0 || rig_report(r) != 1)
		return 2;
	jail_done(&r->context, &r->jail);
	return incomplete ? 0 : 3;
}

static void test_core_scheduling(void **state)
{
	struct compiled_tuning t = { .set = TUNE_CORE };
	struct rig *r = *state;

	r->spec.tuning = &t;
	assert_int_equal(rig_as_child(r, run_core_refused), 0);
	r->spec.id++;
	assert_int_equal(rig_as_child(r, run_core_optional), 0);
	r->spec.id++;
	if (kernel_has_core_scheduling()) {
		RUN(r, "see");
		assert_int_equal(r->jail.lacking, 0);
	} else {
		print_message("this kernel or machine has no core scheduling: only its absence is tested\n");
	}
}

/* Who asks whether somebody else wants the processor dies of it here: a jail that is made ahead, and none
 * that is waited for. An exit status. */
static int give_way(struct rig *r)
{
	const struct filter_rule rule = { SYS_sched_yield, FILTER_KILL, 0, 0, 0 };

	if (filter_apply(&rule, 1, FILTER_PERMIT) < 0)
		return 1;
	if (rig_park(r) >= 0)
		return 2;
	r->spec.id += 1000;
	if (START(r, "see") < 0 || jail_go(&r->jail, &r->spec) < 0 || rig_report(r) != 1)
		return 3;
	jail_done(&r->context, &r->jail);
	return 0;
}

static void test_giving_way(void **state)
{
	assert_int_equal(rig_as_child(*state, give_way), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all),
		TEST(test_off),
		TEST(test_realtime_io),
		TEST(test_no_such_cpu),
		TEST(test_nice_below),
		TEST(test_nice_below_own),
		TEST(test_oom_score_below),
		TEST(test_oom_score_is_no_bound),
		TEST(test_option_raises),
		TEST(test_option_does_not_lower),
		TEST(test_core_scheduling),
		TEST(test_giving_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
