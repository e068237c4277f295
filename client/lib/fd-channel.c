/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Option fd-channel: the fds that a message has no room for. They wait in a socket whose other end is closed
 * before the broker hears of it, so it finds all of them and their end, and nobody waits for anybody.
 */

#include "lib/internal.h"

#include <string.h>
#include <sys/socket.h>

/* One record: numbers, and an fd for each. */
static int send_fds(int socket, const bailiff_request *r)
{
	uint32_t numbers[BAILIFF_FDS_MAX];
	struct iovec iov = { .iov_base = numbers, .iov_len = sizeof(*numbers) * r->n_fds };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int) * BAILIFF_FDS_MAX)];
	} control;
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_SPACE(sizeof(int) * r->n_fds) };
	struct cmsghdr *c;
	ssize_t n;

	memset(&control, 0, sizeof(control));
	c = CMSG_FIRSTHDR(&h);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * r->n_fds);
	for (size_t i = 0; i < r->n_fds; i++) {
		numbers[i] = r->fds[i].child;
		memcpy(CMSG_DATA(c) + i * sizeof(int), &r->fds[i].fd, sizeof(int));
	}
	do
		n = sendmsg(socket, &h, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int fd_channel_open(const bailiff_request *r, int *ret)
{
	int ends[2], k;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	k = send_fds(ends[1], r);
	(void)close_fd(ends[1]);
	if (k < 0) {
		(void)close_fd(ends[0]);
		return k;
	}
	*ret = ends[0];
	return 0;
}
