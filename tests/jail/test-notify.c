/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The notification socket: the payload of any jail reaches it, nobody else, and what comes with a datagram is
 * let go of. Rows J33 and P29 of the threat model. */

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/filter.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MSEC 30000

static void want_notify(struct rig *r)
{
	rig_env(r, (const char *const[]){ "NOTIFY_SOCKET=" JAIL_NOTIFY_SOCKET, NULL });
	r->spec.notify = true;
}

/* The next datagram, as text. */
static const char *take(struct rig *r)
{
	static char text[NOTICE_MAX + 1];
	struct pollfd p = { .fd = r->jail.notify_fd, .events = POLLIN };
	size_t size = 0;

	assert_int_equal(poll(&p, 1, WAIT_MSEC), 1);
	assert_int_equal(jail_look_at_notice(&r->context, &r->jail, text, &size), 1);
	if (size > 0)
		assert_int_equal(jail_drop_notice(&r->jail), 0);
	text[size] = '\0';
	return text;
}

static void assert_nothing(struct rig *r)
{
	char text[NOTICE_MAX];
	size_t size;

	assert_int_equal(jail_look_at_notice(&r->context, &r->jail, text, &size), 0);
}

static void end(struct rig *r)
{
	assert_int_equal(jail_signal(&r->jail, SIGKILL, false), 0);
	rig_finish(r);
}

static void test_says(void **state)
{
	struct rig *r = *state;

	want_notify(r);
	rig_launch(r, ARGS("say", "READY=1", "--", "say-and-end", "STATUS=two", "--", "see", "--", "write",
			      JAIL_NOTIFY_DIRECTORY "/new", "--", "unlink", JAIL_NOTIFY_SOCKET));
	assert_string_equal(take(r), "READY=1");
	assert_string_equal(take(r), "STATUS=two");
	rig_read(r, NULL);
	assert_line(r, "say ok");
	assert_line(r, "say-and-end ok");
	assert_line(r, "write EROFS");
	assert_line(r, "unlink EROFS");
	/* the socket itself is not among its descriptors */
	assert_int_equal(rig_count(r, "fd"), 3);
	assert_nothing(r);
	rig_finish(r);
	assert_int_equal(r->jail.notify_fd, -1);
}

/* One that has ended and was not reaped yet has left the cgroups of version 1. */
static void test_zombie(void **state)
{
	struct rig *r = *state;

	want_notify(r);
	rig_launch(r, ARGS("say-as-zombie", "READY=1"));
	rig_read(r, "zombie 0\n");
	assert_string_equal(take(r), "READY=1");
	rig_read(r, NULL);
	rig_finish(r);
}

static void test_without(void **state)
{
	struct rig *r = *state;

	rig_env(r, (const char *const[]){ "NOTIFY_SOCKET=" JAIL_NOTIFY_SOCKET, NULL });
	RUN(r, "say", "READY=1");
	assert_line(r, "say ENOENT");
}

/* Nothing of the filter of files, of sockets or of signals is in its way. */
static void test_landlock(void **state)
{
	struct landlock_rule rules[] = { { .access = PATH_READ_EXECUTE, .path = (char[]){ RIG_PROBE } } };
	const struct compiled_landlock landlock = {
		.restricts = RESTRICT_FILES | RESTRICT_ABSTRACT_UNIX | RESTRICT_SIGNAL,
		.rules = rules,
		.n_rules = 1,
	};
	struct rig *r = *state;

	want_notify(r);
	r->spec.landlock = &landlock;
	r->spec.optional = OPTIONAL_LANDLOCK;
	rig_launch(r, ARGS("say", "READY=1"));
	assert_string_equal(take(r), "READY=1");
	rig_read(r, NULL);
	rig_finish(r);
}

/* A directory of the host as root needs the mount point, as it needs /proc. */
static const char *make_root(struct rig *r, bool whole)
{
	static const char *const directories[] = { "proc", "dev", "tmp", "run", "run/bailiff",
		"run/bailiff/notify" };
	const char *root = rig_mkdir(r, "root", 0755);

	for (size_t i = 0; i < ELEMENTSOF(directories) - (whole ? 0 : 1); i++)
		(void)rig_mkdir(r, rig_format(r, "root/%s", directories[i]), 0755);
	(void)rig_copy(r, r->probe, "root/probe", 0755);
	return root;
}

static void test_root_directory(void **state)
{
	struct rig *r = *state;

	want_notify(r);
	r->spec.minimal_root = false;
	r->spec.n_mounts = 0;
	r->spec.root_directory = make_root(r, true);
	rig_launch(r, ARGS("say", "READY=1"));
	assert_string_equal(take(r), "READY=1");
	rig_read(r, NULL);
	rig_finish(r);
}

static void test_root_without_mount_point(void **state)
{
	struct rig *r = *state;

	want_notify(r);
	r->spec.minimal_root = false;
	r->spec.n_mounts = 0;
	r->spec.root_directory = make_root(r, false);
	rig_fail(r, STAGE_MOUNTS, -ENOENT, "mount point " JAIL_NOTIFY_DIRECTORY);
}

/* The host's tree, with a /run of the profile's. */
static void test_host_root(void **state)
{
	struct rig *r = *state;

	want_notify(r);
	r->spec.minimal_root = false;
	r->spec.n_mounts = 0;
	r->spec.executable = "/usr/bin/env";
	rig_bind(r, r->probe, "/usr/bin/env", MOUNT_READ_ONLY);
	rig_tmpfs(r, "/run", MOUNT_READ_ONLY, 0, 0755);
	rig_launch(r, ARGS("say", "READY=1"));
	assert_string_equal(take(r), "READY=1");
	rig_read(r, NULL);
	rig_finish(r);
}

static void test_no_mounts(void **state)
{
	struct rig *r = *state;

	want_notify(r);
	r->spec.namespaces &= ~(uint32_t)(JAIL_NS_MOUNT | JAIL_NS_PID);
	r->spec.minimal_root = r->spec.private_tmp = r->spec.private_devices = false;
	r->spec.n_mounts = 0;
	rig_fail(r, STAGE_MOUNTS, -EINVAL, "needs a mount namespace: option ready");
}

/* A descriptor that comes along is closed when the datagram is read, and was never ours. */
static void test_barrier(void **state)
{
	struct rig *r = *state;

	want_notify(r);
	rig_launch(r, ARGS("barrier"));
	rig_read(r, "barrier sent\n");
	assert_null(strstr(r->output, "barrier ok"));
	assert_string_equal(take(r), "BARRIER=1");
	rig_read(r, NULL);
	assert_line(r, "barrier ok");
	rig_finish(r);
}

/* The whole size that is read, what is cut at it, and the queue's end. */
static void test_bounds(void **state)
{
	struct rig *r = *state;

	want_notify(r);
	rig_launch(r, ARGS("say-much", "4096", "--", "say-much", "4097", "--", "say-much", "0"));
	assert_int_equal(strlen(take(r)), NOTICE_MAX);
	assert_string_equal(take(r), "");
	assert_string_equal(take(r), "");
	rig_read(r, NULL);
	assert_int_equal(rig_count(r, "say-much"), 3);
	rig_finish(r);
}

static void test_flood(void **state)
{
	struct rig *r = *state;
	int n;

	want_notify(r);
	rig_launch(r, ARGS("say-often"));
	rig_read(r, NULL);
	assert_int_equal(sscanf(rig_value(r, "say-often"), "ok %d", &n), 1);
	/* net.unix.max_dgram_qlen is 10, or 512 at most */
	assert_in_range(n, 1, 1024);
	for (; n > 0; n--)
		assert_string_equal(take(r), "STATUS=x");
	assert_nothing(r);
	rig_finish(r);
}

static int speak_from_outside(const struct rig *r, uid_t uid)
{
	_cleanup_close_ int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	(void)snprintf(
		name.sun_path, sizeof(name.sun_path), "/proc/%d/root" JAIL_NOTIFY_SOCKET, (int)r->jail.pid);
	if (s < 0 || setresuid(uid, uid, uid) < 0)
		return EIO;
	return sendto(s, "READY=1", 7, 0, (const struct sockaddr *)&name, sizeof(name)) == 7 ? 0 : errno;
}

static int as_child(const struct rig *r, uid_t uid)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(speak_from_outside(r, uid));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

/* Others have no way to it. Root has, by /proc, and is not believed: it has another cgroup. */
static void test_outside(void **state)
{
	struct rig *r = *state;
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	_cleanup_close_ int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (r->context.cgroup_fd < 0)
		skip();
	want_notify(r);
	rig_launch(r, ARGS("say", "STATUS=1", "--", "hang"));
	rig_read(r, "hanging\n");
	assert_string_equal(take(r), "STATUS=1");
	assert_int_equal(access(JAIL_NOTIFY_SOCKET, F_OK), -1);
	assert_int_equal(as_child(r, RIG_UID + 1), EACCES);
	assert_nothing(r);
	/* a sender that goes on living can be looked up */
	(void)snprintf(
		name.sun_path, sizeof(name.sun_path), "/proc/%d/root" JAIL_NOTIFY_SOCKET, (int)r->jail.pid);
	assert_int_equal(sendto(s, "READY=1", 7, 0, (const struct sockaddr *)&name, sizeof(name)), 7);
	assert_string_equal(take(r), "");
	end(r);
}

/* Reads it from inside a PID namespace in which the sender, on the host so to say, has no number. */
static int take_from_below(struct rig *r)
{
	char text[NOTICE_MAX];
	size_t size = 1;
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID) < 0)
		return 2;
	pid = fork();
	if (pid == 0)
		_exit(jail_look_at_notice(&r->context, &r->jail, text, &size) == 1 && size == 0 ? 0 : 3);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 4;
}

static void test_host(void **state)
{
	struct rig *r = *state;

	want_notify(r);
	rig_launch(r, ARGS("hang"));
	rig_read(r, "hanging\n");
	assert_int_equal(as_child(r, 0), 0);
	assert_int_equal(rig_as_child(r, take_from_below), 0);
	assert_nothing(r);
	end(r);
}

/* Another jail's payload has its own socket at that path, and none of the host's. */
static void test_other_jail(void **state)
{
	struct rig *r = *state;

	want_notify(r);
	RUN(r, "say-to", "/proc/1/root" JAIL_NOTIFY_SOCKET, "READY=1", "--", "say-to",
		"/proc/2/root/../.." JAIL_NOTIFY_SOCKET, "READY=1");
	assert_line(r, "say-to ENOENT");
	assert_line(r, "say-to ok"); /* its own */
}

static int run(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_says),
		TEST(test_zombie),
		TEST(test_without),
		TEST(test_landlock),
		TEST(test_root_directory),
		TEST(test_root_without_mount_point),
		TEST(test_host_root),
		TEST(test_no_mounts),
		TEST(test_barrier),
		TEST(test_bounds),
		TEST(test_flood),
		TEST(test_outside),
		TEST(test_host),
		TEST(test_other_jail),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
