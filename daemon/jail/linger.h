/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Jails that were killed and did not end in the time that jail_done() waits: a process in the middle of an
 * operation on a file system that hangs, for one. The launcher must go on, and yet no zombie and no cgroup
 * may stay for ever. So they wait here; every start and end of another jail looks after them, and
 * jail_collect(), which the launcher calls as long as there are some.
 */

#include "jail/jail.h"

struct jail_linger {
	struct jail_linger *next;
	struct jail jail;
};

/* Takes over the jail, which has its place with it. */
void linger_add(struct jail_context *c, struct jail *j);
/* Finishes those that have ended. Does not wait. */
void linger_collect(struct jail_context *c);
/* Lets go of all. */
void linger_forget(struct jail_context *c);

/* What makes namespaces or mounts ahead, when it has to go: killed, and waited for, but not for long. It may
 * be in the middle of something that hangs, or be traced by somebody, whose it is to reap first. Its pidfd is
 * closed when it has been reaped. */
void maker_end(int *pidfd);
/* For one that took longer, again and again. Does not wait. */
void maker_reap(int *pidfd);

/* reap.c: notes what has ended of payload and init, and takes away the cgroup when all has. 0, or -EBUSY
 * while something is left. */
int jail_try_finish(struct jail_context *c, struct jail *j);
/* reap.c: closes what the jail holds, frees, and makes it JAIL_NULL. */
void jail_release(struct jail *j);
/* reap.c: jail_done() that waits longer: the id, and so the control group's name, is another's next. */
void jail_clear(struct jail_context *c, struct jail *j);
