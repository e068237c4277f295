/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compiler/members.h"
#include "base/bounds.h"
#include "base/error.h"
#include "base/strv.h"
#include "compiler/users.h"

#include <pwd.h>
#include <stdlib.h>

struct member {
	uint32_t gid, uid;
};

struct members {
	struct member *v;
	size_t n, allocated;
};

static void members_done(struct members *m)
{
	free(m->v);
}

static int add(struct members *m, uint32_t gid, uint32_t uid)
{
	if (m->n >= MEMBERS_MAX)
		return -E2BIG;
	if (m->n >= m->allocated) {
		const size_t n = m->allocated > 0 ? 2 * m->allocated : 64;
		struct member *grown = reallocarray(m->v, n, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		m->v = grown;
		m->allocated = n;
	}
	m->v[m->n++] = (struct member){ gid, uid };
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->gid != y->gid)
		return x->gid < y->gid ? -1 : 1;
	return (x->uid > y->uid) - (x->uid < y->uid);
}

static int compare_gids(const void *a, const void *b)
{
	const struct group_members *x = a, *y = b;

	return (x->gid > y->gid) - (x->gid < y->gid);
}

/* Each group that any profile names, once, without members yet. */
static int find_groups(struct catalog *c)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < c->n_profiles; i++)
		n += c->profiles[i].n_access;
	c->groups = calloc(n + 1, sizeof(*c->groups));
	if (!c->groups)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_profiles; i++)
		for (size_t k = 0; k < c->profiles[i].n_access; k++)
			if (c->profiles[i].access[k].type == ACCESS_GROUP)
				c->groups[c->n_groups++].gid = c->profiles[i].access[k].id;
	if (c->n_groups > 1)
		qsort(c->groups, c->n_groups, sizeof(*c->groups), compare_gids);
	for (size_t i = 0; i < c->n_groups; i++)
		if (kept == 0 || c->groups[i].gid != c->groups[kept - 1].gid)
			c->groups[kept++].gid = c->groups[i].gid;
	c->n_groups = kept;
	return 0;
}

/* Those that the group's own entry lists. */
static int add_listed(struct members *m, uint32_t gid)
{
	_cleanup_(strv_freep) char **names = NULL;
	int r = users_listed_in(gid, &names);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	STRV_FOREACH (name, names) {
		_cleanup_(user_record_done) struct user_record u = { 0 };

		if (users_find(*name, &u) < 0)
			continue;
		r = add(m, gid, u.uid);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Those whose own entry has the group. */
static int add_primary(struct members *m, const struct catalog *c)
{
	const struct passwd *entry;
	int r = 0;

	setpwent();
	while (r == 0 && (entry = getpwent())) {
		const struct group_members key = { .gid = entry->pw_gid };

		if (bsearch(&key, c->groups, c->n_groups, sizeof(key), compare_gids))
			r = add(m, entry->pw_gid, entry->pw_uid);
	}
	endpwent();
	return r;
}

static int hand_over(const struct members *m, struct group_members *g)
{
	size_t first = 0;

	while (first < m->n && m->v[first].gid != g->gid)
		first++;
	g->uids = calloc(m->n - first + 1, sizeof(*g->uids));
	if (!g->uids)
		return -ENOMEM;
	for (size_t i = first; i < m->n && m->v[i].gid == g->gid; i++)
		if (g->n_uids == 0 || g->uids[g->n_uids - 1] != m->v[i].uid)
			g->uids[g->n_uids++] = m->v[i].uid;
	return 0;
}

int members_collect(struct catalog *c)
{
	_cleanup_(members_done) struct members m = { 0 };
	int r = find_groups(c);

	for (size_t i = 0; r == 0 && i < c->n_groups; i++)
		r = add_listed(&m, c->groups[i].gid);
	if (r == 0 && c->n_groups > 0)
		r = add_primary(&m, c);
	if (r < 0)
		return r;
	if (m.n > 1)
		qsort(m.v, m.n, sizeof(*m.v), compare);
	for (size_t i = 0; r == 0 && i < c->n_groups; i++)
		r = hand_over(&m, &c->groups[i]);
	return r;
}
