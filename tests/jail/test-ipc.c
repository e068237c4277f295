/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One IPC namespace for all jails that can do nothing in one: who is in it, who is not, and that nothing ever
 * is. Row J34 of the threat model. */

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/filter.h"
#include "base/io.h"
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LAUNCHES 60 /* of jails, each of which tries what it can not do */

static const char *name_of(struct rig *r, ino_t inode)
{
	return rig_format(r, "ipc:[%ju]", (uintmax_t)inode);
}

static ino_t inode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static const char *shared(struct rig *r)
{
	struct stat st;

	assert_int_equal(fstat(r->context.ipc_fd, &st), 0);
	return name_of(r, st.st_ino);
}

static const char *hosts(struct rig *r)
{
	return name_of(r, inode_of("/proc/self/ns/ipc"));
}

static const char *that_of(struct rig *r, const struct jail *j)
{
	return name_of(r, inode_of(rig_format(r, "/proc/%d/ns/ipc", j->pid)));
}

/* The launcher itself is where it was, and the payload has no descriptor of it. */
static void test_shared(void **state)
{
	struct rig *r = *state;

	assert_int_equal(fcntl(r->context.ipc_fd, F_GETFD), FD_CLOEXEC);
	assert_string_not_equal(shared(r), hosts(r));
	r->spec.shares_ipc = true;
	RUN(r, "see");
	assert_value(r, "ns_ipc", shared(r));
	assert_int_equal(rig_count(r, "fd"), 3);
	assert_string_equal(name_of(r, inode_of("/proc/self/ns/ipc")), hosts(r));
}

static void launch_another(struct rig *r, struct jail *ret)
{
	struct pollfd p = { .events = POLLIN };

	r->spec.id++;
	assert_int_equal(jail_start(&r->context, &r->spec, ret, &r->error), 0);
	assert_int_equal(jail_go(ret, &r->spec), 0);
	p.fd = ret->report_fd;
	do
		assert_int_equal(poll(&p, 1, 20000), 1);
	while (jail_read_report(ret, &r->error) == 0);
}

/* Two that live have the same; two that may not have others, and not the same. */
static void test_by_two(void **state)
{
	struct rig *r = *state;
	struct jail others[3] = { JAIL_NULL, JAIL_NULL, JAIL_NULL };

	r->spec.shares_ipc = true;
	rig_launch(r, ARGS("await-signal"));
	launch_another(r, &others[0]);
	r->spec.shares_ipc = false;
	launch_another(r, &others[1]);
	launch_another(r, &others[2]);
	rig_read(r, "waiting\nwaiting\nwaiting\nwaiting");
	assert_string_equal(that_of(r, &r->jail), shared(r));
	assert_string_equal(that_of(r, &others[0]), shared(r));
	assert_string_not_equal(that_of(r, &others[1]), shared(r));
	assert_string_not_equal(that_of(r, &others[2]), shared(r));
	assert_string_not_equal(that_of(r, &others[1]), that_of(r, &others[2]));
	for (size_t i = 0; i < 3; i++) {
		assert_string_not_equal(that_of(r, &others[i]), hosts(r));
		jail_kill(&others[i]);
		jail_done(&r->context, &others[i]);
	}
	jail_kill(&r->jail);
	rig_finish(r);
	rig_await_lingering(r);
}

/* A pool's is a pool's. */
static void test_elsewhere(void **state)
{
	struct rig *r = *state;
	struct jail_pool pool;
	struct stat st;

	r->spec.shares_ipc = true;
	assert_int_equal(jail_pool_open(&r->context, JAIL_NS_IPC, &pool, &r->error), 0);
	r->spec.pool = &pool;
	RUN(r, "see");
	assert_int_equal(fstat(pool.ipc_fd, &st), 0);
	assert_value(r, "ns_ipc", name_of(r, st.st_ino));
	assert_string_not_equal(rig_value(r, "ns_ipc"), shared(r));
	jail_pool_close(&pool);
}

/* What is not private is not shared. */
static void test_hosts(void **state)
{
	struct rig *r = *state;

	r->spec.shares_ipc = true;
	r->spec.namespaces &= ~JAIL_NS_IPC;
	RUN(r, "see");
	assert_value(r, "ns_ipc", hosts(r));
}

/* Where none could be made, each has its own. */
static void test_lost(void **state)
{
	struct rig *r = *state;
	const char *was = shared(r);

	r->context.ipc_fd = fd_close(r->context.ipc_fd);
	r->spec.shares_ipc = true;
	RUN(r, "see");
	assert_string_not_equal(rig_value(r, "ns_ipc"), hosts(r));
	assert_string_not_equal(rig_value(r, "ns_ipc"), was);
}

/* One that can not be entered fails the launch, and is not left out. */
static int run_not_entered(struct rig *r)
{
	const struct filter_rule rule = { SYS_setns, FILTER_FAIL(EPERM), 1, FILTER_WHOLE_ARG, CLONE_NEWIPC };

	r->spec.shares_ipc = true;
	if (filter_apply(&rule, 1, FILTER_PERMIT) < 0)
		return 2;
	return rig_fails(r, STAGE_NAMESPACES, -EPERM, "PrivateIPC=: the IPC namespace can not be entered")
		       ? 0
		       : 3;
}

/* A launcher that may make none begins all the same; one that can not leave it does not. */
static int run_without(struct rig *r, const struct filter_rule *rule, int expected)
{
	struct jail_context c;
	int result;

	if (filter_apply(rule, 1, FILTER_PERMIT) < 0)
		return 2;
	result = jail_context_open(&c, -1, -1);
	if (result != expected)
		return 3;
	if (result == 0 && c.ipc_fd >= 0)
		return 4;
	jail_context_close(&c);
	return 0;
}

static int run_not_made(struct rig *r)
{
	const struct filter_rule rule = { SYS_unshare, FILTER_FAIL(ENOSPC), 0, FILTER_WHOLE_ARG,
		CLONE_NEWIPC };

	return run_without(r, &rule, 0);
}

static int run_not_left(struct rig *r)
{
	const struct filter_rule rule = { SYS_setns, FILTER_FAIL(EPERM), 1, FILTER_WHOLE_ARG, CLONE_NEWIPC };

	return run_without(r, &rule, -ENOTRECOVERABLE);
}

static void test_kernel(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_as_child(r, run_not_entered), 0);
	assert_int_equal(rig_as_child(r, run_not_made), 0);
	assert_int_equal(rig_as_child(r, run_not_left), 0);
}

static size_t lines_of(const char *path)
{
	char text[4096];
	ssize_t n = -1;
	size_t lines = 0;
	FILE *f = fopen(path, "re");

	if (f) {
		n = (ssize_t)fread(text, 1, sizeof(text), f);
		(void)fclose(f);
	}
	for (ssize_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

static size_t entries_of(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		(void)closedir(d);
	return n;
}

/* In it, as root might be: no object and no queue. */
static int run_empty(struct rig *r)
{
	static const char *const tables[] = { "/proc/sysvipc/shm", "/proc/sysvipc/sem", "/proc/sysvipc/msg" };

	if (setns(r->context.ipc_fd, CLONE_NEWIPC) < 0 || unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("mqueue", r->directory, "mqueue", 0, NULL) < 0)
		return 2;
	for (size_t i = 0; i < 3; i++)
		if (lines_of(tables[i]) != 1) /* the heading */
			return 3;
	return entries_of(r->directory) == 2 ? 0 : 4; /* itself, and what is above */
}

/* What the test looks at shows what is made there. */
static int run_with_queue(struct rig *r)
{
	if (setns(r->context.ipc_fd, CLONE_NEWIPC) < 0 ||
		syscall(SYS_mq_open, "bailiff-test", O_CREAT | O_RDWR, 0600, NULL) < 0)
		return 5;
	return run_empty(r) == 4 ? 0 : 6;
}

static int run_with_memory(struct rig *r)
{
	if (setns(r->context.ipc_fd, CLONE_NEWIPC) < 0 || syscall(SYS_shmget, 4711, 4096, 01600) < 0)
		return 7;
	return run_empty(r) == 3 ? 0 : 8;
}

/* With the profile's filter each of them is refused; what is in it after many launches is nothing. */
static void test_empty(void **state)
{
	static const struct sock_filter quiet[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_shmget, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_semget, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_msgget, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mq_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct rig *r = *state;

	r->spec.shares_ipc = true;
	r->spec.filter = quiet;
	r->spec.n_filter = sizeof(quiet) / sizeof(quiet[0]);
	for (int i = 0; i < LAUNCHES; i++) {
		rig_launch(r, ARGS("reach", "shmget", "--", "reach", "semget", "--", "reach", "msgget", "--",
				      "reach", "mq_open"));
		rig_finish(r);
		r->spec.id += 1000;
	}
	RUN(r, "see");
	assert_value(r, "ns_ipc", shared(r));
	assert_int_equal(rig_count(r, "reach"), 4 * LAUNCHES);
	for (const char *p = r->output; (p = strstr(p, "reach ")); p++)
		assert_int_equal(strncmp(p, "reach EPERM\n", 12), 0);
	assert_int_equal(rig_as_child(r, run_empty), 0);
	assert_int_equal(rig_as_child(r, run_with_queue), 0);
	assert_int_equal(rig_as_child(r, run_with_memory), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_shared),
		TEST(test_by_two),
		TEST(test_elsewhere),
		TEST(test_hosts),
		TEST(test_lost),
		TEST(test_kernel),
		TEST(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
