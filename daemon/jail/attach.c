/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Where mounts go: each item at its target in the new root. Mount points are made only on file systems that
 * were made for this jail. Most items are the next to one before, in a directory of ours that nothing was
 * mounted over since: that takes making the mount point and moving the mount there, and no walk.
 */

#include "base/error.h"
#include "base/fd.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* The directory that mount points are made in: mostly that of the one before. */
struct place {
	int fd; /* O_PATH; on a file system of ours; -1: none */
	size_t n_path;
	char path[PATH_MAX]; /* with the slash at its end */
};

static bool is_own(const struct mount_plan *p, dev_t device)
{
	for (size_t i = 0; i < p->n_own; i++)
		if (p->own[i] == device)
			return true;
	return false;
}

/* Goes to the directory of @target, the part up to @name. */
static int go_to(
	const struct mount_plan *p, struct place *place, int root_fd, const char *target, const char *name)
{
	size_t n = (size_t)(name - target);
	struct stat st;

	if (place->fd >= 0 && place->n_path == n && memcmp(place->path, target, n) == 0)
		return 0;
	if (n >= sizeof(place->path))
		return -ENAMETOOLONG;
	place->fd = fd_close(place->fd);
	memcpy(place->path, target, n);
	place->path[n] = '\0';
	place->n_path = n;
	place->fd = lookup_or_create(root_fd, place->path, true, p->own, p->n_own);
	if (place->fd < 0)
		return place->fd;
	if (fstat(place->fd, &st) < 0)
		return errno_or_eio();
	if (is_own(p, st.st_dev) && S_ISDIR(st.st_mode))
		return 0;
	place->fd = fd_close(place->fd);
	return -EXDEV;
}

static int attach_link(const struct mount_plan *p, struct place *place, const struct mount_item *item,
	int root_fd, const char *text)
{
	const char *name = strrchr(item->target, '/') + 1;
	int r = go_to(p, place, root_fd, item->target, name);

	return r < 0 ? r : RET_ERRNO(symlinkat(text, place->fd, name));
}

/* The kernel would say EINVAL. */
static int check_kind(int target_fd, bool directory)
{
	struct stat st;

	if (fstat(target_fd, &st) < 0)
		return errno_or_eio();
	if (S_ISDIR(st.st_mode) == directory)
		return 0;
	return directory ? -ENOTDIR : -EISDIR;
}

/* A mount point that was not there, in a directory of ours. -EEXIST: it is no such case. */
static int attach_new(
	const struct mount_plan *p, struct place *place, const struct mount_item *item, int root_fd)
{
	const char *name = strrchr(item->target, '/') + 1;

	if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		go_to(p, place, root_fd, item->target, name) < 0)
		return -EEXIST;
	if (item->directory ? mkdirat(place->fd, name, 0755) < 0
			    : mknodat(place->fd, name, S_IFREG | 0444, 0) < 0)
		return errno_or_eio();
	if (item->fd < 0) /* of a template: the mount comes with each launch */
		return 0;
	return RET_ERRNO(move_mount(item->fd, "", place->fd, name, MOVE_MOUNT_F_EMPTY_PATH));
}

static int attach_at(const struct mount_plan *p, const struct mount_item *item, int root_fd)
{
	_cleanup_close_ int target_fd = -1;
	int r;

	target_fd = lookup_or_create(root_fd, item->target, item->directory, p->own, p->n_own);
	if (target_fd < 0)
		return target_fd;
	r = check_kind(target_fd, item->directory);
	if (r < 0)
		return r;
	return RET_ERRNO(
		move_mount(item->fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

static int attach_item(
	const struct mount_plan *p, struct place *place, const struct mount_item *item, int root_fd)
{
	int r;

	if (item->type == ITEM_LINK)
		return attach_link(p, place, item, root_fd, item->source);
	if (item->link[0])
		return attach_link(p, place, item, root_fd, item->link);
	if (item->fd < 0 && mount_plan_takes(p, item))
		return 0;
	r = attach_new(p, place, item, root_fd);
	if (r == -EEXIST && p->part == MOUNTS_LASTING) /* others could take such a mount point away */
		return -EXDEV;
	if (r == -EEXIST) {
		r = attach_at(p, item, root_fd);
		/* it may lie over the directory now, or over one above it */
		place->fd = fd_close(place->fd);
	}
	if (r == -ENOENT && item->optional && (item->type == ITEM_TMPFS || item->type == ITEM_PTS))
		return 0;
	return r;
}

int attach_items(struct mount_plan *p, int root_fd, struct jail_error *reterr)
{
	struct place place = { .fd = -1 };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < p->n; i++) {
		r = attach_item(p, &place, &p->items[i], root_fd);
		if (r < 0)
			r = jail_fail(reterr, STAGE_MOUNTS, r, "mount point", p->items[i].target);
	}
	(void)fd_close(place.fd);
	return r;
}
