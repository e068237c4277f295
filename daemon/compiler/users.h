/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Users and groups by name or number, from the user database: getpwnam_r(3), getgrnam_r(3), getgrouplist(3).
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct user_record {
	uid_t uid;
	gid_t gid;      /* primary group; meaningful if has_entry */
	bool has_entry; /* false: a number that the database does not know */
	char *name;     /* of the entry */
};

void user_record_done(struct user_record *u);
/* -ENOENT: no such user. Other errors: the database can't be read. */
int users_find(const char *name_or_id, struct user_record *ret);
int users_find_group(const char *name_or_id, gid_t *ret);
/* All groups of a user's entry, the primary one included. */
int users_groups_of(const struct user_record *u, gid_t **ret, size_t *ret_n);
/* The user whom the last profile named: many name the same. */
struct known_user {
	char *asked; /* for this name or number; NULL: nobody yet */
	struct user_record record;
	gid_t *groups; /* NULL: not asked yet */
	size_t n_groups;
};

void known_user_done(struct known_user *k);
/* As users_find() and users_groups_of(), but for one that is known already; both results are the known one's.
 */
int known_user_find(struct known_user *k, const char *name_or_id);
int known_user_groups(struct known_user *k);
/* Names of users that the group's entry lists, to be freed. -ENOENT: no such
 * group. */
int users_listed_in(gid_t gid, char ***ret);
/* Loads what the name service needs, by asking for somebody who does not exist: later look-ups then open
 * plain files only. */
void users_warm_up(void);
