/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Limits of a sandbox as a whole, as the kernel keeps them. Where the hierarchy has no controllers, as beside
 * version 1 of cgroups, what remains is that a launch that wants one fails, or says what it goes without.
 */

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/io.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 4096

static const struct group_value tasks[_GROUP_LIMIT_MAX] = { [GROUP_TASKS_MAX] = { GROUP_ABSOLUTE, 5 } };

static bool write_to(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write_full(fd, text, strlen(text)) == 0;
}

/* The tests' cgroup lies below the hierarchy's root: whether it hands a controller on may be changed only
 * there, where nobody else is hit by it. */
static bool have_pids(struct rig *r)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (!r->cgroup)
		return false;
	fd = open(rig_format(r, "%s/cgroup.controllers", r->cgroup), O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read_fd_to_end(fd, FILE_MAX, &text, &size) < 0 || !strstr(text, "pids"))
		return false;
	return write_to(rig_format(r, "%s/cgroup.subtree_control", r->cgroup), "+pids");
}

/* The children stay until the jail ends, and the output with them. */
static void fork_some(struct rig *r)
{
	rig_launch(r, ARGS("forks", "20", "--", "print", "1", "end"));
	assert_int_equal(r->jail.lacking, 0);
	rig_read(r, "end\n");
	rig_finish(r);
}

static void test_tasks(void **state)
{
	struct rig *r = *state;

	if (!have_pids(r)) {
		print_message("the cgroup v2 hierarchy has no controller pids: a limit on tasks is not tried "
			      "here\n");
		return;
	}
	r->spec.group = tasks;
	fork_some(r);
	/* the jail's init and the payload are among the five */
	assert_line(r, "forks 3 then EAGAIN");
}

static void test_off(void **state)
{
	const struct group_value none[_GROUP_LIMIT_MAX] = { 0 };
	struct rig *r = *state;

	r->spec.group = none;
	fork_some(r);
	assert_line(r, "forks ok 20");
}

static void test_missing(void **state)
{
	struct rig *r = *state;

	if (have_pids(r)) {
		print_message("there is a controller pids: its absence is not tried here\n");
		return;
	}
	r->spec.group = tasks;
	rig_fail(r, STAGE_CGROUP, -EOPNOTSUPP, "TasksMax= there is no cgroup v2 controller pids");
}

static void test_missing_optional(void **state)
{
	struct rig *r = *state;

	if (have_pids(r)) {
		print_message("there is a controller pids: its absence is not tried here\n");
		return;
	}
	r->spec.group = tasks;
	r->spec.optional = OPTIONAL_CGROUP;
	rig_launch(r, ARGS("print", "1", "here"));
	assert_int_equal(r->jail.lacking, 1U << LACK_TASKS_MAX);
	rig_read(r, NULL);
	rig_finish(r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tasks),
		TEST(test_off),
		TEST(test_missing),
		TEST(test_missing_optional),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
