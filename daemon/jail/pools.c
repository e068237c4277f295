/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "jail/pools.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

static struct pool *find(const struct pools *pools, uid_t owner, const char *name, uint32_t shared)
{
	struct pool *p;

	LIST_FOREACH(p, pools, all)
	{
		if (p->owner == owner && p->shared == shared && strcmp(p->name, name) == 0)
			return p;
	}
	return NULL;
}

static int failed(struct jail_error *reterr, int error)
{
	*reterr = (struct jail_error){ .stage = STAGE_NAMESPACES, .error = error, .object = "JoinsPool=" };
	return error;
}

/* Without namespaces yet, and of no member. */
static int add(struct pools *pools, uid_t owner, const char *name, uint32_t shared, struct pool **ret)
{
	size_t n = strlen(name);
	struct pool *p;

	if (n > POOL_NAME_MAX)
		return -ENAMETOOLONG;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	*p = (struct pool){ .owner = owner, .shared = shared, .namespaces = JAIL_POOL_NULL };
	memcpy(p->name, name, n + 1);
	LIST_INSERT_HEAD(pools, p, all);
	*ret = p;
	return 0;
}

int pools_join(struct pools *pools, const struct jail_context *c, uid_t owner, const char *name,
	uint32_t shared, struct pool **ret, struct jail_error *reterr)
{
	struct pool *p = find(pools, owner, name, shared);
	int r = 0;

	if (!p) {
		r = add(pools, owner, name, shared, &p);
		if (r < 0)
			return failed(reterr, r);
		r = jail_pool_open(c, shared, &p->namespaces, reterr);
	}
	p->members++;
	if (r < 0)
		(void)pool_leave(p);
	else
		*ret = p;
	return r;
}

int pools_adopt(struct pools *pools, uid_t owner, const char *name, uint32_t shared, int net_fd, int ipc_fd,
	struct pool **ret)
{
	struct jail_pool namespaces = { .net_fd = net_fd, .ipc_fd = ipc_fd };
	struct pool *p = find(pools, owner, name, shared);
	int r = 0;

	if (p)
		jail_pool_close(&namespaces);
	else {
		r = add(pools, owner, name, shared, &p);
		if (r < 0) {
			jail_pool_close(&namespaces);
			return r;
		}
		p->namespaces = namespaces;
	}
	p->members++;
	*ret = p;
	return 0;
}

struct pool *pool_leave(struct pool *p)
{
	if (!p || --p->members > 0)
		return NULL;
	LIST_REMOVE(p, all);
	jail_pool_close(&p->namespaces);
	free(p);
	return NULL;
}
