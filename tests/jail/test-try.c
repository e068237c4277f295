/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a payload can not do, with nothing but the jail around it: no filter in these, so that it is the jail
 * that refuses. Rows J3, J5, J6, J12, J18, J32 to J35 of the threat model. */

#include "base/fd.h"
#include "base/filter.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

static void test_privileged_calls(void **state)
{
	static const char *const refused[] = { "mount", "umount", "remount", "pivot_root", "chroot", "mknod",
		"setuid", "setgroups", "sethostname", "settimeofday", "kill" };
	struct rig *r = *state;

	RUN(r, "mount", "--", "umount", "/usr", "--", "remount", "/", "--", "pivot_root", "--", "chroot", "/",
		"--", "mknod", "/tmp/mem", "--", "setuid", "0", "--", "setgroups", "--", "sethostname", "--",
		"settimeofday", "--", "kill", "1", "9");
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_value(r, refused[i], "EPERM");
}

static void test_namespaces(void **state)
{
	struct rig *r = *state;

	RUN(r, "unshare", "mnt", "--", "unshare", "pid", "--", "unshare", "net", "--", "unshare", "ipc", "--",
		"unshare", "uts", "--", "unshare", "cgroup");
	assert_int_equal(rig_count(r, "unshare"), 6);
	assert_null(strstr(r->output, "ok"));
}

/* For these it takes no capability, and no filter stands in the way. */
static void test_user_namespaces(void **state)
{
	struct rig *r = *state;

	RUN(r, "unshare", "user", "--", "clone-user", "--", "clone3-user");
	assert_value(r, "unshare", "EPERM");
	assert_value(r, "clone-user", "EPERM");
	assert_value(r, "clone3-user", "EPERM");
}

static void test_read_only_everywhere(void **state)
{
	struct rig *r = *state;

	RUN(r, "write", "/usr/bin/new", "--", "write", "/new", "--", "write", "/etc/new", "--", "write",
		"/dev/new", "--", "unlink", "/bin", "--", "symlink", "/tmp", "/dev/tty");
	assert_true(strncmp(r->output, "write EROFS\nwrite EROFS\nwrite EROFS\nwrite EROFS\n", 48) == 0);
	assert_value(r, "unlink", "EROFS");
	assert_value(r, "symlink", "EROFS");
}

/* And with uid 0: it is no more than any other, without capabilities. */
static void test_root_without_capabilities(void **state)
{
	struct rig *r = *state;

	r->spec.uid = r->spec.gid = 0;
	RUN(r, "write", "/usr/bin/new", "--", "mount", "--", "mknod", "/tmp/mem", "--", "chroot", "/", "--",
		"setuid", "1", "--", "open", "/proc/sys/kernel/core_pattern", "w", "--", "open",
		"/proc/sysrq-trigger", "w");
	assert_value(r, "write", "EROFS");
	assert_value(r, "mount", "EPERM");
	assert_value(r, "mknod", "EPERM");
	assert_value(r, "chroot", "EPERM");
	assert_value(r, "setuid", "EPERM");
	assert_value(r, "open", "ENOENT");
	assert_false(rig_has_line(r, "open ok"));
}

/* ".." of the root is the root, however often, and a directory fd from outside leads nowhere else than
 * itself. */
static void test_dot_dot(void **state)
{
	struct rig *r = *state;

	RUN(r, "chdir", "../../../../..", "--", "see", "--", "open", "../../etc/shadow", "--", "open",
		"/old_root");
	assert_value(r, "chdir", "ok");
	assert_value(r, "cwd", "/");
	assert_false(rig_has_line(r, "root home"));
	assert_value(r, "open", "ENOENT");
}

static void test_other_processes(void **state)
{
	struct rig *r = *state;

	/* everybody that it sees is itself, and init, which is another's */
	RUN(r, "kill", "-1", "0", "--", "kill", rig_format(r, "%d", getpid()), "--", "ptrace", "1", "--",
		"vm-read", "1");
	assert_true(strncmp(r->output, "kill E", 6) == 0);
	assert_line(r, "kill ESRCH");
	assert_false(rig_has_line(r, "ptrace ok"));
	assert_false(rig_has_line(r, "vm-read ok"));
}

/* A terminal as standard input: nothing can be typed into it, and it can not become the controlling one of
 * others. */
static void test_terminal(void **state)
{
	struct rig *r = *state;
	int pty = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), tty;
	char name[64];

	if (pty < 0)
		skip();
	assert_int_equal(unlockpt(pty), 0);
	assert_int_equal(ptsname_r(pty, name, sizeof(name)), 0);
	tty = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(tty >= 0);
	r->spec.fds[0].source = tty;
	RUN(r, "tiocsti", "--", "tiocsti", "high", "--", "tioclinux", "--", "see");
	assert_value(r, "tty", "ENOENT");
	assert_value(r, "sid", "2");
	assert_int_equal(rig_count(r, "tiocsti"), 2);
	assert_false(rig_has_line(r, "tiocsti ok"));
	assert_false(rig_has_line(r, "tioclinux ok"));
	fd_close(tty);
	fd_close(pty);
}

/* A copy of the probe that would run as root, were it not for nosuid and no_new_privs. */
static void test_set_user_id(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_copy(r, r->probe, "suid", 06755), "/suid", MOUNT_READ_ONLY);
	RUN(r, "exec", "/suid", "see");
	assert_value(r, "uid", "54321 54321 54321 54321");
	assert_value(r, "gid", "54322 54322 54322 54322");
	assert_value(r, "cap_permitted", "0000000000000000");
}

static void test_file_capabilities(void **state)
{
	static const struct vfs_cap_data all = { .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data = { { .permitted = 0xffffffff }, { .permitted = 0x1ff } } };
	struct rig *r = *state;
	const char *path = rig_copy(r, r->probe, "capable", 0755);

	assert_int_equal(setxattr(path, "security.capability", &all, sizeof(all), 0), 0);
	rig_bind(r, path, "/capable", MOUNT_READ_ONLY);
	r->spec.bounding = UINT64_C(1) << CAP_NET_RAW;
	RUN(r, "exec", "/capable", "see");
	assert_value(r, "cap_permitted", "0000000000000000");
	assert_value(r, "cap_effective", "0000000000000000");
	assert_value(r, "cap_bounding", "0000000000002000");
}

static void test_keyring(void **state)
{
	struct rig *r = *state;
	long ours, key;

	ours = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	if (ours < 0 && errno == ENOSYS)
		skip();
	key = syscall(SYS_add_key, "user", "bailiff-test-key", "x", 1, KEY_SPEC_SESSION_KEYRING);
	assert_true(key > 0);
	RUN(r, "see", "--", "find-key", "bailiff-test-key", "--", "keyctl", "another", "--", "find-key",
		"another");
	assert_string_not_equal(rig_value(r, "session_keyring"), rig_format(r, "%ld", ours));
	assert_value(r, "find-key", "ENOKEY");
	assert_value(r, "keyctl", "ok"); /* its own it may use */
}

/* Abstract sockets belong to the network namespace, those with a path are not in the root. */
static void test_sockets_of_the_host(void **state)
{
	struct rig *r = *state;
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *name = rig_format(r, "bailiff-test-%d", getpid());

	memcpy(a.sun_path + 1, name, strlen(name));
	assert_int_equal(bind(fd, (struct sockaddr *)&a,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))),
		0);
	assert_int_equal(listen(fd, 1), 0);
	RUN(r, "connect", rig_format(r, "@%s", name), "--", "connect", "/run/dbus/system_bus_socket");
	assert_value(r, "connect", "ECONNREFUSED");
	assert_line(r, "connect ENOENT");
	fd_close(fd);
}

static void test_process_limit(void **state)
{
	struct rig *r = *state;

	/* counted per uid in the whole system: one that no other test has */
	r->spec.uid = 60000 + (uid_t)getpid() % 5000;
	rig_limit(r, RLIMIT_NPROC, 10, 10);
	rig_launch(r, ARGS("forks", "200"));
	/* its children keep the pipe open until they are killed with it */
	rig_read(r, "forks ok");
	rig_finish(r);
	assert_non_null(strstr(r->output, "then EAGAIN"));
}

static void test_limits_stay(void **state)
{
	struct rig *r = *state;

	rig_limit(r, RLIMIT_NOFILE, 64, 64);
	RUN(r, "setrlimit", rig_format(r, "%d", RLIMIT_NOFILE), "128", "--", "nice", "-5");
	assert_value(r, "setrlimit", "EPERM");
	assert_value(r, "nice", "EACCES");
}

/* The filter is there, and is the profile's. */
static void test_filter(void **state)
{
	const struct filter_rule rules[] = { FILTER_DENY(socket, EAFNOSUPPORT), FILTER_DENY(bpf, ENOSYS),
		FILTER_DENY(io_uring_setup, ENOSYS) };
	struct rig *r = *state;
	_cleanup_free_ struct sock_filter *f = NULL;

	assert_int_equal(filter_build(rules, ELEMENTSOF(rules), FILTER_PERMIT, &f, &r->spec.n_filter), 0);
	r->spec.filter = f;
	RUN(r, "see", "--", "socket", "unix", "--", "bpf", "--", "io_uring");
	assert_value(r, "seccomp", "2");
	assert_value(r, "socket", "EAFNOSUPPORT");
	assert_value(r, "bpf", "ENOSYS");
	assert_value(r, "io_uring", "ENOSYS");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_privileged_calls),
		TEST(test_namespaces),
		TEST(test_user_namespaces),
		TEST(test_read_only_everywhere),
		TEST(test_root_without_capabilities),
		TEST(test_dot_dot),
		TEST(test_other_processes),
		TEST(test_terminal),
		TEST(test_set_user_id),
		TEST(test_file_capabilities),
		TEST(test_keyring),
		TEST(test_sockets_of_the_host),
		TEST(test_process_limit),
		TEST(test_limits_stay),
		TEST(test_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
