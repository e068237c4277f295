/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Mounts: the plan as a list of items, and carrying it out in five passes, all by fd.
 *
 *   1. make each mount, detached, with its final flags: a path of the host is resolved once, in the payload's
 * own copy of the host's tree, and nothing is ever visible with flags that are too weak
 *   2. mount the new root over the old one. Not sooner: a recursive bind of "/" would take it along
 *   3. attach each item, in order; mount points are made only on file systems that were made here
 *   4. seal those that had to be writable for that
 *   5. restrict paths of the finished tree, and leave the old root
 *
 * This all happens in the child: where a source lies on a file system that hangs, the launcher goes on, and
 * kills the child when its time is over.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/strv.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT_SIZE   "1m" /* names of mount points only */
#define ROOT_INODES "16384"
#define ITEMS_FIRST 32

struct mount_item *mount_plan_add(struct mount_plan *p, enum mount_item_type type, const char *source,
	const char *target, uint64_t attributes)
{
	if (p->n == p->allocated) {
		size_t allocated = p->allocated ? 2 * p->allocated : ITEMS_FIRST;
		struct mount_item *items = reallocarray(p->items, allocated, sizeof(*items));

		if (!items)
			return NULL;
		p->items = items;
		p->allocated = allocated;
	}
	p->items[p->n] = (struct mount_item){
		.type = type, .source = source, .target = target, .attributes = attributes, .fd = -1
	};
	return &p->items[p->n++];
}

void mount_item_tmpfs(struct mount_item *item, unsigned mode, const char *size, const char *inodes)
{
	(void)snprintf(item->mode, sizeof(item->mode), "%04o", mode & 07777);
	(void)snprintf(item->size, sizeof(item->size), "%s", size);
	(void)snprintf(item->inodes, sizeof(item->inodes), "%s", inodes);
}

void mount_plan_done(struct mount_plan *p)
{
	free(p->items);
	free(p->own);
	strv_free(p->texts);
	*p = (struct mount_plan){ 0 };
}

static int add_profile_mount(
	const struct jail_spec *spec, struct mount_plan *p, const struct compiled_mount *m)
{
	uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	bool tmpfs = m->type == MOUNT_TMPFS, read_only = m->flags & MOUNT_READ_ONLY;
	char size[24] = "", inodes[24] = "";
	struct mount_item *item;

	if (m->flags & MOUNT_NO_EXEC)
		attributes |= MOUNT_ATTR_NOEXEC;
	if (read_only && !tmpfs)
		attributes |= MOUNT_ATTR_RDONLY;
	item = mount_plan_add(p, tmpfs ? ITEM_TMPFS : ITEM_BIND, m->source, m->target, attributes);
	if (!item)
		return -ENOMEM;
	item->recursive = !(m->flags & MOUNT_NON_RECURSIVE);
	item->idmap = m->flags & MOUNT_IDMAP;
	/* what comes in has the flags that it has outside: not where these are narrower */
	item->propagates = !read_only && !item->idmap && spec->propagation != PROPAGATION_PRIVATE;
	item->optional = m->flags & MOUNT_OPTIONAL;
	item->seal = read_only && tmpfs;
	if (tmpfs && m->size > 0)
		(void)snprintf(size, sizeof(size), "%llu%s", (unsigned long long)m->size,
			m->flags & MOUNT_PERCENT ? "%" : "");
	if (tmpfs && m->inodes > 0)
		(void)snprintf(inodes, sizeof(inodes), "%llu", (unsigned long long)m->inodes);
	if (tmpfs)
		mount_item_tmpfs(item, m->mode, size, inodes);
	return 0;
}

/* Every wish that takes a mount namespace. /proc is not among them: without one it is simply not mounted. */
static const char *wish_for_mounts(const struct jail_spec *spec)
{
	return spec->root_directory                            ? "RootDirectory="
	       : spec->minimal_root                            ? "MinimalRoot=yes"
	       : spec->private_tmp                             ? "PrivateTmp=yes"
	       : spec->private_devices                         ? "PrivateDevices=yes"
	       : spec->n_mounts > 0                            ? spec->mounts[0].target
	       : spec->n_restrictions > 0                      ? spec->restrictions[0].path
	       : spec->daemon_stores && spec->daemon_stores[0] ? "DaemonStore="
	       : spec->n_slots > 0                             ? "MountSlot="
	       : spec->notify                                  ? "option ready"
	       : spec->propagation != PROPAGATION_PRIVATE      ? "MountPropagation="
							       : NULL;
}

/* Of hidepid=. */
static const char *const proc_hiding[_PROC_HIDING_MAX] = {
	[PROC_HIDES_NOTHING] = "off",
	[PROC_NO_ACCESS] = "noaccess",
	[PROC_INVISIBLE] = "invisible",
	[PROC_PTRACEABLE] = "ptraceable",
};

/* Over whatever the profile mounts there. */
static int add_notify(const struct jail_spec *spec, struct mount_plan *p)
{
	struct mount_item *item;

	if (!spec->notify)
		return 0;
	item = mount_plan_add(p, ITEM_NOTIFY, "", JAIL_NOTIFY_DIRECTORY,
		MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (!item)
		return -ENOMEM;
	item->seal = true;
	return 0;
}

static int fill_plan(const struct jail_spec *spec, struct mount_plan *p)
{
	int r;

	p->wanted = true;
	p->spec = spec;
	p->minimal_root = spec->minimal_root;
	p->root_directory = spec->root_directory;
	p->restrictions = spec->restrictions;
	p->n_restrictions = spec->n_restrictions;
	p->proc_hiding = proc_hiding[spec->proc_hiding];
	p->proc_subset = spec->proc_subset ? "pid" : "";
	r = prepare_root(spec, p);
	for (size_t i = 0; r >= 0 && i < spec->n_mounts; i++)
		r = add_profile_mount(spec, p, &spec->mounts[i]);
	if (r >= 0)
		r = prepare_stores(spec, p);
	if (r >= 0)
		r = prepare_slots(spec, p);
	if (r >= 0)
		r = add_notify(spec, p);
	if (r < 0)
		return r;
	p->own = calloc(p->n + 1, sizeof(*p->own));
	return p->own ? 0 : -ENOMEM;
}

int prepare_mounts(const struct jail_context *c, const struct jail_spec *spec, struct mount_plan *ret,
	struct jail_error *reterr)
{
	const char *wish = wish_for_mounts(spec);

	*ret = (struct mount_plan){ 0 };
	if (!(spec->namespaces & JAIL_NS_MOUNT))
		return wish ? jail_fail(reterr, STAGE_MOUNTS, -EINVAL, "needs a mount namespace:", wish) : 0;
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (spec->mounts[i].target[0] != '/' || spec->mounts[i].target[1] == '\0')
			return jail_fail(
				reterr, STAGE_MOUNTS, -EINVAL, "not a mount point:", spec->mounts[i].target);
	if (fill_plan(spec, ret) < 0) {
		mount_plan_done(ret);
		return jail_fail(reterr, STAGE_MOUNTS, -ENOMEM, "list of mounts", "");
	}
	ret->proc_fd = c->proc_fd;
	ret->host_mounts_fd = c->host_mounts_fd;
	ret->pts_fd = ret->notify_fd = -1;
	ret->uid = spec->uid;
	ret->gid = spec->gid;
	return 0;
}

static int set_propagation(int fd, uint64_t propagation)
{
	struct mount_attr a = { .propagation = propagation };

	return RET_ERRNO(
		mount_setattr(fd, fd == AT_FDCWD ? "/" : "", AT_EMPTY_PATH | AT_RECURSIVE, &a, sizeof(a)));
}

int mount_make_private(void)
{
	return set_propagation(AT_FDCWD, MS_PRIVATE);
}

int mount_make_slave(void)
{
	return set_propagation(AT_FDCWD, MS_SLAVE);
}

/* An option that is not set is none. */
static int set_option(int fs_fd, const char *key, const char *value)
{
	if (!value || !value[0])
		return 0;
	return RET_ERRNO(fsconfig(fs_fd, FSCONFIG_SET_STRING, key, value, 0));
}

static int create_mount(int fs_fd, uint64_t attributes)
{
	if (fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return errno_or_eio();
	return RET_ERRNO(fsmount(fs_fd, FSMOUNT_CLOEXEC, (unsigned)attributes));
}

int mount_new_tmpfs(const char *mode, const char *size, const char *inodes, uint64_t attributes)
{
	_cleanup_close_ int fs_fd = fsopen("tmpfs", FSOPEN_CLOEXEC);
	int r;

	if (fs_fd < 0)
		return errno_or_eio();
	r = set_option(fs_fd, "mode", mode);
	if (r >= 0)
		r = set_option(fs_fd, "size", size);
	if (r >= 0)
		r = set_option(fs_fd, "nr_inodes", inodes);
	return r < 0 ? r : create_mount(fs_fd, attributes);
}

int mount_new_proc(const char *hiding, const char *subset)
{
	_cleanup_close_ int fs_fd = fsopen("proc", FSOPEN_CLOEXEC);
	int r;

	if (fs_fd < 0)
		return errno_or_eio();
	r = set_option(fs_fd, "subset", subset);
	if (r >= 0)
		r = set_option(fs_fd, "hidepid", hiding);
	return r < 0 ? r : create_mount(fs_fd, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

/* @propagation: 0 leaves it as that of what is copied. */
static int clone_mount(int path_fd, uint64_t attributes, bool recursive, uint64_t propagation)
{
	struct mount_attr a = { .attr_set = attributes, .propagation = propagation };
	unsigned depth = recursive ? AT_RECURSIVE : 0;
	_cleanup_close_ int fd = -1;

	fd = open_tree(path_fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | depth);
	if (fd < 0)
		return errno_or_eio();
	if (mount_setattr(fd, "", AT_EMPTY_PATH | depth, &a, sizeof(a)) < 0)
		return errno_or_eio();
	return steal_fd(fd);
}

int mount_clone(int path_fd, uint64_t attributes, bool recursive)
{
	return clone_mount(path_fd, attributes, recursive, MS_PRIVATE);
}

int mount_clone_slave(int path_fd, uint64_t attributes, bool recursive)
{
	return clone_mount(path_fd, attributes, recursive, 0);
}

/* A link of the host that is to be one inside, too. 0: it is none. */
static int take_link(struct mount_item *item, int path_fd)
{
	ssize_t n;

	n = readlinkat(path_fd, "", item->link, sizeof(item->link) - 1);
	if (n < 0)
		return errno == EINVAL || errno == ENOENT ? 0 : errno_or_eio();
	if ((size_t)n == sizeof(item->link) - 1)
		return -ENAMETOOLONG;
	item->link[n] = '\0';
	return 1;
}

static int make_bind(const struct mount_plan *p, struct mount_item *item, int host_fd)
{
	_cleanup_close_ int path_fd = -1;
	struct stat st;
	int r;

	path_fd = item->type == ITEM_MIRROR ? lookup_nofollow(host_fd, item->source)
					    : lookup(host_fd, item->source);
	if (path_fd == -ENOENT && item->optional)
		return 0;
	if (path_fd < 0)
		return path_fd;
	if (fstat(path_fd, &st) < 0)
		return errno_or_eio();
	if (S_ISLNK(st.st_mode)) {
		r = item->type == ITEM_MIRROR ? take_link(item, path_fd) : -ELOOP;
		return r < 0 ? r : 0;
	}
	r = item->type == ITEM_DEVICE ? device_check(path_fd, item->device)
	    : item->type == ITEM_NODE ? device_check_node(path_fd)
				      : 0;
	if (r < 0)
		return r;
	item->directory = S_ISDIR(st.st_mode);
	item->fd = (item->propagates ? mount_clone_slave : mount_clone)(
		path_fd, item->attributes, item->recursive);
	if (item->fd < 0)
		return item->fd;
	return item->idmap ? idmap_apply(p, item, &st) : 0;
}

/* Remembers a file system as one of ours. */
static int add_own(struct mount_plan *p, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return errno_or_eio();
	p->own[p->n_own++] = st.st_dev;
	return 0;
}

static int make_item(struct mount_plan *p, struct mount_item *item, int host_fd)
{
	item->directory = true;
	switch (item->type) {
	case ITEM_TMPFS:
		item->fd = mount_new_tmpfs(item->mode, item->size, item->inodes, item->attributes);
		return item->fd < 0 ? item->fd : add_own(p, item->fd);
	case ITEM_PROC:
		item->fd = mount_new_proc(p->proc_hiding, p->proc_subset);
		return item->fd < 0 ? item->fd : 0;
	case ITEM_PTS:
		item->fd = p->pts_fd;
		return 0;
	case ITEM_NOTIFY:
		item->fd = notify_mount(p->notify_fd);
		return item->fd < 0 ? item->fd : 0;
	case ITEM_LINK:
	case ITEM_STORE: /* open_stores() */
	case ITEM_SLOT:  /* open_slots() */
		return 0;
	default:
		return make_bind(p, item, host_fd);
	}
}

int mount_make_root(struct mount_plan *p, int host_fd)
{
	_cleanup_close_ int fd = -1;
	int r;

	if (p->root_directory)
		return root_open_directory(host_fd, p->root_directory);
	if (!p->minimal_root)
		return (p->spec->propagation == PROPAGATION_PRIVATE ? mount_clone : mount_clone_slave)(
			host_fd, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, true);
	fd = mount_new_tmpfs("0755", ROOT_SIZE, ROOT_INODES, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (fd < 0)
		return fd;
	r = add_own(p, fd);
	return r < 0 ? r : steal_fd(fd);
}

int mount_seal(int mount_fd)
{
	struct mount_attr a = { .attr_set = MOUNT_ATTR_RDONLY };

	return RET_ERRNO(mount_setattr(mount_fd, "", AT_EMPTY_PATH, &a, sizeof(a)));
}

int mount_attach_all(struct mount_plan *p, int root_fd, struct jail_error *reterr)
{
	int r = attach_items(p, root_fd, reterr);

	if (r < 0)
		return r;
	for (size_t i = 0; i < p->n; i++) {
		if (p->items[i].fd < 0 || !p->items[i].seal)
			continue;
		r = mount_seal(p->items[i].fd);
		if (r < 0)
			return jail_fail(reterr, STAGE_MOUNTS, r, "read-only", p->items[i].target);
	}
	r = p->minimal_root ? mount_seal(root_fd) : 0;
	return r < 0 ? jail_fail(reterr, STAGE_MOUNTS, r, "read-only", "/") : 0;
}

static int enter_root(int base_fd, int root_fd, struct jail_error *reterr)
{
	int r;

	r = root_pivot(base_fd);
	if (r < 0)
		return jail_fail(reterr, STAGE_MOUNTS, r, "pivot_root", "");
	r = root_change(root_fd);
	return r < 0 ? jail_fail(reterr, STAGE_MOUNTS, r, "chroot", "") : 0;
}

void mount_close_items(struct mount_plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		p->items[i].fd = fd_close(p->items[i].fd);
}

static const char *name_of(const struct mount_item *item)
{
	if (item->type == ITEM_TMPFS || item->type == ITEM_PROC || item->type == ITEM_NOTIFY)
		return "file system for";
	return item->idmap ? "source with idmap" : "source";
}

int mount_make_items(struct mount_plan *p, int host_fd, struct jail_error *reterr)
{
	int r;

	for (size_t i = 0; i < p->n; i++) {
		struct mount_item *item = &p->items[i];

		if (!mount_plan_takes(p, item))
			continue;
		r = make_item(p, item, host_fd);
		if (r < 0)
			return jail_fail(reterr, STAGE_MOUNTS, r, name_of(item),
				item->source[0] ? item->source : item->target);
	}
	return 0;
}

/* Everything that is mounted below the new root. */
static int make_all(struct mount_plan *p, int *ret_host, struct jail_error *reterr)
{
	bool follows = p->spec->propagation != PROPAGATION_PRIVATE || p->has_stores;
	_cleanup_close_ int host_fd = -1;
	int r;

	r = follows ? mount_make_slave() : mount_make_private();
	if (r < 0)
		return jail_fail(reterr, STAGE_MOUNTS, r, "private propagation", "/");
	host_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (host_fd < 0)
		return jail_fail(reterr, STAGE_MOUNTS, errno_or_eio(), "/", "");
	r = mount_make_items(p, host_fd, reterr);
	if (r >= 0)
		r = open_stores(p, host_fd, reterr);
	if (r >= 0)
		r = open_slots(p, host_fd, reterr);
	if (r >= 0)
		*ret_host = steal_fd(host_fd);
	return r;
}

/* Last, as a mount whose parent is shared can not be moved. */
static int share(const struct mount_plan *p, int root_fd, struct jail_error *reterr)
{
	int r = p->spec->propagation == PROPAGATION_SHARED ? set_propagation(root_fd, MS_SHARED) : 0;

	return r < 0 ? jail_fail(reterr, STAGE_MOUNTS, r, "shared propagation", "/") : 0;
}

static int build(struct mount_plan *p, struct jail_error *reterr)
{
	_cleanup_close_ int host_fd = -1, root_fd = -1, base_fd = -1;
	int r;

	r = make_all(p, &host_fd, reterr);
	if (r < 0)
		return r;
	root_fd = mount_make_root(p, host_fd);
	if (root_fd < 0)
		return jail_fail(reterr, STAGE_MOUNTS, root_fd, "new root",
			p->root_directory ? p->root_directory : "/");
	base_fd = root_attach_in_base(root_fd);
	if (base_fd < 0)
		return jail_fail(reterr, STAGE_MOUNTS, base_fd, "base of the new root", "/");
	r = mount_attach_all(p, root_fd, reterr);
	if (r >= 0)
		r = apply_restrictions(p, root_fd, base_fd, reterr);
	mount_close_items(p);
	if (r >= 0)
		r = enter_root(base_fd, root_fd, reterr);
	return r < 0 ? r : share(p, root_fd, reterr);
}

int apply_mounts(struct mount_plan *p, struct jail_error *reterr)
{
	int r;

	if (!p->wanted)
		return 0;
	if (!p->template)
		return build(p, reterr);
	r = template_apply(p, reterr);
	if (r != 0)
		return r < 0 ? r : 0;
	found_forget(p);
	/* it was not cloned into a namespace of its own */
	if (unshare(CLONE_NEWNS) < 0)
		return jail_fail(reterr, STAGE_MOUNTS, errno_or_eio(), "mount namespace", "");
	return build(p, reterr);
}
