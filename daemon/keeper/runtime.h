/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What an instance has in the file system: its runtime directory with the lock in it, and its cgroup. */

#include "keeper/cgroup.h"

struct runtime {
	int dir_fd, lock_fd;
	int direct_fd;                   /* listens as "broker" in the directory; it survives every broker */
	int uids_fd;                     /* the launchers' record of dynamic user ids */
	int cgroup_parent_fd, cgroup_fd; /* -1 without cgroup v2 */
	char cgroup_name[32];
};

#define RUNTIME_NULL                                                                                         \
	((struct runtime){ .dir_fd = -1,                                                                     \
		.lock_fd = -1,                                                                               \
		.direct_fd = -1,                                                                             \
		.uids_fd = -1,                                                                               \
		.cgroup_parent_fd = -1,                                                                      \
		.cgroup_fd = -1 })

/*
 * Opens, or makes, the directory and the record of dynamic user ids, and takes the lock. -EBUSY when another
 * instance has it; -EPERM when others than root may write there. On failure *reterr_what is a static phrase.
 */
int runtime_open(const char *dir, struct runtime *ret, const char **reterr_what);
/*
 * Makes the socket beside the bus, which every user may connect to. Its path is longer than a socket's may
 * be: -ENAMETOOLONG. /proc must be there.
 */
int runtime_listen(struct runtime *r, const char *dir);
/*
 * Makes the cgroup of this instance below our own, where cgroup v2 is mounted; what an instance that was
 * killed has left in it is killed and removed. Without cgroup v2: 0 and no fd. @dir: as for runtime_open(),
 * names the cgroup.
 */
int runtime_make_cgroup(struct runtime *r, const char *dir);
/* Kills the jails' cgroups that are not spared and removes them; the instance's own stays. -EBUSY if
 * processes would not end. */
int runtime_clear_cgroup(const struct runtime *r, cgroup_spare spare, const void *userdata);
/* Removes cgroup, socket and lock, and closes the fds: the orderly end. The record of user ids stays, for the
 * next instance. */
void runtime_remove(struct runtime *r);
