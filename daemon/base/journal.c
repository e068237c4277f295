/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/journal.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/unix.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syslog.h>

#define HEADER_MAX  128
#define BUFFER_SIZE (8 * 1024 * 1024) /* as systemd gives to its services; the kernel's limit cuts it */

/* Whoever listens reads what payloads write. */
static int check_listener(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return errno_or_eio();
	return peer.uid == 0 ? 0 : -EPERM;
}

/* The stream begins with seven lines: identifier, unit, priority, whether lines may begin with a priority of
 * their own, and three places where the journal would pass them on to. */
static int send_header(int fd, const char *profile)
{
	char header[HEADER_MAX];
	int n = snprintf(header, sizeof(header), "bailiff/%s\n\n%d\n1\n0\n0\n0\n", profile, LOG_INFO);

	if (n < 0 || (size_t)n >= sizeof(header))
		return -ENAMETOOLONG;
	return send(fd, header, (size_t)n, MSG_NOSIGNAL) == n ? 0 : errno_or_eio();
}

int journal_open(const char *path, const char *profile)
{
	/* never waits: a journal that takes no connections must not keep the launcher */
	_cleanup_close_ int fd = unix_connect(path, strlen(path));
	const int size = BUFFER_SIZE;
	int r;

	if (fd < 0)
		return fd;
	r = check_listener(fd);
	if (r >= 0)
		r = send_header(fd, profile);
	if (r < 0)
		return r;
	/* a smaller buffer is no failure: then the payload waits sooner */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (shutdown(fd, SHUT_RD) < 0)
		return errno_or_eio();
	r = fd_set_nonblock(fd, false);
	return r < 0 ? r : steal_fd(fd);
}
