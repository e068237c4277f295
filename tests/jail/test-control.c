/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Frozen jails, as the kernel freezes them; what a jail has used. Q21: one that is frozen can be killed. */

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MSEC 30000
#define FILE_MAX  4096

/* Waits for a line in cgroup.events. The file polls as changed (POLLPRI) when one of its values did. */
static void await_event(struct rig *r, const char *line)
{
	_cleanup_close_ int fd = openat(r->jail.cgroup_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	struct pollfd p = { .fd = fd, .events = POLLPRI };

	assert_true(fd >= 0);
	for (;;) {
		_cleanup_free_ char *text = NULL;
		size_t size;

		assert_return_code(lseek(fd, 0, SEEK_SET), errno);
		assert_int_equal(read_fd_to_end(fd, FILE_MAX, &text, &size), 0);
		if (strstr(text, line))
			return;
		assert_int_equal(poll(&p, 1, WAIT_MSEC), 1);
	}
}

static bool start_frozen(struct rig *r)
{
	if (r->context.cgroup_fd < 0) {
		print_message("there is no cgroup v2 hierarchy: freezing is not tried here\n");
		return false;
	}
	rig_launch(r, ARGS("await-signal"));
	rig_read(r, "waiting\n");
	assert_int_equal(jail_freeze(&r->jail, true, &r->error), 0);
	assert_true(r->jail.frozen);
	await_event(r, "frozen 1");
	return true;
}

/* A signal that the program handles waits until the jail is thawed. (One that ends it does so at once.) */
static void test_freeze_and_thaw(void **state)
{
	struct rig *r = *state;
	struct pollfd p;

	if (!start_frozen(r))
		return;
	p = (struct pollfd){ .fd = r->jail.pidfd, .events = POLLIN };
	assert_int_equal(jail_signal(&r->jail, SIGUSR1, false), 0);
	assert_int_equal(poll(&p, 1, 100), 0);
	assert_int_equal(jail_freeze(&r->jail, false, &r->error), 0);
	assert_false(r->jail.frozen);
	assert_int_equal(poll(&p, 1, WAIT_MSEC), 1);
	rig_finish(r);
	assert_int_equal(r->status.si_code, CLD_EXITED);
}

static void test_kill_frozen(void **state)
{
	struct rig *r = *state;
	struct pollfd p;

	if (!start_frozen(r))
		return;
	p = (struct pollfd){ .fd = r->jail.pidfd, .events = POLLIN };
	jail_kill(&r->jail);
	assert_int_equal(poll(&p, 1, WAIT_MSEC), 1);
	rig_finish(r);
	assert_int_equal(r->status.si_status, SIGKILL);
}

static void test_freeze_without_cgroup(void **state)
{
	struct jail j = JAIL_NULL;
	struct jail_error e;

	assert_int_equal(jail_freeze(&j, true, &e), -EOPNOTSUPP);
	assert_int_equal(e.stage, STAGE_CGROUP);
	assert_false(j.frozen);
}

/* As the directory hands them down. */
static void expect_controllers(const struct rig *r)
{
	_cleanup_close_ int fd = openat(r->context.cgroup_fd, "cgroup.subtree_control", O_RDONLY | O_CLOEXEC);
	char text[256] = "";

	assert_true(fd >= 0 && read(fd, text, sizeof(text) - 1) >= 0);
	assert_int_equal(r->jail.without_memory, !strstr(text, "memory"));
	assert_int_equal(r->jail.without_tasks, !strstr(text, "pids"));
}

/* The time of processors is there without a controller. */
static void test_usage(void **state)
{
	struct rig *r = *state;
	struct jail_usage u;

	rig_launch(r, ARGS("print", "1", "up", "--", "sleep", "1000"));
	rig_read(r, "up\n");
	if (r->jail.cgroup_fd >= 0)
		expect_controllers(r);
	jail_usage(&r->jail, true, &u);
	assert_int_equal(u.has_cpu, r->jail.cgroup_fd >= 0);
	if (u.has_cpu)
		assert_true(u.cpu_usec > 0);
	assert_false(u.out_of_memory);
	jail_kill(&r->jail);
	rig_finish(r);
}

/* A jail knows what its context found, whatever there is on this machine. */
static void test_controllers(void **state)
{
	struct rig *r = *state;

	r->context.without_memory ^= true;
	r->context.without_tasks ^= true;
	rig_launch(r, ARGS("print", "1", "up", "--", "sleep", "1000"));
	rig_read(r, "up\n");
	assert_int_equal(r->jail.without_memory, r->context.without_memory);
	assert_int_equal(r->jail.without_tasks, r->context.without_tasks);
	jail_kill(&r->jail);
	rig_finish(r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_freeze_and_thaw),
		TEST(test_kill_frozen),
		TEST(test_freeze_without_cgroup),
		TEST(test_usage),
		TEST(test_controllers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
