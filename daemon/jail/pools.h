/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Pools of JoinsPool=: which live sandboxes share which namespaces. A pool is of one owner, has a name and
 * what its members share, and lives as long as one of them does. A reload that changes what the profiles of a
 * name share makes another pool for the sandboxes that come then; those that live keep theirs.
 */

#include "base/bounds.h"
#include "jail/jail.h"

#include <sys/queue.h>

struct pool {
	LIST_ENTRY(pool) all;
	uid_t owner;
	char name[POOL_NAME_MAX + 1];
	uint32_t shared; /* JAIL_NS_* */
	size_t members;
	struct jail_pool namespaces;
};

LIST_HEAD(pools, pool);

/* The owner's pool of this name, made if there is none. On failure *reterr says why; -ENOTRECOVERABLE as of
 * jail_start(). */
int pools_join(struct pools *pools, const struct jail_context *c, uid_t owner, const char *name,
	uint32_t shared, struct pool **ret, struct jail_error *reterr);
/* One member more of the pool of these namespaces, of which each member holds fds of its own; takes them
 * over, also on failure. */
int pools_adopt(struct pools *pools, uid_t owner, const char *name, uint32_t shared, int net_fd, int ipc_fd,
	struct pool **ret);
/* One member less; the last one ends the pool. NULL is let pass. Returns NULL. */
struct pool *pool_leave(struct pool *p);
