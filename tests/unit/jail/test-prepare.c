/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the launcher finds out before there is a process: prepare_x() for good and bad specs, reports, names.
 */

#include "base/fd.h"
#include "base/io.h"
#include "jail/report.h"
#include "jail/steps.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

static void test_stage_names(void **state)
{
	for (int i = STAGE_NAMESPACES; i < _STAGE_MAX; i++)
		assert_true(jail_stage_to_string((enum jail_stage)i)[0] >= 'A');
	assert_string_equal(jail_stage_to_string(STAGE_NONE), "");
	assert_string_equal(jail_stage_to_string(_STAGE_MAX), "");
	assert_string_equal(jail_stage_to_string((enum jail_stage) - 1), "");
	assert_string_equal(jail_stage_to_string(STAGE_SELINUX), "SELinux");
}

static void test_fail_texts(void **state)
{
	struct jail_error e;
	char text[2 * JAIL_OBJECT_MAX];

	assert_int_equal(jail_fail(&e, STAGE_MOUNTS, -ENOENT, "source", "/a"), -ENOENT);
	assert_string_equal(e.object, "source /a");
	assert_int_equal(e.stage, STAGE_MOUNTS);
	assert_int_equal(jail_fail_number(&e, STAGE_IDS, -EINVAL, "uid", UINT64_MAX), -EINVAL);
	assert_string_equal(e.object, "uid 18446744073709551615");
	(void)jail_fail_number(&e, STAGE_IDS, -EINVAL, "", 0);
	assert_string_equal(e.object, "0");
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	(void)jail_fail(&e, STAGE_EXEC, -EINVAL, text, text);
	assert_int_equal(strlen(e.object), JAIL_OBJECT_MAX - 1);
	(void)jail_fail(&e, STAGE_EXEC, -EINVAL, "", text);
	assert_int_equal(strlen(e.object), JAIL_OBJECT_MAX - 1);
}

static void test_namespaces(void **state)
{
	struct jail_context c = JAIL_CONTEXT_NULL;
	struct jail_spec s = { .namespaces = JAIL_NS_PID | JAIL_NS_NET, .hostname = "h" };
	struct namespace_plan p;
	struct jail_error e;

	assert_int_equal(prepare_namespaces(&c, &s, &p, &e), 0);
	/* nor CLONE_NEWNET: the payload makes it, if there is none in stock */
	assert_int_equal(p.clone_flags, 0);
	assert_true(p.pid && !p.uts && !p.cgroup);
	s.namespaces = JAIL_NS_DEFAULT;
	assert_int_equal(prepare_namespaces(&c, &s, &p, &e), 0);
	/* not CLONE_NEWPID and CLONE_NEWCGROUP: those come otherwise */
	assert_int_equal(p.clone_flags, CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS);
	s.hostname = NULL;
	assert_int_equal(prepare_namespaces(&c, &s, &p, &e), 0);
	assert_string_equal(p.hostname, "localhost");
	s.hostname = "0123456789012345678901234567890123456789012345678901234567890123x";
	assert_int_equal(prepare_namespaces(&c, &s, &p, &e), -ENAMETOOLONG);
	assert_int_equal(e.stage, STAGE_NAMESPACES);
	s = (struct jail_spec){ .namespaces = _JAIL_NS_ALL + 1 };
	assert_int_equal(prepare_namespaces(&c, &s, &p, &e), -EINVAL);
	s.namespaces = JAIL_NS_MOUNT;
	assert_int_equal(prepare_namespaces(&c, &s, &p, &e), -EOPNOTSUPP);
	assert_int_equal(e.stage, STAGE_CGROUP);
	c.cgroup_fd = 0;
	assert_int_equal(prepare_namespaces(&c, &s, &p, &e), 0);
	s.run_as_init = true;
	assert_int_equal(prepare_namespaces(&c, &s, &p, &e), -EINVAL);
	s.namespaces |= JAIL_NS_PID;
	assert_int_equal(prepare_namespaces(&c, &s, &p, &e), 0);
	assert_true(p.run_as_init);
}

/* What clone3(2) says is put into words by a /proc as that of a kernel that lacks the kind. */
static void test_namespaces_failed(void **state)
{
	char empty[] = "/tmp/bailiff-proc-XXXXXX";
	const struct namespace_plan p = { .clone_flags = CLONE_NEWIPC | CLONE_NEWTIME };
	struct jail_context c = JAIL_CONTEXT_NULL;
	struct jail_error e;

	assert_non_null(mkdtemp(empty));
	c.proc_fd = open(empty, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(rmdir(empty), 0);
	assert_int_equal(namespaces_failed(&c, &p, -EINVAL, &e), -EOPNOTSUPP);
	assert_string_equal(e.object, "PrivateIPC=: this kernel has no IPC namespaces");
	assert_int_equal(namespaces_failed(&c, &p, -ENOSPC, &e), -ENOSPC);
	assert_string_equal(e.object, "clone");
	assert_int_equal(close(c.proc_fd), 0);
	c.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(namespaces_failed(&c, &p, -EINVAL, &e), -EINVAL);
	assert_int_equal(e.stage, STAGE_NAMESPACES);
	assert_string_equal(e.object, "clone");
	assert_int_equal(close(c.proc_fd), 0);
}

static void test_users(void **state)
{
	char empty[] = "/tmp/bailiff-proc-XXXXXX";
	struct jail_context c = JAIL_CONTEXT_NULL;
	struct jail_spec s = { .namespaces = JAIL_NS_DEFAULT, .uid = 1000, .gid = 1000 };
	struct users_plan p;
	struct jail_error e;

	assert_int_equal(prepare_users(&c, &s, &p, &e), 0);
	assert_false(p.wanted);
	c.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	s.namespaces |= JAIL_NS_USER;
	assert_int_equal(prepare_users(&c, &s, &p, &e), 0);
	assert_true(p.wanted);
	s.gid = 0;
	assert_int_equal(prepare_users(&c, &s, &p, &e), -EINVAL);
	s.gid = 1000;
	s.ambient = 1;
	assert_int_equal(prepare_users(&c, &s, &p, &e), -EINVAL);
	assert_int_equal(close(c.proc_fd), 0);
	/* a /proc as that of a kernel without user namespaces */
	assert_non_null(mkdtemp(empty));
	c.proc_fd = open(empty, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(rmdir(empty), 0);
	assert_int_equal(prepare_users(&c, &s, &p, &e), -EOPNOTSUPP);
	assert_int_equal(e.stage, STAGE_NAMESPACES);
	assert_string_equal(e.object, "PrivateUsers=: this kernel has no user namespaces");
	assert_int_equal(close(c.proc_fd), 0);
}

static void test_ids(void **state)
{
	gid_t groups[] = { 5, (gid_t)-1 };
	struct jail_spec s = { .uid = 0x80000000, .gid = 0xfffffffd, .groups = groups, .n_groups = 1 };
	struct jail_error e;

	assert_int_equal(prepare_ids(&s, &e), 0);
	s.n_groups = 2;
	assert_int_equal(prepare_ids(&s, &e), -EINVAL);
	s.n_groups = GROUPS_MAX + 1;
	assert_int_equal(prepare_ids(&s, &e), -EINVAL);
	s = (struct jail_spec){ .uid = (uid_t)-1 };
	assert_int_equal(prepare_ids(&s, &e), -EINVAL);
	s = (struct jail_spec){ .gid = (gid_t)-1 };
	assert_int_equal(prepare_ids(&s, &e), -EINVAL);
	assert_int_equal(e.stage, STAGE_IDS);
	assert_string_equal(e.object, "gid 4294967295");
}

static void test_caps(void **state)
{
	struct jail_spec s = { .bounding = 0, .ambient = 1 << CAP_KILL };
	struct jail_error e;

	assert_int_equal(prepare_caps(&s, &e), -EINVAL);
	assert_non_null(strstr(e.object, "CAP_KILL"));
	s = (struct jail_spec){ .bounding = UINT64_C(1) << 63 };
	assert_int_equal(prepare_caps(&s, &e), -EPERM);
	assert_int_equal(e.stage, STAGE_CAPABILITIES);
	s = (struct jail_spec){ .secure_bits = 1U << 31 };
	assert_int_equal(prepare_caps(&s, &e), -EINVAL);
	s = (struct jail_spec){ 0 };
	assert_int_equal(prepare_caps(&s, &e), 0);
}

static void test_limits(void **state)
{
	struct compiled_limit limits[] = { { RLIMIT_NOFILE, 10, 20 }, { RLIMIT_CORE, 0, UINT64_MAX } };
	struct jail_spec s = { .limits = limits, .n_limits = 2 };
	struct limit_plan p;
	struct jail_error e;

	assert_int_equal(prepare_limits(&s, &p, &e), 0);
	assert_true(p.asked[RLIMIT_NOFILE] && p.limits[RLIMIT_NOFILE].rlim_max == 20);
	assert_true(p.asked[RLIMIT_CORE] && p.limits[RLIMIT_CORE].rlim_max == RLIM_INFINITY);
	assert_false(p.asked[RLIMIT_CPU]);
	limits[0].soft = 21;
	assert_int_equal(prepare_limits(&s, &p, &e), -EINVAL);
	assert_non_null(strstr(e.object, "LimitNOFILE"));
	limits[0] = (struct compiled_limit){ RLIM_NLIMITS, 1, 1 };
	assert_int_equal(prepare_limits(&s, &p, &e), -EINVAL);
	assert_int_equal(e.stage, STAGE_RLIMITS);
}

static const struct mount_item *find_item(const struct mount_plan *p, const char *target)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->items[i].target, target) == 0)
			return &p->items[i];
	return NULL;
}

static void test_mounts(void **state)
{
	char source[] = "/src", target[] = "/dst", root[] = "/", none[] = "";
	struct compiled_mount mounts[] = { { MOUNT_BIND, MOUNT_NON_RECURSIVE | MOUNT_NO_EXEC, source,
						   target },
		{ MOUNT_TMPFS, MOUNT_READ_ONLY | MOUNT_PERCENT, none, source, 40, 01777, 4096 } };
	struct jail_spec s = { .namespaces = JAIL_NS_MOUNT | JAIL_NS_PID,
		.minimal_root = true,
		.mount_proc = true,
		.mounts = mounts,
		.n_mounts = 2 };
	const struct jail_context c = JAIL_CONTEXT_NULL;
	struct mount_plan p;
	struct jail_error e;

	assert_int_equal(prepare_mounts(&c, &s, &p, &e), 0);
	assert_non_null(find_item(&p, "/proc"));
	assert_null(find_item(&p, "/tmp"));
	assert_int_equal(
		find_item(&p, "/usr")->attributes, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	assert_false(find_item(&p, "/dst")->recursive);
	assert_int_equal(
		find_item(&p, "/dst")->attributes, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	/* sealed, so that mount points can be made in it first */
	assert_true(find_item(&p, "/src")->seal);
	assert_string_equal(find_item(&p, "/src")->mode, "1777");
	assert_string_equal(find_item(&p, "/src")->size, "40%");
	assert_string_equal(find_item(&p, "/src")->inodes, "4096");
	mount_plan_done(&p);

	s.namespaces = JAIL_NS_MOUNT;
	assert_int_equal(prepare_mounts(&c, &s, &p, &e), 0);
	assert_null(find_item(&p, "/proc"));
	mount_plan_done(&p);

	mounts[1].target = root;
	assert_int_equal(prepare_mounts(&c, &s, &p, &e), -EINVAL);
	s.namespaces = JAIL_NS_PID;
	assert_int_equal(prepare_mounts(&c, &s, &p, &e), -EINVAL);
	assert_non_null(strstr(e.object, "MinimalRoot"));
	s = (struct jail_spec){ .namespaces = JAIL_NS_PID, .mount_proc = true };
	assert_int_equal(prepare_mounts(&c, &s, &p, &e), 0);
	assert_false(p.wanted);
	mount_plan_done(&p);
}

struct pipe_rig {
	struct jail jail;
	int write_fd;
	struct jail_error error;
};

static struct pipe_rig open_pipe(void)
{
	struct pipe_rig p = { .jail = JAIL_NULL };
	int fds[2];
	char go;

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	p.jail.report_fd = fds[0];
	p.write_fd = fds[1];
	/* the child's end of the go-pipe was closed, and nothing sent over it */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	p.jail.go_fd = fds[0];
	assert_int_equal(jail_go(&p.jail, NULL), 0);
	assert_int_equal(read(fds[1], &go, 1), 1);
	fd_close(fds[1]);
	assert_int_equal(report_make(&p.jail, false), 0);
	return p;
}

static void test_report_success(void **state)
{
	struct pipe_rig p = open_pipe();

	assert_int_equal(jail_read_report(&p.jail, &p.error), 0);
	assert_int_equal(report_built(p.write_fd), 0);
	assert_int_equal(jail_read_report(&p.jail, &p.error), 0);
	assert_true(p.jail.built);
	fd_close(p.write_fd);
	assert_int_equal(jail_read_report(&p.jail, &p.error), 1);
	assert_int_equal(p.jail.report_fd, -1);
	assert_int_equal(jail_read_report(&p.jail, &p.error), -EBADF);
}

/* The go was there already: "built" woke nobody up. */
static void test_report_built_by_memory(void **state)
{
	struct pipe_rig p = open_pipe();

	report_ready(&p.jail.last_word[REPORT_PAYLOAD]);
	assert_int_equal(jail_read_report(&p.jail, &p.error), 0);
	fd_close(p.write_fd);
	assert_int_equal(jail_read_report(&p.jail, &p.error), 1);
	p = open_pipe();
	report_ready(&p.jail.last_word[REPORT_PAYLOAD]);
	p.jail.went = false;
	fd_close(p.write_fd);
	assert_int_equal(jail_read_report(&p.jail, &p.error), -ECHILD);
	fd_close(p.jail.go_fd);
	p = open_pipe();
	report_ready(&p.jail.last_word[REPORT_INIT]); /* is not the payload's word */
	fd_close(p.write_fd);
	assert_int_equal(jail_read_report(&p.jail, &p.error), -ECHILD);
	fd_close(p.jail.go_fd);
}

static void test_report_failure(void **state)
{
	struct pipe_rig p = open_pipe();
	struct jail_error e;

	(void)jail_fail(&e, STAGE_MOUNTS, -ENOENT, "source", "/x");
	report_failure(p.write_fd, p.jail.last_word, &e);
	fd_close(p.write_fd);
	assert_int_equal(jail_read_report(&p.jail, &p.error), -ENOENT);
	assert_int_equal(p.error.stage, STAGE_MOUNTS);
	assert_string_equal(p.error.object, "source /x");
}

/* The pipe could not be written to, but the shared page could. */
static void test_report_by_memory(void **state)
{
	struct pipe_rig p = open_pipe();
	struct jail_error e;

	assert_int_equal(report_built(p.write_fd), 0);
	(void)jail_fail(&e, STAGE_EXEC, -EACCES, "/x", "");
	report_failure(-1, p.jail.last_word, &e);
	fd_close(p.write_fd);
	assert_int_equal(jail_read_report(&p.jail, &p.error), -EACCES);
	assert_int_equal(p.error.stage, STAGE_EXEC);
}

/* No exec can have happened before "built", nor before the go. */
static void test_report_silence(void **state)
{
	struct pipe_rig p = open_pipe();

	fd_close(p.write_fd);
	assert_int_equal(jail_read_report(&p.jail, &p.error), -ECHILD);
	fd_close(p.jail.go_fd);
	p = open_pipe();
	p.jail.went = false;
	assert_int_equal(report_built(p.write_fd), 0);
	fd_close(p.write_fd);
	assert_int_equal(jail_read_report(&p.jail, &p.error), -ECHILD);
	fd_close(p.jail.go_fd);
}

static void test_report_nonsense(void **state)
{
	const struct report wrong[] = { { .stage = _STAGE_MAX, .error = -1 }, { .stage = -1, .error = -1 },
		{ .stage = STAGE_EXEC, .error = 0 }, { .stage = STAGE_EXEC, .error = 5 },
		{ .stage = STAGE_EXEC, .error = INT32_MIN } };
	struct pipe_rig p;

	for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
		p = open_pipe();
		assert_int_equal(write_full(p.write_fd, &wrong[i], sizeof(wrong[i])), 0);
		assert_int_equal(jail_read_report(&p.jail, &p.error), -EBADMSG);
		fd_close(p.write_fd);
	}
	p = open_pipe();
	assert_int_equal(write_full(p.write_fd, "short", 5), 0);
	assert_int_equal(jail_read_report(&p.jail, &p.error), -EBADMSG);
	fd_close(p.write_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stage_names),
		cmocka_unit_test(test_fail_texts),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_namespaces_failed),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_report_success),
		cmocka_unit_test(test_report_built_by_memory),
		cmocka_unit_test(test_report_failure),
		cmocka_unit_test(test_report_by_memory),
		cmocka_unit_test(test_report_silence),
		cmocka_unit_test(test_report_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
