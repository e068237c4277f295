/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Paths of mount sources and targets, resolved once to an O_PATH fd, below a given root. The kernel resolves
 * what has no symbolic link in it; where there is one, it is read and judged here. A source may lie in a
 * directory that a payload wrote to the last time: a link there is the payload's attempt to have something
 * else mounted, while /var/run -> /run is the administrator's.
 *
 * The path is split in two buffers: done, which is known to have no link in it, and rest. So ".." in a link's
 * text just takes away the last component of done.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel's MAXSYMLINKS */

struct wish {
	int root_fd;
	bool create, directory; /* make what is missing; the last as a directory, else as a file */
	bool nofollow;          /* the last may be a link */
	const dev_t *own;
	size_t n_own;
};

struct walk {
	struct wish wish;
	unsigned links;
	char done[PATH_MAX];
	size_t n_done;
	char rest[PATH_MAX];
};

/* An O_PATH fd of done, or of a link that is its last component. */
static int open_done(const struct walk *w)
{
	return path_open_at(w->wish.root_fd, w->n_done ? w->done : "/", O_PATH | O_NOFOLLOW,
		RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
}

static void drop_last(struct walk *w)
{
	while (w->n_done > 0 && w->done[--w->n_done] != '/')
		;
	w->done[w->n_done] = '\0';
}

/* Moves one component from rest to done. 0 when there is none left. */
static int take_component(struct walk *w, bool *ret_last)
{
	size_t skip = strspn(w->rest, "/"), n = strcspn(w->rest + skip, "/");
	const char *name = w->rest + skip;

	if (n == 0)
		return 0;
	*ret_last = name[n + strspn(name + n, "/")] == '\0';
	if (n == 2 && name[0] == '.' && name[1] == '.') {
		drop_last(w);
	} else if (n != 1 || name[0] != '.') {
		if (w->n_done + 1 + n >= sizeof(w->done))
			return -ENAMETOOLONG;
		w->done[w->n_done++] = '/';
		memcpy(w->done + w->n_done, name, n);
		w->n_done += n;
		w->done[w->n_done] = '\0';
	}
	memmove(w->rest, name + n, strlen(name + n) + 1);
	return 1;
}

/* Is it in nobody's hands but root's? */
static int check_root_only(int fd)
{
	const char *reason;

	return path_check_trusted(fd, &reason) < 0 ? -ELOOP : 0;
}

/*
 * done ends in a link: judges it and puts its text before rest. It is opened again in the very directory that
 * was found to be root's: one that was met by another name may have been moved away since.
 */
static int follow(struct walk *w)
{
	_cleanup_close_ int parent_fd = -1, link_fd = -1;
	char text[PATH_MAX];
	struct statfs fs;
	ssize_t n;
	size_t n_rest = strlen(w->rest);

	if (++w->links > LINKS_MAX)
		return -ELOOP;
	drop_last(w);
	parent_fd = open_done(w);
	if (parent_fd < 0)
		return parent_fd;
	if (check_root_only(parent_fd) < 0)
		return -ELOOP;
	/* the name still stands behind the end of done */
	link_fd = path_open_at(parent_fd, w->done + w->n_done + 1, O_PATH | O_NOFOLLOW,
		RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	if (link_fd < 0)
		return link_fd;
	if (fstatfs(link_fd, &fs) < 0)
		return errno_or_eio();
	if (fs.f_type == PROC_SUPER_MAGIC || check_root_only(link_fd) < 0)
		return -ELOOP;
	n = readlinkat(link_fd, "", text, sizeof(text));
	if (n < 0)
		return errno_or_eio();
	if ((size_t)n + 1 + n_rest >= sizeof(w->rest))
		return -ENAMETOOLONG;
	if (n > 0 && text[0] == '/') {
		w->n_done = 0;
		w->done[0] = '\0';
	}
	memmove(w->rest + n + 1, w->rest, n_rest + 1);
	memcpy(w->rest, text, (size_t)n);
	w->rest[n] = '/';
	return 0;
}

/* A directory, or an empty file, only on a file system of the jail's own. Returns an O_PATH fd of it. */
static int make_in(const struct wish *w, int parent_fd, const char *name, bool directory)
{
	bool own = false;
	struct stat st;

	if (fstat(parent_fd, &st) < 0)
		return errno_or_eio();
	for (size_t i = 0; i < w->n_own && !own; i++)
		own = w->own[i] == st.st_dev;
	if (!own)
		return -ENOENT;
	if (directory ? mkdirat(parent_fd, name, 0755) < 0 : mknodat(parent_fd, name, S_IFREG | 0444, 0) < 0)
		return errno_or_eio();
	return path_open_at(parent_fd, name, O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
}

static int make_missing(struct walk *w, bool last)
{
	_cleanup_close_ int parent_fd = -1;
	const char *slash = strrchr(w->done, '/');
	char name[NAME_MAX + 1];
	size_t n = slash ? strlen(slash + 1) : 0;

	if (!w->wish.create || n == 0)
		return -ENOENT;
	if (n > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, slash + 1, n + 1);
	drop_last(w);
	parent_fd = open_done(w);
	if (parent_fd < 0)
		return parent_fd;
	w->done[w->n_done++] = '/';
	memcpy(w->done + w->n_done, name, n + 1);
	w->n_done += n;
	return make_in(&w->wish, parent_fd, name, !last || w->wish.directory);
}

/* What nearly always is to be made: the last component, in a directory that is there, and no link on the way.
 * -ELOOP where it is not that simple: the walk has to tell. */
__attribute__((noinline)) static int make_last(const struct wish *w, const char *path)
{
	_cleanup_close_ int parent_fd = -1;
	const char *name = strrchr(path, '/');
	char parent[PATH_MAX];
	size_t n;

	if (!name || name[1] == '\0' || strcmp(name, "/.") == 0 || strcmp(name, "/..") == 0)
		return -ELOOP;
	n = (size_t)(++name - path);
	if (n >= sizeof(parent))
		return -ENAMETOOLONG;
	memcpy(parent, path, n);
	parent[n] = '\0';
	parent_fd =
		path_open_at(w->root_fd, parent, O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	return parent_fd < 0 ? -ELOOP : make_in(w, parent_fd, name, w->directory);
}

/* What was a directory a moment ago may have been exchanged for a link, which nobody has judged. */
static int open_last(const struct walk *w)
{
	_cleanup_close_ int fd = open_done(w);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return errno_or_eio();
	return S_ISLNK(st.st_mode) && !w->wish.nofollow ? -ELOOP : steal_fd(fd);
}

/* What a link was put in the place of, and all that comes after it, in one go. */
static int open_rest(const struct walk *w)
{
	char path[2 * PATH_MAX];
	size_t n = strlen(w->rest);

	while (n > 0 && w->rest[n - 1] == '/')
		n--;
	memcpy(path, w->done, w->n_done);
	path[w->n_done] = '/';
	memcpy(path + w->n_done + 1, w->rest, n);
	path[w->n_done + 1 + n] = '\0';
	return path_open_at(w->wish.root_fd, path, O_PATH | (w->wish.nofollow ? O_NOFOLLOW : 0),
		RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
}

/* With links, or with what is missing: one component after the other. */
__attribute__((noinline)) static int walk_path(struct walk *w, const char *path)
{
	_cleanup_close_ int fd = -1;
	bool last = false;
	int r;

	if (strlen(path) >= sizeof(w->rest))
		return -ENAMETOOLONG;
	memcpy(w->rest, path, strlen(path) + 1);
	while ((r = take_component(w, &last)) > 0) {
		struct stat st;

		fd = fd_close(fd);
		fd = open_done(w);
		if (fd == -ENOENT)
			fd = make_missing(w, last);
		if (fd < 0)
			return fd;
		if (fstat(fd, &st) < 0)
			return errno_or_eio();
		if (!S_ISLNK(st.st_mode) || (last && w->wish.nofollow))
			continue;
		r = follow(w);
		if (r < 0)
			return r;
		r = w->wish.create ? -ELOOP : open_rest(w);
		if (r != -ELOOP)
			return r;
	}
	/* A link that ends in "/" leaves no component after it, so fd may still be the link. */
	return r < 0 ? r : open_last(w);
}

/* The buffers are some pages of a stack that the child shares with its parent until it touches them. */
__attribute__((noinline)) static int walk_from(const struct wish *wish, const char *path)
{
	struct walk w = { .wish = *wish };

	return walk_path(&w, path);
}

static int lookup_with(const struct wish *w, const char *path)
{
	int fd;

	fd = path_open_at(w->root_fd, path, O_PATH | (w->nofollow ? O_NOFOLLOW : 0),
		RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	if (fd == -ENOENT && w->create)
		fd = make_last(w, path);
	return fd == -ELOOP ? walk_from(w, path) : fd;
}

int lookup(int root_fd, const char *path)
{
	const struct wish w = { .root_fd = root_fd };

	return lookup_with(&w, path);
}

int lookup_nofollow(int root_fd, const char *path)
{
	const struct wish w = { .root_fd = root_fd, .nofollow = true };

	return lookup_with(&w, path);
}

int lookup_or_create(int root_fd, const char *path, bool directory, const dev_t *own, size_t n_own)
{
	const struct wish w = {
		.root_fd = root_fd, .create = true, .directory = directory, .own = own, .n_own = n_own
	};

	return lookup_with(&w, path);
}
