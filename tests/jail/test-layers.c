/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Layers that other tests tell by their marks (another namespace, another number), told by what they keep
 * away: with the layer it is out of reach, without it, and with nothing else changed, it is in reach.
 * docs/LAYERS.md has each layer's tests.
 */

#include "base/capability.h"
#include "base/fd.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHARED_SIZE 4096
#define SHARED_KEY  0x6261696c /* and our pid */

/* What is the host's, to look for: a segment and a message queue, for everybody. */
struct objects {
	key_t key;
	int segment;
	const char *queue;
	bool have_queues;
};

static void make_objects(struct rig *r, struct objects *o)
{
	long fd;

	*o = (struct objects){ .key = SHARED_KEY ^ getpid(),
		.queue = rig_format(r, "bailiff-test-%d", getpid()) };
	o->segment = shmget(o->key, SHARED_SIZE, IPC_CREAT | IPC_EXCL | 0666);
	assert_true(o->segment >= 0);
	fd = syscall(SYS_mq_open, o->queue, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666, NULL);
	assert_true(fd >= 0 || errno == ENOSYS);
	o->have_queues = fd >= 0;
	(void)fd_close((int)fd);
}

static void remove_objects(const struct objects *o)
{
	assert_int_equal(shmctl(o->segment, IPC_RMID, NULL), 0);
	if (o->have_queues)
		assert_int_equal(syscall(SYS_mq_unlink, o->queue), 0);
}

static void look_for_objects(struct rig *r, const char *segment, const char *queue)
{
	struct objects o;

	make_objects(r, &o);
	RUN(r, "shm", rig_format(r, "%d", o.key), "--", "queue", o.queue);
	remove_objects(&o);
	assert_value(r, "shm", segment);
	assert_value(r, "queue", o.have_queues ? queue : "ENOSYS");
}

static void test_ipc(void **state)
{
	look_for_objects(*state, "ENOENT", "ENOENT");
}

static void test_ipc_off(void **state)
{
	struct rig *r = *state;

	r->spec.namespaces &= ~JAIL_NS_IPC;
	look_for_objects(r, "ok", "ok");
}

static void test_uts(void **state)
{
	struct rig *r = *state;
	struct utsname u;

	assert_int_equal(uname(&u), 0);
	RUN(r, "hostname", u.nodename, "--", "hostname", "jail");
	assert_string_equal(r->output, "hostname ENOENT\nhostname ok\n");
}

static void test_uts_off(void **state)
{
	struct rig *r = *state;
	struct utsname u;

	assert_int_equal(uname(&u), 0);
	r->spec.namespaces &= ~JAIL_NS_UTS;
	RUN(r, "hostname", u.nodename);
	assert_string_equal(r->output, "hostname ok\n");
}

/* A process of the payload's own user: nothing but the layer stands between. */
static pid_t start_neighbour(const struct rig *r)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		if (setresgid(r->spec.gid, r->spec.gid, r->spec.gid) < 0 ||
			setresuid(r->spec.uid, r->spec.uid, r->spec.uid) < 0)
			_exit(1);
		/* what ends the wait is the end of the pipe */
		(void)close_range(0, UINT_MAX, 0);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	(void)fd_close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 0);
	(void)fd_close(ready[0]);
	return pid;
}

static void stop_neighbour(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void signal_neighbour(struct rig *r, const char *expected)
{
	pid_t pid = start_neighbour(r);

	RUN(r, "kill", rig_format(r, "%d", pid), "--", "priority", rig_format(r, "%d", pid));
	stop_neighbour(pid);
	assert_string_equal(r->output, expected);
}

static void test_pid(void **state)
{
	signal_neighbour(*state, "kill ESRCH\npriority ESRCH\n");
}

static void test_pid_off(void **state)
{
	struct rig *r = *state;

	if (!r->cgroup)
		skip();
	r->spec.namespaces &= ~JAIL_NS_PID;
	r->spec.mount_proc = false;
	signal_neighbour(r, "kill ok\npriority ok\n");
}

static void test_cgroup(void **state)
{
	struct rig *r = *state;

	if (!r->cgroup)
		skip();
	RUN(r, "cat", "/proc/self/cgroup");
	assert_line(r, "0::/");
}

/* The name of the sandbox's group, and what lies above. */
static void test_cgroup_off(void **state)
{
	struct rig *r = *state;

	if (!r->cgroup)
		skip();
	r->spec.namespaces &= ~JAIL_NS_CGROUP;
	RUN(r, "cat", "/proc/self/cgroup");
	assert_false(rig_has_line(r, "0::/"));
	assert_non_null(strstr(r->output, rig_format(r, "/sandbox-%ju\n", (uintmax_t)r->spec.id)));
}

static void test_mount(void **state)
{
	struct rig *r = *state;
	const char *path = rig_file(r, "secret", "text", 0644);

	RUN(r, "read", path);
	assert_string_equal(r->output, "read ENOENT\n");
}

static void test_mount_off(void **state)
{
	struct rig *r = *state;
	const char *path = rig_file(r, "secret", "text", 0644);

	r->spec.namespaces &= ~JAIL_NS_MOUNT;
	r->spec.minimal_root = r->spec.private_tmp = r->spec.private_devices = r->spec.mount_proc = false;
	r->spec.n_mounts = 0;
	r->spec.executable = r->probe;
	RUN(r, "read", path);
	assert_string_equal(r->output, "read ok\n");
}

static void test_capabilities(void **state)
{
	struct rig *r = *state;

	RUN(r, "socket", "packet", "--", "caps", "ambient", "--", "caps", "bounding");
	assert_string_equal(r->output, "socket EPERM\ncaps EPERM\ncaps EPERM\n");
}

static void test_capabilities_off(void **state)
{
	struct rig *r = *state;

	r->spec.bounding = r->spec.ambient = CAPABILITY_BIT(CAP_NET_RAW);
	RUN(r, "socket", "packet", "--", "caps", "ambient", "--", "caps", "bounding");
	assert_string_equal(r->output, "socket ok\ncaps ok 1\ncaps ok 1\n");
}

static void test_rlimits(void **state)
{
	struct rig *r = *state;

	rig_limit(r, RLIMIT_NOFILE, 64, 64);
	rig_limit(r, RLIMIT_AS, 1U << 30, 1U << 30);
	RUN(r, "many-fds", "100", "--", "reserve", "2048");
	assert_string_equal(r->output, "many-fds EMFILE\nreserve ENOMEM\n");
}

static void test_rlimits_off(void **state)
{
	struct rig *r = *state;

	RUN(r, "many-fds", "100", "--", "reserve", "2048");
	assert_string_equal(r->output, "many-fds ok\nreserve ok\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ipc),
		TEST(test_ipc_off),
		TEST(test_uts),
		TEST(test_uts_off),
		TEST(test_pid),
		TEST(test_pid_off),
		TEST(test_cgroup),
		TEST(test_cgroup_off),
		TEST(test_mount),
		TEST(test_mount_off),
		TEST(test_capabilities),
		TEST(test_capabilities_off),
		TEST(test_rlimits),
		TEST(test_rlimits_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
