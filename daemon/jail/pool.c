/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Namespaces that several jails share: made once, held by fds, and entered by each payload (network.c). The
 * launcher makes them itself, by going in and coming back, as it does for PID namespaces: so nobody has to
 * hold them, and they end with the last fd and the last process.
 */

#include "base/error.h"
#include "base/fd.h"
#include "jail/jail.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <sched.h>

#define KEY "JoinsPool="

static const struct {
	uint32_t wanted;
	int flag;
	const char *file;
} kinds[] = {
	{ JAIL_NS_NET, CLONE_NEWNET, "self/ns/net" },
	{ JAIL_NS_IPC, CLONE_NEWIPC, "self/ns/ipc" },
};

static int open_all(const struct jail_context *c, uint32_t namespaces, int fds[ELEMENTSOF(kinds)])
{
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		fds[i] = -1;
		if (!(namespaces & kinds[i].wanted))
			continue;
		fds[i] = openat(c->proc_fd, kinds[i].file, O_RDONLY | O_CLOEXEC);
		if (fds[i] < 0) {
			int r = errno_or_eio();

			fd_close_many(fds, i);
			return r;
		}
	}
	return 0;
}

static int come_back(const int own[ELEMENTSOF(kinds)])
{
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
		if (own[i] >= 0 && setns(own[i], kinds[i].flag) < 0)
			return -ENOTRECOVERABLE;
	return 0;
}

int jail_pool_open(
	const struct jail_context *c, uint32_t namespaces, struct jail_pool *ret, struct jail_error *reterr)
{
	int own[ELEMENTSOF(kinds)], made[ELEMENTSOF(kinds)] = { -1, -1 }, flags = 0, r;

	for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
		if (namespaces & kinds[i].wanted)
			flags |= kinds[i].flag;
	r = open_all(c, namespaces, own);
	if (r < 0)
		return jail_fail(reterr, STAGE_NAMESPACES, r, KEY " own namespaces", "");
	r = RET_ERRNO(unshare(flags));
	if (r >= 0) {
		r = open_all(c, namespaces, made);
		if (come_back(own) < 0) {
			fd_close_many(made, ELEMENTSOF(made));
			r = -ENOTRECOVERABLE;
		}
	}
	fd_close_many(own, ELEMENTSOF(own));
	if (r == -ENOTRECOVERABLE)
		return jail_fail(reterr, STAGE_NAMESPACES, r,
			KEY " the launcher can not leave the pool's namespaces", "");
	if (r < 0)
		return jail_fail(reterr, STAGE_NAMESPACES, r, KEY, "");
	*ret = (struct jail_pool){ .net_fd = made[0], .ipc_fd = made[1] };
	return 0;
}

void jail_pool_close(struct jail_pool *p)
{
	p->net_fd = fd_close(p->net_fd);
	p->ipc_fd = fd_close(p->ipc_fd);
}
