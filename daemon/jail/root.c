/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The root directory: what a minimal one holds, or what is laid over the host's, and the change into it. The
 * new root is mounted over the old "/", so no directory of the host is needed for it, and paths from "/"
 * still mean the old one until pivot_root(2).
 *
 * For a payload there is an empty directory tree in between, the base: it becomes the root of the mount
 * namespace, and the payload's root is a directory of it. A process whose root is not the namespace's may not
 * make user namespaces (unshare(2), EPERM), in which it would have all capabilities over what it makes there,
 * and with them most of the kernel to attack. That holds whether a filter says so too, or there is none. A
 * payload that found a way past chroot(2) would find the base: read-only, and nothing in it but a directory
 * and a file that nobody may open, which lie over inaccessible paths.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BASE_ROOT "root" /* in the base */
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

/* A procfs shows one PID namespace: without one of its own the payload would see everybody's processes. */
static bool mounts_proc(const struct jail_spec *spec)
{
	return spec->mount_proc && (spec->namespaces & JAIL_NS_PID);
}

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

/* The host's tree is there already. The kernel's file systems in it are mounts of their own, so that what
 * protects the rest, or one of them, is not about the others. */
static int add_over_host(const struct jail_spec *spec, struct mount_plan *p)
{
	static const char *const kernels[] = { "/sys", "/sys/fs/cgroup", "/proc" };
	struct mount_item *item;

	for (size_t i = 0; i < ELEMENTSOF(kernels); i++) {
		if (strcmp(kernels[i], "/proc") == 0 && mounts_proc(spec))
			continue;
		item = mount_plan_add(p, ITEM_BIND, kernels[i], kernels[i], SAFE | MOUNT_ATTR_NOEXEC);
		if (!item)
			return -ENOMEM;
		item->recursive = item->optional = true;
	}
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

	r = spec->minimal_root     ? add_system(p)
	    : spec->root_directory ? 0 /* whatever is in it */
				   : add_over_host(spec, p);
	if (r < 0)
		return r;
	if (mounts_proc(spec) && !mount_plan_add(p, ITEM_PROC, "", "/proc", 0))
		return -ENOMEM;
	r = prepare_devices(spec, p);
	if (r < 0 || !spec->private_tmp)
		return r;
	r = add_scratch(p, "/tmp", false);
	if (r < 0 || spec->minimal_root)
		return r;
	return add_scratch(p, "/var/tmp", true);
}

/* Nobody but root can put something else in the place of what lies in this directory: others have no write
 * access, or the directory's sticky bit keeps them from what is root's. */
static int check_ancestor(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return errno_or_eio();
	return st.st_uid != 0 || ((st.st_mode & (S_IWGRP | S_IWOTH)) && !(st.st_mode & S_ISVTX)) ? -EPERM : 0;
}

static bool same_inode(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Up to the host's root, which is its own parent. */
static int check_ancestors(int host_fd, int directory_fd)
{
	_cleanup_close_ int fd = fcntl(directory_fd, F_DUPFD_CLOEXEC, 0);
	struct stat root, st, above;
	int r;

	if (fd < 0 || fstat(host_fd, &root) < 0 || fstat(fd, &st) < 0)
		return errno_or_eio();
	for (;;) {
		int parent_fd = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (parent_fd < 0)
			return errno_or_eio();
		fd = fd_close(fd);
		fd = parent_fd;
		r = check_ancestor(fd);
		if (r < 0)
			return r;
		if (fstat(fd, &above) < 0)
			return errno_or_eio();
		if (same_inode(&st, &above))
			return same_inode(&above, &root) ? 0 : -EPERM;
		st = above;
	}
}

int root_open_directory(int host_fd, const char *path)
{
	_cleanup_close_ int fd = lookup(host_fd, path);
	const char *reason;
	struct stat st;
	int r;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return errno_or_eio();
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	r = path_check_trusted(fd, &reason);
	if (r >= 0)
		r = check_ancestors(host_fd, fd);
	return r < 0 ? r : mount_clone(fd, READ_ONLY, true);
}

int root_attach(int mount_fd)
{
	return RET_ERRNO(move_mount(mount_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH));
}

int root_attach_in_base(int mount_fd)
{
	struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
	_cleanup_close_ int base_fd = -1;
	int r;

	/* Four, and room for their labels: since Linux 6.6 an inode's attributes count as inodes. */
	base_fd = mount_new_tmpfs("0755", "4k", "8", SAFE | MOUNT_ATTR_NOEXEC);
	if (base_fd < 0)
		return base_fd;
	if (mkdirat(base_fd, BASE_ROOT, 0755) < 0 || mkdirat(base_fd, BASE_DIRECTORY, 0) < 0 ||
		mknodat(base_fd, BASE_FILE, S_IFREG, 0) < 0)
		return errno_or_eio();
	if (mount_setattr(base_fd, "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) < 0)
		return errno_or_eio();
	r = root_attach(base_fd);
	if (r < 0)
		return r;
	if (move_mount(mount_fd, "", base_fd, BASE_ROOT, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return errno_or_eio();
	return steal_fd(base_fd);
}

int root_open_in_base(int base_fd)
{
	return RET_ERRNO(openat(base_fd, BASE_ROOT, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

int root_change(int mount_fd)
{
	if (fchdir(mount_fd) < 0 || chroot(".") < 0)
		return errno_or_eio();
	return RET_ERRNO(chdir("/"));
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
