/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * All profiles of a system: the profiles/ folders of the configuration directories, templates followed,
 * drop-ins applied, everything checked. A profile with any error is in the set, with its errors, and says
 * nothing else.
 */

#include "profile/profile.h"
#include "profile/unit.h"

#define PLACES_MAX           3U    /* /etc, /run, /usr/lib */
#define PROFILES_PER_SET_MAX 4096U /* as the catalog's bound */

/* The configuration directories, in order of precedence. */
struct places {
	struct trusted_dir dirs[PLACES_MAX];
	size_t n;
};

/* Opens those that exist. @paths: at most PLACES_MAX, NULL-terminated. @lenient: see trusted.h. */
int places_open(const char *const *paths, bool lenient, struct places *ret);
/* The folders of this name below them, those that exist. */
int places_open_below(const struct places *p, const char *name, struct places *ret);
void places_close(struct places *p);

struct profile_set {
	struct profile *profiles; /* sorted by name */
	size_t n;
	char **errors; /* what belongs to no profile: names that are none, folders that can't be listed */
	struct unit *units; /* of profiles, in the same order; they own the sources */
};

/* @draft: may be NULL. 0 also when there were errors; -ENOMEM. */
int profile_set_load(const struct places *places, const struct draft *draft, struct profile_set **ret);
struct profile_set *profile_set_free(struct profile_set *s); /* returns NULL */
DEFINE_CLEANUP(struct profile_set *, profile_set_free);
/* The position of a name, or -ENOENT. */
int profile_set_find(const struct profile_set *s, const char *name, size_t *ret);
