/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The one place where records and fds cross a process boundary. Knows sockets and ancillary data; knows
 * nothing of what a record says.
 */

#include "wire/channel.h"
#include "base/error.h"
#include "base/fd.h"
#include "wire/ancillary.h"

#include <string.h>
#include <sys/socket.h>

#define SEND_BUFFER   (4 * WIRE_RECORD_MAX) /* a burst of full records fits before the sender has to wait */
#define SEND_OVERHEAD 4096 /* what the kernel keeps of the buffer for its own heads, and more */
#define FIRST_SIZE    4096

/* Aligned as CMSG_FIRSTHDR() expects: a plain char array would not be. */
union control {
	struct cmsghdr head;
	uint8_t bytes[CMSG_SPACE(sizeof(int) * WIRE_FDS_MAX)];
};

void wire_record_init(struct wire_record *r)
{
	*r = (struct wire_record){ 0 };
	for (size_t i = 0; i < WIRE_FDS_MAX; i++)
		r->fds[i] = -1;
}

void wire_record_done(struct wire_record *r)
{
	free(r->data);
	fd_close_many(r->fds, WIRE_FDS_MAX);
	wire_record_init(r);
}

int wire_record_steal_fd(struct wire_record *r, size_t i)
{
	return i < r->n_fds ? steal_fd(r->fds[i]) : -1;
}

/*
 * A record must fit into the send buffer as a whole. SO_SNDBUFFORCE needs CAP_NET_ADMIN and ignores
 * net.core.wmem_max; without it the kernel gives what that allows, which its default does for a full record.
 */
static int size_send_buffer(int fd)
{
	int size = SEND_BUFFER;
	socklen_t len = sizeof(size);

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0 &&
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) < 0)
		return errno_or_eio();
	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len) < 0)
		return errno_or_eio();
	return size >= WIRE_RECORD_MAX + SEND_OVERHEAD ? 0 : -ENOBUFS;
}

int wire_channel_pair(int ret_fds[2])
{
	_cleanup_close_ int one = -1, other = -1;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return errno_or_eio();
	one = pair[0];
	other = pair[1];
	r = size_send_buffer(one);
	if (r < 0)
		return r;
	r = size_send_buffer(other);
	if (r < 0)
		return r;
	ret_fds[0] = steal_fd(one);
	ret_fds[1] = steal_fd(other);
	return 0;
}

int wire_send(int fd, const void *data, size_t size, const int *fds, size_t n_fds)
{
	struct iovec iov = ancillary_iovec(data, size);
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control;
	ssize_t n;

	if (size == 0 || (n_fds > 0 && !fds))
		return -EINVAL;
	if (size > WIRE_RECORD_MAX)
		return -EMSGSIZE;
	if (n_fds > WIRE_FDS_MAX)
		return -E2BIG;
	if (n_fds > 0)
		ancillary_attach_fds(&h, control.bytes, fds, n_fds);
	do
		n = sendmsg(fd, &h, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : errno_or_eio();
	return (size_t)n == size ? 0 : -EIO;
}

/*
 * recvmsg(2) past the two errors that say nothing about the next record. A peer that goes away while records
 * of ours wait unread gives ECONNRESET once, before what it still sent: the next call returns that.
 */
static ssize_t receive_once(int fd, struct msghdr *h, int flags)
{
	ssize_t n;

	do
		n = recvmsg(fd, h, flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	return n < 0 ? errno_or_eio() : n;
}

/* Bytes of the record that waits; 0 also at the end of file. */
static ssize_t next_size(int fd)
{
	struct msghdr h = { 0 };

	return receive_once(fd, &h, MSG_PEEK | MSG_TRUNC);
}

/* Zero bytes are an empty record or the end of file; only the latter is still there at a second look. */
static int judge_nothing(int fd, size_t n_fds)
{
	return n_fds == 0 && next_size(fd) == 0 ? 0 : -EBADMSG;
}

/* One record into these parts and fds, which own what came also when it is refused. As wire_receive()
 * otherwise. */
static int receive_into(int fd, struct iovec *parts, size_t n_parts, int *fds, size_t max_fds,
	size_t *ret_size, size_t *ret_n_fds)
{
	union control control = { 0 };
	struct msghdr h = { .msg_iov = parts,
		.msg_iovlen = n_parts,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_SPACE(sizeof(int) * max_fds) };
	ssize_t n;
	int bad;

	n = receive_once(fd, &h, 0);
	if (n < 0)
		return (int)n;
	*ret_size = (size_t)n;
	bad = ancillary_collect_fds(&h, fds, max_fds, ret_n_fds);
	if (h.msg_flags & MSG_CTRUNC) /* out of fd numbers, or more fds than any message has */
		return -EMFILE;
	if (h.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	if (bad < 0)
		return bad;
	return n == 0 ? judge_nothing(fd, *ret_n_fds) : 1;
}

/* Of a record that came in two parts, in memory of its size. */
static int join_parts(struct wire_record *r, const uint8_t *first, const uint8_t *rest)
{
	size_t n = r->size < FIRST_SIZE ? r->size : FIRST_SIZE;

	r->data = malloc(r->size);
	if (!r->data)
		return -ENOMEM;
	memcpy(r->data, first, n);
	if (r->size > n)
		memcpy(r->data + n, rest, r->size - n);
	return 1;
}

/* To ask for its size first would be one more call, and takes each of its descriptors twice. Most records fit
 * the first part. */
int wire_receive(int fd, struct wire_record *ret)
{
	static uint8_t rest[WIRE_RECORD_MAX - FIRST_SIZE];
	_cleanup_(wire_record_done) struct wire_record r;
	uint8_t first[FIRST_SIZE];
	struct iovec parts[] = { { first, sizeof(first) }, { rest, sizeof(rest) } };
	int k;

	wire_record_init(&r);
	k = receive_into(fd, parts, ELEMENTSOF(parts), r.fds, WIRE_FDS_MAX, &r.size, &r.n_fds);
	if (k <= 0)
		return k;
	k = join_parts(&r, first, rest);
	if (k <= 0)
		return k;
	*ret = r;
	wire_record_init(&r);
	return 1;
}

int wire_receive_fixed(int fd, void *data, size_t size, int *fds, size_t max_fds, size_t *ret_n_fds)
{
	struct iovec iov = { .iov_base = data, .iov_len = size };
	size_t n = 0, n_fds = 0;
	int r;

	for (size_t i = 0; i < max_fds; i++)
		fds[i] = -1;
	r = receive_into(fd, &iov, 1, fds, max_fds, &n, &n_fds);
	if (r == -EMFILE || r == -EMSGSIZE || (r > 0 && n != size))
		r = -EBADMSG;
	if (r <= 0)
		fd_close_many(fds, n_fds);
	*ret_n_fds = n_fds;
	return r;
}
