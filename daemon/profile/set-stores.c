/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Setters of names that belong to no file of profiles: DaemonStore=, whose directories change while Bailiff
 * runs, so that they are for the launch to see, and JoinsPool=. */

#include "base/bounds.h"
#include "base/error.h"
#include "base/parse.h"
#include "profile/profile.h"

#include <string.h>

const char *const profile_store_roots[PROFILE_STORE_ROOTS] = { "/run/daemon-store",
	"/run/daemon-store-cache" };

static void clear_stores(struct profile_names *stores)
{
	for (size_t i = 0; i < stores->n; i++)
		free(stores->v[i].name);
	stores->n = 0;
}

/* Adds a name unless it is there; takes it over. */
static int add_store(const struct setting *s, struct profile_names *stores, char *name, size_t offset)
{
	_cleanup_free_ char *owned = name;
	struct profile_name *v;

	if (!store_name_valid(name))
		return setting_error(s, offset,
			"%s=%s: expected the name of a directory in /etc/daemon-store, of letters, digits, "
			"'_', '-' and '.', up to %u bytes",
			s->key->name, name, STORE_NAME_MAX);
	for (size_t i = 0; i < stores->n; i++)
		if (strcmp(stores->v[i].name, name) == 0)
			return 0;
	if (stores->n >= SETTING_LIST_MAX)
		return setting_error(s, offset, "%s=: more than %u names", s->key->name, SETTING_LIST_MAX);
	v = reallocarray(stores->v, stores->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	stores->v = v;
	v[stores->n++] = (struct profile_name){ steal_ptr(owned), setting_place(s, offset) };
	return 0;
}

int set_daemon_stores(const struct setting *s, void *target)
{
	struct profile_names *stores = setting_slot(s, target);
	size_t at = 0, offset;
	bool failed = false;
	char *word;
	int r;

	if (s->value[0] == '\0')
		clear_stores(stores);
	for (;;) {
		r = setting_word(s, &at, false, &word, &offset);
		if (r <= 0)
			return r == 0 && failed ? -EBADMSG : r;
		r = add_store(s, stores, word, offset);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
}

int set_pool(const struct setting *s, void *target)
{
	struct profile *p = target;
	char *copy;

	if (!profile_name_valid(s->value))
		return setting_error(s, 0,
			"%s=%s: expected a name of letters a to z, digits, '_' and '-', up to %u bytes",
			s->key->name, s->value, POOL_NAME_MAX);
	copy = strdup(s->value);
	if (!copy)
		return -ENOMEM;
	free(p->pool);
	p->pool = copy;
	return 0;
}
