/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The tree that a payload lives in: binds, tmpfs, links, the host's root. Rows J4, J12, J27 to J29, R12 of
 * the threat model. Runs in a mount namespace of its own, so that it may mount things to be bound. */

#include "base/fd.h"
#include "base/io.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXCHANGES 60 /* launches against somebody who exchanges names */

static void test_read_only_bind(void **state)
{
	struct rig *r = *state;
	const char *directory = rig_mkdir(r, "data", 01777);

	rig_file(r, "data/file", "content\n", 0666);
	rig_bind(r, directory, "/data", MOUNT_READ_ONLY);
	RUN(r, "cat", "/data/file", "--", "write", "/data/file", "--", "mkdir", "/data/new", "--", "remount",
		"/data");
	assert_line(r, "content");
	assert_value(r, "write", "EROFS");
	assert_value(r, "mkdir", "EROFS");
	assert_value(r, "remount", "EPERM");
}

static void test_writable_bind(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_mkdir(r, "data", 01777), "/deep/down/data", 0);
	RUN(r, "write", "/deep/down/data/file", "--", "mkdir", "/deep/new", "--", "mkdir", "/new");
	assert_value(r, "write", "ok");
	assert_value(r, "mkdir", "EROFS");
}

static void test_file_bind(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_file(r, "file", "one\n", 0444), "/etc/app/config", MOUNT_READ_ONLY);
	RUN(r, "cat", "/etc/app/config", "--", "list", "/etc/app");
	assert_line(r, "one");
	assert_value(r, "entry", "config");
}

/* In their order: what is mounted over a directory hides what was mounted in it, and what comes after is
 * mounted in what lies on top. */
static void test_over_each_other(void **state)
{
	struct rig *r = *state;
	const char *one = rig_file(r, "one", "one\n", 0444);

	rig_bind(r, one, "/m/below", MOUNT_READ_ONLY);
	rig_bind(r, one, "/m/sub/below", MOUNT_READ_ONLY);
	rig_tmpfs(r, "/m", 0, 0, 0755);
	rig_bind(r, one, "/m/above", MOUNT_READ_ONLY);
	rig_bind(r, one, "/m/sub/above", MOUNT_READ_ONLY);
	rig_bind(r, rig_mkdir(r, "empty", 0755), "/m/sub", MOUNT_READ_ONLY);
	rig_bind(r, one, "/m/last", MOUNT_READ_ONLY);
	RUN(r, "list", "/m", "--", "list", "/m/sub", "--", "cat", "/m/last", "--", "open", "/m/below", "--",
		"open", "/m/sub/above");
	assert_int_equal(rig_count(r, "entry"), 3);
	assert_line(r, "entry above");
	assert_line(r, "entry sub");
	assert_line(r, "entry last");
	assert_line(r, "one");
	assert_value(r, "open", "ENOENT");
}

/* A mount point can not be made in what is the host's, nor where a link to there stands. */
static void test_point_on_host(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_mkdir(r, "data", 01777), "/data", 0);
	rig_bind(r, rig_file(r, "file", "one\n", 0444), "/data/point", MOUNT_READ_ONLY);
	rig_fail(r, STAGE_MOUNTS, -ENOENT, "mount point /data/point");
	assert_int_equal(access(rig_format(r, "%s/data/point", r->directory), F_OK), -1);
}

/* What is mounted below a source comes along, with the same flags, or does not. */
static void test_recursion(void **state)
{
	struct rig *r = *state;
	const char *directory = rig_mkdir(r, "data", 0755), *sub = rig_mkdir(r, "data/sub", 0755);

	assert_int_equal(mount("tmpfs", sub, "tmpfs", 0, "mode=1777"), 0);
	rig_file(r, "data/sub/file", "below\n", 0666);
	rig_bind(r, directory, "/with", MOUNT_READ_ONLY);
	rig_bind(r, directory, "/without", MOUNT_READ_ONLY | MOUNT_NON_RECURSIVE);
	RUN(r, "cat", "/with/sub/file", "--", "write", "/with/sub/file", "--", "open", "/without/sub/file");
	assert_int_equal(umount2(sub, MNT_DETACH), 0);
	assert_line(r, "below");
	assert_value(r, "write", "EROFS");
	assert_value(r, "open", "ENOENT");
}

static void test_tmpfs(void **state)
{
	struct rig *r = *state;

	rig_tmpfs(r, "/var", 0, 65536, 01777);
	rig_tmpfs(r, "/sealed", MOUNT_READ_ONLY, 0, 01777);
	/* mount points in a tmpfs of the profile's, also in one that is read-only in the end */
	rig_bind(r, rig_file(r, "file", "x\n", 0444), "/sealed/deep/file", MOUNT_READ_ONLY);
	rig_bind(r, rig_mkdir(r, "data", 0755), "/var/lib/data", MOUNT_READ_ONLY);
	RUN(r, "write", "/var/file", "--", "stat", "/var", "--", "cat", "/sealed/deep/file", "--", "mkdir",
		"/sealed/new", "--", "list", "/var/lib");
	assert_value(r, "write", "ok");
	assert_value(r, "stat_mode", "41777");
	assert_value(r, "mkdir", "EROFS");
	assert_value(r, "entry", "data");
	assert_line(r, "x");
}

static void test_optional_source(void **state)
{
	struct rig *r = *state;

	rig_bind(r, "/no-such-place", "/data", MOUNT_OPTIONAL);
	RUN(r, "open", "/data");
	assert_value(r, "open", "ENOENT");
}

/* As /var/run on every system: an absolute link of root's, in a directory of root's. */
static void test_link_of_root(void **state)
{
	struct rig *r = *state;
	const char *real = rig_mkdir(r, "real", 0755), *link = rig_format(r, "%s/link", r->directory);

	rig_file(r, "real/file", "real\n", 0444);
	assert_int_equal(symlink(real, link), 0);
	rig_bind(r, rig_format(r, "%s/file", link), "/data", MOUNT_READ_ONLY);
	RUN(r, "cat", "/data");
	assert_line(r, "real");
}

/* A payload that replaced its directory by a link to somebody else's does not get that one the next time. */
static void test_link_of_payload(void **state)
{
	struct rig *r = *state;
	const char *home = rig_mkdir(r, "home", 0755), *link = rig_format(r, "%s/data", home);

	assert_int_equal(chown(home, RIG_UID, RIG_GID), 0);
	assert_int_equal(symlink("/etc", link), 0);
	assert_int_equal(lchown(link, RIG_UID, RIG_GID), 0);
	rig_bind(r, link, "/data", 0);
	rig_fail(r, STAGE_MOUNTS, -ELOOP, link);
}

/* /bin is a link inside, as on the host: a target through it is where it points to. */
static void test_target_through_link(void **state)
{
	struct rig *r = *state;
	struct stat st;

	if (lstat("/sbin", &st) < 0 || !S_ISLNK(st.st_mode))
		skip();
	rig_tmpfs(r, "/sbin", 0, 0, 0755);
	RUN(r, "list", "/usr/sbin", "--", "open", "/bin/true");
	assert_int_equal(rig_count(r, "entry"), 0);
	assert_value(r, "open", "ok");
}

static void test_system_is_mirrored(void **state)
{
	struct rig *r = *state;

	r->spec.executable = "/bin/true"; /* dynamic: takes the loader, its cache and the libraries */
	RUN(r, "ignored");
	assert_int_equal(r->status.si_code, 1 /* CLD_EXITED */);
	assert_int_equal(r->status.si_status, 0);
}

static void test_private_tmp(void **state)
{
	struct rig *r = *state;

	RUN(r, "list", "/tmp", "--", "write", "/tmp/file", "--", "stat", "/tmp", "--", "write",
		"/dev/shm/file");
	assert_int_equal(rig_count(r, "entry"), 0);
	assert_value(r, "write", "ok");
	assert_value(r, "stat_mode", "41777");
}

static void test_no_private_tmp(void **state)
{
	struct rig *r = *state;

	r->spec.private_tmp = false;
	RUN(r, "open", "/tmp");
	assert_value(r, "open", "ENOENT");
}

static void test_no_proc(void **state)
{
	struct rig *r = *state;

	r->spec.mount_proc = false;
	RUN(r, "see");
	assert_false(rig_has_line(r, "root proc"));
}

/* A procfs without a PID namespace would be the launcher's. */
static void test_no_proc_without_pid_namespace(void **state)
{
	struct rig *r = *state;

	if (!r->cgroup)
		skip();
	r->spec.namespaces &= ~JAIL_NS_PID;
	RUN(r, "see");
	assert_false(rig_has_line(r, "root proc"));
}

static void test_devices(void **state)
{
	struct rig *r = *state;

	RUN(r, "write", "/dev/null", "--", "write", "/dev/full", "--", "write", "/dev/new", "--", "open",
		"/dev/zero", "rw", "--", "chmod", "/dev/null", "0600", "--", "open", "/dev/ptmx", "--",
		"mknod", "/dev/shm/mem");
	assert_true(strncmp(r->output, "write ok\nwrite ENOSPC\nwrite EROFS\n", 34) == 0);
	assert_value(r, "open", "ok");
	assert_value(r, "chmod", "EROFS");
	assert_line(r, "open ENOENT");
	assert_value(r, "mknod", "EPERM");
}

/* A node that somebody with CAP_MKNOD made is still none: nodev. */
static void test_node_in_bind(void **state)
{
	struct rig *r = *state;
	const char *directory = rig_mkdir(r, "data", 0755);

	assert_int_equal(mknod(rig_format(r, "%s/null", directory), S_IFCHR | 0666, 0x103), 0);
	assert_int_equal(chmod(rig_format(r, "%s/null", directory), 0666), 0);
	rig_bind(r, directory, "/data", 0);
	RUN(r, "open", "/data/null", "rw");
	assert_value(r, "open", "EACCES");
}

static void test_hosts_devices(void **state)
{
	struct rig *r = *state;

	r->spec.private_devices = false;
	RUN(r, "open", "/dev/null", "rw", "--", "stat", "/dev/ptmx");
	assert_value(r, "open", "ok");
	assert_value(r, "stat", "ok");
}

/* No minimal root: the host's tree, but not its /tmp, /dev, /proc, and nothing with set-user-ID or devices.
 */
static void test_hosts_root(void **state)
{
	struct rig *r = *state;

	r->spec.minimal_root = false;
	r->spec.n_mounts = 0;
	r->spec.executable = "/usr/bin/env";
	r->spec.mounts = r->mounts;
	/* the probe must be somewhere that is not covered */
	rig_bind(r, r->probe, "/usr/bin/env", MOUNT_READ_ONLY);
	rig_bind(r, rig_mkdir(r, "data", 0755), "/mnt", 0);
	rig_restrict(r, RESTRICTION_READ_ONLY, "/sys", true);
	rig_restrict(r, RESTRICTION_READ_ONLY, "/sys/fs/cgroup", true);
	RUN(r, "see", "--", "open", r->directory, "--", "mkdir", "/sys/new", "--", "open", "/etc/shadow",
		"--", "unshare", "user");
	assert_value(r, "unshare", "EPERM");
	assert_line(r, "root etc");
	assert_line(r, "root var");
	assert_line(r, "proc 2");
	assert_false(rig_has_line(r, "proc 1"));
	assert_false(rig_has_line(r, "dev ptmx"));
	assert_line(r, "open ENOENT");
	assert_line(r, "open EACCES");
	for (const char *line = r->output; (line = strstr(line, "\nmount ")); line++) {
		char point[512], flags[256];

		assert_int_equal(sscanf(line, "\nmount %*s %*s %*s %*s %511s %255s", point, flags), 2);
		assert_non_null(strstr(flags, "nosuid"));
		if (strncmp(point, "/dev/", 5) != 0)
			assert_non_null(strstr(flags, "nodev"));
		if (strncmp(point, "/sys", 4) == 0 && strstr(flags, "noexec"))
			assert_true(strncmp(flags, "ro", 2) == 0);
	}
}

static void test_hosts_root_missing_target(void **state)
{
	struct rig *r = *state;

	r->spec.minimal_root = false; /* and /probe does not exist on the host */
	rig_fail(r, STAGE_MOUNTS, -ENOENT, RIG_PROBE);
	assert_int_equal(access(RIG_PROBE, F_OK), -1);
}

/* "/" as a source must not take the new root along, which lies over it. */
static void test_bind_of_root(void **state)
{
	struct rig *r = *state;

	rig_bind(r, "/", "/host", MOUNT_READ_ONLY);
	RUN(r, "open", "/host/etc/passwd", "--", "open", "/host/probe");
	assert_value(r, "open", "ok");
	assert_line(r, "open ENOENT");
}

static void test_target_root(void **state)
{
	struct rig *r = *state;

	rig_tmpfs(r, "/", 0, 0, 0755);
	rig_fail(r, STAGE_MOUNTS, -EINVAL, "/");
}

static bool payload_sees(struct rig *r, const char *text)
{
	_cleanup_close_ int fd = open(rig_format(r, "/proc/%d/mountinfo", r->jail.pid), O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *data = NULL;
	size_t size;

	assert_true(fd >= 0);
	assert_int_equal(read_fd_to_end(fd, 1024 * 1024, &data, &size), 0);
	return strstr(data, text) != NULL;
}

/* Everything that is in the jail's mount namespace, seen from its own root, which is not the payload's: the
 * base, the payload's tree in it, and nothing of the host, whatever was needed in between. */
static void expect_base(struct rig *r)
{
	_cleanup_close_ int ns = -1;
	int status;
	pid_t pid;

	rig_launch(r, ARGS("await-signal"));
	rig_read(r, "waiting");
	ns = open(rig_format(r, "/proc/%d/ns/mnt", r->jail.pid), O_RDONLY | O_CLOEXEC);
	assert_true(ns >= 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (setns(ns, CLONE_NEWNS) < 0 || access("/root", F_OK) < 0 || access("/etc", F_OK) == 0)
			_exit(1);
		_exit(mkdir("/new", 0755) == 0 || errno != EROFS);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	jail_kill(&r->jail);
	rig_finish(r);
	assert_int_equal(status, 0);
}

static void test_old_root(void **state)
{
	expect_base(*state);
}

static void test_old_root_of_restricted(void **state)
{
	struct rig *r = *state;

	rig_restrict(r, RESTRICTION_READ_ONLY, "/", false);
	rig_restrict(r, RESTRICTION_NO_EXEC, "/tmp", false);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/dev/null", false);
	expect_base(r);
}

static void test_old_root_of_host(void **state)
{
	struct rig *r = *state;

	r->spec.minimal_root = false;
	r->spec.n_mounts = 0;
	r->spec.executable = "/usr/bin/env";
	rig_bind(r, r->probe, "/usr/bin/env", MOUNT_READ_ONLY);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/etc", false);
	expect_base(r);
}

/* What the host mounts later does not get in, not even below a source. */
static void test_no_propagation(void **state)
{
	struct rig *r = *state;
	const char *directory = rig_mkdir(r, "data", 0755), *sub = rig_mkdir(r, "data/sub", 0755);

	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL), 0);
	rig_bind(r, directory, "/data", 0);
	assert_int_equal(START(r, "await-signal"), 0);
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), 1);
	assert_true(payload_sees(r, " /data "));
	assert_int_equal(mount("tmpfs", sub, "tmpfs", 0, NULL), 0);
	assert_false(payload_sees(r, " /data/sub "));
	assert_int_equal(umount2(sub, MNT_DETACH), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	jail_kill(&r->jail);
	rig_finish(r);
}

/* The attacker: owns the directory, and exchanges what stands in it as fast as it can. */
static noreturn void exchange(const char *home)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || close_range(0, UINT_MAX, 0) < 0 ||
		setresgid(RIG_GID, RIG_GID, RIG_GID) < 0 || setresuid(RIG_UID, RIG_UID, RIG_UID) < 0 ||
		chdir(home) < 0)
		_exit(1);
	for (;;)
		if (renameat2(AT_FDCWD, "data", AT_FDCWD, "link", RENAME_EXCHANGE) < 0)
			_exit(2);
}

/* One launch: it sees the attacker's own directory, or there is no launch. */
static void launch_once(struct rig *r)
{
	int out[2], result;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	(void)fd_close(r->output_fd);
	(void)fd_close(r->output_end);
	r->output_fd = out[0];
	r->output_end = out[1];
	r->spec.fds[1].source = r->spec.fds[2].source = out[1];
	if (r->output)
		r->output[0] = '\0';
	r->spec.id++;
	result = START(r, "open", "/target/passwd", "--", "open", "/target/mine");
	assert_true(result >= 0);
	(void)jail_go(&r->jail, &r->spec);
	result = rig_report(r);
	if (result < 0) {
		assert_int_equal(r->error.stage, STAGE_MOUNTS);
		if (result != -ELOOP && result != -ENOENT)
			fail_msg("%s: %s", r->error.object, strerror(-result));
		jail_done(&r->context, &r->jail);
		return;
	}
	rig_read(r, NULL);
	rig_finish(r);
	assert_string_equal(r->output, "open ENOENT\nopen ok\n");
}

static void test_exchanged_source(void **state)
{
	struct rig *r = *state;
	const char *home = rig_mkdir(r, "home", 0755);
	const char *data = rig_mkdir(r, "home/data", 0755);
	pid_t pid;

	(void)rig_file(r, "home/data/mine", "x\n", 0644);
	assert_int_equal(symlink("/etc", rig_format(r, "%s/link", home)), 0);
	assert_int_equal(lchown(rig_format(r, "%s/link", home), RIG_UID, RIG_GID), 0);
	assert_int_equal(chown(data, RIG_UID, RIG_GID), 0);
	assert_int_equal(chown(home, RIG_UID, RIG_GID), 0);
	rig_bind(r, data, "/target", 0);
	pid = fork();
	if (pid == 0)
		exchange(home);
	for (unsigned i = 0; i < EXCHANGES; i++)
		launch_once(r);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_read_only_bind),
		TEST(test_writable_bind),
		TEST(test_file_bind),
		TEST(test_over_each_other),
		TEST(test_point_on_host),
		TEST(test_recursion),
		TEST(test_tmpfs),
		TEST(test_optional_source),
		TEST(test_link_of_root),
		TEST(test_link_of_payload),
		TEST(test_target_through_link),
		TEST(test_system_is_mirrored),
		TEST(test_private_tmp),
		TEST(test_no_private_tmp),
		TEST(test_no_proc),
		TEST(test_no_proc_without_pid_namespace),
		TEST(test_devices),
		TEST(test_node_in_bind),
		TEST(test_hosts_devices),
		TEST(test_hosts_root),
		TEST(test_hosts_root_missing_target),
		TEST(test_bind_of_root),
		TEST(test_target_root),
		TEST(test_old_root),
		TEST(test_old_root_of_restricted),
		TEST(test_old_root_of_host),
		TEST(test_no_propagation),
		TEST(test_exchanged_source),
	};

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
