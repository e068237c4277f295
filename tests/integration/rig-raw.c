/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rig-raw.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* The bus takes the credentials at connect(2). */
static int connect_as(const char *path, uid_t uid)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval second = { .tv_sec = 1 };
	int fd, r;

	assert_true(strlen(path) < sizeof(address.sun_path));
	(void)g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_return_code(fd, errno);
	assert_return_code(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second)), errno);
	assert_return_code(setgroups(0, NULL), errno);
	assert_return_code(setegid(uid), errno);
	assert_return_code(seteuid(uid), errno);
	r = connect(fd, (const struct sockaddr *)&address, sizeof(address));
	assert_return_code(seteuid(0), errno);
	assert_return_code(setegid(0), errno);
	assert_return_code(r, errno);
	return fd;
}

static bool send_all(int fd, const void *data, size_t size)
{
	const char *p = data;

	while (size > 0) {
		ssize_t n = send(fd, p, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		size -= (size_t)n;
	}
	return true;
}

static void talk(int fd, const char *line, const char *answer)
{
	char got[128];
	ssize_t n;

	assert_true(send_all(fd, line, strlen(line)));
	n = recv(fd, got, sizeof(got) - 1, 0);
	assert_true(n > 0);
	got[n] = '\0';
	if (!g_str_has_prefix(got, answer))
		fail_msg("the bus answers %s", got);
}

static bool send_message(int fd, GDBusMessage *m, bool no_reply)
{
	static guint32 last_serial; /* a bus refuses one that is still without its answer */
	g_autoptr(GError) error = NULL;
	g_autofree guchar *blob = NULL;
	gsize size;

	g_dbus_message_set_serial(m, ++last_serial);
	g_dbus_message_set_flags(m,
		G_DBUS_MESSAGE_FLAGS_NO_AUTO_START | (no_reply ? G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED : 0));
	blob = g_dbus_message_to_blob(m, &size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
	if (!blob)
		fail_msg("%s", error->message);
	return send_all(fd, blob, size);
}

int raw_connect(const char *address, uid_t uid)
{
	g_autoptr(GDBusMessage) hello = g_dbus_message_new_method_call(
		"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello");
	g_autofree char *digits = g_strdup_printf("%u", uid);
	g_autoptr(GString) auth = g_string_new("AUTH EXTERNAL ");
	int fd = connect_as(address + strlen("unix:path="), uid);

	for (const char *p = digits; *p != '\0'; p++)
		g_string_append_printf(auth, "%02x", (unsigned)*p);
	g_string_append(auth, "\r\n");
	assert_true(send_all(fd, "", 1));
	talk(fd, auth->str, "OK ");
	talk(fd, "NEGOTIATE_UNIX_FD\r\n", "AGREE_UNIX_FD");
	assert_true(send_all(fd, "BEGIN\r\n", 7));
	assert_true(send_message(fd, hello, false));
	return fd;
}

bool raw_call(
	int fd, const char *path, const char *interface, const char *method, GVariant *args, bool no_reply)
{
	g_autoptr(GDBusMessage) m = g_dbus_message_new_method_call(RIG_NAME, path, interface, method);

	if (args)
		g_dbus_message_set_body(m, args);
	return send_message(fd, m, no_reply);
}
