/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/quota.h"
#include "base/error.h"

#include <stdlib.h>

void quota_done(struct quota *q)
{
	free(q->accounts);
	*q = (struct quota){ 0 };
}

/* A line per uid that uses the broker right now: a handful, so it is searched from the front. */
static struct account *find(const struct quota *q, uid_t uid)
{
	for (size_t i = 0; i < q->n_accounts; i++)
		if (q->accounts[i].uid == uid)
			return &q->accounts[i];
	return NULL;
}

uint32_t quota_used(const struct quota *q, uid_t uid, enum quota_kind kind)
{
	const struct account *a = find(q, uid);

	return a ? a->used[kind] : 0;
}

static int find_or_add(struct quota *q, uid_t uid, struct account **ret)
{
	struct account *a = find(q, uid);

	if (!a) {
		if (q->n_accounts == q->allocated) {
			size_t n = q->allocated > 0 ? 2 * q->allocated : 8;
			struct account *grown = reallocarray(q->accounts, n, sizeof(*grown));

			if (!grown)
				return -ENOMEM;
			q->accounts = grown;
			q->allocated = n;
		}
		a = &q->accounts[q->n_accounts++];
		*a = (struct account){ .uid = uid };
	}
	*ret = a;
	return 0;
}

int quota_take(struct quota *q, uid_t uid, enum quota_kind kind, uint32_t amount, uint32_t limit)
{
	const uint32_t used = quota_used(q, uid, kind);
	struct account *a;
	int r;

	if (used > limit || amount > limit - used)
		return -EDQUOT;
	if (amount == 0)
		return 0;
	r = find_or_add(q, uid, &a);
	if (r < 0)
		return r;
	a->used[kind] += amount;
	q->total[kind] += amount;
	return 0;
}

void quota_give(struct quota *q, uid_t uid, enum quota_kind kind, uint32_t amount)
{
	struct account *a = find(q, uid);

	assert(a && a->used[kind] >= amount && q->total[kind] >= amount);
	a->used[kind] -= amount;
	q->total[kind] -= amount;
	for (size_t i = 0; i < _QUOTA_MAX; i++)
		if (a->used[i] > 0)
			return;
	*a = q->accounts[--q->n_accounts];
}

void carried_give(struct quota *q, struct carried *c)
{
	if (c->n_fds > 0)
		quota_give(q, c->uid, QUOTA_FDS, c->n_fds);
	if (c->n_bytes > 0)
		quota_give(q, c->uid, QUOTA_BYTES, c->n_bytes);
	c->n_fds = c->n_bytes = 0;
}
