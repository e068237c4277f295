/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Whether a network namespace that a jail has had is as it was when it was new. Asked only of jails of which
 * the compiler has shown that they can do no more in it than make sockets without name, peer, option or
 * message, and hand none of their descriptors to anybody (compiler/network.c); so what is asked here is what
 * is left to ask, and what nobody should have done: is no socket left in it, of any family, whoever holds it?
 * Are its devices those that it had, and has none ever sent anything? Has nobody -- an
 * administrator, from outside -- changed a device, an address, a route, a rule or a neighbour? The kernel
 * counts the first two for each namespace, and tells the third to who listens; all were opened in the
 * namespace by the process that made it, and can be asked from anywhere. It takes two microseconds; to make
 * one and take it down takes five hundred.
 *
 * What can not be asked, or not be read, is "no": the namespace goes, as all did before.
 */

#include "base/error.h"
#include "base/fd.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NEWS_MAX 64 /* notices of what the kernel does itself to a new one */

/* All that there are, but for two that are told to administrators only. */
#define GROUP(n) (UINT32_C(1) << ((n)-1))
#define GROUPS   (UINT32_MAX & ~(GROUP(RTNLGRP_IPV4_MROUTE_R) | GROUP(RTNLGRP_IPV6_MROUTE_R)))

static int open_changes(void)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = GROUPS };
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return errno_or_eio();
	return steal_fd(fd);
}

/* What is in a file of /proc is not understood, only compared: so it has to be all of it. */
static int read_devices(int fd, char ret[STOCK_DEVICES_MAX])
{
	ssize_t n = pread(fd, ret, STOCK_DEVICES_MAX - 1, 0);
	char more;

	if (n <= 0)
		return n < 0 ? errno_or_eio() : -ENODATA;
	ret[n] = '\0';
	return pread(fd, &more, 1, n) == 0 ? 0 : -EFBIG;
}

/* The first line is about the namespace, what follows is about the machine, too. */
static int read_sockets(int fd, char ret[STOCK_SOCKETS_MAX])
{
	ssize_t n = pread(fd, ret, STOCK_SOCKETS_MAX - 1, 0);
	char *end = n > 0 ? memchr(ret, '\n', (size_t)n) : NULL;

	if (!end)
		return -EBADMSG;
	end[1] = '\0';
	return 0;
}

static bool open_files(const struct jail_context *c, struct stock_network *n)
{
	char without[STOCK_SOCKETS_MAX], with[STOCK_SOCKETS_MAX];

	n->devices_fd = openat(c->proc_fd, "self/net/dev", O_RDONLY | O_CLOEXEC);
	n->sockets_fd = openat(c->proc_fd, "self/net/sockstat", O_RDONLY | O_CLOEXEC);
	if (n->devices_fd < 0 || n->sockets_fd < 0 || read_sockets(n->sockets_fd, without) < 0)
		return false;
	n->changes_fd = open_changes();
	/* and counts it: so it is this namespace's, and of all families */
	return n->changes_fd >= 0 && read_sockets(n->sockets_fd, with) == 0 && strcmp(without, with) != 0;
}

static void close_files(struct stock_network *n)
{
	n->changes_fd = fd_close(n->changes_fd);
	n->devices_fd = fd_close(n->devices_fd);
	n->sockets_fd = fd_close(n->sockets_fd);
}

void network_watch(const struct jail_context *c, struct stock_network *n)
{
	if (!open_files(c, n))
		close_files(n);
}

/* 0: there are none. 1: there was one. An error is of a queue that was too short, too. */
static int take_news(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, sizeof(byte), MSG_DONTWAIT);

	if (n >= 0)
		return 1;
	return errno == EAGAIN ? 0 : errno_or_eio();
}

static bool devices_are_new(const struct jail_stock *s, const struct stock_network *n)
{
	char devices[STOCK_DEVICES_MAX];

	return read_devices(n->devices_fd, devices) == 0 && strcmp(devices, s->devices) == 0;
}

void network_begin(struct jail_stock *s, struct stock_network *n)
{
	int r = n->changes_fd < 0 ? -EBADF : 1;

	for (size_t i = 0; r > 0 && i < NEWS_MAX; i++)
		r = take_news(n->changes_fd);
	/* the first is how all are to be */
	if (r == 0 && !s->devices[0] && read_devices(n->devices_fd, s->devices) < 0)
		s->devices[0] = '\0';
	if (r != 0 || !s->devices[0] || !devices_are_new(s, n) || read_sockets(n->sockets_fd, n->sockets) < 0)
		n->sockets[0] = '\0';
}

bool network_is_untouched(const struct jail_stock *s, const struct stock_network *n)
{
	char sockets[STOCK_SOCKETS_MAX];

	return n->sockets[0] && take_news(n->changes_fd) == 0 && devices_are_new(s, n) &&
	       read_sockets(n->sockets_fd, sockets) == 0 && strcmp(sockets, n->sockets) == 0;
}

void network_forget(struct stock_network *n)
{
	(void)fd_close(n->fd);
	close_files(n);
	*n = NETWORK_NULL;
}
