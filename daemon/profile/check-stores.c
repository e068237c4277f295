/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Contradictions about mounts that come in later: a namespace that is not there to get them, and mounts,
 * restrictions or users that leave nothing of a daemon store. */

#include "base/bounds.h"
#include "base/error.h"
#include "base/path.h"
#include "profile/check.h"

#include <stdio.h>
#include <string.h>

const char *const profile_store_roots[PROFILE_STORE_ROOTS] = { "/run/daemon-store",
	"/run/daemon-store-cache" };

static bool is_set(const struct check *c, enum profile_key key)
{
	return c->profile->states[key].set;
}

int check_propagation(const struct check *c)
{
	const struct profile *p = c->profile;
	const struct place *mounts = &p->states[KEY_PRIVATE_MOUNTS].place;

	if (!is_set(c, KEY_MOUNT_PROPAGATION) || profile_yes(p, KEY_PRIVATE_MOUNTS, p->private_mounts))
		return 0;
	return diagnostics_add(c->diagnostics, &p->states[KEY_MOUNT_PROPAGATION].place,
		"MountPropagation= contradicts PrivateMounts=no (%s:%u): there are no mounts but those "
		"outside; remove one of them",
		mounts->file, mounts->line);
}

/* Where a path lies, seen from a store. */
enum position {
	APART,
	AROUND, /* the store lies below it */
	WITHIN, /* it is the store, or lies below it */
};

static enum position position_of(const char *path, const char *name)
{
	char store[sizeof("/run/daemon-store-cache/") + STORE_NAME_MAX];

	for (size_t i = 0; i < PROFILE_STORE_ROOTS; i++) {
		(void)snprintf(store, sizeof(store), "%s/%s", profile_store_roots[i], name);
		if (path_is_below(path, store))
			return WITHIN;
		if (path_is_below(store, path))
			return AROUND;
	}
	return APART;
}

static int check_mount(const struct check *c, const struct profile_name *store, const struct profile_mount *m)
{
	enum position position = position_of(m->target, store->name);

	if (position == WITHIN)
		return diagnostics_add(c->diagnostics, &m->place,
			"a mount on %s contradicts DaemonStore=%s (%s:%u), which is mounted there; remove "
			"one of them",
			m->target, store->name, store->place.file, store->place.line);
	if (position == AROUND && !m->tmpfs)
		return diagnostics_add(c->diagnostics, &m->place,
			"a bind mount on %s contradicts DaemonStore=%s (%s:%u): it would show the stores of "
			"others; mount a TemporaryFileSystem= there, or bind what is needed from below it",
			m->target, store->name, store->place.file, store->place.line);
	return 0;
}

static int check_restriction(
	const struct check *c, const struct profile_name *store, const struct profile_restriction *r)
{
	enum position position = position_of(r->path, store->name);

	if (position == WITHIN)
		return diagnostics_add(c->diagnostics, &r->place,
			"restricting %s contradicts DaemonStore=%s (%s:%u): what is mounted there later "
			"would not be restricted; remove one of them",
			r->path, store->name, store->place.file, store->place.line);
	if (position == AROUND && r->key == KEY_INACCESSIBLE_PATHS)
		return diagnostics_add(c->diagnostics, &r->place,
			"InaccessiblePaths=%s contradicts DaemonStore=%s (%s:%u), which lies below it; "
			"narrow that, or remove one of them",
			r->path, store->name, store->place.file, store->place.line);
	return 0;
}

static int check_store(const struct check *c, const struct profile_name *store)
{
	const struct profile *p = c->profile;
	bool failed = false;
	int r;

	for (size_t i = 0; i < p->n_mounts; i++) {
		r = check_mount(c, store, &p->mounts[i]);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
	for (size_t i = 0; i < p->n_restrictions; i++) {
		r = check_restriction(c, store, &p->restrictions[i]);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
	return failed ? -EBADMSG : 0;
}

/* A store without its namespace, or without anybody whom its files belong to. */
static int check_owner(const struct check *c)
{
	const struct profile *p = c->profile;
	const struct profile_name *store = &p->daemon_stores.v[0];
	const struct place *mounts = &p->states[KEY_PRIVATE_MOUNTS].place;
	_cleanup_free_ char *place = NULL;
	int r;

	if (!profile_yes(p, KEY_PRIVATE_MOUNTS, p->private_mounts))
		return diagnostics_add(c->diagnostics, &store->place,
			"DaemonStore=%s contradicts PrivateMounts=no (%s:%u): every store is seen then; "
			"remove one of them",
			store->name, mounts->file, mounts->line);
	if (is_set(c, KEY_USER))
		return 0;
	r = check_where(c, KEY_DYNAMIC_USER, &place);
	return r < 0 ? r
		     : diagnostics_add(c->diagnostics, &store->place,
			       "DaemonStore=%s contradicts DynamicUser=yes (%s), whose user owns no data; "
			       "set "
			       "User= to the owner of /etc/daemon-store/%s",
			       store->name, place, store->name);
}

int check_stores(const struct check *c)
{
	const struct profile_names *stores = &c->profile->daemon_stores;
	bool failed = false;
	int r;

	if (stores->n == 0)
		return 0;
	r = check_owner(c);
	for (size_t i = 0; (r >= 0 || r == -EBADMSG) && i < stores->n; i++) {
		failed |= r < 0;
		r = check_store(c, &stores->v[i]);
	}
	if (r < 0 && r != -EBADMSG)
		return r;
	return failed || r < 0 ? -EBADMSG : 0;
}
