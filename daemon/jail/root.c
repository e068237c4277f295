/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The root directory: what a minimal one holds, or what is laid over the host's, and the change into it. The
 * new root is mounted over the old "/", so no directory of the host is needed for it, and paths from "/"
 * still mean the old one until pivot_root(2).
 */

#include "base/error.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SAFE      (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
#define READ_ONLY (SAFE | MOUNT_ATTR_RDONLY)

/* The system, in its /usr. The others are links into it, or on older systems directories beside it. */
static const char *const system_directories[] = { "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64",
	"/libx32" };

/* Of /etc only what running programs of /usr takes. */
static const char *const system_files[] = {
	"/etc/ld.so.cache",  /* without it the dynamic linker finds only libraries in its default directories
			      */
	"/etc/alternatives", /* many names in Debian's /usr/bin (awk, editor, …) are links through it */
};

static int add_system(struct mount_plan *p)
{
	struct mount_item *item;

	for (size_t i = 0; i < ELEMENTSOF(system_directories); i++) {
		item = mount_plan_add(
			p, ITEM_MIRROR, system_directories[i], system_directories[i], READ_ONLY);
		if (!item)
			return -ENOMEM;
		item->recursive = true;
		item->optional = i > 0; /* only /usr must be there */
	}
	for (size_t i = 0; i < ELEMENTSOF(system_files); i++) {
		item = mount_plan_add(p, ITEM_BIND, system_files[i], system_files[i], READ_ONLY);
		if (!item)
			return -ENOMEM;
		item->optional = true;
	}
	return 0;
}

/* The host's tree is there already; its /sys must not become writable for a payload with uid 0. */
static int add_over_host(struct mount_plan *p)
{
	struct mount_item *item = mount_plan_add(p, ITEM_BIND, "/sys", "/sys", READ_ONLY | MOUNT_ATTR_NOEXEC);

	if (!item)
		return -ENOMEM;
	item->recursive = item->optional = true;
	return 0;
}

static int add_scratch(struct mount_plan *p, const char *target, bool optional)
{
	struct mount_item *item = mount_plan_add(p, ITEM_TMPFS, "", target, SAFE);

	if (!item)
		return -ENOMEM;
	mount_item_tmpfs(item, 01777, SCRATCH_SIZE, SCRATCH_INODES);
	item->optional = optional;
	return 0;
}

int prepare_root(const struct jail_spec *spec, struct mount_plan *p)
{
	int r;

	r = spec->minimal_root ? add_system(p) : add_over_host(p);
	if (r < 0)
		return r;
	/* A procfs shows one PID namespace: without one of its own the payload would see everybody's
	 * processes. */
	if (spec->mount_proc && (spec->namespaces & JAIL_NS_PID) &&
		!mount_plan_add(p, ITEM_PROC, "", "/proc", 0))
		return -ENOMEM;
	r = prepare_devices(spec, p);
	if (r < 0 || !spec->private_tmp)
		return r;
	r = add_scratch(p, "/tmp", false);
	if (r < 0 || spec->minimal_root)
		return r;
	return add_scratch(p, "/var/tmp", true);
}

int root_attach(int mount_fd)
{
	return RET_ERRNO(move_mount(mount_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH));
}

/* See NOTES of pivot_root(2): the old root ends up over the new one, at the working directory, and is taken
 * off. */
int root_pivot(int mount_fd)
{
	if (fchdir(mount_fd) < 0)
		return errno_or_eio();
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return errno_or_eio();
	if (umount2(".", MNT_DETACH) < 0)
		return errno_or_eio();
	return RET_ERRNO(chdir("/"));
}
