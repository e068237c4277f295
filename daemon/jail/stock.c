/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A stock of network namespaces: to make one takes the kernel longer than the rest of a
 * jail together, to enter one takes two microseconds. They are what unshare(2) makes, owned by the same user
 * namespace and empty but for a loopback device, which is up already. Each is given to one jail, and ends
 * with it, unless it is the network of a jail that could do nothing to it that can not be asked for, and has
 * done nothing (reuse.c): then it comes back, for others of that kind. One of them may become that of all
 * jails in which nobody can do anything with it, and stays.
 *
 * A process makes them, which ends when they are there, and never the launcher: a launch that comes meanwhile
 * does not wait for the kernel. Nor is it begun while there is work: see jail_stock_wait(). A launch that
 * finds none makes its own.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "jail/cloner.h"
#include "jail/jail.h"
#include "jail/linger.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define SILENCE_MSEC 3                    /* less would take the processor from what has just been launched */
#define LOW          (JAIL_STOCK_MAX / 2) /* what is lent comes back, and finds room */
#define NETWORK_FDS  4                    /* of one network */

union stock_control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(NETWORK_FDS * sizeof(int))];
};

/* How many there are to be. The shared one is the first that is taken for it. */
static size_t most(const struct jail_stock *s)
{
	if (s->wanted)
		return JAIL_STOCK_MAX;
	return s->shared && s->shared_fd < 0 ? 1 : 0;
}

static void forget_lent(struct jail_stock *s)
{
	for (size_t i = 0; i < JAIL_LENT_MAX; i++) {
		if (s->lent[i].ticket != 0)
			network_forget(&s->lent[i].network);
		s->lent[i].ticket = 0;
	}
}

void jail_stock_want(struct jail_context *c, bool own, bool back, bool shared)
{
	struct jail_stock *s = &c->stock;

	s->wanted = own;
	s->back = own && back;
	s->shared = shared;
	s->failed = false;
	if (!shared)
		s->shared_fd = fd_close(s->shared_fd);
	while (s->n > most(s))
		network_forget(&s->networks[--s->n]);
	if (!s->back)
		forget_lent(s);
}

void jail_ahead(struct jail_context *c, const struct catalog *catalog)
{
	bool own = false, back = false, shared = false;
	uint64_t kept = 0;

	for (size_t i = 0; i < catalog->n_profiles; i++) {
		const struct compiled_profile *p = &catalog->profiles[i];

		if (p->invalid)
			continue;
		kept |= p->bounding;
		if (!(p->namespaces & JAIL_NS_NET))
			continue;
		shared |= p->shares_network;
		own |= !p->shares_network;
		back |= p->reuses_network;
	}
	jail_stock_want(c, own, back, shared);
	jail_templates_reload(c);
	cloners_keep(c, kept);
}

int jail_ahead_wait(const struct jail_context *c)
{
	int wait = jail_templates_wait(c);

	return wait >= 0 ? wait : jail_stock_wait(c);
}

int jail_stock_wait(const struct jail_context *c)
{
	const struct jail_stock *s = &c->stock;

	return !s->failed && s->maker_pidfd < 0 && s->n < (s->back ? LOW : most(s)) ? SILENCE_MSEC : -1;
}

static int make_one(const struct jail_context *c, int socket_fd)
{
	struct stock_network n = NETWORK_NULL;
	int r = RET_ERRNO(unshare(CLONE_NEWNET));

	if (r >= 0)
		r = network_raise_loopback();
	if (r >= 0)
		r = n.fd = RET_ERRNO(openat(c->proc_fd, "self/ns/net", O_RDONLY | O_CLOEXEC));
	if (r >= 0 && c->stock.back)
		network_watch(c, &n);
	if (r >= 0)
		r = send_fds(socket_fd, (int[]){ n.fd, n.changes_fd, n.devices_fd, n.sockets_fd },
			n.changes_fd < 0 ? 1 : NETWORK_FDS);
	network_forget(&n);
	return r;
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
	size_t lacking = most(&c->stock) - c->stock.n;

	(void)prctl(PR_SET_NAME, "net-maker", 0, 0, 0); /* for people who look at ps */
	/* each takes the kernel some time: between two of them others go first */
	for (; lacking > 0 && make_one(c, socket_fd) >= 0; lacking--)
		(void)sched_yield();
	_exit(lacking > 0);
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

/* One network. False: there are no more. */
static bool receive_one(int socket_fd, struct stock_network *ret)
{
	union stock_control control = { .bytes = { 0 } };
	int fds[NETWORK_FDS] = { -1, -1, -1, -1 };
	char byte;
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};

	if (recvmsg(socket_fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1 ||
		m.msg_controllen < CMSG_LEN(sizeof(int)) || control.head.cmsg_level != SOL_SOCKET ||
		control.head.cmsg_type != SCM_RIGHTS)
		return false;
	memcpy(fds, CMSG_DATA(&control.head), control.head.cmsg_len - CMSG_LEN(0));
	/* of those that are used again they stay as long as the sandbox that has it */
	for (size_t i = 0; i < NETWORK_FDS; i++)
		fds[i] = fd_move_high(fds[i]);
	*ret = (struct stock_network){
		.fd = fds[0], .changes_fd = fds[1], .devices_fd = fds[2], .sockets_fd = fds[3]
	};
	return true;
}

void jail_stock_receive(struct jail_context *c)
{
	struct jail_stock *s = &c->stock;
	struct stock_network n;

	while (receive_one(s->channel_fd, &n)) {
		s->failed = false;
		if (s->n < most(s))
			s->networks[s->n++] = n;
		else
			network_forget(&n);
	}
	jail_stock_abandon(c);
}

/* Also after it has ended. One that takes longer is left to stock_collect(). */
void jail_stock_abandon(struct jail_context *c)
{
	c->stock.channel_fd = fd_close(c->stock.channel_fd);
	maker_end(&c->stock.maker_pidfd);
}

bool stock_collect(struct jail_context *c)
{
	struct jail_stock *s = &c->stock;

	if (s->maker_pidfd < 0 || s->channel_fd >= 0)
		return false;
	maker_reap(&s->maker_pidfd);
	return s->maker_pidfd >= 0;
}

void stock_done(struct jail_context *c)
{
	jail_stock_abandon(c);
	c->stock.maker_pidfd = fd_close(c->stock.maker_pidfd);
	jail_stock_want(c, false, false, false);
}

/* Those that were used are for borrowers. They may be all there are: one makes room for a new one then. */
int stock_take(struct jail_context *c)
{
	struct jail_stock *s = &c->stock;
	size_t i = s->n;
	int fd = -1;

	s->failed = false;
	while (i > 0 && s->networks[i - 1].used)
		i--;
	if (s->n == 0)
		return -1;
	if (i > 0)
		fd = steal_fd(s->networks[--i].fd);
	network_forget(&s->networks[i]);
	s->networks[i] = s->networks[--s->n];
	return fd;
}

int stock_borrow(struct jail_context *c, uint64_t *ret_ticket)
{
	struct jail_stock *s = &c->stock;
	struct stock_network n;
	size_t place;

	*ret_ticket = 0;
	s->failed = false;
	if (s->n == 0)
		return -1;
	n = s->networks[--s->n];
	if (!n.used)
		network_begin(s, &n);
	if (!n.sockets[0]) {
		int fd = steal_fd(n.fd);

		network_forget(&n);
		return fd;
	}
	place = ++s->last_ticket % JAIL_LENT_MAX;
	/* whoever had it lives long, and keeps what it has */
	if (s->lent[place].ticket != 0)
		network_forget(&s->lent[place].network);
	s->lent[place].ticket = *ret_ticket = s->last_ticket;
	s->lent[place].network = n;
	return n.fd;
}

void stock_give_back(struct jail_context *c, uint64_t ticket)
{
	struct jail_stock *s = &c->stock;
	size_t place = ticket % JAIL_LENT_MAX;
	struct stock_network n;

	if (ticket == 0 || s->lent[place].ticket != ticket)
		return;
	n = s->lent[place].network;
	s->lent[place].ticket = 0;
	n.used = true;
	if (s->n < most(s) && s->back && network_is_untouched(s, &n))
		s->networks[s->n++] = n;
	else
		network_forget(&n);
}

int stock_share(struct jail_context *c)
{
	if (c->stock.shared_fd < 0)
		c->stock.shared_fd = stock_take(c);
	return c->stock.shared_fd;
}
