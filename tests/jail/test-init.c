/* SPDX-License-Identifier: GPL-2.0-or-later */

/* RunAsInit=: the payload as pid 1 of its namespace, with nobody above it and nobody beside it. */

#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

static void test_pid_1(void **state)
{
	struct rig *r = *state;

	r->spec.run_as_init = true;
	RUN(r, "see", "--", "leave-behind", "--", "orphans", "20");
	assert_value(r, "pid", "1");
	assert_value(r, "ppid", "0");
	assert_value(r, "sid", "1");
	assert_int_equal(r->status.si_code, CLD_EXITED);
}

/* Without the key that is the jail's init. */
static void test_off(void **state)
{
	struct rig *r = *state;

	RUN(r, "see");
	assert_value(r, "pid", "2");
}

/* What is left behind ends with it: pid 1 was the last to hold it. The end of the output shows that. */
static void test_end(void **state)
{
	struct rig *r = *state;

	r->spec.run_as_init = true;
	rig_launch(r, ARGS("leave-behind", "--", "leave-behind", "--", "await-signal"));
	rig_read(r, "waiting");
	jail_kill(&r->jail);
	rig_read(r, NULL);
	rig_finish(r);
	assert_int_equal(r->status.si_code, CLD_KILLED);
}

/* A signal to all is one to pid 1, too, which the kernel leaves out of kill(-1). The end of a child may be
 * the first that it hears. */
static void test_signal_all(void **state)
{
	struct rig *r = *state;
	const char *first;

	r->spec.run_as_init = true;
	rig_launch(r, ARGS("leave-behind", "--", "await-signal", "--", "await-signal"));
	rig_read(r, "waiting");
	assert_int_equal(jail_signal(&r->jail, SIGHUP, true), 0);
	rig_read(r, "await-signal");
	first = rig_value(r, "await-signal");
	if (strcmp(first, rig_format(r, "ok %d", SIGHUP)) != 0) {
		assert_string_equal(first, rig_format(r, "ok %d", SIGCHLD));
		rig_read(r, rig_format(r, "await-signal ok %d\n", SIGHUP));
	}
	jail_kill(&r->jail);
	rig_finish(r);
}

/* Alone in there, it is still all that there is. */
static void test_signal_alone(void **state)
{
	struct rig *r = *state;

	r->spec.run_as_init = true;
	rig_launch(r, ARGS("await-signal"));
	rig_read(r, "waiting");
	assert_int_equal(jail_signal(&r->jail, SIGUSR1, true), 0);
	rig_read(r, NULL);
	assert_value(r, "await-signal", rig_format(r, "ok %d", SIGUSR1));
	rig_finish(r);
}

/* Signals that it has no handler for do not reach it, but for the one that none can handle. */
static void test_unhandled(void **state)
{
	struct rig *r = *state;

	r->spec.run_as_init = true;
	rig_launch(r, ARGS("print", "1", "ready", "--", "sleep", "60"));
	rig_read(r, "ready");
	assert_int_equal(jail_signal(&r->jail, SIGTERM, false), 0);
	assert_int_equal(jail_signal(&r->jail, SIGKILL, true), 0);
	rig_finish(r);
	assert_int_equal(r->status.si_status, SIGKILL);
}

static void test_without_namespace(void **state)
{
	struct rig *r = *state;

	if (!r->cgroup)
		skip();
	r->spec.run_as_init = true;
	r->spec.namespaces &= ~JAIL_NS_PID;
	rig_fail(r, STAGE_NAMESPACES, -EINVAL, "RunAsInit=: no PID namespace");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pid_1),
		TEST(test_off),
		TEST(test_end),
		TEST(test_signal_all),
		TEST(test_signal_alone),
		TEST(test_unhandled),
		TEST(test_without_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
