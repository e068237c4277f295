/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Restrictions of paths, on the finished tree: whatever a path leads to then is what they are about, however
 * it came to be there. A path that is not the root of a mount is made one first, by a copy of the mount over
 * itself; then the flag is set on that mount and on all below it at once.
 *
 * Read-only means what was there before the profile mounted anything: a mount of the profile's, or of the
 * jail's, that lies deeper has flags of its own. Such mounts are set aside, in the base, while the flag is
 * set, and put back. Nobody else sees this tree yet. Not to be executed means everything but daemon stores,
 * which are so anyway, and which the flag would cut off from those outside; inaccessible means everything,
 * and comes last, so that nothing is put back over it.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of what lies over an inaccessible path. */
#define BLANK_FLAGS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static const struct {
	const char *key; /* as the profile calls it */
	uint64_t flag;
} kinds[_RESTRICTION_TYPE_MAX] = {
	[RESTRICTION_READ_ONLY] = { "ReadOnlyPaths=", MOUNT_ATTR_RDONLY },
	[RESTRICTION_NO_EXEC] = { "NoExecPaths=", MOUNT_ATTR_NOEXEC },
	[RESTRICTION_INACCESSIBLE] = { "InaccessiblePaths=", 0 },
};

struct mount_identity {
	uint64_t id;
	bool root; /* the fd is the root of its mount */
};

static int identify(int fd, struct mount_identity *ret)
{
	struct statx x;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &x) < 0)
		return errno_or_eio();
	if (!(x.stx_mask & STATX_MNT_ID) || !(x.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT))
		return -EOPNOTSUPP;
	*ret = (struct mount_identity){ x.stx_mnt_id, x.stx_attributes & STATX_ATTR_MOUNT_ROOT };
	return 0;
}

static int move(int mount_fd, int target_fd)
{
	return RET_ERRNO(
		move_mount(mount_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

static int open_blank(int base_fd, bool directory)
{
	return (int)RET_ERRNO(
		openat(base_fd, directory ? BASE_DIRECTORY : BASE_FILE, O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

/* Is the item's mount where its target leads now? Else it went with one that it lies in, or the target leads
 * to another. */
static int in_place(int root_fd, const struct mount_item *item)
{
	_cleanup_close_ int fd = lookup(root_fd, item->target);
	struct mount_identity there, own;
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = identify(fd, &there);
	if (r >= 0)
		r = identify(item->fd, &own);
	return r < 0 ? r : there.id == own.id;
}

static bool lies_deeper(const char *path, const char *top)
{
	return path_is_below(path, top) && strcmp(path, top) != 0;
}

/* What a launch has mounted in its copy of a template has a descriptor only where one is wanted. */
static int open_fresh(const struct mount_plan *p, int root_fd, struct mount_item *item)
{
	if (item->fd >= 0 || p->part != MOUNTS_FRESH || !item->fresh)
		return 0;
	item->directory = true;
	item->fd = lookup(root_fd, item->target);
	return item->fd < 0 ? item->fd : 0;
}

static int set_aside(
	struct mount_plan *p, int root_fd, int base_fd, const struct compiled_restriction *restriction)
{
	int r;

	for (size_t i = 0; i < p->n; i++) {
		struct mount_item *item = &p->items[i];
		_cleanup_close_ int place_fd = -1;

		if (!lies_deeper(item->target, restriction->path) ||
			(restriction->type == RESTRICTION_NO_EXEC && item->type != ITEM_STORE))
			continue;
		r = open_fresh(p, root_fd, item);
		if (r < 0)
			return r;
		if (item->fd < 0)
			continue;
		r = in_place(root_fd, item);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		place_fd = open_blank(base_fd, item->directory);
		if (place_fd < 0)
			return place_fd;
		r = move(item->fd, place_fd);
		if (r < 0)
			return r;
		item->aside = true;
	}
	return 0;
}

/* They lie one over the other: the last is taken first. */
static int put_back(struct mount_plan *p, int root_fd)
{
	int r;

	for (size_t i = p->n; i-- > 0;) {
		struct mount_item *item = &p->items[i];
		_cleanup_close_ int target_fd = -1;

		if (!item->aside)
			continue;
		target_fd = lookup(root_fd, item->target);
		if (target_fd < 0)
			return target_fd;
		r = move(item->fd, target_fd);
		if (r < 0)
			return r;
		item->aside = false;
	}
	return 0;
}

/* On the mount whose root the path is, or is made. */
static int set_flag(int path_fd, uint64_t flag)
{
	/* what came in later would be without the flag: nothing does */
	struct mount_attr a = { .attr_set = flag, .propagation = MS_PRIVATE };
	_cleanup_close_ int copy_fd = -1;
	struct mount_identity m;
	int r;

	r = identify(path_fd, &m);
	if (r < 0)
		return r;
	if (m.root)
		return RET_ERRNO(mount_setattr(path_fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &a, sizeof(a)));
	copy_fd = mount_clone(path_fd, flag, true);
	return copy_fd < 0 ? copy_fd : move(copy_fd, path_fd);
}

static int cover(int path_fd, int base_fd)
{
	_cleanup_close_ int over_fd = -1, copy_fd = -1;
	struct stat st;

	if (fstat(path_fd, &st) < 0)
		return errno_or_eio();
	over_fd = open_blank(base_fd, S_ISDIR(st.st_mode));
	if (over_fd < 0)
		return over_fd;
	copy_fd = mount_clone(over_fd, BLANK_FLAGS | MOUNT_ATTR_RDONLY, false);
	return copy_fd < 0 ? copy_fd : move(copy_fd, path_fd);
}

/*
 * What the i-th is about, with the help of a template that knows the path. *ret_place: its path without
 * links, or NULL where links of the host's were on the way. *missing: where nothing was found before, as /lib
 * is a link to /usr/lib.
 */
static int open_place(
	const struct mount_plan *p, size_t i, int root_fd, const char **missing, const char **ret_place)
{
	const struct found_path *found = found_get(p, &p->restricted, i);
	const char *path = found ? found->leads_to : p->restrictions[i].path;
	int fd;

	if (found && (found_kind(p, found) == FOUND_ABSENT || (*missing && strcmp(*missing, path) == 0)))
		return -ENOENT;
	*ret_place = path;
	fd = path_open_at(root_fd, path, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	if (fd == -ELOOP) {
		*ret_place = NULL;
		fd = lookup(root_fd, path);
	}
	if (fd == -ENOENT && *ret_place)
		*missing = path;
	return fd;
}

static int apply_one(struct mount_plan *p, size_t i, int root_fd, int base_fd, const char **missing)
{
	const struct compiled_restriction *restriction = &p->restrictions[i];
	const char *place = NULL;
	_cleanup_close_ int fd = open_place(p, i, root_fd, missing, &place);
	int r;

	if (fd < 0)
		return fd == -ENOENT && restriction->optional ? 0 : fd;
	if (restriction->type == RESTRICTION_INACCESSIBLE) {
		found_cover(p, place);
		return cover(fd, base_fd);
	}
	r = set_aside(p, root_fd, base_fd, restriction);
	if (r >= 0)
		r = set_flag(fd, kinds[restriction->type].flag);
	return r < 0 ? r : put_back(p, root_fd);
}

int apply_restrictions(struct mount_plan *p, int root_fd, int base_fd, struct jail_error *reterr)
{
	const char *missing = NULL;

	for (size_t i = 0; i < p->n_restrictions; i++) {
		const struct compiled_restriction *restriction = &p->restrictions[i];
		int r = apply_one(p, i, root_fd, base_fd, &missing);

		if (r < 0)
			return jail_fail(
				reterr, STAGE_MOUNTS, r, kinds[restriction->type].key, restriction->path);
	}
	return 0;
}
