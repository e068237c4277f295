/* SPDX-License-Identifier: GPL-2.0-or-later */

/* User and group ids, all of them: real, effective, saved, file system, supplementary. Raw system calls:
 * glibc's wrappers would signal threads that a copy of the launcher does not have. */

#include "base/error.h"
#include "jail/steps.h"

#include <sys/syscall.h>
#include <unistd.h>

/* Where there are two of each, the calls without the number in their name take ids of 16 bits: 65536 would be
 * root. */
#ifdef SYS_setresuid32
#define NUMBER_SETGROUPS SYS_setgroups32
#define NUMBER_SETRESGID SYS_setresgid32
#define NUMBER_SETRESUID SYS_setresuid32
#else
#define NUMBER_SETGROUPS SYS_setgroups
#define NUMBER_SETRESGID SYS_setresgid
#define NUMBER_SETRESUID SYS_setresuid
#endif

int prepare_ids(const struct jail_spec *spec, struct jail_error *reterr)
{
	if (spec->uid == (uid_t)-1)
		return jail_fail_number(reterr, STAGE_IDS, -EINVAL, "uid", spec->uid);
	if (spec->gid == (gid_t)-1)
		return jail_fail_number(reterr, STAGE_IDS, -EINVAL, "gid", spec->gid);
	if (spec->n_groups > GROUPS_MAX)
		return jail_fail_number(reterr, STAGE_IDS, -EINVAL, "number of groups", spec->n_groups);
	for (size_t i = 0; i < spec->n_groups; i++)
		if (spec->groups[i] == (gid_t)-1)
			return jail_fail_number(
				reterr, STAGE_IDS, -EINVAL, "supplementary group", spec->groups[i]);
	return 0;
}

int apply_ids(uid_t uid, gid_t gid, const gid_t *groups, size_t n_groups, struct jail_error *reterr)
{
	/* Groups first: afterwards there may be no right to change them. */
	if (syscall(NUMBER_SETGROUPS, n_groups, groups) < 0)
		return jail_fail_number(reterr, STAGE_IDS, errno_or_eio(), "setgroups", n_groups);
	if (syscall(NUMBER_SETRESGID, gid, gid, gid) < 0)
		return jail_fail_number(reterr, STAGE_IDS, errno_or_eio(), "setresgid", gid);
	if (syscall(NUMBER_SETRESUID, uid, uid, uid) < 0)
		return jail_fail_number(reterr, STAGE_IDS, errno_or_eio(), "setresuid", uid);
	return 0;
}
