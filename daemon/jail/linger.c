/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The list of jails that take long to die. Of each kind of maker there is one, which is kept where it is. */

#include "jail/linger.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/private.h"
#include "base/process.h"
#include "jail/cloner.h"
#include "jail/init.h"

#include <poll.h>
#include <signal.h>

#define END_MSEC 100 /* for a maker that was killed */

void linger_add(struct jail_context *c, struct jail *j)
{
	struct jail_linger *l = steal_ptr(j->linger);

	l->jail = *j;
	*j = JAIL_NULL;
	l->next = c->lingering;
	c->lingering = l;
}

void linger_collect(struct jail_context *c)
{
	/* an init waits for what was born beside it */
	cloners_collect(c);
	init_maker_collect(c);
	for (struct jail_linger **at = &c->lingering; *at;) {
		struct jail_linger *l = *at;

		if (jail_try_finish(c, &l->jail) < 0) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		jail_release(&l->jail);
		private_free(l);
	}
}

bool jail_collect(struct jail_context *c)
{
	const bool templates = templates_collect(c), stock = stock_collect(c);

	linger_collect(c);
	return templates || stock || c->lingering;
}

void linger_forget(struct jail_context *c)
{
	while (c->lingering) {
		struct jail_linger *l = c->lingering;

		c->lingering = l->next;
		jail_release(&l->jail);
		private_free(l);
	}
}

void maker_reap(int *pidfd)
{
	siginfo_t unused;

	if (process_wait(*pidfd, WNOHANG, &unused) != 0)
		*pidfd = fd_close(*pidfd);
}

void maker_end(int *pidfd)
{
	struct pollfd p = { .fd = *pidfd, .events = POLLIN };

	if (*pidfd < 0)
		return;
	(void)process_signal(*pidfd, SIGKILL);
	(void)poll(&p, 1, END_MSEC);
	maker_reap(pidfd);
}
