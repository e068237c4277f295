/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Attacks on what a jail shares with the host: the file of its own program (J26), its control group (J31),
 * the machine's processes (Q2).
 */

#include "base/fd.h"
#include "base/io.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM_MAX (64U * 1024 * 1024)
#define ATTEMPTS    "2000"
#define BOMB        1000  /* processes */
#define KILL_MSEC   10000 /* a second on an idle machine, and others run here */

struct bytes {
	char *data;
	size_t size;
};

static struct bytes read_program(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct bytes b = { 0 };

	assert_true(fd >= 0);
	assert_int_equal(read_fd_to_end(fd, PROGRAM_MAX, &b.data, &b.size), 0);
	return b;
}

/* The program is the payload's own file, with write permission: the mount is all that keeps it. */
static const char *own_program(struct rig *r, uint32_t flags)
{
	const char *path = rig_copy(r, r->probe, "own", 0755);

	assert_int_equal(chown(path, RIG_UID, RIG_GID), 0);
	r->spec.n_mounts = 0;
	rig_bind(r, path, RIG_PROBE, flags);
	return path;
}

/* By name, by /proc, and as in CVE-2019-5736: kept open over an exec, after which it is no longer busy. */
static bool changes_itself(struct rig *r, uint32_t flags)
{
	static const char script[] = "{ echo x >/proc/self/fd/9; } 2>/dev/null && echo written; "
				     "{ echo x >" RIG_PROBE "; } 2>/dev/null && echo written; echo end";
	const char *path = own_program(r, flags);
	struct bytes before = read_program(path), after;
	bool same;

	RUN(r, "overwrite", ATTEMPTS, "--", "truncate", RIG_PROBE, "--", "exec-with-self", "/bin/dash", "-c",
		script);
	assert_line(r, "end");
	/* while it runs, it is busy besides */
	assert_string_not_equal(rig_value(r, "overwrite"), "ok");
	assert_string_not_equal(rig_value(r, "truncate"), "ok");
	after = read_program(path);
	same = before.size == after.size && memcmp(before.data, after.data, after.size) == 0;
	free(before.data);
	free(after.data);
	return !same;
}

static void test_own_program(void **state)
{
	struct rig *r = *state;

	assert_false(changes_itself(r, MOUNT_READ_ONLY));
	assert_false(rig_has_line(r, "written"));
}

/* Where a profile lets it be written, this is how. */
static void test_own_program_off(void **state)
{
	struct rig *r = *state;

	assert_true(changes_itself(r, 0));
	assert_true(rig_has_line(r, "written"));
}

/* Bound as somebody could by mistake, for writing: the kernel asks for rights to the group's files. */
static void test_own_cgroup(void **state)
{
	struct rig *r = *state;

	if (!r->cgroup)
		skip();
	rig_bind(r, r->cgroup, "/group", 0);
	RUN(r, "write", "/group/cgroup.procs", "0", "--", "write",
		rig_format(r, "/group/sandbox-%ju/cgroup.procs", (uintmax_t)r->spec.id), "0", "--", "write",
		rig_format(r, "/group/sandbox-%ju/cgroup.kill", (uintmax_t)r->spec.id), "1", "--", "mkdir",
		"/group/mine");
	assert_string_equal(r->output, "write EACCES\nwrite EACCES\nwrite EACCES\nmkdir EACCES\n");
}

static uint64_t now_msec(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* A thousand processes, and none of them is left; that none is, the machine is compared for afterwards. */
static void test_fork_bomb(void **state)
{
	struct rig *r = *state;
	uint64_t begin, took;
	siginfo_t status;
	int ended = 0;

	rig_launch(r, ARGS("forks", rig_format(r, "%d", BOMB), "--", "sleep", "1000"));
	rig_read(r, "sleeping");
	assert_line(r, rig_format(r, "forks ok %d", BOMB));
	begin = now_msec();
	jail_kill(&r->jail);
	do {
		ended = jail_reap(&r->jail, &status);
		took = now_msec() - begin;
	} while (ended == 0 && took < KILL_MSEC);
	assert_int_equal(ended, 1);
	print_message("%d processes killed in %ju ms\n", BOMB, (uintmax_t)took);
	assert_int_equal(status.si_status, SIGKILL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_own_program),
		TEST(test_own_program_off),
		TEST(test_own_cgroup),
		TEST(test_fork_bomb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
