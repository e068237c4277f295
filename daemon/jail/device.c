/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The minimal /dev: the five harmless devices, as bind mounts of the host's nodes (making nodes would need
 * CAP_MKNOD, and a file system where devices work), the usual links, a /dev/shm, and the nodes that the
 * profile adds. The host's terminals are not among them; the jail's own, if it has one, is (pty.c).
 */

#include "base/error.h"
#include "jail/steps.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define MEMORY_MAJOR 1
#define TTY_DEVICE   makedev(5, 0)

static const struct {
	const char *path;
	unsigned minor;
} nodes[] = {
	{ "/dev/null", 3 },
	{ "/dev/zero", 5 },
	{ "/dev/full", 7 },
	{ "/dev/random", 8 },
	{ "/dev/urandom", 9 },
};

static const struct {
	const char *text, *target;
} links[] = {
	{ "/proc/self/fd", "/dev/fd" },
	{ "/proc/self/fd/0", "/dev/stdin" },
	{ "/proc/self/fd/1", "/dev/stdout" },
	{ "/proc/self/fd/2", "/dev/stderr" },
};

/* Read-only is about the node's mode and owner; devices can be written to all the same. */
#define NODE_FLAGS (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)

/* The terminal under its names. /dev/tty is for every process its own controlling terminal. */
static int add_terminal(struct mount_plan *p)
{
	struct mount_item *item;

	if (!mount_plan_add(p, ITEM_PTS, "", "/dev/pts", 0) ||
		!mount_plan_add(p, ITEM_LINK, "pts/ptmx", "/dev/ptmx", 0))
		return -ENOMEM;
	item = mount_plan_add(p, ITEM_DEVICE, "/dev/tty", "/dev/tty", NODE_FLAGS);
	if (!item)
		return -ENOMEM;
	item->device = TTY_DEVICE;
	item->optional = true; /* where the host has none, there is the descriptor */
	return 0;
}

static int add_minimal(const struct jail_spec *spec, struct mount_plan *p)
{
	struct mount_item *item;

	/* Names only: a few kilobytes of inodes, sealed once they are there. */
	item = mount_plan_add(
		p, ITEM_TMPFS, "", "/dev", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (!item)
		return -ENOMEM;
	mount_item_tmpfs(item, 0755, "64k", "256");
	item->seal = true;
	for (size_t i = 0; i < ELEMENTSOF(nodes); i++) {
		item = mount_plan_add(p, ITEM_DEVICE, nodes[i].path, nodes[i].path, NODE_FLAGS);
		if (!item)
			return -ENOMEM;
		item->device = makedev(MEMORY_MAJOR, nodes[i].minor);
	}
	for (char *const *d = spec->devices; d && *d; d++)
		if (!mount_plan_add(p, ITEM_NODE, *d, *d, NODE_FLAGS))
			return -ENOMEM;
	for (size_t i = 0; i < ELEMENTSOF(links); i++)
		if (!mount_plan_add(p, ITEM_LINK, links[i].text, links[i].target, 0))
			return -ENOMEM;
	item = mount_plan_add(
		p, ITEM_TMPFS, "", "/dev/shm", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (!item)
		return -ENOMEM;
	mount_item_tmpfs(item, 01777, SCRATCH_SIZE, SCRATCH_INODES);
	return spec->pty.wanted ? add_terminal(p) : 0;
}

int prepare_devices(const struct jail_spec *spec, struct mount_plan *p)
{
	struct mount_item *item;

	if (spec->private_devices)
		return add_minimal(spec, p);
	/* The host's own, all of it, by the profile's wish; nothing else in the jail has working device
	 * nodes. */
	item = mount_plan_add(p, ITEM_BIND, "/dev", "/dev", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	if (!item)
		return -ENOMEM;
	item->recursive = true;
	if (!spec->pty.wanted)
		return 0;
	/* over the host's terminals */
	item = mount_plan_add(p, ITEM_PTS, "", "/dev/pts", 0);
	if (!item)
		return -ENOMEM;
	item->optional = true;
	return 0;
}

/* /dev/mem, /dev/kmem, /dev/port, by whatever name */
static bool is_memory(dev_t device)
{
	return major(device) == MEMORY_MAJOR &&
	       (minor(device) == 1 || minor(device) == 2 || minor(device) == 4);
}

int device_check_node(int path_fd)
{
	struct stat st;

	if (fstat(path_fd, &st) < 0)
		return errno_or_eio();
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return -ENODEV;
	return S_ISCHR(st.st_mode) && is_memory(st.st_rdev) ? -EPERM : 0;
}

int device_check(int path_fd, dev_t device)
{
	struct stat st;

	if (fstat(path_fd, &st) < 0)
		return errno_or_eio();
	if (!S_ISCHR(st.st_mode) || st.st_rdev != device)
		return -ENODEV;
	return 0;
}
