/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Descriptors that are more than a number: with locks, leases and seals, of files that change while they are
 * passed, and a socket that holds itself. Each arrives as it was, and is let go of. And one that comes back.
 */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NUMBER     3 /* in the sandbox */
#define LAUNCHES   10
#define FILE_SIZE  (1 << 20)
#define LOOK_USEC  50000
#define GONE_LOOKS 600
#define ALL_SEALS  (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static const char profile[] = "[Access]\nAllowUser=man\n[Exec]\nExecutable=/"
			      "probe\nMaxFileDescriptors=1\nStandardOutput=inherit\nStandardError=inherit\n"
			      "[Filesystem]\nMinimalRoot=yes\nBindReadOnlyPaths=%s/tests/jail/probe:/probe\n";

static int set_up(void **state)
{
	g_autofree char *text = NULL;

	if (rig_setup(state) != 0)
		return -1;
	text = g_strdup_printf(profile, g_getenv("BAILIFF_BUILD_ROOT"));
	rig_write(*state, "profiles/odd.profile", text);
	rig_reload(*state);
	return 0;
}

/* The program in the sandbox finds this very file under the number. */
static void pass(GDBusConnection *c, int fd)
{
	static const char *const argv[] = { "/probe", "see", NULL };
	struct rig_launch l = { .profile = "odd", .argv = argv, .n_fds = 1, .options = rig_options_piped() };
	g_autofree char *output = NULL, *result = NULL, *line = NULL;
	struct rig_sandbox s;
	struct stat st;

	assert_return_code(fstat(fd, &st), errno);
	line = g_strdup_printf("fd %d %ju:%ju ", NUMBER, (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	l.fds[0] = NUMBER;
	l.fds[1] = fd;
	rig_launch(c, &l, &s);
	output = rig_read_all(s.stream[1], NULL);
	result = rig_wait(c, &s, NULL, NULL);
	assert_string_equal(result, "success");
	if (!strstr(output, line))
		fail_msg("no \"%s\" in %s", line, output);
	rig_sandbox_done(&s);
}

static int scratch_file(struct rig *rig, int flags, char **ret_path)
{
	int fd;

	*ret_path = g_build_filename(rig->dir, "odd", NULL);
	fd = open(*ret_path, O_CREAT | O_CLOEXEC | flags, 0600);
	assert_return_code(fd, errno);
	return fd;
}

/* F14. To open the file again would break the lease. */
static void test_locks_and_seals(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	int sealed = memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING), fd, other;
	g_autofree char *path = NULL;

	assert_return_code(fcntl(sealed, F_ADD_SEALS, ALL_SEALS), errno);
	pass(c, sealed);
	assert_int_equal(fcntl(sealed, F_GET_SEALS), ALL_SEALS);
	fd = scratch_file(rig, O_RDWR | O_APPEND, &path);
	assert_return_code(fcntl(fd, F_SETLEASE, F_WRLCK), errno);
	pass(c, fd);
	assert_int_equal(fcntl(fd, F_GETLEASE), F_WRLCK);
	assert_return_code(fcntl(fd, F_SETLEASE, F_UNLCK), errno);
	assert_return_code(flock(fd, LOCK_EX), errno);
	assert_return_code(lseek(fd, 7, SEEK_SET), errno);
	pass(c, fd);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 7);
	assert_int_equal(fcntl(fd, F_GETFL) & (O_APPEND | O_ACCMODE | O_NONBLOCK), O_APPEND | O_RDWR);
	other = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	(void)close(other);
	(void)close(fd);
	(void)close(sealed);
	assert_return_code(unlink(path), errno);
	rig_disconnect(rig, c);
}

struct change {
	int fd;
	gint end;
};

static gpointer change_size(gpointer data)
{
	struct change *change = data;

	while (!g_atomic_int_get(&change->end)) {
		assert_return_code(ftruncate(change->fd, 0), errno);
		assert_return_code(ftruncate(change->fd, FILE_SIZE), errno);
		g_usleep(100);
	}
	return NULL;
}

/* F15. */
static void test_file_changes_meanwhile(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	pid_t broker = rig_pid(rig, RIG_BROKER), launcher = rig_pid(rig, RIG_LAUNCHER);
	struct change change = { .fd = memfd_create("changes", MFD_CLOEXEC) };
	GThread *thread = g_thread_new("change", change_size, &change);

	for (int i = 0; i < LAUNCHES; i++)
		pass(c, change.fd);
	g_atomic_int_set(&change.end, 1);
	(void)g_thread_join(thread);
	(void)close(change.fd);
	assert_int_equal(rig_pid(rig, RIG_BROKER), broker);
	assert_int_equal(rig_pid(rig, RIG_LAUNCHER), launcher);
	rig_disconnect(rig, c);
}

static const char held[] = "not for the broker";

/* F13: to open or to read any of these would wait, or take what is in it. */
static void test_nothing_is_read(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *path = g_build_filename(rig->dir, "fifo", NULL);
	int fifo, pair[2], left;
	char got[sizeof(held)];

	assert_return_code(mkfifo(path, 0600), errno);
	fifo = open(path, O_RDWR | O_CLOEXEC); /* both ends: it never ends, and blocks when it is empty */
	assert_return_code(fifo, errno);
	pass(c, fifo);
	assert_int_equal(write(fifo, held, sizeof(held)), sizeof(held));
	pass(c, fifo);
	assert_int_equal(read(fifo, got, sizeof(got)), sizeof(held));
	assert_memory_equal(got, held, sizeof(held));
	(void)close(fifo);
	fifo = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* nobody writes */
	assert_return_code(fifo, errno);
	pass(c, fifo);
	(void)close(fifo);
	assert_return_code(unlink(path), errno);
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), errno);
	assert_int_equal(write(pair[1], held, sizeof(held)), sizeof(held));
	pass(c, pair[0]);
	assert_return_code(ioctl(pair[0], FIONREAD, &left), errno);
	assert_int_equal(left, sizeof(held));
	(void)close(pair[0]);
	(void)close(pair[1]);
	rig_disconnect(rig, c);
}

/* Sends a descriptor into the queue of a socket. */
static void send_fd(int socket, int fd)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr head;
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS } };
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	const struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space) };

	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	assert_int_equal(sendmsg(socket, &m, 0), 1);
}

static bool socket_exists(ino_t inode)
{
	g_autofree char *text = NULL, *word = g_strdup_printf(" %ju", (uintmax_t)inode);
	g_auto(GStrv) lines = NULL;
	bool found = false;

	assert_true(g_file_get_contents("/proc/net/unix", &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++)
		found = found || g_str_has_suffix(g_strchomp(*line), word);
	return found;
}

/* F18: nobody but its own queue holds it in the end, and the kernel frees it; so it would not if one of the
 * daemon's processes kept it. */
static void test_socket_holds_itself(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	int pair[2], tries = 0;
	struct stat st;

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), errno);
	assert_return_code(fstat(pair[0], &st), errno);
	send_fd(pair[1], pair[0]);
	assert_true(socket_exists(st.st_ino));
	pass(c, pair[0]);
	(void)close(pair[1]);
	(void)close(pair[0]);
	while (socket_exists(st.st_ino)) {
		assert_true(++tries < GONE_LOOKS);
		/* the kernel looks for such sockets when some socket of the kind is closed */
		(void)close(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
		g_usleep(LOOK_USEC);
	}
	rig_disconnect(rig, c);
}

/* What the kernel says to a process of this user that tries to use the pidfd of another's program. */
static int try_pidfd(uid_t uid, int pidfd)
{
	siginfo_t info;

	if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
		return 1;
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) == 0 || errno != EPERM)
		return 2;
	if (syscall(SYS_pidfd_getfd, pidfd, 0, 0) >= 0 || errno != EPERM)
		return 3;
	if (setns(pidfd, CLONE_NEWNS | CLONE_NEWPID) == 0 || errno != EPERM)
		return 4;
	return waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) == 0 || errno != ECHILD ? 5 : 0;
}

/* F17: the pidfd tells of the end, and is no right to anything. */
static void test_pidfd(void **state)
{
	static const char *const argv[] = { "/usr/bin/sleep", "1000", NULL };
	struct rig_launch l = { .profile = "tool", .argv = argv };
	GDBusConnection *c = rig_connect(*state, RIG_ALICE);
	g_autofree char *result = NULL;
	struct rig_sandbox s;
	struct pollfd end;
	int status;
	pid_t pid;

	rig_launch(c, &l, &s);
	end = (struct pollfd){ .fd = s.pidfd, .events = POLLIN };
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0)
		_exit(try_pidfd(RIG_ALICE, s.pidfd));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(poll(&end, 1, 0), 0);
	g_variant_unref(rig_call_ok(c, s.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0)));
	assert_int_equal(poll(&end, 1, RIG_TIMEOUT_MS), 1);
	result = rig_wait(c, &s, NULL, NULL);
	rig_sandbox_done(&s);
	rig_disconnect(*state, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_locks_and_seals),
		rig_test(test_file_changes_meanwhile),
		rig_test(test_nothing_is_read),
		rig_test(test_socket_holds_itself),
		rig_test(test_pidfd),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, set_up, rig_teardown);
}
