/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Who may launch, and as whom the payload runs. Ids that a payload never gets: root's, the broker's own, and
 * those of the range for dynamic users, where a static user would share an id with another's sandbox.
 */

#include "base/error.h"
#include "base/strv.h"
#include "compiler/translate.h"
#include "compiler/users.h"

#include <inttypes.h>
#include <string.h>

static int not_found(struct diagnostics *d, const struct profile_name *n, const char *key, int r)
{
	if (r == -ENOMEM)
		return r;
	if (r == -ENOENT)
		return diagnostics_add(d, &n->place,
			"%s=%s: the user database has no such entry; correct it, or write a number", key,
			n->name);
	return diagnostics_add(d, &n->place, "%s=%s: the user database can't be read: %s", key, n->name,
		strerrordesc_np(-r));
}

/* "decoder.profile:12", "decoder.profile.d/10-site.conf:3": enough to find it, without telling callers more.
 */
static int origin_of(const struct place *place, char **ret)
{
	const char *start = strrchr(place->file, '/'), *folder;

	folder = start ? memrchr(place->file, '/', (size_t)(start - place->file)) : NULL;
	if (folder && start - folder > 2 && strncmp(start - 2, ".d", 2) == 0)
		start = folder;
	if (asprintf(ret, "%s:%u", start ? start + 1 : place->file, place->line) < 0) {
		*ret = NULL;
		return -ENOMEM;
	}
	return 0;
}

static int add_rule(
	struct compiled_profile *ret, enum access_type type, uint32_t id, const struct profile_name *n)
{
	struct access_rule *rule = &ret->access[ret->n_access++];

	*rule = (struct access_rule){ .type = type, .id = id, .name = strdup(n->name) };
	return rule->name ? origin_of(&n->place, &rule->origin) : -ENOMEM;
}

static int allow_user(struct diagnostics *d, const struct profile_name *n, struct compiled_profile *ret)
{
	_cleanup_(user_record_done) struct user_record u = { 0 };
	int r = users_find(n->name, &u);

	return r < 0 ? not_found(d, n, "AllowUser", r) : add_rule(ret, ACCESS_USER, u.uid, n);
}

static int allow_group(struct diagnostics *d, const struct profile_name *n, struct compiled_profile *ret)
{
	gid_t gid;
	int r = users_find_group(n->name, &gid);

	return r < 0 ? not_found(d, n, "AllowGroup", r) : add_rule(ret, ACCESS_GROUP, gid, n);
}

/* These three are compared as they are written: no database knows more. */
static int allow_domain(struct diagnostics *d, const struct profile_name *n, struct compiled_profile *ret)
{
	return add_rule(ret, ACCESS_SELINUX_DOMAIN, 0, n);
}

static int allow_unit(struct diagnostics *d, const struct profile_name *n, struct compiled_profile *ret)
{
	return add_rule(ret, ACCESS_UNIT, 0, n);
}

static int allow_polkit(struct diagnostics *d, const struct profile_name *n, struct compiled_profile *ret)
{
	return add_rule(ret, ACCESS_POLKIT, 0, n);
}

/* -EBADMSG: diagnosed, and the others were added. */
static int allow_all(struct diagnostics *d, const struct profile_names *names,
	int (*allow)(struct diagnostics *, const struct profile_name *, struct compiled_profile *),
	struct compiled_profile *ret)
{
	struct access_rule *grown;
	bool failed = false;
	int r;

	if (names->n == 0)
		return 0;
	grown = reallocarray(ret->access, ret->n_access + names->n, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	ret->access = grown;
	for (size_t i = 0; i < names->n; i++) {
		r = allow(d, &names->v[i], ret);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
	return failed ? -EBADMSG : 0;
}

int translate_access(const struct translation *t, const struct profile *p, struct diagnostics *d,
	struct compiled_profile *ret)
{
	const struct {
		const struct profile_names *names;
		int (*allow)(struct diagnostics *, const struct profile_name *, struct compiled_profile *);
	} kinds[] = {
		{ &p->allow_users, allow_user }, { &p->allow_groups, allow_group },
		{ &p->allow_domains, allow_domain }, { &p->allow_units, allow_unit },
		{ &p->polkit, allow_polkit }, /* the last: asked when nothing else matches */
	};
	bool failed = false;
	int r;

	ret->allow_detach = p->states[KEY_ALLOW_DETACH].set && p->allow_detach;
	ret->max_per_user = p->states[KEY_MAX_PER_USER].set ? p->max_per_user : 0;
	ret->launches_per_minute = p->states[KEY_LAUNCHES_PER_MINUTE].set ? p->launches_per_minute : 0;
	if (!t->resolve_users)
		return 0;
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		/* taken back by an empty assignment */
		if (kinds[i].names == &p->polkit && !p->states[KEY_POLKIT].set)
			continue;
		r = allow_all(d, kinds[i].names, kinds[i].allow, ret);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
	return failed ? -EBADMSG : 0;
}

/* Why a payload may not run under this user id; NULL if it may. */
static const char *uid_fault(const struct translation *t, uid_t uid)
{
	if (uid == 0)
		return "that is root; a payload never runs as root, with PrivateUsers=yes neither";
	if (t->has_broker_user && uid == t->broker_uid)
		return "that is the broker's own user; name another";
	if (uid >= t->config->dynamic_uid_min && uid <= t->config->dynamic_uid_max)
		return "that id lies in DynamicUserRange= of bailiffd.conf; name another";
	return NULL;
}

static const char *gid_fault(const struct translation *t, gid_t gid)
{
	if (gid == 0)
		return "that is root's group; a payload is never in it";
	if (t->has_broker_user && gid == t->broker_gid)
		return "that is the broker's own group; name another";
	if (gid >= t->config->dynamic_uid_min && gid <= t->config->dynamic_uid_max)
		return "that id lies in DynamicUserRange= of bailiffd.conf; name another";
	return NULL;
}

/* Adds a group unless it is there. @n: the name to blame, of this key. */
static int add_group(const struct translation *t, struct diagnostics *d, struct compiled_profile *ret,
	gid_t gid, const struct profile_name *n, const char *key)
{
	const char *fault = gid_fault(t, gid);
	gid_t *groups;

	if (fault)
		return diagnostics_add(
			d, &n->place, "%s=%s (group %" PRIu32 "): %s", key, n->name, gid, fault);
	for (size_t i = 0; i < ret->n_groups; i++)
		if (ret->groups[i] == gid)
			return 0;
	if (ret->n_groups >= GROUPS_MAX)
		return diagnostics_add(d, &n->place, "%s=%s: too many groups", key, n->name);
	groups = reallocarray(ret->groups, ret->n_groups + 1, sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	ret->groups = groups;
	groups[ret->n_groups++] = gid;
	return 0;
}

static int add_named_groups(const struct translation *t, const struct profile *p, struct diagnostics *d,
	struct compiled_profile *ret)
{
	bool failed = false;
	gid_t gid;

	for (size_t i = 0; i < p->groups.n; i++) {
		const struct profile_name *n = &p->groups.v[i];
		int r = users_find_group(n->name, &gid);

		r = r < 0 ? not_found(d, n, "SupplementaryGroups", r)
			  : add_group(t, d, ret, gid, n, "SupplementaryGroups");
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
	return failed ? -EBADMSG : 0;
}

/* The groups that the database gives the user, as initgroups(3) would; the primary one is Group=, if set. */
static int add_users_groups(const struct translation *t, struct diagnostics *d, const struct profile_name *n,
	bool with_primary, struct compiled_profile *ret)
{
	struct known_user *u = t->user;
	int r;

	if (!u->record.has_entry)
		return 0;
	r = known_user_groups(u);
	if (r < 0)
		return not_found(d, n, "User", r);
	for (size_t i = 0; i < u->n_groups; i++) {
		if (!with_primary && u->groups[i] == u->record.gid)
			continue;
		r = add_group(t, d, ret, u->groups[i], n, "User");
		if (r < 0)
			return r;
	}
	return 0;
}

static int set_group(const struct translation *t, const struct profile *p, struct diagnostics *d,
	const struct user_record *u, struct compiled_profile *ret)
{
	const struct profile_name *n = p->group.n > 0 && p->states[KEY_GROUP].set ? &p->group.v[0] : NULL;
	const char *fault;
	int r;

	if (!n && !u->has_entry)
		return diagnostics_add(d, &p->user.v[0].place,
			"User=%s: the user database has no entry for this id; add Group=", p->user.v[0].name);
	ret->gid = u->gid;
	r = n ? users_find_group(n->name, &ret->gid) : 0;
	if (r < 0)
		return not_found(d, n, "Group", r);
	fault = gid_fault(t, ret->gid);
	if (!fault)
		return 0;
	n = n ? n : &p->user.v[0];
	return diagnostics_add(d, &n->place, "%s (group %" PRIu32 "): %s", n->name, ret->gid, fault);
}

static int set_user(const struct translation *t, const struct profile *p, struct diagnostics *d,
	struct compiled_profile *ret)
{
	const struct user_record *u = &t->user->record;
	const struct profile_name *n = &p->user.v[0];
	const char *fault;
	int r;

	r = known_user_find(t->user, n->name);
	if (r < 0)
		return not_found(d, n, "User", r);
	fault = uid_fault(t, u->uid);
	if (fault)
		return diagnostics_add(d, &n->place, "User=%s: %s", n->name, fault);
	ret->dynamic_user = false;
	ret->uid = u->uid;
	r = set_group(t, p, d, u, ret);
	return r < 0 ? r : add_users_groups(t, d, n, !p->states[KEY_GROUP].set, ret);
}

int translate_user(const struct translation *t, const struct profile *p, struct diagnostics *d,
	struct compiled_profile *ret)
{
	bool is_static = p->states[KEY_USER].set && p->user.n > 0;
	int user = 0, groups;

	if (!t->resolve_users)
		return 0;
	if (is_static)
		user = set_user(t, p, d, ret);
	if (user < 0 && user != -EBADMSG)
		return user;
	groups = add_named_groups(t, p, d, ret);
	return groups < 0 ? groups : user;
}
