/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* One profile's text and values → the compiled profile: names resolved, policy compiled. */

#include "catalog/compiled.h"
#include "compiler/users.h"
#include "profile/store.h"
#include "seccomp/seccomp.h"

struct shared_filters;

struct translation {
	const struct places *policies; /* folders with seccomp policies */
	const struct compiled_config *config;
	struct shared_filters *filters; /* NULL: nothing is shared */
	struct known_user *user;
	bool resolve_users, lenient;
	bool has_broker_user; /* the next two are known */
	uid_t broker_uid;
	gid_t broker_gid;
};

/* Fills @ret (initialised by compiled_profile_init()) but for name, source_path, drop_ins and sha256.
 * -EBADMSG after diagnosing, -ENOMEM; compiled_profile_done() it in every case. */
int translate_profile(const struct translation *t, const struct profile *p, struct diagnostics *d,
	struct compiled_profile *ret);

/* [Access] and [User]: the part that needs the user database. */
int translate_access(const struct translation *t, const struct profile *p, struct diagnostics *d,
	struct compiled_profile *ret);
int translate_user(const struct translation *t, const struct profile *p, struct diagnostics *d,
	struct compiled_profile *ret);
/* Restrictions of [Filesystem]: lists of paths and Protect…=. Needs the namespaces and the mounts, and takes
 * capabilities away. 0 or -ENOMEM. */
int translate_restrictions(const struct profile *p, struct compiled_profile *ret);
/* How many mounts ProtectHome= adds to those of the profile, and adding them. */
size_t count_home_mounts(const struct profile *p);
int translate_home_mounts(const struct profile *p, struct compiled_profile *ret);
/* MountPropagation= and DaemonStore=, and the one mount that the latter adds at most. 0 or -ENOMEM. */
int translate_stores(const struct profile *p, struct compiled_profile *ret);
/* MountSlot=. 0 or -ENOMEM. */
int translate_mount_slots(const struct profile *p, struct compiled_profile *ret);
/* [Resources] but for the limits. */
void translate_tuning(const struct profile *p, struct compiled_profile *ret);
/* [Landlock]. 0 or -ENOMEM. */
int translate_landlock(const struct profile *p, struct compiled_profile *ret);
/* [Seccomp], and what other sections have of system calls */
int translate_filter(const struct translation *t, const struct profile *p, struct diagnostics *d,
	struct compiled_profile *ret);
/* Policy=, which must be set, for an architecture. @ret: as seccomp_compile_file() has it, to be freed in
 * every case; with the parsed policy. *ret_path: the file's, in place of an earlier one. -EBADMSG after
 * diagnosing. */
int load_policy(const struct translation *t, const struct profile *p, const struct architecture *a,
	struct diagnostics *d, struct seccomp_result *ret, char **ret_path);
