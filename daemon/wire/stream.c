/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/stream.h"
#include "base/error.h"
#include "wire/ancillary.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Aligned as CMSG_FIRSTHDR() expects: a plain char array would not be. */
union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int) * STREAM_FDS_MAX)];
};

ssize_t stream_receive(int fd, void *data, size_t size, int *fds, size_t *n_fds)
{
	struct iovec iov = { .iov_base = data, .iov_len = size };
	union control control;
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	size_t n_new = 0;
	ssize_t n;
	int r;

	do
		n = recvmsg(fd, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno_or_eio();
	r = ancillary_collect_fds(&h, fds + *n_fds, STREAM_FDS_MAX - *n_fds, &n_new);
	*n_fds += n_new;
	if (h.msg_flags & MSG_CTRUNC)
		return -EMFILE;
	return r < 0 ? r : n;
}

ssize_t stream_send(int fd, const void *data, size_t size, const int *fds, size_t n_fds)
{
	struct iovec iov = ancillary_iovec(data, size);
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control;
	ssize_t n;

	if (n_fds > STREAM_FDS_MAX)
		return -E2BIG;
	if (n_fds > 0)
		ancillary_attach_fds(&h, control.bytes, fds, n_fds);
	do
		n = sendmsg(fd, &h, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : errno_or_eio();
	return n;
}

ssize_t stream_take_line(int fd, char *line, size_t size)
{
	const char *end;
	ssize_t n, length;

	n = recv(fd, line, size, MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0)
		return n == 0 ? -EPIPE : errno_or_eio();
	end = memmem(line, (size_t)n, "\r\n", 2);
	if (!end)
		return (size_t)n == size ? -EPROTO : -EAGAIN;
	length = end - line;
	return recv(fd, line, (size_t)length + 2, MSG_DONTWAIT) == length + 2 ? length : -EPROTO;
}
