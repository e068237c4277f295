/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compiler/users.h"
#include "base/bounds.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/parse.h"
#include "base/strv.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>

#define BUFFER_FIRST   4096U
#define BUFFER_MAX     (4U * 1024 * 1024) /* a group with some 100,000 members */
#define ID_NOBODY_ELSE ((uid_t)-2)        /* asked for to load the name service; no entry has it */

void user_record_done(struct user_record *u)
{
	free(u->name);
	u->name = NULL;
}

/* "Not found" has several errnos in getpwnam(3); anything else is a database that can't be read. */
static int lookup_error(int error)
{
	switch (error) {
	case 0:
	case ENOENT:
	case ESRCH:
	case EBADF:
	case EPERM:
		return -ENOENT;
	default:
		return -error;
	}
}

static bool is_number(const char *s)
{
	return *s >= '0' && *s <= '9';
}

static int find_entry(const char *name_or_id, uid_t id, size_t size, struct user_record *ret)
{
	_cleanup_free_ char *buffer = malloc(size), *name = NULL;
	struct passwd entry, *found = NULL;
	int r;

	if (!buffer)
		return -ENOMEM;
	r = is_number(name_or_id) ? getpwuid_r(id, &entry, buffer, size, &found)
				  : getpwnam_r(name_or_id, &entry, buffer, size, &found);
	if (r == ERANGE)
		return -ERANGE;
	if (!found)
		return lookup_error(r);
	name = strdup(found->pw_name);
	if (!name)
		return -ENOMEM;
	*ret = (struct user_record){ found->pw_uid, found->pw_gid, true, steal_ptr(name) };
	return 0;
}

int users_find(const char *name_or_id, struct user_record *ret)
{
	uid_t id = 0;
	int r;

	if (is_number(name_or_id) && parse_uid(name_or_id, &id) < 0)
		return -ENOENT;
	for (size_t size = BUFFER_FIRST; size <= BUFFER_MAX; size *= 4) {
		r = find_entry(name_or_id, id, size, ret);
		if (r != -ERANGE)
			break;
	}
	if (r == -ENOENT && is_number(name_or_id)) {
		*ret = (struct user_record){ .uid = id };
		return 0;
	}
	return r;
}

static int find_group_entry(const char *name, size_t size, gid_t *ret)
{
	_cleanup_free_ char *buffer = malloc(size);
	struct group entry, *found = NULL;
	int r;

	if (!buffer)
		return -ENOMEM;
	r = getgrnam_r(name, &entry, buffer, size, &found);
	if (r == ERANGE)
		return -ERANGE;
	if (!found)
		return lookup_error(r);
	*ret = found->gr_gid;
	return 0;
}

int users_find_group(const char *name_or_id, gid_t *ret)
{
	int r = -ENOENT;

	if (is_number(name_or_id))
		return parse_uid(name_or_id, ret) < 0 ? -ENOENT : 0;
	for (size_t size = BUFFER_FIRST; size <= BUFFER_MAX; size *= 4) {
		r = find_group_entry(name_or_id, size, ret);
		if (r != -ERANGE)
			break;
	}
	return r;
}

int users_groups_of(const struct user_record *u, gid_t **ret, size_t *ret_n)
{
	for (int room = 64; room <= GROUPS_MAX; room *= 4) {
		_cleanup_free_ gid_t *groups = calloc((size_t)room, sizeof(*groups));
		int n = room;

		if (!groups)
			return -ENOMEM;
		if (getgrouplist(u->name, u->gid, groups, &n) < 0)
			continue;
		*ret = steal_ptr(groups);
		*ret_n = (size_t)n;
		return 0;
	}
	return -E2BIG;
}

void known_user_done(struct known_user *k)
{
	free(k->asked);
	free(k->groups);
	user_record_done(&k->record);
	*k = (struct known_user){ 0 };
}

int known_user_find(struct known_user *k, const char *name_or_id)
{
	int r;

	if (k->asked && strcmp(k->asked, name_or_id) == 0)
		return 0;
	known_user_done(k);
	r = users_find(name_or_id, &k->record);
	if (r < 0)
		return r;
	k->asked = strdup(name_or_id);
	return k->asked ? 0 : -ENOMEM;
}

int known_user_groups(struct known_user *k)
{
	return k->groups ? 0 : users_groups_of(&k->record, &k->groups, &k->n_groups);
}

static int copy_names(char **names, char ***ret)
{
	char **copy = strv_copy(names);

	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

int users_listed_in(gid_t gid, char ***ret)
{
	for (size_t size = BUFFER_FIRST; size <= BUFFER_MAX; size *= 4) {
		_cleanup_free_ char *buffer = malloc(size);
		struct group entry, *found = NULL;
		int r;

		if (!buffer)
			return -ENOMEM;
		r = getgrgid_r(gid, &entry, buffer, size, &found);
		if (found)
			return copy_names(found->gr_mem, ret);
		if (r != ERANGE)
			return lookup_error(r);
	}
	return -E2BIG;
}

void users_warm_up(void)
{
	_cleanup_free_ char *buffer = malloc(BUFFER_FIRST);
	struct passwd user, *found_user;
	struct group group, *found_group;

	if (!buffer)
		return;
	(void)getpwuid_r(ID_NOBODY_ELSE, &user, buffer, BUFFER_FIRST, &found_user);
	(void)getgrgid_r(ID_NOBODY_ELSE, &group, buffer, BUFFER_FIRST, &found_group);
}
