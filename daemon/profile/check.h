/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Checks of a whole profile, for this folder only: each returns 0, -EBADMSG after diagnosing, or -ENOMEM. */

#include "profile/profile.h"

struct check {
	const struct profile *profile;
	struct diagnostics *diagnostics;
};

/* "file:line" of a key that was set, or "the default". */
int check_where(const struct check *c, enum profile_key key, char **ret);

/* check-paths.c: what mounts, restricted paths and the Protect…= say about the same files */
int check_restrictions(const struct check *c);
int check_protections(const struct check *c);
int check_root(const struct check *c);
int check_devices(const struct check *c);

/* check-stores.c: MountPropagation=, and what lies where a daemon store is */
int check_propagation(const struct check *c);
int check_stores(const struct check *c);

/* check-slots.c: MountSlot=, and what else lies there */
int check_mount_slots(const struct check *c);

/* check-warm.c */
int check_warm(const struct check *c);

/* check-pools.c */
int check_pool(const struct check *c);
/* Profiles, by name, whose pools share something else than an earlier one's: their errors say so. 0 or
 * -ENOMEM. */
int profiles_check_pools(struct profile *profiles, size_t n);
