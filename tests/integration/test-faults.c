/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A launcher that runs out of fd numbers or memory in the middle of a launch: its limits are lowered step by
 * step, so that every allocation is the one that fails. Each launch then either works or ends with an error
 * soon, the launcher goes on, and no process, fd or control group is left of it.
 */

#include "jail/jail.h"
#include "rig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define FD_FIRST (10 + JAIL_STOCK_MAX) /* below, no launch gets anywhere */
#define FD_STEPS 40                    /* a launch takes fewer, the building of its jail included */
#define AS_STEP  4096
#define AS_STEPS 12

#define LATER_LAUNCHES 20

static const char *const quick[] = { "/usr/bin/dash", "-c", "exit 0", NULL };

/* What a broken launch left is collected by a later one at the latest. */
static void expect_no_trace(
	struct rig *rig, GDBusConnection *c, const struct rig_fds *before, const char *what)
{
	struct rig_fds now = { .list = NULL };
	bool left = true;

	for (int i = 0; i < LATER_LAUNCHES && left; i++) {
		rig_run_tool(c);
		rig_wait_jailed(rig, 0);
		rig_note_fds(rig, RIG_LAUNCHER, &now);
		left = now.n > before->n;
	}
	if (left)
		rig_print_fds(RIG_LAUNCHER, before, &now);
	if (left)
		fail_msg("%s: the launcher has %zu fds, had %zu", what, now.n, before->n);
	rig_fds_done(&now);
}

/* True if the launch failed. */
static bool launch_once(GDBusConnection *c, const char *what)
{
	struct rig_launch l = { .profile = "tool", .argv = quick };
	g_autoptr(GError) error = NULL;
	g_autofree char *result = NULL;
	struct rig_sandbox s;

	if (!rig_launch_try(c, &l, &s, &error)) {
		if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
			fail_msg("%s: no answer", what);
		if (g_getenv("BAILIFF_TEST_VERBOSE"))
			print_message("%s: %s\n", what, error->message);
		return true;
	}
	/* the program has the same limit, and may fail by it: that its end is told is what counts */
	result = rig_wait(c, &s, NULL, NULL);
	if (g_getenv("BAILIFF_TEST_VERBOSE"))
		print_message("%s: launched, %s\n", what, result);
	rig_sandbox_done(&s);
	return false;
}

/* Launches with each of so many values of a limit of the launcher; how many of them failed. */
static unsigned squeeze(
	struct rig *rig, __rlimit_resource_t resource, const char *name, rlim_t first, rlim_t step, int steps)
{
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	pid_t launcher = rig_pid(rig, RIG_LAUNCHER);
	struct rig_fds fds = { .list = NULL };
	unsigned failed = 0;
	struct rlimit old;

	/* the first launch over a connection asks the launcher about the caller's process; where that is a
	 * pidfd for which there is no room, the channel is closed: test-edges.c, not what is tried here */
	rig_run_tool(c);
	rig_wait_jailed(rig, 0);
	rig_note_fds(rig, RIG_LAUNCHER, &fds);
	assert_return_code(prlimit(launcher, resource, NULL, &old), errno);
	for (int i = 0; i < steps; i++) {
		const struct rlimit tight = { first + step * (rlim_t)i, old.rlim_max };
		g_autofree char *what = g_strdup_printf("%s=%llu", name, (unsigned long long)tight.rlim_cur);

		assert_return_code(prlimit(launcher, resource, &tight, NULL), errno);
		failed += launch_once(c, what);
		assert_return_code(prlimit(launcher, resource, &old, NULL), errno);
		rig_wait_ready(rig);
		expect_no_trace(rig, c, &fds, what);
		if (rig_pid(rig, RIG_LAUNCHER) != launcher)
			fail_msg("%s: the launcher ended", what);
	}
	rig_fds_done(&fds);
	rig_disconnect(rig, c);
	return failed;
}

/* The launcher's state after its first launch is what later ones must come back to. */
static void settle(struct rig *rig)
{
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);

	rig_run_tool(c);
	rig_wait_jailed(rig, 0);
	rig_disconnect(rig, c);
}

/* Q7 */
static void test_out_of_fds(void **state)
{
	struct rig *rig = *state;
	unsigned failed;

	settle(rig);
	failed = squeeze(rig, RLIMIT_NOFILE, "NOFILE", FD_FIRST, 1, FD_STEPS);
	/* at the least the first one, and not those that have room */
	assert_in_range(failed, 1, FD_STEPS - 1);
}

static rlim_t virtual_size(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/statm", pid), *text = NULL;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return (rlim_t)g_ascii_strtoull(text, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* Q8 */
static void test_out_of_memory(void **state)
{
	struct rig *rig = *state;
	unsigned failed;
	rlim_t size;

	settle(rig);
	size = virtual_size(rig_pid(rig, RIG_LAUNCHER));
	failed = squeeze(rig, RLIMIT_AS, "AS", size - (AS_STEPS / 2) * AS_STEP, AS_STEP, AS_STEPS);
	/* with less than it has already a launch finds no room for what it maps */
	assert_true(failed > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out_of_fds),
		cmocka_unit_test(test_out_of_memory),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
