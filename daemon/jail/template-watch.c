/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Who makes a template has the kernel tell what happens to the names by which its sources are found, see
 * template-events.c. A source is walked to one component after the other: each directory is watched before a
 * name is looked for in it, and so is each link, which may have further names. Whatever is exchanged after
 * that is told. What a source is, is looked at afterwards.
 *
 * A source is not watched, and looked at by each launch, if anything on the way, or itself, is on a file
 * system whose names may change without a word: on a network, or a program's; procfs and its kin; overlayfs,
 * below which somebody may have a hand in the layers; or in an encrypted directory, whose names depend on the
 * key. Other names of the same directory entry, where case does not matter, are thought of in
 * template_name().
 *
 * All that runs here is async-signal-safe.
 */

#include "base/error.h"
#include "base/fd.h"
#include "jail/template.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel's MAXSYMLINKS */

/* Everything that the look by name could notice. That the directory itself goes or moves is told by the one
 * above it. */
#define DIRECTORY_EVENTS (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR)
#define LINK_EVENTS      IN_ATTRIB /* its owner may be changed by another name of it */

struct watcher {
	int events_fd;
	struct template_word *word;
};

/* Where a walk stands. */
struct walk {
	int fd; /* of what was found so far */
	unsigned links;
	char rest[PATH_MAX];
};

/* On these nothing happens that the kernel does not do itself, for somebody who calls it. */
static bool is_local(uint32_t type)
{
	switch (type) {
	case EXT4_SUPER_MAGIC: /* and ext2, ext3 */
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case TMPFS_MAGIC: /* and devtmpfs */
	case SQUASHFS_MAGIC:
	case EROFS_SUPER_MAGIC_V1:
		return true;
	default:
		return false;
	}
}

/* 9P's says that it is of the type that its server has. But it has no device for itself, and knows of no
 * immutable files, as those do that have none either. */
static bool is_told_of(int fd)
{
	struct statfs fs;
	struct statx x;

	return fstatfs(fd, &fs) >= 0 && statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &x) >= 0 &&
	       is_local((uint32_t)fs.f_type) && !(x.stx_attributes & STATX_ATTR_ENCRYPTED) &&
	       (x.stx_dev_major != 0 || (x.stx_attributes_mask & STATX_ATTR_IMMUTABLE));
}

/* Adds to what is told: of a directory a name, of a link all. The call takes no descriptor. */
static int watch(struct watcher *w, int fd, uint32_t events, const char *name)
{
	char path[sizeof("self/fd/") + NUMBER_TEXT_MAX] = "self/fd/", digits[NUMBER_TEXT_MAX];
	const char *text = number_text((uint64_t)fd, digits);
	struct template_watch watch = { .name = template_name(name) };
	struct template_word *word = w->word;

	if (!is_told_of(fd))
		return -EOPNOTSUPP;
	/* what is added is written down in any case */
	if (word->n_watches == TEMPLATE_WATCHES_MAX)
		return -E2BIG;
	memcpy(path + strlen(path), text, strlen(text) + 1);
	watch.wd = inotify_add_watch(w->events_fd, path, events);
	if (watch.wd < 0)
		return errno_or_eio();
	for (size_t i = 0; i < word->n_watches; i++)
		if (word->watches[i].wd == watch.wd && word->watches[i].name == watch.name)
			return 0;
	word->watches[word->n_watches++] = watch;
	return 0;
}

static int go_to(struct walk *walk, int fd)
{
	if (fd < 0)
		return fd;
	(void)fd_close(walk->fd);
	walk->fd = fd;
	return 0;
}

static int open_in(int fd, const char *name)
{
	return RET_ERRNO(openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

/* Moves one component from rest to name. False: there is none left. */
static bool take_component(struct walk *walk, char name[NAME_MAX + 1], size_t *ret_n)
{
	const char *from = walk->rest + strspn(walk->rest, "/");
	size_t n = strcspn(from, "/");

	*ret_n = n;
	if (n == 0)
		return false;
	if (n <= NAME_MAX) {
		memcpy(name, from, n);
		name[n] = '\0';
	}
	from += n;
	from += strspn(from, "/");
	memmove(walk->rest, from, strlen(from) + 1);
	return true;
}

/* Its text comes before rest. */
static int follow(struct watcher *w, struct walk *walk, int link_fd)
{
	size_t n_rest = strlen(walk->rest);
	char text[PATH_MAX];
	ssize_t n;
	int r;

	if (++walk->links > LINKS_MAX)
		return -ELOOP;
	r = watch(w, link_fd, LINK_EVENTS, "");
	if (r < 0)
		return r;
	n = readlinkat(link_fd, "", text, sizeof(text));
	if (n < 0)
		return errno_or_eio();
	if ((size_t)n + 1 + n_rest >= sizeof(walk->rest))
		return -ENAMETOOLONG;
	memmove(walk->rest + n + 1, walk->rest, n_rest + 1);
	memcpy(walk->rest, text, (size_t)n);
	walk->rest[n] = '/';
	return n > 0 && text[0] == '/' ? go_to(walk, open_in(AT_FDCWD, "/")) : 0;
}

/* 0: what is asked for is found, or is not there. */
static int step(struct watcher *w, struct walk *walk, const struct mount_item *item, const char *name)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	/* whoever goes up has come down, and has watched what is there */
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		r = go_to(walk, open_in(walk->fd, name));
		return r < 0 ? r : 1;
	}
	r = watch(w, walk->fd, DIRECTORY_EVENTS, name);
	if (r < 0)
		return r;
	fd = open_in(walk->fd, name);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (fstat(fd, &st) < 0)
		return errno_or_eio();
	if (S_ISLNK(st.st_mode) && (item->type != ITEM_MIRROR || walk->rest[0] != '\0')) {
		r = follow(w, walk, fd);
		return r < 0 ? r : 1;
	}
	(void)go_to(walk, steal_fd(fd));
	return is_told_of(walk->fd) ? 1 : -EOPNOTSUPP;
}

static int walk_to(struct watcher *w, struct walk *walk, const struct mount_item *item)
{
	size_t n = strlen(item->source);
	char name[NAME_MAX + 1];
	int r = 1;

	if (item->source[0] != '/' || n >= sizeof(walk->rest))
		return -EINVAL;
	memcpy(walk->rest, item->source, n + 1);
	while (r > 0 && take_component(walk, name, &n))
		r = n > NAME_MAX ? -ENAMETOOLONG : step(w, walk, item, name);
	return r;
}

static int watch_source(struct watcher *w, const struct mount_item *item)
{
	struct walk walk = { .fd = open_in(AT_FDCWD, "/") };
	int r = walk.fd < 0 ? walk.fd : walk_to(w, &walk, item);

	(void)fd_close(walk.fd);
	return r;
}

int template_watch_name(int events_fd, struct template_word *word, int directory_fd, const char *name)
{
	struct watcher w = { .events_fd = events_fd, .word = word };

	return events_fd < 0 ? -EOPNOTSUPP : watch(&w, directory_fd, DIRECTORY_EVENTS, name);
}

void template_watch(
	const struct jail_context *c, const struct template *t, int events_fd, struct template_word *word)
{
	struct watcher w = { .events_fd = events_fd, .word = word };

	if (events_fd < 0 || fchdir(c->proc_fd) < 0)
		return;
	for (size_t i = 0; i < t->n; i++)
		word->watched[i] = template_has_source(&t->items[i]) && watch_source(&w, &t->items[i]) >= 0;
	(void)!chdir("/");
}
