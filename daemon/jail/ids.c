/* SPDX-License-Identifier: GPL-2.0-or-later */

/* User and group ids, all of them: real, effective, saved, file system, supplementary. Raw system calls:
 * glibc's wrappers would signal threads that a copy of the launcher does not have. */

#include "base/error.h"
#include "jail/steps.h"

#include <sys/syscall.h>
#include <unistd.h>

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
	if (syscall(SYS_setgroups, n_groups, groups) < 0)
		return jail_fail_number(reterr, STAGE_IDS, errno_or_eio(), "setgroups", n_groups);
	if (syscall(SYS_setresgid, gid, gid, gid) < 0)
		return jail_fail_number(reterr, STAGE_IDS, errno_or_eio(), "setresgid", gid);
	if (syscall(SYS_setresuid, uid, uid, uid) < 0)
		return jail_fail_number(reterr, STAGE_IDS, errno_or_eio(), "setresuid", uid);
	return 0;
}
