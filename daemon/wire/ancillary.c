/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/ancillary.h"
#include "base/error.h"
#include "base/fd.h"

#include <string.h>

#ifndef SCM_PIDFD /* Linux 6.5 */
#define SCM_PIDFD 0x04
#endif

struct iovec ancillary_iovec(const void *data, size_t size)
{
	const union {
		const void *in;
		void *out;
	} base = { .in = data };

	return (struct iovec){ .iov_base = base.out, .iov_len = size };
}

void ancillary_attach_fds(struct msghdr *h, void *room, const int *fds, size_t n_fds)
{
	struct cmsghdr *c;

	h->msg_control = room;
	h->msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
	memset(room, 0, h->msg_controllen);
	c = CMSG_FIRSTHDR(h);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
}

/* Who made the socket may have asked for one with each message (SO_PASSPIDFD). */
static void close_pidfd(struct cmsghdr *c)
{
	int fd;

	if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_PIDFD || c->cmsg_len < CMSG_LEN(sizeof(fd)))
		return;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	(void)fd_close(fd);
}

int ancillary_collect_fds(struct msghdr *h, int *fds, size_t max_fds, size_t *ret_n)
{
	int result = 0;

	*ret_n = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
			close_pidfd(c);
			result = -EBADMSG;
			continue;
		}
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (*ret_n < max_fds) {
				fds[(*ret_n)++] = fd;
				continue;
			}
			(void)fd_close(fd);
			result = -EBADMSG;
		}
	}
	return result;
}
