/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Templates in children: making one, and mounting what is in one. Both are copies of the launcher, and all
 * that runs here is async-signal-safe.
 *
 * The sources are looked at in the launcher's own mount namespace, by who makes a template and by who uses
 * it: only there have mounts the same numbers for both. What was built from is then compared with what was
 * seen. Sources that are watched are looked at only when the kernel has told of something.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/process.h"
#include "jail/template.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PATIENCE_SEC 1 /* it takes a thousandth */

bool template_has_source(const struct mount_item *item)
{
	return item->type == ITEM_BIND || item->type == ITEM_MIRROR || item->type == ITEM_DEVICE ||
	       item->type == ITEM_NODE;
}

static int look_at_link(int fd, const char *name, struct template_source *ret)
{
	ssize_t n = readlinkat(fd, name, ret->link, sizeof(ret->link) - 1);

	if (n < 0)
		return errno_or_eio();
	ret->kind = SOURCE_LINK;
	return (size_t)n == sizeof(ret->link) - 1 ? -ENAMETOOLONG : 0;
}

static int open_host(void)
{
	return RET_ERRNO(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* Where sources are looked at. Most lie in one of a few directories: the last one is kept. */
struct view {
	int host_fd, directory_fd;
	const char *directory;
	size_t n_directory;
};

static int open_view(struct view *v)
{
	*v = (struct view){ .host_fd = open_host(), .directory_fd = -1 };
	return v->host_fd < 0 ? v->host_fd : 0;
}

static void close_view(struct view *v)
{
	(void)fd_close(v->host_fd);
	(void)fd_close(v->directory_fd);
}

static int open_directory(int host_fd, const char *path, size_t n)
{
	char name[PATH_MAX];

	if (n >= sizeof(name))
		return -ENAMETOOLONG;
	memcpy(name, path, n);
	name[n] = '\0';
	return path_open_at(host_fd, name, O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
}

static int directory_of(struct view *v, const char *path, size_t n)
{
	int fd;

	if (n == 0)
		return v->host_fd;
	if (v->directory_fd >= 0 && v->n_directory == n && memcmp(v->directory, path, n) == 0)
		return v->directory_fd;
	fd = open_directory(v->host_fd, path, n);
	if (fd < 0)
		return fd;
	(void)fd_close(v->directory_fd);
	v->directory_fd = fd;
	v->directory = path;
	v->n_directory = n;
	return fd;
}

static int take_object(const struct statx *x, struct template_source *ret)
{
	if (!(x->stx_mask & STATX_MNT_ID))
		return -EOPNOTSUPP;
	ret->kind = SOURCE_OBJECT;
	ret->mount = x->stx_mnt_id;
	ret->inode = x->stx_ino;
	ret->device_major = x->stx_dev_major;
	ret->device_minor = x->stx_dev_minor;
	return 0;
}

/* Without opening it. -ELOOP: there is a link to be judged. */
static int look_by_name(const struct mount_item *item, struct view *v, struct template_source *ret)
{
	const char *name = strrchr(item->source, '/');
	struct statx x;
	int fd;

	if (!name || !path_is_normalized(item->source) || name[1] == '\0')
		return -ELOOP;
	fd = directory_of(v, item->source, (size_t)(name - item->source));
	if (fd < 0)
		return fd;
	name++;
	if (statx(fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_INO | STATX_MNT_ID,
		    &x) < 0)
		return errno_or_eio();
	if (!S_ISLNK(x.stx_mode))
		return take_object(&x, ret);
	return item->type == ITEM_MIRROR ? look_at_link(fd, name, ret) : -ELOOP;
}

/* As the builder of the mounts finds it. */
static int look_at_opened(const struct mount_item *item, const struct view *v, struct template_source *ret)
{
	_cleanup_close_ int fd = item->type == ITEM_MIRROR ? lookup_nofollow(v->host_fd, item->source)
							   : lookup(v->host_fd, item->source);
	struct statx x;

	if (fd < 0)
		return fd;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_INO | STATX_MNT_ID, &x) < 0)
		return errno_or_eio();
	return S_ISLNK(x.stx_mode) ? look_at_link(fd, "", ret) : take_object(&x, ret);
}

/* What the source of an item is now. */
static int look(const struct mount_item *item, struct view *v, struct template_source *ret)
{
	int r;

	*ret = (struct template_source){ .kind = SOURCE_NONE };
	if (!template_has_source(item))
		return 0;
	r = look_by_name(item, v, ret);
	if (r == -ELOOP)
		r = look_at_opened(item, v, ret);
	return r == -ENOENT && item->optional ? 0 : r;
}

static bool is_same_source(const struct template_source *a, const struct template_source *b)
{
	return a->kind == b->kind && a->mount == b->mount && a->inode == b->inode &&
	       a->device_major == b->device_major && a->device_minor == b->device_minor &&
	       strcmp(a->link, b->link) == 0;
}

/* Is every source what it was? Those that are watched are, unless all are to be looked at. */
static int is_current(const struct template *t, bool all)
{
	_cleanup_(close_view) struct view v = { .host_fd = -1, .directory_fd = -1 };
	int r = 0;

	for (size_t i = 0; i < t->n; i++) {
		struct template_source now;

		if (!template_has_source(&t->items[i]) || (t->watched[i] && !all))
			continue;
		if (v.host_fd < 0)
			r = open_view(&v);
		if (r >= 0)
			r = look(&t->items[i], &v, &now);
		if (r < 0)
			return r;
		if (!is_same_source(&now, &t->sources[i]))
			return 0;
	}
	return 1;
}

/* What apply_mounts() does, but for what is there. */
static int complete(struct mount_plan *p, struct jail_error *reterr)
{
	_cleanup_close_ int base_fd = open_host(), root_fd = -1;
	int r;

	if (base_fd < 0)
		return jail_fail(reterr, STAGE_MOUNTS, base_fd, "base of the new root", "/");
	root_fd = root_open_in_base(base_fd);
	if (root_fd < 0)
		return jail_fail(reterr, STAGE_MOUNTS, root_fd, "new root", "/");
	if (fchdir(root_fd) < 0)
		return jail_fail(reterr, STAGE_MOUNTS, errno_or_eio(), "new root", "/");
	r = fresh_mount(p, reterr);
	if (r >= 0)
		r = apply_restrictions(p, root_fd, base_fd, reterr);
	mount_close_items(p);
	if (r < 0)
		return r;
	r = root_change(root_fd);
	return r < 0 ? jail_fail(reterr, STAGE_MOUNTS, r, "chroot", "") : 0;
}

int template_apply(struct mount_plan *p, struct jail_error *reterr)
{
	const struct template *t = p->template;
	int r;

	if (is_current(t, t->look) <= 0 || setns(t->fds->namespace, CLONE_NEWNS) < 0) {
		atomic_store(t->stale, true);
		return 0;
	}
	/* From here on it is the template or nothing: what it is in now others enter, too. */
	if (unshare(CLONE_NEWNS) < 0)
		return jail_fail(reterr, STAGE_MOUNTS, errno_or_eio(), "mount namespace", "");
	p->part = MOUNTS_FRESH;
	r = complete(p, reterr);
	return r < 0 ? r : 1;
}

/* Whether each mount is where its target says, with no link on the way. */
static int check_places(const struct mount_plan *p, int root_fd)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct mount_item *item = &p->items[i];
		int fd;

		if (item->type == ITEM_LINK || item->link[0] || (item->fd < 0 && !item->fresh))
			continue;
		fd = path_open_at(
			root_fd, item->target, O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
		if (fd < 0)
			return -EXDEV;
		(void)fd_close(fd);
	}
	return 0;
}

/* What was mounted is what was seen before, by way of the other mount namespace. */
static int check_built(const struct mount_plan *p, const struct template_source *sources)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct mount_item *item = &p->items[i];
		struct stat st;

		if (!template_has_source(item))
			continue;
		if (sources[i].kind != (item->link[0]          ? SOURCE_LINK
					       : item->fd >= 0 ? SOURCE_OBJECT
							       : SOURCE_NONE) ||
			strcmp(sources[i].link, item->link) != 0)
			return -ESTALE;
		if (item->fd < 0)
			continue;
		if (fstat(item->fd, &st) < 0)
			return errno_or_eio();
		if (st.st_ino != sources[i].inode ||
			st.st_dev != makedev(sources[i].device_major, sources[i].device_minor))
			return -ESTALE;
	}
	return 0;
}

static int look_at_all(const struct template *t, struct template_source *ret)
{
	_cleanup_(close_view) struct view v;
	int r = open_view(&v);

	for (size_t i = 0; r >= 0 && i < t->n; i++)
		r = look(&t->items[i], &v, &ret[i]);
	return r;
}

/* Who makes a template, and what it finds out. */
struct making {
	const struct template *t;
	struct template_word *word;
	int events_fd, proc_fd;
	int path_fds[2 * TEMPLATE_PATHS_MAX];
};

static struct found_view view_of(const struct making *m, int root_fd)
{
	return (struct found_view){
		.root_fd = root_fd, .events_fd = fchdir(m->proc_fd) < 0 ? -1 : m->events_fd, .word = m->word
	};
}

static void find_paths(const struct mount_plan *p, struct making *m, int root_fd)
{
	const struct found_view v = view_of(m, root_fd);

	for (size_t i = 0; i < m->t->fds->n_found; i++)
		found_look(&v, p, m->t->fds->found[i].path, &m->word->found[i], &m->path_fds[i]);
}

/* Of one that is there, whose sources are watched anew already. */
static bool is_still_current(const struct making *m)
{
	_cleanup_close_ int base_fd = -1, root_fd = -1;
	struct found_view v;

	if (is_current(m->t, true) <= 0 || setns(m->t->fds->namespace, CLONE_NEWNS) < 0)
		return false;
	base_fd = open_host();
	root_fd = base_fd < 0 ? base_fd : root_open_in_base(base_fd);
	if (root_fd < 0)
		return false;
	v = view_of(m, root_fd);
	return found_is_current(&v, m->t);
}

static int build(struct mount_plan *p, struct making *m)
{
	_cleanup_close_ int host_fd = open_host(), root_fd = -1, base_fd = -1;
	struct jail_error unused;
	int r;

	if (host_fd < 0)
		return host_fd;
	r = mount_make_items(p, host_fd, &unused);
	if (r >= 0)
		r = check_built(p, m->word->sources);
	if (r < 0)
		return r;
	root_fd = mount_make_root(p, host_fd);
	if (root_fd < 0)
		return root_fd;
	base_fd = root_attach_in_base(root_fd);
	if (base_fd < 0)
		return base_fd;
	r = mount_attach_all(p, root_fd, &unused);
	if (r >= 0)
		r = check_places(p, root_fd);
	if (r >= 0)
		find_paths(p, m, root_fd);
	return r < 0 ? r : root_pivot(base_fd);
}

/* Returns the namespace's fd. */
static int make(const struct jail_context *c, struct making *m)
{
	const struct template *t = m->t;
	dev_t own[TEMPLATE_ITEMS_MAX + 1];
	struct mount_plan p = {
		.minimal_root = true, .part = MOUNTS_LASTING, .items = t->items, .n = t->n, .own = own
	};
	int r;

	r = look_at_all(t, m->word->sources);
	if (r < 0)
		return r;
	for (size_t i = 0; i < p.n; i++)
		p.items[i].directory = p.items[i].fresh; /* which are not made, but their places */
	if (unshare(CLONE_NEWNS) < 0)
		return errno_or_eio();
	r = mount_make_private();
	if (r >= 0)
		r = build(&p, m);
	return r < 0 ? r : RET_ERRNO(openat(c->proc_fd, "self/ns/mnt", O_RDONLY | O_CLOEXEC));
}

/* What can not be sent is looked for by each launch. Restrictions are mounts, which takes a descriptor of the
 * launch's own. */
static void send_paths(int socket_fd, struct making *m)
{
	for (size_t i = 0; i < m->t->n_rules; i++)
		m->word->found[i].sent = m->path_fds[i] >= 0 && send_fds(socket_fd, &m->path_fds[i], 1) >= 0;
}

noreturn void template_make(const struct jail_context *c, const struct template *t,
	struct template_word *word, int socket_fd, int events_fd)
{
	struct making m = { .t = t, .word = word, .events_fd = events_fd, .proc_fd = c->proc_fd };
	int fd;

	if (table_of_maker(c, socket_fd, events_fd, t->fds->namespace) < 0)
		_exit(1);
	(void)prctl(PR_SET_NAME, "template-maker", 0, 0, 0); /* for people who look at ps */
	/* A source that does not answer is not waited for: there are others to be made. */
	if (process_reset_signals() < 0)
		_exit(1);
	(void)alarm(PATIENCE_SEC);
	(void)umask(SETUP_UMASK);
	/* what changes while they are looked at is told */
	template_watch(c, t, events_fd, word);
	if (t->fds->namespace >= 0) {
		word->current = is_still_current(&m);
		_exit(0);
	}
	fd = make(c, &m);
	word->impossible = fd == -EXDEV;
	if (fd < 0 || send_fds(socket_fd, &fd, 1) < 0)
		_exit(1);
	send_paths(socket_fd, &m);
	_exit(0);
}
