/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FDS_PER_MESSAGE 16

bool peer_send_bytes(struct peer *peer, const void *data, size_t size, const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(FDS_PER_MESSAGE * sizeof(int))];
	} control = { 0 };
	size_t done = 0;

	assert_true(n_fds <= FDS_PER_MESSAGE);
	while (done < size) {
		struct iovec iov = { (char *)(uintptr_t)data + done, size - done };
		struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
		ssize_t n;

		if (done == 0 && n_fds > 0) {
			h.msg_control = control.bytes;
			h.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
			control.head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS,
				.cmsg_len = CMSG_LEN(n_fds * sizeof(int)) };
			memcpy(CMSG_DATA(&control.head), fds, n_fds * sizeof(int));
		}
		n = sendmsg(peer->fd, &h, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* Appends what comes within the time limit; false at the end of the connection. */
static bool fill(struct peer *peer)
{
	struct pollfd p = { .fd = peer->fd, .events = POLLIN };
	guint8 chunk[4096];
	ssize_t n;

	/* a broker under sanitizers takes its time over 31 MiB: this only ends a test that hangs */
	if (poll(&p, 1, 3 * RIG_TIMEOUT_MS) != 1)
		fail_msg("the bus sends nothing");
	n = read(peer->fd, chunk, sizeof(chunk));
	if (n <= 0)
		return false;
	(void)g_byte_array_append(peer->in, chunk, (guint)n);
	return true;
}

static void say(struct peer *peer, const char *text)
{
	assert_true(peer_send_bytes(peer, text, strlen(text), NULL, 0));
}

/* One line of the bus' side of the authentication, which must begin so. */
static void hear(struct peer *peer, const char *want)
{
	const guint8 *end = NULL;
	guint n;

	while (peer->in->len == 0 || !(end = memchr(peer->in->data, '\n', peer->in->len)))
		assert_true(fill(peer));
	n = (guint)(end - peer->in->data) + 1;
	assert_true(n > strlen(want) && memcmp(peer->in->data, want, strlen(want)) == 0);
	(void)g_byte_array_remove_range(peer->in, 0, n);
}

void peer_adopt(struct peer *peer, int fd)
{
	*peer = (struct peer){ .fd = fd, .serial = 1000, .in = g_byte_array_new() };
}

void peer_connect(struct peer *peer, const char *address)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	g_autofree char *uid = g_strdup_printf("%u", geteuid()), *hello = NULL;
	GString *auth = g_string_new("AUTH EXTERNAL ");
	char *error;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_return_code(fd, errno);
	assert_true(g_str_has_prefix(address, "unix:path="));
	(void)g_strlcpy(sa.sun_path, address + strlen("unix:path="), sizeof(sa.sun_path));
	assert_return_code(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), errno);
	peer_adopt(peer, fd);
	for (const char *c = uid; *c; c++)
		g_string_append_printf(auth, "%02x", (unsigned)*c);
	g_string_append(auth, "\r\n");
	hello = g_string_free(auth, FALSE);
	assert_true(peer_send_bytes(peer, "", 1, NULL, 0));
	say(peer, hello);
	hear(peer, "OK ");
	say(peer, "NEGOTIATE_UNIX_FD\r\n");
	hear(peer, "AGREE_UNIX_FD");
	say(peer, "BEGIN\r\n");
	error = peer_ask(peer,
		g_dbus_message_new_method_call(
			"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello"),
		NULL, 0);
	assert_string_equal(error, "");
	g_free(error);
}

void peer_connect_as(struct peer *peer, const char *address, uid_t uid)
{
	assert_return_code(setegid(uid), errno);
	assert_return_code(seteuid(uid), errno);
	peer_connect(peer, address);
	assert_return_code(seteuid(0), errno);
	assert_return_code(setegid(0), errno);
}

void peer_close(struct peer *peer)
{
	(void)close(peer->fd);
	g_byte_array_unref(peer->in);
}

GDBusMessage *peer_call(const char *path, const char *interface, const char *method, GVariant *args)
{
	GDBusMessage *m = g_dbus_message_new_method_call(RIG_NAME, path, interface, method);

	if (args)
		g_dbus_message_set_body(m, args);
	return m;
}

GDBusMessage *peer_launch(const char *profile, const char *const *argv, const char *fds)
{
	g_autofree char *text = g_strdup_printf("@a{uh} %s", fds);
	GVariant *map = g_variant_new_parsed(text);

	return peer_call(RIG_PATH, RIG_MANAGER, "LaunchSandboxed",
		g_variant_new(
			"(s@asa{ss}@a{uh}a{sv})", profile, g_variant_new_strv(argv, -1), NULL, map, NULL));
}

guchar *peer_blob(struct peer *peer, GDBusMessage *m, size_t n_fds, int claim, size_t *ret_size)
{
	static const guchar field[] = { G_DBUS_MESSAGE_HEADER_FIELD_NUM_UNIX_FDS, 1, 'u', 0 };
	g_autoptr(GUnixFDList) list = g_unix_fd_list_new();
	g_autoptr(GError) error = NULL;
	guint32 value = (guint32)claim;
	guchar *blob, *at;

	/* GLib writes the number of fds that it would send: ours go another way */
	for (size_t i = 0; i < n_fds; i++)
		assert_true(g_unix_fd_list_append(list, peer->fd, NULL) >= 0);
	g_dbus_message_set_unix_fd_list(m, n_fds > 0 ? list : NULL);
	g_dbus_message_set_serial(m, ++peer->serial);
	blob = g_dbus_message_to_blob(m, ret_size, G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING, &error);
	if (!blob)
		fail_msg("%s", error->message);
	if (claim >= 0) {
		at = memmem(blob, *ret_size, field, sizeof(field));
		assert_non_null(at);
		memcpy(at + sizeof(field), &value, sizeof(value));
	}
	g_object_unref(m);
	return blob;
}

bool peer_send(struct peer *peer, GDBusMessage *m, const int *fds, size_t n_fds)
{
	size_t size;
	g_autofree guchar *blob = peer_blob(peer, m, n_fds, -1, &size);

	return peer_send_bytes(peer, blob, size, fds, n_fds);
}

/* The next message; NULL at the end of the connection. */
static GDBusMessage *next(struct peer *peer)
{
	g_autoptr(GError) error = NULL;
	GDBusMessage *m;
	gssize need;

	while (peer->in->len < 16)
		if (!fill(peer))
			return NULL;
	need = g_dbus_message_bytes_needed(peer->in->data, peer->in->len, &error);
	assert_true(need > 0);
	while (peer->in->len < (gsize)need)
		if (!fill(peer))
			return NULL;
	m = g_dbus_message_new_from_blob(
		peer->in->data, (gsize)need, G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING, &error);
	if (!m)
		fail_msg("%s", error->message);
	(void)g_byte_array_remove_range(peer->in, 0, (guint)need);
	return m;
}

GDBusMessage *peer_receive(struct peer *peer)
{
	GDBusMessage *m;

	while ((m = next(peer)) && g_dbus_message_get_reply_serial(m) != peer->serial)
		g_object_unref(m);
	return m;
}

char *peer_ask(struct peer *peer, GDBusMessage *m, const int *fds, size_t n_fds)
{
	g_autoptr(GDBusMessage) reply = peer_send(peer, m, fds, n_fds) ? peer_receive(peer) : NULL;

	if (!reply)
		return NULL;
	return g_strdup(g_dbus_message_get_message_type(reply) == G_DBUS_MESSAGE_TYPE_ERROR
				? g_dbus_message_get_error_name(reply)
				: "");
}
