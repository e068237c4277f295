/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Limits of a sandbox as a whole: what exactly is written to which file, in a directory that looks like a
 * cgroup; and what becomes of one that lacks a file. */

#include "base/fd.h"
#include "base/io.h"
#include "jail/steps.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 4096

static const char *const files[] = { "memory.max", "memory.high", "pids.max", "cpu.max", "cpu.weight",
	"cpu.idle", "io.weight" };

struct place {
	char path[32];
	int fd;
};

static void put(int dir_fd, const char *name, const char *text)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write_full(fd, text, strlen(text)), 0);
	assert_int_equal(close(fd), 0);
}

static void expect(int dir_fd, const char *name, const char *text)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	char *data;
	size_t size;

	assert_true(fd >= 0);
	assert_int_equal(read_fd_to_end(fd, FILE_MAX, &data, &size), 0);
	assert_string_equal(data, text);
	free(data);
	assert_int_equal(close(fd), 0);
}

static int set_up(void **state)
{
	static struct place p;

	(void)snprintf(p.path, sizeof(p.path), "/tmp/bailiff-group-XXXXXX");
	assert_non_null(mkdtemp(p.path));
	p.fd = open(p.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ELEMENTS(files); i++)
		put(p.fd, files[i], "");
	*state = &p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < ELEMENTS(files); i++)
		(void)unlinkat(p->fd, files[i], 0);
	(void)unlinkat(p->fd, "sys/kernel/threads-max", 0);
	(void)unlinkat(p->fd, "sys/kernel/pid_max", 0);
	(void)unlinkat(p->fd, "sys/kernel", AT_REMOVEDIR);
	(void)unlinkat(p->fd, "sys", AT_REMOVEDIR);
	assert_int_equal(close(p->fd), 0);
	return rmdir(p->path);
}

static void apply(const struct place *place, const struct group_value *group)
{
	struct jail_spec s = { .group = group };
	struct group_plan p;
	struct jail_error e;
	uint32_t lacking = 0;

	assert_int_equal(prepare_group(&s, place->fd, &p, &e), 0);
	assert_int_equal(apply_group(&p, place->fd, &lacking, &e), 0);
	assert_int_equal(lacking, 0);
}

static void test_absolute(void **state)
{
	const struct group_value group[_GROUP_LIMIT_MAX] = {
		[GROUP_MEMORY_MAX] = { GROUP_ABSOLUTE, UINT64_C(1) << 40 },
		[GROUP_MEMORY_HIGH] = { GROUP_ABSOLUTE, GROUP_INFINITY },
		[GROUP_TASKS_MAX] = { GROUP_ABSOLUTE, 64 },
		[GROUP_CPU_QUOTA] = { GROUP_PERMYRIAD, 15025 },
		[GROUP_CPU_WEIGHT] = { GROUP_ABSOLUTE, 10000 },
		[GROUP_IO_WEIGHT] = { GROUP_ABSOLUTE, 7 },
	};
	const struct place *p = *state;

	apply(p, group);
	expect(p->fd, "memory.max", "1099511627776");
	expect(p->fd, "memory.high", "max");
	expect(p->fd, "pids.max", "64");
	expect(p->fd, "cpu.max", "150250 100000");
	expect(p->fd, "cpu.weight", "10000");
	expect(p->fd, "cpu.idle", "");
	expect(p->fd, "io.weight", "default 7");
}

static void test_idle_and_infinite(void **state)
{
	const struct group_value group[_GROUP_LIMIT_MAX] = {
		[GROUP_CPU_QUOTA] = { GROUP_ABSOLUTE, GROUP_INFINITY },
		[GROUP_CPU_WEIGHT] = { GROUP_ABSOLUTE, 0 },
	};
	const struct place *p = *state;

	apply(p, group);
	expect(p->fd, "cpu.max", "max 100000");
	expect(p->fd, "cpu.idle", "1");
	expect(p->fd, "cpu.weight", "");
	/* what is not set is not touched */
	expect(p->fd, "memory.max", "");
}

/* Of the smaller of the kernel's two bounds on tasks; of the machine's memory. */
static void test_relative(void **state)
{
	const struct group_value group[_GROUP_LIMIT_MAX] = {
		[GROUP_MEMORY_MAX] = { GROUP_PERMYRIAD, GROUP_WHOLE },
		[GROUP_TASKS_MAX] = { GROUP_PERMYRIAD, 1234 },
		[GROUP_CPU_QUOTA] = { GROUP_PERMYRIAD, 1 },
	};
	const struct place *p = *state;
	char memory[32];

	assert_int_equal(mkdirat(p->fd, "sys", 0700), 0);
	assert_int_equal(mkdirat(p->fd, "sys/kernel", 0700), 0);
	put(p->fd, "sys/kernel/threads-max", "100000\n");
	put(p->fd, "sys/kernel/pid_max", "32768\n");
	apply(p, group);
	(void)snprintf(memory, sizeof(memory), "%" PRIu64,
		(uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE));
	expect(p->fd, "memory.max", memory);
	expect(p->fd, "pids.max", "4043");
	/* no less than the kernel takes */
	expect(p->fd, "cpu.max", "1000 100000");
}

static void test_missing(void **state)
{
	static const char *const words[_GROUP_LIMIT_MAX] = {
		"MemoryMax= there is no cgroup v2 controller memory",
		"MemoryHigh= there is no cgroup v2 controller memory",
		"TasksMax= there is no cgroup v2 controller pids",
		"CPUQuota= there is no cgroup v2 controller cpu",
		"CPUWeight= there is no cgroup v2 controller cpu",
		"IOWeight= there is no cgroup v2 controller io"
	};
	const struct place *place = *state;

	for (size_t i = 0; i < ELEMENTS(files); i++)
		assert_int_equal(unlinkat(place->fd, files[i], 0), 0);
	for (size_t i = 0; i < _GROUP_LIMIT_MAX; i++)
		for (int fd = -1; fd <= place->fd; fd += place->fd + 1) {
			struct group_value group[_GROUP_LIMIT_MAX] = { 0 };
			struct jail_spec s = { .group = group };
			static const char *const keys[_GROUP_LIMIT_MAX] = { "MemoryMax=", "MemoryHigh=",
				"TasksMax=", "CPUQuota=", "CPUWeight=", "IOWeight=" };
			struct group_plan p;
			struct jail_error e;
			uint32_t lacking = 0;

			group[i] =
				(struct group_value){ i == GROUP_CPU_QUOTA ? GROUP_PERMYRIAD : GROUP_ABSOLUTE,
					10 };
			assert_int_equal(prepare_group(&s, place->fd, &p, &e), 0);
			assert_int_equal(apply_group(&p, fd, &lacking, &e), -EOPNOTSUPP);
			assert_int_equal(e.stage, STAGE_CGROUP);
			assert_string_equal(e.object, words[i]);
			s.optional = OPTIONAL_CGROUP;
			assert_int_equal(prepare_group(&s, place->fd, &p, &e), 0);
			assert_int_equal(apply_group(&p, fd, &lacking, &e), 0);
			assert_int_equal(lacking, 1U << (LACK_MEMORY_MAX + i));
			assert_string_equal(jail_lack_key((enum jail_lack)(LACK_MEMORY_MAX + i)), keys[i]);
		}
}

/* One that can't be written is not one that is missing: optional or not, the launch fails. */
static void test_refused(void **state)
{
	const struct group_value group[_GROUP_LIMIT_MAX] = { [GROUP_TASKS_MAX] = { GROUP_ABSOLUTE, 5 } };
	struct jail_spec s = { .group = group, .optional = OPTIONAL_CGROUP };
	const struct place *place = *state;
	struct group_plan p;
	struct jail_error e;
	uint32_t lacking = 0;

	assert_int_equal(unlinkat(place->fd, "pids.max", 0), 0);
	assert_int_equal(symlinkat("memory.max", place->fd, "pids.max"), 0);
	assert_int_equal(prepare_group(&s, place->fd, &p, &e), 0);
	assert_int_equal(apply_group(&p, place->fd, &lacking, &e), -ELOOP);
	assert_string_equal(e.object, "TasksMax= pids.max 5");
	expect(place->fd, "memory.max", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_absolute, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_idle_and_infinite, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_relative, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_missing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("jail group", tests, NULL, NULL);
}
