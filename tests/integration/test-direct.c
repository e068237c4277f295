/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The socket beside the bus, where it differs from one: who is believed, what is bounded, what ends with a
 * connection or a broker. The other tests run over it as well.
 */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const forever[] = { "/usr/bin/sleep", "1000", NULL };

static int raw_connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_return_code(fd, errno);
	assert_true(g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) < sizeof(address.sun_path));
	assert_return_code(connect(fd, (struct sockaddr *)&address, sizeof(address)), errno);
	return fd;
}

static int raw_connect(struct rig *rig, uid_t uid)
{
	g_autofree char *path = g_build_filename(rig->dir, "run", "broker", NULL);
	int fd;

	assert_return_code(seteuid(uid), errno);
	fd = raw_connect_to(path);
	assert_return_code(seteuid(0), errno);
	return fd;
}

/* Waits for a line, or for the end: "". Free. */
static char *raw_line(int fd)
{
	GString *s = g_string_new(NULL);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c;

	while (poll(&p, 1, RIG_TIMEOUT_MS) == 1 && read(fd, &c, 1) == 1) {
		g_string_append_c(s, c);
		if (c == '\n')
			break;
	}
	return g_string_free(s, FALSE);
}

static void raw_say(int fd, const char *data, size_t size)
{
	assert_int_equal(send(fd, data, size, MSG_NOSIGNAL), size);
}
#define SAY(fd, text) raw_say(fd, text, sizeof(text) - 1)

static bool raw_ended(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c;

	return poll(&p, 1, RIG_TIMEOUT_MS) == 1 && read(fd, &c, 1) <= 0;
}

/* Authenticated, at the point where messages begin. */
static int raw_ready(struct rig *rig, uid_t uid)
{
	int fd = raw_connect(rig, uid);
	g_autofree char *data = NULL, *ok = NULL, *agree = NULL;

	SAY(fd, "\0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n");
	data = raw_line(fd);
	ok = raw_line(fd);
	agree = raw_line(fd);
	assert_string_equal(data, "DATA\r\n");
	assert_true(g_str_has_prefix(ok, "OK "));
	assert_string_equal(agree, "AGREE_UNIX_FD\r\n");
	return fd;
}

static void test_socket_is_public(void **state)
{
	struct rig *rig = *state;
	g_autofree char *path = g_build_filename(rig->dir, "run", "broker", NULL);
	struct stat st;

	assert_return_code(lstat(path, &st), errno);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0666);
	assert_int_equal(st.st_uid, 0);
}

/* A: what a client says of itself may agree with the kernel, and nothing else. */
static void test_identity_can_not_be_claimed(void **state)
{
	static const char *const wrong[] = {
		"\0AUTH EXTERNAL 30\r\n",   /* "0" */
		"\0AUTH EXTERNAL 37\r\n",   /* "7" */
		"\0AUTH EXTERNAL 2d31\r\n", /* "-1" */
		"\0AUTH EXTERNAL 3\r\n",    /* half a byte */
		"\0AUTH EXTERNAL 363a\r\n", /* "6:" */
		"\0AUTH ANONYMOUS\r\n",
		"\0AUTH DBUS_COOKIE_SHA1 36\r\n",
		"\0AUTH\r\n",
		"\0AUTH EXTERNAL 36363636363636363636363636\r\n",
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		int fd = raw_connect(rig, RIG_ALICE);
		g_autofree char *line = NULL;

		raw_say(fd, wrong[i], 1 + strlen(wrong[i] + 1));
		line = raw_line(fd);
		assert_string_equal(line, "REJECTED EXTERNAL\r\n");
		/* and BEGIN does not help */
		SAY(fd, "BEGIN\r\n");
		assert_true(raw_ended(fd));
		(void)close(fd);
	}
}

static void test_bad_greetings(void **state)
{
	struct rig *rig = *state;
	g_autofree char *endless = g_strnfill(5000, 'A'), *many = NULL;
	GString *lines = g_string_new(NULL);
	int fd;

	fd = raw_connect(rig, RIG_ALICE);
	SAY(fd, "GET / HTTP/1.0\r\n\r\n");
	assert_true(raw_ended(fd));
	(void)close(fd);
	fd = raw_connect(rig, RIG_ALICE);
	SAY(fd, "\0");
	raw_say(fd, endless, 5000);
	assert_true(raw_ended(fd));
	(void)close(fd);
	fd = raw_connect(rig, RIG_ALICE);
	for (int i = 0; i < 64; i++)
		g_string_append(lines, "NEGOTIATE_UNIX_FD\r\n");
	many = g_string_free(lines, FALSE);
	SAY(fd, "\0");
	raw_say(fd, many, strlen(many));
	for (;;) {
		g_autofree char *line = raw_line(fd);

		if (!*line)
			break;
		assert_string_equal(line, "ERROR\r\n");
	}
	(void)close(fd);
	rig_wait_ready(rig);
}

static bool is_asleep(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid), *text = NULL;
	const char *behind_name;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	behind_name = strrchr(text, ')');
	assert_non_null(behind_name);
	return behind_name[2] == 'S';
}

/* Who sends half a line and waits keeps the broker from nothing, sleep included; the rest is heard then. */
static void test_half_a_line(void **state)
{
	struct rig *rig = *state;
	pid_t broker = rig_pid(rig, RIG_BROKER);
	int fd = raw_connect(rig, RIG_ALICE), n_asleep = 0;
	g_autofree char *line = NULL;

	SAY(fd, "\0AUTH EXTER");
	rig_wait_ready(rig);
	g_usleep(100000);
	for (int i = 0; i < 100; i++) {
		n_asleep += is_asleep(broker);
		g_usleep(5000);
	}
	assert_true(n_asleep > 20);
	SAY(fd, "NAL 36\r");
	g_usleep(10000);
	SAY(fd, "\n");
	line = raw_line(fd);
	assert_true(g_str_has_prefix(line, "OK "));
	(void)close(fd);
	/* one that leaves in the middle of a line is forgotten */
	fd = raw_connect(rig, RIG_ALICE);
	SAY(fd, "\0AUTH");
	(void)close(fd);
	rig_wait_ready(rig);
}

/* A sender that a message states is not looked at: on a bus it would be overwritten. */
static void test_forged_sender(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *alice = rig_connect(rig, RIG_ALICE), *bob = rig_connect(rig, RIG_BOB);
	struct rig_launch l = { .profile = "tool", .argv = forever };
	static const char *const senders[] = { ":direct.1", ":direct.2", ":1.1", "org.freedesktop.DBus" };
	struct rig_sandbox s;

	rig_launch(alice, &l, &s);
	for (size_t i = 0; i < G_N_ELEMENTS(senders) + 1; i++) {
		const char *name =
			i < G_N_ELEMENTS(senders) ? senders[i] : g_dbus_connection_get_unique_name(alice);
		g_autoptr(GDBusMessage) m =
			g_dbus_message_new_method_call(RIG_NAME, s.path, RIG_SANDBOX, "Stop");
		g_autoptr(GDBusMessage) reply = NULL;
		g_autoptr(GError) error = NULL;

		g_dbus_message_set_sender(m, name);
		g_dbus_message_set_body(m, g_variant_new("(t)", (guint64)0));
		reply = g_dbus_connection_send_message_with_reply_sync(
			bob, m, G_DBUS_SEND_MESSAGE_FLAGS_NONE, RIG_TIMEOUT_MS, NULL, NULL, &error);
		assert_non_null(reply);
		assert_string_equal(g_dbus_message_get_error_name(reply), RIG_ERROR("NoSuchSandbox"));
	}
	assert_int_equal(kill(s.pid, 0), 0);
	rig_disconnect(rig, alice);
	rig_wait_jailed(rig, 0);
	rig_sandbox_done(&s);
	rig_disconnect(rig, bob);
}

/* Who has not said that it takes descriptors gets none: the launch fails, as its answer has some. */
static void test_without_fds(void **state)
{
	g_autoptr(GDBusMessage) m =
		g_dbus_message_new_method_call(RIG_NAME, RIG_PATH, RIG_MANAGER, "LaunchSandboxed");
	char control[CMSG_SPACE(16 * sizeof(int))], got[8192];
	struct rig *rig = *state;
	int fd = raw_connect(rig, RIG_ALICE);
	g_autofree guchar *blob = NULL;
	ssize_t n;
	gsize size;

	SAY(fd, "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n");
	g_dbus_message_set_serial(m, 7);
	g_dbus_message_set_body(m, g_variant_new("(s^asa{ss}a{uh}a{sv})", "tool", forever, NULL, NULL, NULL));
	blob = g_dbus_message_to_blob(m, &size, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
	assert_non_null(blob);
	raw_say(fd, (const char *)blob, size);
	do {
		struct iovec iov = { got, sizeof(got) };
		struct msghdr h = { .msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control) };

		n = recvmsg(fd, &h, 0);
		assert_true(n > 0);
		assert_int_equal(h.msg_controllen, 0);
	} while (!memmem(got, (size_t)n, RIG_ERROR("Failed"), strlen(RIG_ERROR("Failed"))));
	rig_wait_jailed(rig, 0);
	(void)close(fd);
}

/* A2: the groups at connect count, in both directions. */
static void test_groups_at_connect(void **state)
{
	static const char *const argv[] = { "/usr/bin/sleep", "0", NULL };
	struct rig_launch l = { .profile = "strict", .argv = argv };
	struct rig *rig = *state;
	gid_t lp = RIG_BOB;
	GDBusConnection *c;
	struct rig_sandbox s;

	/* rig_connect() sets gid and uid alike: lp is Bob's primary group */
	c = rig_connect(rig, RIG_BOB);
	assert_return_code(setgroups(0, NULL), errno);
	rig_launch(c, &l, &s);
	rig_finish(c, &s);
	rig_disconnect(rig, c);
	c = rig_connect(rig, 65534);
	assert_return_code(setgroups(1, &lp), errno);
	rig_launch_fails(c, &l, RIG_ERROR("AccessDenied"), NULL);
	assert_return_code(setgroups(0, NULL), errno);
	rig_disconnect(rig, c);
}

/* Q9: a user holds open what is not authenticated, and every other user is served; so is a newer one of the
 * same user, as the oldest makes room. */
static void test_unauthenticated_are_bounded(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c;
	int fds[80], n_ended = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
		fds[i] = raw_connect(rig, RIG_ALICE);
	c = rig_connect(rig, RIG_BOB);
	rig_disconnect(rig, c);
	c = rig_connect(rig, RIG_ALICE);
	rig_disconnect(rig, c);
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
		struct pollfd p = { .fd = fds[i], .events = POLLIN };

		n_ended += poll(&p, 1, 0);
	}
	assert_true(n_ended >= 64);
	/* and the last are given up when they say nothing */
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
		assert_true(raw_ended(fds[i]));
		(void)close(fds[i]);
	}
}

/* Q1: one more is ended without having been listened to. One that says nothing would end, too, in time. */
static void test_connections_are_bounded(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c;
	int fds[64];

	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
		fds[i] = raw_ready(rig, RIG_ALICE);
	for (int i = 0; i < 3; i++) {
		int more = raw_connect(rig, RIG_ALICE);
		g_autofree char *line = NULL;

		(void)!send(more, "\0AUTH EXTERNAL\r\n", 16, MSG_NOSIGNAL);
		line = raw_line(more);
		assert_string_equal(line, "");
		assert_true(raw_ended(more));
		(void)close(more);
	}
	c = rig_connect(rig, RIG_BOB);
	rig_disconnect(rig, c);
	(void)close(fds[0]);
	for (size_t i = 1; i < G_N_ELEMENTS(fds); i++)
		(void)close(fds[i]);
	for (int i = 0; i < RIG_TIMEOUT_MS / 50; i++) {
		int again = raw_connect(rig, RIG_ALICE);
		g_autofree char *line = NULL;

		(void)!send(again, "\0AUTH EXTERNAL\r\n", 16, MSG_NOSIGNAL);
		line = raw_line(again);
		(void)close(again);
		if (strcmp(line, "DATA\r\n") == 0)
			return;
		g_usleep(50000);
	}
	fail_msg("connections that ended still count");
}

/* Heads that announce what nobody may send, and what is no D-Bus at all. */
static void test_bad_messages(void **state)
{
	static const char heads[][16] = {
		"l\1\0\1\0\0\0\x40\1\0\0\0\0\0\0\0", /* 1 GiB of body */
		"l\1\0\1\0\0\0\0\1\0\0\0\0\0\0\x40", /* of fields */
		"l\1\0\1\xff\xff\xff\xff\1\0\0\0\xff\xff\xff", "B\1\0\1\x40\0\0\0\0\0\0\1\0\0\0\x10",
		"l\1\0\2\0\0\0\0\1\0\0\0\x8\0\0\0",                                    /* of version 2 */
		"x\1\0\1\0\0\0\0\1\0\0\0\x8\0\0\0", "l\1\0\1\0\0\0\0\1\0\0\0\0\0\0\0", /* without a field */
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(heads); i++) {
		int fd = raw_ready(rig, RIG_ALICE);

		raw_say(fd, heads[i], sizeof(heads[i]));
		assert_true(raw_ended(fd));
		(void)close(fd);
	}
	rig_wait_ready(rig);
}

/* Half a message with descriptors in it is the sender's own burden: it loses the connections that go too far.
 */
static void test_held_fds_are_bounded(void **state)
{
	struct rig *rig = *state;
	int fds[8], null_fd = open("/dev/null", O_RDWR | O_CLOEXEC), n_ended = 0;
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(200 * sizeof(int))];
	} control = { 0 };
	char byte = 'l';
	struct iovec iov = { &byte, 1 };
	struct msghdr h = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(200 * sizeof(int));
	for (size_t i = 0; i < 200; i++)
		memcpy(CMSG_DATA(&control.head) + i * sizeof(int), &null_fd, sizeof(int));
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
		fds[i] = raw_ready(rig, RIG_ALICE);
		assert_int_equal(sendmsg(fds[i], &h, MSG_NOSIGNAL), 1);
	}
	rig_wait_ready(rig);
	for (int i = 0; i < RIG_TIMEOUT_MS / 20 && n_ended < 6; i++) {
		n_ended = 0;
		for (size_t k = 0; k < G_N_ELEMENTS(fds); k++) {
			struct pollfd p = { .fd = fds[k], .events = POLLIN };

			n_ended += poll(&p, 1, 0);
		}
		g_usleep(20000);
	}
	assert_int_equal(n_ended, 6);
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
		(void)close(fds[i]);
	(void)close(null_fd);
}

/* Q4: a client that asks and asks and never reads is not read either; everybody else is served. */
static void test_slow_reader(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *bob = rig_connect(rig, RIG_BOB);
	g_autoptr(GDBusMessage) m = g_dbus_message_new_method_call(
		RIG_NAME, RIG_PATH, "org.freedesktop.DBus.Introspectable", "Introspect");
	size_t before = rig_resident(rig_pid(rig, RIG_BROKER)), size, n = 0;
	g_autofree guchar *blob = NULL;
	int fd = raw_ready(rig, RIG_ALICE);

	g_dbus_message_set_serial(m, 7);
	blob = g_dbus_message_to_blob(m, &size, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
	assert_non_null(blob);
	assert_return_code(fcntl(fd, F_SETFL, O_NONBLOCK), errno);
	/* until it takes no more for a second */
	for (struct pollfd p = { .fd = fd, .events = POLLOUT }; n < 200000 && poll(&p, 1, 1000) == 1; n++)
		if (send(fd, blob, size, MSG_NOSIGNAL) < (ssize_t)size)
			break;
	assert_true(n < 200000);
	for (int i = 0; i < 20; i++) {
		g_variant_unref(rig_call_ok(bob, RIG_PATH, "org.freedesktop.DBus.Peer", "Ping", NULL));
	}
	assert_true(rig_resident(rig_pid(rig, RIG_BROKER)) < before + 16 * 1024 * 1024);
	(void)close(fd);
	rig_disconnect(rig, bob);
}

/* Without room for one more descriptor nobody new is served, who is connected is, and it passes. */
static void test_out_of_fds(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	pid_t broker = rig_pid(rig, RIG_BROKER);
	struct rig_launch l = { .profile = "tool", .argv = forever };
	struct rig_sandbox s;
	int waiting, fds[12];

	rig_launch(c, &l, &s);
	rig_limit_fds(broker, 32);
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
		fds[i] = raw_connect(rig, RIG_BOB);
	waiting = raw_connect(rig, 0);
	for (int i = 0; i < 10; i++) {
		g_variant_unref(rig_call_ok(c, RIG_PATH, "org.freedesktop.DBus.Peer", "Ping", NULL));
	}
	rig_limit_fds(broker, 1024);
	SAY(waiting, "\0AUTH EXTERNAL 30\r\n");
	{
		g_autofree char *line = raw_line(waiting);

		assert_true(g_str_has_prefix(line, "OK "));
	}
	assert_int_equal(rig_pid(rig, RIG_BROKER), broker);
	assert_int_equal(kill(s.pid, 0), 0);
	(void)close(waiting);
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
		(void)close(fds[i]);
	rig_disconnect(rig, c);
	rig_wait_jailed(rig, 0);
	rig_sandbox_done(&s);
}

static bool pidfd_ended(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, RIG_TIMEOUT_MS) == 1;
}

/* Connections end with the broker. What has a lifeline lives on and can be controlled again; what has none
 * ends, as nobody could tell whether its client is still there. */
static void test_broker_killed(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox held, bound;
	struct rig_launch l = { .profile = "tool", .argv = forever };
	GVariantBuilder options;
	g_autofree char *result = NULL;
	int p[2], sig;

	assert_return_code(pipe2(p, O_CLOEXEC), errno);
	rig_launch(c, &l, &bound);
	{
		g_autoptr(GUnixFDList) list = g_unix_fd_list_new();
		g_autoptr(GUnixFDList) out = NULL;
		g_autoptr(GVariant) reply = NULL;
		g_autoptr(GError) error = NULL;
		gint32 handle;

		g_variant_builder_init(&options, G_VARIANT_TYPE("a{sv}"));
		g_variant_builder_add(&options, "{sv}", "lifeline",
			g_variant_new_handle(g_unix_fd_list_append(list, p[0], NULL)));
		reply = rig_call(c, RIG_PATH, RIG_MANAGER, "LaunchSandboxed",
			g_variant_new("(s^asa{ss}a{uh}a{sv})", "tool", forever, NULL, NULL, &options), list,
			&out, &error);
		if (!reply)
			fail_msg("%s", error->message);
		held = (struct rig_sandbox){ .pidfd = -1, .stream = { -1, -1, -1 } };
		g_variant_get(reply, "(oha{uh}@a{sv})", &held.path, &handle, NULL, &held.info);
		held.pidfd = g_unix_fd_list_get(out, handle, NULL);
		assert_true(g_variant_lookup(held.info, "pid", "u", &held.pid));
	}
	rig_kill_and_wait(rig, RIG_BROKER);
	rig_disconnect(rig, c);
	assert_true(pidfd_ended(bound.pidfd));
	assert_int_equal(kill(held.pid, 0), 0);
	c = rig_connect(rig, RIG_ALICE);
	(void)close(p[1]);
	result = rig_wait(c, &held, NULL, &sig);
	assert_string_equal(result, "client-gone");
	rig_wait_jailed(rig, 0);
	(void)close(p[0]);
	rig_sandbox_done(&held);
	rig_sandbox_done(&bound);
	rig_disconnect(rig, c);
}

/* In a root of nothing but the socket: no bus, no /proc, no file. */
static int in_container(const char *dir)
{
	static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/broker" };
	char answer[256] = "";
	size_t have = 0;
	ssize_t n;
	int fd;

	if (chdir(dir) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
		chdir("/") < 0)
		return 2;
	if (setgroups(0, NULL) < 0 || setresgid(RIG_ALICE, RIG_ALICE, RIG_ALICE) < 0 ||
		setresuid(RIG_ALICE, RIG_ALICE, RIG_ALICE) < 0)
		return 3;
	if (access("/proc", F_OK) == 0 || access("/run", F_OK) == 0)
		return 4;
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return 5;
	if (write(fd, hello, sizeof(hello) - 1) != sizeof(hello) - 1)
		return 6;
	while (have < sizeof(answer) - 1 && (n = read(fd, answer + have, sizeof(answer) - 1 - have)) > 0) {
		have += (size_t)n;
		if (strncmp(answer, "DATA\r\nOK ", 9) == 0 && answer[have - 1] == '\n')
			return 0;
	}
	return 7;
}

static void test_container(void **state)
{
	struct rig *rig = *state;
	g_autofree char *socket_path = g_build_filename(rig->dir, "run", "broker", NULL);
	g_autofree char *root = g_build_filename(rig->dir, "container", NULL);
	g_autofree char *inside = g_build_filename(root, "broker", NULL);
	int status, fd;
	pid_t pid;

	assert_return_code(mkdir(root, 0755), errno);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0) {
		if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0 ||
			mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
			mount("tmpfs", root, "tmpfs", 0, "mode=0755") < 0)
			_exit(8);
		fd = open(inside, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0 || close(fd) < 0 || mount(socket_path, inside, NULL, MS_BIND, NULL) < 0)
			_exit(9);
		_exit(in_container(root));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_return_code(rmdir(root), errno);
}

/* client/examples/launch.py, over the socket and over the bus. */
static void test_python(void **state)
{
	struct rig *rig = *state;
	g_autofree char *script =
		g_build_filename(g_getenv("BAILIFF_SOURCE_ROOT"), "client/examples/launch.py", NULL);
	const char *const addresses[] = { rig->client_address, rig->address };

	for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
		g_autofree char *output = NULL;
		int p[2], status;
		pid_t pid;

		assert_return_code(pipe2(p, O_CLOEXEC), errno);
		pid = fork();
		assert_return_code(pid, errno);
		if (pid == 0) {
			(void)dup2(p[1], STDOUT_FILENO);
			if (setenv("BAILIFF_ADDRESS", addresses[i], 1) < 0 || setgroups(0, NULL) < 0 ||
				setresgid(RIG_ALICE, RIG_ALICE, RIG_ALICE) < 0 ||
				setresuid(RIG_ALICE, RIG_ALICE, RIG_ALICE) < 0)
				_exit(126);
			(void)execl("/usr/bin/python3", "python3", "-B", script, "tool", "/usr/bin/dash",
				"-c", "echo from inside; exit 5", NULL);
			_exit(127);
		}
		(void)close(p[1]);
		output = rig_read_all(p[0], NULL);
		(void)close(p[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 5);
		assert_string_equal(output, "from inside\n");
	}
}

/* A method with its arguments in pieces, one byte at a time, and two methods in one piece. */
static void test_pieces(void **state)
{
	struct rig *rig = *state;
	g_autoptr(GDBusMessage) m =
		g_dbus_message_new_method_call(RIG_NAME, RIG_PATH, "org.freedesktop.DBus.Peer", "Ping");
	g_autofree guchar *blob = NULL;
	int fd = raw_ready(rig, RIG_ALICE);
	size_t size;

	g_dbus_message_set_serial(m, 9);
	blob = g_dbus_message_to_blob(m, &size, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
	for (size_t i = 0; i < size; i++)
		raw_say(fd, (char *)blob + i, 1);
	blob = g_realloc(blob, 2 * size);
	memcpy(blob + size, blob, size);
	raw_say(fd, (char *)blob, 2 * size);
	for (int i = 0; i < 3; i++) {
		char head[16], rest[256];
		size_t n;

		assert_int_equal(recv(fd, head, sizeof(head), MSG_WAITALL), sizeof(head));
		assert_int_equal(head[1], 2); /* method return */
		n = ((guint8)head[12] + 7U) & ~7U;
		assert_int_equal(recv(fd, rest, n, MSG_WAITALL), n);
	}
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_socket_is_public),
		rig_test(test_identity_can_not_be_claimed),
		rig_test(test_bad_greetings),
		rig_test(test_half_a_line),
		rig_test(test_forged_sender),
		rig_test(test_without_fds),
		rig_test(test_groups_at_connect),
		rig_test(test_unauthenticated_are_bounded),
		rig_test(test_connections_are_bounded),
		rig_test(test_bad_messages),
		rig_test(test_pieces),
		rig_test(test_held_fds_are_bounded),
		rig_test(test_slow_reader),
		rig_test(test_out_of_fds),
		rig_test(test_broker_killed),
		rig_test(test_container),
		rig_test(test_python),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	(void)g_setenv("BAILIFF_TEST_BUS", "direct", TRUE);
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
