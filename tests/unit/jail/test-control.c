/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is read from and written to a jail's cgroup while it runs, in a directory that looks like one. */

#include "base/fd.h"
#include "base/io.h"
#include "jail/steps.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const files[] = { "cgroup.freeze", "cpu.stat", "memory.peak", "pids.peak", "memory.events",
	"memory.max", "pids.max", "cpu.max", "cgroup.subtree_control" };

struct place {
	char path[40];
	struct jail jail;
};

static void put(const struct place *p, const char *name, const char *text)
{
	int fd = openat(p->jail.cgroup_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write_full(fd, text, strlen(text)), 0);
	assert_int_equal(close(fd), 0);
}

static void expect(const struct place *p, const char *name, const char *text)
{
	char data[64] = "";
	int fd = openat(p->jail.cgroup_fd, name, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(read(fd, data, sizeof(data) - 1) >= 0);
	assert_string_equal(data, text);
	assert_int_equal(close(fd), 0);
}

static int set_up(void **state)
{
	static struct place p;

	p.jail = JAIL_NULL;
	(void)snprintf(p.path, sizeof(p.path), "/tmp/bailiff-control-XXXXXX");
	assert_non_null(mkdtemp(p.path));
	p.jail.cgroup_fd = open(p.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = &p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < ELEMENTS(files); i++)
		(void)unlinkat(p->jail.cgroup_fd, files[i], 0);
	assert_int_equal(close(p->jail.cgroup_fd), 0);
	return rmdir(p->path);
}

/* Only what is there is said to be known. */
static void test_usage(void **state)
{
	struct place *p = *state;
	struct jail_usage u;

	jail_usage(&p->jail, true, &u);
	assert_false(u.has_cpu || u.has_memory || u.has_tasks || u.out_of_memory);
	put(p, "cpu.stat", "usage_usec 1234\nuser_usec 1000\nsystem_usec 234\n");
	jail_usage(&p->jail, true, &u);
	assert_true(u.has_cpu && !u.has_memory && !u.has_tasks);
	assert_int_equal(u.cpu_usec, 1234);
	jail_usage(&p->jail, false, &u);
	assert_false(u.has_cpu);
	put(p, "memory.peak", "4096000\n");
	put(p, "pids.peak", "7\n");
	put(p, "memory.events", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\noom_group_kill 0\n");
	jail_usage(&p->jail, true, &u);
	assert_true(u.has_memory && u.has_tasks && u.out_of_memory);
	assert_int_equal(u.memory_peak, 4096000);
	assert_int_equal(u.tasks_peak, 7);
	/* of controllers that it is known not to have nothing is looked for */
	p->jail.without_tasks = true;
	jail_usage(&p->jail, true, &u);
	assert_true(u.has_cpu && u.has_memory && u.out_of_memory && !u.has_tasks);
	p->jail.without_memory = true;
	jail_usage(&p->jail, true, &u);
	assert_true(u.has_cpu && !u.has_memory && !u.out_of_memory && !u.has_tasks);
	p->jail.without_memory = false;
	put(p, "memory.events", "low 0\nhigh 0\nmax 3\noom 0\noom_kill 0\n");
	jail_usage(&p->jail, true, &u);
	assert_false(u.out_of_memory);
}

/* Files that are not as the kernel writes them. */
static void test_odd_usage(void **state)
{
	static const char *const odd[] = { "", "\n", "usage_usec\n", "usage_usec \n", "usage_usec -1\n",
		"usage_usec 99999999999999999999\n", "x usage_usec 5\n" };
	struct place *p = *state;
	struct jail_usage u;

	for (size_t i = 0; i < ELEMENTS(odd); i++) {
		put(p, "cpu.stat", odd[i]);
		put(p, "memory.peak", odd[i]);
		jail_usage(&p->jail, true, &u);
		assert_false(u.has_cpu || u.has_memory);
	}
}

static void test_freeze(void **state)
{
	struct place *p = *state;
	struct jail_error e;

	assert_int_equal(jail_freeze(&p->jail, true, &e), -EOPNOTSUPP);
	assert_int_equal(e.stage, STAGE_CGROUP);
	assert_false(p->jail.frozen);
	put(p, "cgroup.freeze", "");
	assert_int_equal(jail_freeze(&p->jail, true, &e), 0);
	expect(p, "cgroup.freeze", "1");
	assert_true(p->jail.frozen);
	assert_int_equal(jail_freeze(&p->jail, false, &e), 0);
	expect(p, "cgroup.freeze", "0");
	assert_false(p->jail.frozen);
}

/* All or nothing: where one controller is missing the others' files stay as they are. */
static void test_limit(void **state)
{
	const struct group_value values[_GROUP_LIMIT_MAX] = {
		[GROUP_MEMORY_MAX] = { GROUP_ABSOLUTE, 4096 },
		[GROUP_TASKS_MAX] = { GROUP_ABSOLUTE, 7 },
		[GROUP_CPU_QUOTA] = { GROUP_PERMYRIAD, 2500 },
	};
	struct jail_context c = JAIL_CONTEXT_NULL;
	struct place *p = *state;
	struct jail_error e;

	put(p, "memory.max", "");
	put(p, "cpu.max", "");
	assert_int_equal(jail_limit(&c, &p->jail, values, &e), -EOPNOTSUPP);
	assert_string_equal(e.object, "TasksMax= there is no cgroup v2 controller pids");
	expect(p, "memory.max", "");
	put(p, "pids.max", "");
	assert_int_equal(jail_limit(&c, &p->jail, values, &e), 0);
	expect(p, "memory.max", "4096");
	expect(p, "pids.max", "7");
	expect(p, "cpu.max", "25000 100000");
}

/* Which controllers a directory hands down. Where it does not tell, each jail is asked. */
static void test_controllers(void **state)
{
	static const struct {
		const char *text;
		bool memory, tasks;
	} rows[] = { { NULL, true, true }, { "", false, false },
		{ "cpuset cpu io memory hugetlb pids\n", true, true }, { "cpu memory\n", true, false },
		{ "cpu pids\n", false, true }, { "cpu\n", false, false } };
	const struct place *p = *state;

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct jail_context c = { .cgroup_fd = p->jail.cgroup_fd, .proc_fd = -1 };

		if (rows[i].text)
			put(p, "cgroup.subtree_control", rows[i].text);
		assert_int_equal(cgroup_find(&c), 0);
		assert_int_equal(c.without_memory, !rows[i].memory);
		assert_int_equal(c.without_tasks, !rows[i].tasks);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_usage, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_odd_usage, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_freeze, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_controllers, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("jail control", tests, NULL, NULL);
}
