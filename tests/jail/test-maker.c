/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The process that makes inits: what it is, what inits have of it, and what becomes of launches where it does
 * not answer, or is not there. */

#include "base/fd.h"
#include "base/filter.h"
#include "base/io.h"
#include "base/process.h"
#include "harness.h"
#include "jail/init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RIGHTS (1ULL << CAP_SYS_ADMIN | 1ULL << CAP_SETUID | 1ULL << CAP_SETGID)

static const char *text_of(struct rig *r, pid_t pid, const char *file)
{
	static char text[16384];
	const char *path = rig_format(r, "%d/%s", (int)pid, file);
	_cleanup_close_ int fd = openat(r->context.proc_fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read_full(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* A child of ours by its name; 0: there is none. */
static pid_t find_child(struct rig *r, const char *name)
{
	const char *at = text_of(r, getpid(), rig_format(r, "task/%d/children", (int)getpid()));
	char *children = strdup(at), *rest = children, *one;
	pid_t found = 0;

	assert_non_null(children);
	while ((one = strsep(&rest, " ")) && found == 0) {
		const pid_t pid = (pid_t)strtol(one, NULL, 10);

		if (pid > 0 && strcmp(text_of(r, pid, "comm"), name) == 0)
			found = pid;
	}
	free(children);
	return found;
}

static pid_t maker_of(struct rig *r)
{
	return find_child(r, "init-maker\n");
}

static pid_t init_of(struct rig *r)
{
	return process_pid_in_procfs(r->context.proc_fd, r->jail.init_pidfd);
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

static void expect_lines(struct rig *r, pid_t pid, const char *const *lines)
{
	const char *status = text_of(r, pid, "status");

	for (; *lines; lines++)
		if (!strstr(status, *lines))
			fail_msg("%s is not in%s", *lines, status);
}

/* Where the kernel's calls are not written down there is none. */
static bool begin(struct rig *r)
{
	assert_int_equal(START(r, "see"), 0);
	if (maker_of(r) > 0)
		return true;
	jail_done(&r->context, &r->jail);
#if defined(__x86_64__)
	fail_msg("there is no process that makes inits");
#endif
	return false;
}

static void expect_launch(struct rig *r)
{
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), 1);
	rig_read(r, NULL);
	assert_value(r, "pid", "2");
	rig_finish(r);
	assert_int_equal(r->status.si_code, CLD_EXITED);
	assert_int_equal(r->status.si_status, 0);
}

/* Root in nothing but the right to make namespaces and to change ids, in the root of inits. */
static void test_rights(void **state)
{
	struct rig *r = *state;
	const char *const lines[] = { "\nGroups:\t \n", "\nCapInh:\t0000000000000000\n",
		rig_format(r, "\nCapPrm:\t%016llx\n", RIGHTS), rig_format(r, "\nCapEff:\t%016llx\n", RIGHTS),
		"\nCapBnd:\t0000000000000000\n", "\nCapAmb:\t0000000000000000\n", "\nNoNewPrivs:\t1\n",
		"\nSeccomp:\t2\n", NULL };
	struct stat own, inits;
	pid_t maker;

	if (!begin(r))
		skip();
	maker = maker_of(r);
	expect_lines(r, maker, lines);
	assert_int_equal(count_lines(text_of(r, maker, "mountinfo")), 1);
	assert_int_equal(fstatat(r->context.proc_fd, rig_format(r, "%d/ns/mnt", (int)maker), &own, 0), 0);
	assert_int_equal(fstat(r->context.init_root_fd, &inits), 0);
	assert_int_equal(own.st_ino, inits.st_ino);
	expect_launch(r);
}

/* Nothing of ours is in an init's memory: it has a page of code, what it lives in, and its report. */
static void test_memory(void **state)
{
	struct rig *r = *state;
	const char *maps;
	pid_t init;

	if (!begin(r))
		skip();
	init = init_of(r);
	assert_true(init > 0);
	maps = text_of(r, init, "maps");
	assert_non_null(strstr(maps, "memfd:report"));
#ifndef __SANITIZE_ADDRESS__
	if (count_lines(maps) > 4)
		fail_msg("an init has more memory than it needs:\n%s", maps);
	assert_null(strstr(maps, "[stack]"));
	assert_null(strstr(maps, "/dev/zero"));
	maps = text_of(r, maker_of(r), "maps");
	if (count_lines(maps) > 4)
		fail_msg("the maker has more memory than it needs:\n%s", maps);
	assert_non_null(strstr(maps, "/dev/zero")); /* the order */
#endif
	expect_launch(r);
}

/* It is a child of ours, whose end we see, and in nobody's process group. */
static void test_is_ours(void **state)
{
	struct rig *r = *state;
	pid_t init;

	if (!begin(r))
		skip();
	init = init_of(r);
	assert_int_equal(find_child(r, "jail-init\n"), init);
	assert_int_equal(getpgid(init), init);
	assert_int_not_equal(getpgid(maker_of(r)), getpgrp());
	expect_launch(r);
	assert_int_equal(find_child(r, "jail-init\n"), 0);
}

/* The next launch goes without it, and so do those after it. */
static void end_maker(struct rig *r, int sig)
{
	jail_done(&r->context, &r->jail);
	assert_int_equal(kill(maker_of(r), sig), 0);
	r->spec.id++;
	assert_int_equal(START(r, "see"), 0);
	assert_true(init_of(r) > 0);
	/* it is gone for good */
	assert_int_equal(maker_of(r), 0);
	/* a copy of ours: it has a stack */
	assert_non_null(strstr(text_of(r, init_of(r), "maps"), "[stack]"));
	expect_launch(r);
}

static void test_killed(void **state)
{
	struct rig *r = *state;

	if (!begin(r))
		skip();
	end_maker(r, SIGKILL);
}

/* It is waited for, and then given up. */
static void test_stopped(void **state)
{
	struct rig *r = *state;

	if (!begin(r))
		skip();
	end_maker(r, SIGSTOP);
}

/* What can not be is said, and leaves nothing: no process, no descriptor, no other namespace. */
static void test_fails(void **state)
{
	struct rig *r = *state;
	struct jail j = JAIL_NULL;

	if (!begin(r))
		skip();
	expect_launch(r);
	j.cgroup_fd = r->context.null_fd;
	assert_int_equal(init_maker_order(&r->context, &j, &r->error), -EBADF);
	assert_int_equal(r->error.stage, STAGE_NAMESPACES);
	assert_string_equal(r->error.object, "init of the PID namespace");
	assert_int_equal(j.init_pidfd, -1);
	assert_int_equal(j.pidns_fd, -1);
	j.cgroup_fd = -1;
	jail_done(&r->context, &j);
	assert_true(maker_of(r) > 0);
}

/* It ends where it can not leave a jail's namespace. What it has made by then is known, and taken away. */
static int has_no_way_back(struct rig *r)
{
	const struct filter_rule rule = FILTER_DENY_ARG(setns, 1, FILTER_WHOLE_ARG, CLONE_NEWPID, EPERM);

	if (filter_apply(&rule, 1, FILTER_PERMIT) < 0)
		return 1;
	if (START(r, "see") != -ETIMEDOUT || r->error.stage != STAGE_NAMESPACES)
		return 2;
	return find_child(r, "jail-init\n") == 0 && maker_of(r) == 0 ? 0 : 3;
}

static void test_no_way_back(void **state)
{
	struct rig *r = *state;

	if (!begin(r))
		skip();
	jail_done(&r->context, &r->jail);
	r->spec.id++;
	assert_int_equal(rig_as_child(r, has_no_way_back), 0);
}

/* Without one inits are copies, of spare jails as well. */
static void test_none(void **state)
{
	struct rig *r = *state;

	rig_without_maker(r);
	assert_int_equal(maker_of(r), 0);
	assert_int_equal(rig_spare(r), 0);
	assert_int_equal(START(r, "see"), 0);
	assert_non_null(strstr(text_of(r, init_of(r), "maps"), "[stack]"));
	expect_launch(r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rights),
		TEST(test_memory),
		TEST(test_is_ours),
		TEST(test_killed),
		TEST(test_stopped),
		TEST(test_fails),
		TEST(test_no_way_back),
		TEST(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
