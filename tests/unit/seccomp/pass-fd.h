/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* One descriptor with one byte over a socket, for the renderer's stand-in, which is built without libraries
 * of ours, and for the test that speaks with it. */

#include <string.h>
#include <sys/socket.h>

union pass_fd_control {
	struct cmsghdr header; /* for its alignment */
	char bytes[CMSG_SPACE(sizeof(int))];
};

/* 0, or -1. */
static inline int pass_fd(int channel, int fd)
{
	union pass_fd_control control = { 0 };
	char byte = 'd';
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(channel, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* The descriptor; -1 at the end, -2 for an error. */
static inline int take_fd(int channel)
{
	union pass_fd_control control = { 0 };
	char byte;
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	ssize_t n = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	int fd;

	if (n == 0)
		return -1;
	if (!header || header->cmsg_type != SCM_RIGHTS)
		return -2;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}
