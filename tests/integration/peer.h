/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A client that speaks the bus protocol over a plain socket: for what no library sends, and for connections
 * that change hands. Messages are GLib's.
 */

#include "rig.h"

struct peer {
	int fd;
	guint32 serial;
	GByteArray *in;
};

/* The credentials are those of the process at this moment. Says Hello(). */
void peer_connect(struct peer *peer, const char *address);
/* The same as this user; the process is root again afterwards. */
void peer_connect_as(struct peer *peer, const char *address, uid_t uid);
/* Takes over a socket on which Hello() was said. */
void peer_adopt(struct peer *peer, int fd);
void peer_close(struct peer *peer);
/* A call of the broker's manager (or of the object at path). */
GDBusMessage *peer_call(const char *path, const char *interface, const char *method, GVariant *args);
/* LaunchSandboxed(profile, argv, {}, fds, {}); fds as GVariant text, e.g. "{uint32 3: handle 0}". */
GDBusMessage *peer_launch(const char *profile, const char *const *argv, const char *fds);
/* The bytes of m, which is consumed. Its header says n_fds; claim, if not negative, is put there instead.
 * Free. */
guchar *peer_blob(struct peer *peer, GDBusMessage *m, size_t n_fds, int claim, size_t *ret_size);
/* Sends m, which is consumed; false if the connection is gone. */
bool peer_send(struct peer *peer, GDBusMessage *m, const int *fds, size_t n_fds);
/* Bytes as they are; false if the connection is gone. */
bool peer_send_bytes(struct peer *peer, const void *data, size_t size, const int *fds, size_t n_fds);
/* The answer to the last message; NULL if the connection ended instead. */
GDBusMessage *peer_receive(struct peer *peer);
/* Sends and receives; the error's name, "" for success, NULL if the connection ended. Free. */
char *peer_ask(struct peer *peer, GDBusMessage *m, const int *fds, size_t n_fds);
