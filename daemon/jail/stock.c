/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A stock of network namespaces that nobody has used: to make one takes the kernel longer than the rest of a
 * jail together, to enter one takes two microseconds. Each is given to one jail, and ends with it. They are
 * what clone3(2) makes, owned by the same user namespace and empty but for a loopback device, which is up
 * already.
 *
 * A process makes them, which ends when they are there, and never the launcher: a launch that comes meanwhile
 * does not wait for the kernel. Nor is it begun while there is work: see jail_stock_wait(). A launch that
 * finds none makes its own.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "jail/jail.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define SILENCE_MSEC 3 /* less would take the processor from what has just been launched */

union stock_control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(JAIL_STOCK_MAX * sizeof(int))];
};

void jail_stock_want(struct jail_context *c, bool wanted)
{
	c->stock.wanted = wanted;
	c->stock.failed = false;
	if (wanted)
		return;
	fd_close_many(c->stock.fds, c->stock.n);
	c->stock.n = 0;
}

void jail_ahead(struct jail_context *c, const struct catalog *catalog)
{
	bool wants_networks = false;

	for (size_t i = 0; i < catalog->n_profiles && !wants_networks; i++)
		wants_networks =
			!catalog->profiles[i].invalid && (catalog->profiles[i].namespaces & JAIL_NS_NET) != 0;
	jail_stock_want(c, wants_networks);
	jail_templates_drop(c);
}

int jail_ahead_wait(const struct jail_context *c)
{
	int wait = jail_stock_wait(c);

	return wait >= 0 ? wait : jail_templates_wait(c);
}

int jail_stock_wait(const struct jail_context *c)
{
	const struct jail_stock *s = &c->stock;

	return s->wanted && !s->failed && s->maker_pidfd < 0 && s->n < JAIL_STOCK_MAX ? SILENCE_MSEC : -1;
}

static int make_one(const struct jail_context *c)
{
	int r = RET_ERRNO(unshare(CLONE_NEWNET));

	if (r >= 0)
		r = network_raise_loopback();
	return r < 0 ? r : RET_ERRNO(openat(c->proc_fd, "self/ns/net", O_RDONLY | O_CLOEXEC));
}

int send_fds(int socket_fd, const int *fds, size_t n)
{
	union stock_control control = { .bytes = { 0 } };
	struct iovec part = { .iov_base = (char[]){ 0 }, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)) };

	control.head.cmsg_len = CMSG_LEN(n * sizeof(int));
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&control.head), fds, n * sizeof(int));
	return RET_ERRNO((int)sendmsg(socket_fd, &m, MSG_NOSIGNAL));
}

/* A copy of the launcher, as the child of a launch is: what runs here is async-signal-safe. What could be
 * made is sent, and the others are asked for again. */
static noreturn void maker_run(const struct jail_context *c, int socket_fd)
{
	int fds[JAIL_STOCK_MAX];
	size_t n = 0;

	(void)prctl(PR_SET_NAME, "net-maker", 0, 0, 0); /* for people who look at ps */
	for (; n < JAIL_STOCK_MAX - c->stock.n; n++) {
		fds[n] = make_one(c);
		if (fds[n] < 0)
			break;
	}
	_exit(n > 0 && send_fds(socket_fd, fds, n) >= 0 ? 0 : 1);
}

int jail_stock_make(struct jail_context *c)
{
	_cleanup_close_ int own = -1, theirs = -1;
	int pair[2];
	pid_t pid;

	/* until somebody asks for one: what fails now would fail every three milliseconds */
	c->stock.failed = true;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return errno_or_eio();
	own = pair[0];
	theirs = pair[1];
	pid = process_clone(0, -1, &c->stock.maker_pidfd);
	if (pid == 0)
		maker_run(c, theirs);
	if (pid < 0)
		return (int)pid;
	c->stock.channel_fd = steal_fd(own);
	return c->stock.maker_pidfd;
}

static void take_in(struct jail_stock *s, const struct cmsghdr *head)
{
	size_t n = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	const unsigned char *data = CMSG_DATA(head);

	for (size_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, data + i * sizeof(fd), sizeof(fd));
		if (s->wanted && s->n < JAIL_STOCK_MAX)
			s->fds[s->n++] = fd;
		else
			(void)fd_close(fd);
	}
	s->failed = n == 0;
}

static void forget_maker(struct jail_stock *s)
{
	s->channel_fd = fd_close(s->channel_fd);
	if (s->maker_pidfd >= 0)
		(void)process_wait_status(s->maker_pidfd);
	s->maker_pidfd = fd_close(s->maker_pidfd);
}

void jail_stock_receive(struct jail_context *c)
{
	struct jail_stock *s = &c->stock;
	union stock_control control = { .bytes = { 0 } };
	char byte;
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};

	if (recvmsg(s->channel_fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) == 1 &&
		m.msg_controllen >= CMSG_LEN(sizeof(int)) && control.head.cmsg_level == SOL_SOCKET &&
		control.head.cmsg_type == SCM_RIGHTS)
		take_in(s, &control.head);
	forget_maker(s);
}

void jail_stock_abandon(struct jail_context *c)
{
	if (c->stock.maker_pidfd >= 0)
		(void)process_signal(c->stock.maker_pidfd, SIGKILL);
	forget_maker(&c->stock);
}

void stock_done(struct jail_context *c)
{
	jail_stock_abandon(c);
	jail_stock_want(c, false);
}

int stock_take(struct jail_context *c)
{
	c->stock.failed = false;
	return c->stock.n > 0 ? c->stock.fds[--c->stock.n] : -1;
}
