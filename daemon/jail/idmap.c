/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Binds in which the owner of the source is the payload's user, by a mount that maps ids (mount_setattr(2)):
 * what belongs to the one on the host belongs to the other inside, and what is made inside belongs to the
 * source's owner. So a user that exists for one sandbox only can keep files from launch to launch. The kernel
 * takes the mapping from a user namespace, which nobody is ever in.
 */

#include "base/error.h"
#include "base/fd.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <sys/mount.h>

static int apply_map(int mount_fd, bool recursive, int ns_fd)
{
	struct mount_attr a = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (unsigned)ns_fd };

	return RET_ERRNO(
		mount_setattr(mount_fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &a, sizeof(a)));
}

int idmap_apply(const struct mount_plan *p, const struct mount_item *item, const struct stat *owner)
{
	const struct user_namespace wish = {
		.user = { owner->st_uid, p->uid },
		.group = { owner->st_gid, p->gid },
	};
	_cleanup_close_ int ns_fd = -1;

	/* What root owns, nobody makes from a sandbox: a set-user-ID program would be the host's. */
	if (!(item->attributes & MOUNT_ATTR_RDONLY) && (owner->st_uid == 0 || owner->st_gid == 0))
		return -EPERM;
	ns_fd = user_namespace_make(&wish, p->proc_fd);
	return ns_fd < 0 ? ns_fd : apply_map(item->fd, item->recursive, ns_fd);
}
