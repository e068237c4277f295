/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What a path comes to in every copy of a template's mounts, see found.h. All that runs here is
 * async-signal-safe: the first half is for who makes templates, the second for launches.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "jail/template.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static bool is_fresh_place(const struct mount_plan *p, const char *path)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->items[i].fresh && path_is_below(path, p->items[i].target))
			return true;
	return false;
}

static bool is_own(const struct mount_plan *p, const struct statx *x)
{
	bool own = false;

	for (size_t i = 0; i < p->n_own; i++)
		own |= p->own[i] == makedev(x->stx_dev_major, x->stx_dev_minor);
	return own;
}

static int open_straight(int root_fd, const char *path)
{
	return path_open_at(root_fd, path, O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
}

/* The first n bytes of the path, "/" for none of them. */
static int open_beginning(int root_fd, char *path, size_t n)
{
	char end = path[n];
	int fd;

	path[n] = '\0';
	fd = open_straight(root_fd, n > 0 ? path : "/");
	path[n] = end;
	return fd;
}

static bool is_trusted(int fd)
{
	const char *reason;

	return path_check_trusted(fd, &reason) >= 0;
}

/* Puts the text of the link at the first n bytes in their place, if every launch would follow it. */
static bool replace_link(int root_fd, int link_fd, char path[FOUND_PATH_MAX], size_t n)
{
	_cleanup_close_ int parent_fd = -1;
	char text[FOUND_PATH_MAX], whole[FOUND_PATH_MAX];
	ssize_t n_text = readlinkat(link_fd, "", text, sizeof(text));
	size_t parent = n, rest = strlen(path + n);

	while (parent > 0 && path[--parent] != '/')
		;
	parent_fd = open_beginning(root_fd, path, parent);
	if (n_text <= 0 || parent_fd < 0 || !is_trusted(parent_fd) || !is_trusted(link_fd))
		return false;
	if (text[0] == '/')
		parent = 0;
	if (parent + 1 + (size_t)n_text + rest + 1 > sizeof(whole))
		return false;
	memcpy(whole, path, parent);
	whole[parent] = '/';
	parent += text[0] != '/';
	memcpy(whole + parent, text, (size_t)n_text);
	memcpy(whole + parent + (size_t)n_text, path + n, rest + 1);
	if (!path_is_normalized(whole))
		return false;
	memcpy(path, whole, strlen(whole) + 1);
	return true;
}

static enum found_kind kind_of(int *fd, const struct statx *x, struct found_word *w, int *ret_fd)
{
	*ret_fd = steal_fd(*fd);
	w->device = makedev(x->stx_dev_major, x->stx_dev_minor);
	w->inode = x->stx_ino;
	return S_ISDIR(x->stx_mode) ? FOUND_DIRECTORY : FOUND_FILE;
}

/*
 * Behind the first n_own bytes, in directories of the host's: each is watched before the next name is looked
 * for in it, see template-watch.c. Links are left to each launch, which judges them.
 */
static enum found_kind walk_watched(const struct found_view *v, struct found_word *w, int *ret_fd)
{
	for (size_t n = w->n_own;;) {
		size_t next = n + 1 + strcspn(w->leads_to + n + 1, "/");
		_cleanup_close_ int parent_fd = open_beginning(v->root_fd, w->leads_to, n), fd = -1;
		char name[FOUND_PATH_MAX];
		struct statx x;

		memcpy(name, w->leads_to + n + 1, next - n - 1);
		name[next - n - 1] = '\0';
		if (parent_fd < 0 || template_watch_name(v->events_fd, v->word, parent_fd, name) < 0)
			return FOUND_BY;
		fd = open_beginning(v->root_fd, w->leads_to, next);
		if (fd == -ENOENT)
			return FOUND_ABSENT;
		if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_INO, &x) < 0 ||
			S_ISLNK(x.stx_mode))
			return FOUND_BY;
		if (w->leads_to[next] == '\0')
			return kind_of(&fd, &x, w, ret_fd);
		n = next;
	}
}

/* What lies deeper than the root of a mount the host may replace. */
static enum found_kind walk_deeper(const struct found_view *v, size_t n, struct found_word *w, int *ret_fd)
{
	enum found_kind kind;

	w->n_own = n;
	kind = walk_watched(v, w, ret_fd);
	w->watched = kind != FOUND_BY;
	return kind;
}

/* One component after the other, as long as they are on the template's own file systems. */
static enum found_kind walk(const struct found_view *v, const struct mount_plan *p, struct found_word *w,
	bool *linked, int *ret_fd)
{
	for (size_t n = 0;;) {
		size_t next = n + 1 + strcspn(w->leads_to + n + 1, "/");
		_cleanup_close_ int fd = open_beginning(v->root_fd, w->leads_to, next);
		bool last = w->leads_to[next] == '\0';
		struct statx x;

		if (fd == -ENOENT)
			return FOUND_ABSENT;
		if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_INO, &x) < 0)
			return FOUND_BY;
		if (!is_own(p, &x)) /* the root of a mount */
			return last ? kind_of(&fd, &x, w, ret_fd) : walk_deeper(v, next, w, ret_fd);
		if (S_ISLNK(x.stx_mode)) {
			if (*linked || !replace_link(v->root_fd, fd, w->leads_to, next))
				return FOUND_BY;
			*linked = true;
			return FOUND_UNKNOWN;
		}
		if (last)
			return kind_of(&fd, &x, w, ret_fd);
		n = next;
	}
}

void found_look(const struct found_view *v, const struct mount_plan *p, const char *path,
	struct found_word *ret, int *ret_fd)
{
	bool linked = false, again;

	ret->kind = FOUND_UNKNOWN;
	ret->watched = false;
	*ret_fd = -1;
	if (!path_is_normalized(path) || strlen(path) >= sizeof(ret->leads_to))
		return;
	memcpy(ret->leads_to, path, strlen(path) + 1);
	do {
		again = linked;
		ret->kind = is_fresh_place(p, ret->leads_to) ? FOUND_BY : walk(v, p, ret, &linked, ret_fd);
	} while (ret->kind == FOUND_UNKNOWN && !again);
}

bool found_is_current(const struct found_view *v, const struct template *t)
{
	for (size_t i = 0; i < t->fds->n_found; i++) {
		const struct found_path *before = &t->fds->found[i];
		struct found_word now = { .n_own = before->n_own };
		_cleanup_close_ int fd = -1;

		if (!before->watched)
			continue;
		memcpy(now.leads_to, before->leads_to, sizeof(now.leads_to));
		/* in one file system there may be several that have the same number: btrfs' subvolumes */
		if (walk_watched(v, &now, &fd) != before->kind || now.device != before->device ||
			now.inode != before->inode)
			return false;
	}
	return true;
}

/* What is watched is to be taken as the sources are: see template_choose(). */
enum found_kind found_kind(const struct mount_plan *p, const struct found_path *found)
{
	return found->watched && p->template->look ? FOUND_BY : found->kind;
}

const struct found_path *found_get(const struct mount_plan *p, const struct paths_found *f, size_t i)
{
	const struct found_path *found = i < f->n ? &f->paths[i] : NULL;

	if (!found || found->kind == FOUND_UNKNOWN)
		return NULL;
	for (size_t k = 0; k < p->n_covered; k++)
		if (path_is_below(found->path, p->covered[k]) ||
			path_is_below(found->leads_to, p->covered[k]))
			return NULL;
	return found;
}

void found_forget(struct mount_plan *p)
{
	p->rules.n = p->restricted.n = 0;
}

void found_cover(struct mount_plan *p, const char *place)
{
	if (place && p->n_covered < ELEMENTSOF(p->covered))
		p->covered[p->n_covered++] = place;
	else
		found_forget(p);
}
