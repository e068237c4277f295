/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Payloads that share the launcher's memory until their exec (daemon/jail/cloner.c): which do and which do
 * not, what happens where they are killed, held up or many, and that nothing which holds for memory as a
 * whole comes to hold for the launcher's. The launcher is this process. Rows J7 and J36 of the threat
 * model.
 */

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/filter.h"
#include "base/io.h"
#include "base/process.h"
#include "base/strv.h"
#include "harness.h"
#include "jail/alone.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PIDFD_GET_PID_NAMESPACE
#define PIDFD_GET_PID_NAMESPACE _IO(0xFF, 5)
#endif

#define TIMEOUT_MSEC 20000
#define CLONERS      8 /* as many as cloner.c has */

static bool shares_memory(const struct jail *j)
{
	long r = syscall(SYS_kcmp, getpid(), j->pid, KCMP_VM, 0, 0);

	assert_true(r >= 0);
	return r == 0;
}

/* Until all is built but the filter and the exec. */
static void await_built(struct rig *r)
{
	struct pollfd p = { .fd = r->jail.report_fd, .events = POLLIN };

	while (!r->jail.built) {
		if (poll(&p, 1, TIMEOUT_MSEC) != 1)
			fail_msg("not built");
		assert_int_equal(jail_read_report(&r->jail, &r->error), 0);
	}
}

static void go_and_finish(struct rig *r)
{
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), 1);
	assert_null(r->jail.shared);
	assert_false(shares_memory(&r->jail));
	jail_done(&r->context, &r->jail);
}

static void test_shares(void **state)
{
	struct rig *r = *state;

	assert_int_equal(START(r, "sleep", "1000"), 0);
	assert_non_null(r->jail.shared);
	await_built(r);
	assert_true(shares_memory(&r->jail));
	go_and_finish(r);
}

/* What would hold for the launcher's memory, too, or what may wait for long. */
static void test_shares_not(void **state)
{
	struct rig *r = *state;

	r->spec.deny_write_execute = true;
	assert_int_equal(START(r, "sleep", "1000"), 0);
	assert_null(r->jail.shared);
	go_and_finish(r);
	r->spec.deny_write_execute = false;
	r->spec.id++;
	assert_int_equal(rig_park(r), 0);
	assert_null(r->jail.shared);
	assert_false(shares_memory(&r->jail));
	jail_done(&r->context, &r->jail);
}

/* A copy of the one that shares memory has no threads to wait. */
static int launch_of_copy(struct rig *r)
{
	r->sharer = getpid();
	if (START(r, "sleep", "1000") < 0 || r->jail.shared || jail_go(&r->jail, &r->spec) < 0 ||
		rig_report(r) != 1)
		return 1;
	jail_done(&r->context, &r->jail);
	return 0;
}

static void test_copy_shares_not(void **state)
{
	struct rig *r = *state;

	assert_int_equal(START(r, "sleep", "1000"), 0);
	go_and_finish(r);
	r->spec.id++;
	assert_int_equal(rig_as_child(r, launch_of_copy), 0);
}

/* With as many that wait for their go the next is a copy; when they have gone, it shares again. */
static void test_many(void **state)
{
	struct rig *r = *state;
	struct jail waiting[CLONERS];

	rig_arguments(r, ARGS("sleep", "1000"));
	for (size_t i = 0; i < CLONERS; i++) {
		r->spec.id += 1000;
		assert_int_equal(rig_start_again(r), 0);
		assert_non_null(r->jail.shared);
		await_built(r);
		waiting[i] = r->jail;
		r->jail = JAIL_NULL;
	}
	r->spec.id += 1000;
	assert_int_equal(rig_start_again(r), 0);
	assert_null(r->jail.shared);
	await_built(r);
	assert_false(shares_memory(&r->jail));
	go_and_finish(r);
	for (size_t i = 0; i < CLONERS; i++) {
		r->jail = waiting[i];
		go_and_finish(r);
	}
	r->spec.id += 1000;
	assert_int_equal(rig_start_again(r), 0);
	assert_non_null(r->jail.shared);
	go_and_finish(r);
}

/* Killed while it waits, more often than there are cloners: each is free again. */
static void test_killed(void **state)
{
	struct rig *r = *state;

	rig_arguments(r, ARGS("sleep", "1000"));
	for (size_t i = 0; i < 2 * CLONERS; i++) {
		r->spec.id += 1000;
		assert_int_equal(rig_start_again(r), 0);
		assert_non_null(r->jail.shared);
		if (i % 2 == 0)
			await_built(r);
		assert_int_equal(process_signal(r->jail.pidfd, SIGKILL), 0);
		assert_int_equal(rig_report(r), -ECHILD);
		assert_null(r->jail.shared);
		jail_done(&r->context, &r->jail);
	}
}

/* Stopped while it waits, as processes of its user may do that: others are launched meanwhile. */
static void test_stopped(void **state)
{
	struct rig *r = *state;
	struct jail stopped;

	rig_arguments(r, ARGS("sleep", "1000"));
	assert_int_equal(rig_start_again(r), 0);
	await_built(r);
	assert_int_equal(process_signal(r->jail.pidfd, SIGSTOP), 0);
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	stopped = r->jail;
	r->jail = JAIL_NULL;
	r->spec.id++;
	assert_int_equal(rig_start_again(r), 0);
	assert_non_null(r->jail.shared);
	go_and_finish(r);
	r->jail = stopped;
	assert_int_equal(jail_read_report(&r->jail, &r->error), 0);
	assert_non_null(r->jail.shared);
	assert_int_equal(process_signal(r->jail.pidfd, SIGCONT), 0);
	assert_int_equal(rig_report(r), 1);
	jail_done(&r->context, &r->jail);
}

/* What the spec owns stays as long as the payload looks at it, whatever its owner does with it. */
static void test_keeps_spec(void **state)
{
	struct rig *r = *state;
	struct jail_spec mine;

	r->spec.working_directory = rig_format(r, "%s", "/tmp");
	assert_int_equal(START(r, "see"), 0);
	await_built(r);
	mine = r->spec;
	jail_keep_spec(&r->jail, &mine);
	assert_true(mine.lent);
	assert_int_equal(jail_go(&r->jail, &mine), 0);
	jail_spec_done(&mine);
	assert_null(mine.argv);
	assert_int_equal(rig_report(r), 1);
	/* the jail has freed them */
	r->spec.argv = r->spec.envp = NULL;
	r->spec.fds = NULL;
	r->spec.slots = NULL;
	r->spec.limits = NULL;
	r->spec.tightened = NULL;
	r->spec.n_fds = 0;
	rig_finish(r);
}

/* One that is a copy looks at nothing: the spec stays whose it is. */
static void test_keeps_no_spec(void **state)
{
	struct rig *r = *state;
	struct jail_spec mine;

	r->spec.deny_write_execute = true;
	assert_int_equal(START(r, "see"), 0);
	mine = r->spec;
	jail_keep_spec(&r->jail, &mine);
	assert_false(mine.lent);
	jail_done(&r->context, &r->jail);
}

static void read_score(char text[16])
{
	_cleanup_close_ int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, 15);

	assert_true(n > 0);
	text[n] = '\0';
}

/* The kernel's score is one of memory, but for a child that is going to exec. */
static void test_score_is_its_own(void **state)
{
	static struct compiled_tuning tuning = { .set = TUNE_OOM_SCORE, .oom_score_adjust = 777 };
	struct rig *r = *state;
	char before[16], after[16];

	r->spec.tuning = &tuning;
	read_score(before);
	assert_int_equal(START(r, "sleep", "1000"), 0);
	await_built(r);
	assert_true(shares_memory(&r->jail));
	read_score(after);
	assert_string_equal(after, before);
	assert_string_not_equal(after, "777\n");
	go_and_finish(r);
	read_score(after);
	assert_string_equal(after, before);
}

/* Nobody may look into the launcher's memory by way of a payload, nor when it has ended. */
static int stays_undumpable(struct rig *r)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || START(r, "sleep", "1000") < 0 || !r->jail.shared)
		return 1;
	await_built(r);
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 2;
	if (jail_go(&r->jail, &r->spec) < 0 || rig_report(r) != 1 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 3;
	jail_done(&r->context, &r->jail);
	return 0;
}

static void test_stays_undumpable(void **state)
{
	assert_int_equal(rig_as_child(*state, stays_undumpable), 0);
}

/* A launcher that ends is not held up by a payload that waits for its go, or for that end. */
static int ends_meanwhile(struct rig *r)
{
	struct jail_context cloners = JAIL_CONTEXT_NULL;

	if (START(r, "sleep", "1000") < 0 || !r->jail.shared)
		return 1;
	await_built(r);
	cloners.cloners = steal_ptr(r->context.cloners);
	jail_context_close(&cloners);
	if (!shares_memory(&r->jail) || jail_go(&r->jail, &r->spec) < 0 || rig_report(r) != 1)
		return 2;
	jail_done(&r->context, &r->jail);
	return 0;
}

static void test_ends_meanwhile(void **state)
{
	assert_int_equal(rig_as_child(*state, ends_meanwhile), 0);
}

/* The namespaces of threads are their own: the launcher's children are born where they were before. */
static void test_namespaces_are_left(void **state)
{
	struct rig *r = *state;
	char before[64] = "", after[64] = "";

	assert_true(readlink("/proc/self/ns/pid_for_children", before, sizeof(before) - 1) > 0);
	for (int as_init = 0; as_init < 2; as_init++) {
		r->spec.run_as_init = as_init;
		r->spec.id++;
		assert_int_equal(START(r, "sleep", "1000"), 0);
		assert_non_null(r->jail.shared);
		assert_true(readlink("/proc/self/ns/pid_for_children", after, sizeof(after) - 1) > 0);
		assert_string_equal(after, before);
		go_and_finish(r);
	}
}

/* What the payload opened is its namespace, where the kernel opens it by pidfd and where procfs has to. */
static int opens_pidns(struct rig *r)
{
	struct stat opened, own;

	r->spec.run_as_init = true;
	if (START(r, "sleep", "1000") < 0 || !r->jail.shared)
		return 1;
	await_built(r);
	if (fstat(r->jail.pidns_fd, &opened) < 0 ||
		stat(rig_format(r, "/proc/%d/ns/pid", (int)r->jail.pid), &own) < 0)
		return 2;
	if (own.st_dev != opened.st_dev || own.st_ino != opened.st_ino ||
		(fcntl(r->jail.pidns_fd, F_GETFD) & FD_CLOEXEC) == 0)
		return 3;
	if (jail_go(&r->jail, &r->spec) < 0 || rig_report(r) != 1)
		return 4;
	jail_done(&r->context, &r->jail);
	return 0;
}

static int opens_pidns_on_old_kernel(struct rig *r)
{
	const struct filter_rule rule =
		FILTER_DENY_ARG(ioctl, 1, FILTER_WHOLE_ARG, PIDFD_GET_PID_NAMESPACE, ENOTTY);

	return filter_apply(&rule, 1, FILTER_PERMIT) < 0 ? 5 : opens_pidns(r);
}

static void test_opens_pidns(void **state)
{
	assert_int_equal(rig_as_child(*state, opens_pidns), 0);
	assert_int_equal(rig_as_child(*state, opens_pidns_on_old_kernel), 0);
}

#define CHOWN  UINT64_C(0x1)
#define KILL   UINT64_C(0x20)
#define BOTH   (CHOWN | KILL)
#define NO_SET UINT64_MAX
#define OTHER  UINT64_C(0x8) /* that no valid profile keeps */

/* From the kernel's own words about a process or thread. */
static uint64_t bounding_of(const char *path)
{
	char line[256];
	unsigned long long set = NO_SET;
	FILE *f = fopen(path, "re");

	/* a thread may end meanwhile */
	while (f && set == NO_SET && fgets(line, sizeof(line), f))
		(void)sscanf(line, "CapBnd: %llx", &set);
	if (f)
		(void)fclose(f);
	return set;
}

/* How many of the launcher's threads have just this set. */
static size_t threads_with(struct rig *r, uint64_t set)
{
	DIR *d = opendir("/proc/self/task");
	size_t n = 0;

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.')
			n += bounding_of(rig_format(r, "/proc/self/task/%s/status", e->d_name)) == set;
	(void)closedir(d);
	return n;
}

/* One that has been waited for may be seen for a moment still. */
static void expect_threads(struct rig *r, uint64_t set, size_t n)
{
	for (int i = 0; i < TIMEOUT_MSEC && threads_with(r, set) != n; i++)
		(void)usleep(1000);
	assert_int_equal(threads_with(r, set), n);
}

/* A catalog is taken whose two profiles keep these. */
static void reload(struct rig *r, uint64_t one, uint64_t two)
{
	struct compiled_profile profiles[] = { { .bounding = one }, { .bounding = two },
		{ .bounding = OTHER, .invalid = true } };
	const struct catalog catalog = { .profiles = profiles, .n_profiles = 3 };

	jail_ahead(&r->context, &catalog);
}

/* A cloner whose payload has just run its program may take a moment until it is free. */
static void start_with(struct rig *r, uint64_t bounding, bool shares)
{
	r->spec.bounding = bounding;
	for (int i = 0; i < 100; i++) {
		r->spec.id += 1000;
		assert_int_equal(rig_start_again(r), 0);
		if ((r->jail.shared != NULL) == shares)
			return;
		jail_done(&r->context, &r->jail);
	}
	fail_msg("%#llx: shared: %d", (unsigned long long)bounding, !shares);
}

/* What the program has is the profile's set, whatever it began with. */
static void finish_with(struct rig *r)
{
	const uint64_t expected = r->spec.bounding;

	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), 1);
	assert_int_equal(bounding_of(rig_format(r, "/proc/%d/status", r->jail.pid)), expected);
	jail_done(&r->context, &r->jail);
}

static void launch_with(struct rig *r, uint64_t bounding, bool shares)
{
	start_with(r, bounding, shares);
	finish_with(r);
}

/* Before there is a catalog all have all, and that one dropped what others keep, is nobody else's loss. */
static void test_bounding(void **state)
{
	struct rig *r = *state;
	const uint64_t all = bounding_of("/proc/self/status");
	size_t threads;

	rig_arguments(r, ARGS("sleep", "1000"));
	launch_with(r, 0, true);
	launch_with(r, CHOWN, true);
	threads = threads_with(r, all);
	assert_int_equal(threads, CLONERS + 1);
	reload(r, 0, CHOWN);
	launch_with(r, 0, true);
	expect_threads(r, CHOWN, 1);
	expect_threads(r, all, threads - 1);
	launch_with(r, CHOWN, true);
	launch_with(r, 0, true);
	/* of a catalog that was in force before */
	reload(r, 0, 0);
	launch_with(r, 0, true);
	expect_threads(r, 0, 1);
	launch_with(r, KILL, true);
	expect_threads(r, KILL, 1);
	launch_with(r, 0, true);
	assert_true(threads_with(r, 0) >= 1 && threads_with(r, all) >= 1);
	/* ours is what it was, and with it what copies begin with */
	assert_int_equal(bounding_of("/proc/self/status"), all);
	r->spec.deny_write_execute = true;
	launch_with(r, BOTH, false);
}

/* All have dropped what the next catalog keeps: new ones take their places, one at a time, and where all are
 * busy the payload is a copy. */
static void test_bounding_widens(void **state)
{
	struct rig *r = *state;
	const uint64_t all = bounding_of("/proc/self/status");
	struct jail waiting[CLONERS];

	rig_arguments(r, ARGS("sleep", "1000"));
	launch_with(r, 0, true);
	reload(r, 0, 0);
	for (size_t i = 0; i < CLONERS; i++) {
		start_with(r, 0, true);
		await_built(r);
		waiting[i] = r->jail;
		r->jail = JAIL_NULL;
	}
	reload(r, BOTH, CHOWN);
	launch_with(r, BOTH, false);
	launch_with(r, 0, false);
	expect_threads(r, 0, CLONERS);
	for (size_t i = 0; i < CLONERS; i++) {
		/* another waits while this one goes */
		r->jail = waiting[i];
		r->spec.bounding = 0;
		finish_with(r);
		start_with(r, i % 2 ? BOTH : CHOWN, true);
		await_built(r);
		waiting[i] = r->jail;
		r->jail = JAIL_NULL;
		expect_threads(r, BOTH, i + 1);
		expect_threads(r, 0, CLONERS - i - 1);
	}
	launch_with(r, KILL, false);
	for (size_t i = 0; i < CLONERS; i++) {
		r->jail = waiting[i];
		r->spec.bounding = i % 2 ? BOTH : CHOWN;
		finish_with(r);
	}
	/* and narrows again */
	reload(r, KILL, 0);
	launch_with(r, 0, true);
	launch_with(r, KILL, true);
	assert_true(threads_with(r, KILL) >= 1);
	/* ours alone */
	assert_int_equal(threads_with(r, all), 1);
}

/* A payload that begins with less than its profile keeps does not run with that. */
static void test_bounding_lacks(void **state)
{
	struct rig *r = *state;

	r->spec.bounding = BOTH;
	r->spec.deny_write_execute = true;
	r->context.bounding = CHOWN;
	rig_fail(r, STAGE_CAPABILITIES, -EPERM, "the bounding set has too little");
}

/* Killed before it has built anything, or in the middle: its cloner has no other set for that. */
static void test_bounding_killed(void **state)
{
	struct rig *r = *state;

	rig_arguments(r, ARGS("sleep", "1000"));
	launch_with(r, 0, true);
	reload(r, CHOWN, 0);
	for (size_t i = 0; i < 2 * CLONERS; i++) {
		start_with(r, i % 2 ? CHOWN : 0, true);
		if (i % 4 < 2)
			await_built(r);
		assert_int_equal(process_signal(r->jail.pidfd, SIGKILL), 0);
		assert_int_equal(rig_report(r), -ECHILD);
		jail_done(&r->context, &r->jail);
		launch_with(r, i % 3 ? CHOWN : 0, true);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_shares),
		TEST(test_shares_not),
		TEST(test_copy_shares_not),
		TEST(test_many),
		TEST(test_killed),
		TEST(test_stopped),
		TEST(test_keeps_spec),
		TEST(test_keeps_no_spec),
		TEST(test_score_is_its_own),
		TEST(test_stays_undumpable),
		TEST(test_ends_meanwhile),
		TEST(test_namespaces_are_left),
		TEST(test_opens_pidns),
		TEST(test_bounding),
		TEST(test_bounding_widens),
		TEST(test_bounding_lacks),
		TEST(test_bounding_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	if (!ROOM_STANDS_ALONE)
		return 77; /* all are copies, as in the tests of jails with BAILIFF_TEST_COPIES=1 */
	return rig_main(run);
}
