/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/source.h"

#include "base/array.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/path.h"
#include "seccomp/seccomp.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>

#define SOURCE_TOTAL_MAX (8 * 1024 * 1024) /* bytes of all files of a policy: bounds memory and time */
#define SOURCE_RESOLVE   (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

static void source_free(struct source *s)
{
	free(s->display);
	free(s->name);
	free(s->text);
	free(s);
}

DEFINE_CLEANUP(struct source *, source_free);

void source_set_done(struct source_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		source_free(set->list[i]);
	free(set->list);
	(void)fd_close(set->root_fd);
	*set = (struct source_set)SOURCE_SET_INIT;
}

/* Takes the source over when it succeeds. */
static int set_append(struct source_set *set, struct source *s)
{
	int r;

	if (set->n >= POLICY_FILES_MAX || s->size > SOURCE_TOTAL_MAX - set->bytes)
		return -EFBIG;
	r = array_reserve(&set->list, &set->allocated, set->n + 1, sizeof(*set->list));
	if (r < 0)
		return r;
	set->list[set->n++] = s;
	set->bytes += s->size;
	return 0;
}

int source_add_text(struct source_set *set, const char *text, size_t size, int dir_fd, const char *display,
	const struct source **ret)
{
	_cleanup_(source_freep) struct source *s = calloc(1, sizeof(*s));
	int r;

	if (size > POLICY_BYTES_MAX)
		return -EFBIG;
	if (!s)
		return -ENOMEM;
	s->dir_fd = dir_fd;
	s->size = size;
	s->display = strdup(display);
	s->name = dir_fd != -1 ? strdup("") : NULL;
	s->text = malloc(size + 1);
	if (!s->display || !s->text || (dir_fd != -1 && !s->name))
		return -ENOMEM;
	if (size > 0)
		memcpy(s->text, text, size);
	s->text[size] = '\0';
	r = set_append(set, s);
	if (r < 0)
		return r;
	*ret = steal_ptr(s);
	return 0;
}

/* Appends the components of a path to @out; -EXDEV when ".." leads out of the start. */
static int append_components(char *out, size_t *n, const char *path, size_t length)
{
	for (size_t at = 0; at < length;) {
		const char *component = path + at;
		size_t size = strcspn(component, "/");

		if (size > length - at)
			size = length - at;
		at += size + 1;
		if (size == 0 || (size == 1 && component[0] == '.'))
			continue;
		if (size == 2 && memcmp(component, "..", 2) == 0) {
			if (*n == 0)
				return -EXDEV;
			while (*n > 0 && out[--*n] != '/')
				;
			continue;
		}
		if (*n > 0)
			out[(*n)++] = '/';
		memcpy(out + *n, component, size);
		*n += size;
	}
	return 0;
}

/* Joins @path to the directory part of @base and leaves it to the kernel what ".." means behind a link. */
static int join_plain(const char *base, const char *path, char **ret)
{
	const char *slash = strrchr(base, '/');

	if (asprintf(ret, "%.*s%s", slash ? (int)(slash + 1 - base) : 0, base, path) >= 0)
		return 0;
	*ret = NULL;
	return -ENOMEM;
}

/*
 * Joins @path to the directory part of @base and takes out "." and "..". As no symbolic link is ever
 * followed, that changes no meaning. -EXDEV when ".." leads out of the start.
 */
static int join_normalized(const char *base, const char *path, char **ret)
{
	const char *slash = strrchr(base, '/');
	_cleanup_free_ char *joined = malloc(strlen(base) + strlen(path) + 2);
	size_t n = 0;
	int r;

	if (!joined)
		return -ENOMEM;
	r = append_components(joined, &n, base, slash ? (size_t)(slash - base) : 0);
	if (r == 0)
		r = append_components(joined, &n, path, strlen(path));
	if (r < 0)
		return r;
	joined[n] = '\0';
	*ret = steal_ptr(joined);
	return 0;
}

/* Every directory on the way to name: whoever can change one can put another file in place. */
static int check_directories(int dir_fd, const char *name, const char **reterr_reason)
{
	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		_cleanup_free_ char *directory = strndup(name, (size_t)(slash - name));
		_cleanup_close_ int fd = -1;
		int r;

		if (!directory)
			return -ENOMEM;
		fd = path_open_at(dir_fd, directory, O_PATH | O_DIRECTORY, SOURCE_RESOLVE);
		if (fd < 0)
			return fd;
		r = path_check_trusted(fd, reterr_reason);
		if (r < 0) {
			*reterr_reason = "lies in a directory that others than root may change";
			return r;
		}
	}
	return 0;
}

static int check_regular(int fd, struct stat *ret, const char **reterr_reason)
{
	if (fstat(fd, ret) < 0)
		return errno_or_eio();
	if (S_ISREG(ret->st_mode))
		return 0;
	*reterr_reason = "is not a regular file";
	return -EINVAL;
}

static int open_source(const struct source_set *set, struct source *s, int flags)
{
	int fd = path_open_at(s->dir_fd, s->name, flags, SOURCE_RESOLVE);

	if (!set->anywhere || (fd != -EXDEV && fd != -ELOOP))
		return fd;
	s->stray = true;
	return path_open_at(s->dir_fd, s->name, flags,
		RESOLVE_NO_MAGICLINKS | (s->dir_fd == set->root_fd ? RESOLVE_IN_ROOT : 0));
}

/* To open a device can do something. Who replaces the file in between may as well put nonsense into it. */
static int check_harmless(const struct source_set *set, struct source *s, const char **reterr_reason)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	fd = open_source(set, s, O_PATH);
	if (fd == -ELOOP && set->anywhere)
		*reterr_reason = "is reached through a symbolic link in /proc, or one that leads to itself";
	return fd < 0 ? fd : check_regular(fd, &st, reterr_reason);
}

static int read_source(struct source_set *set, struct source *s, const char **reterr_reason)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	if (!set->untrusted) {
		r = check_directories(s->dir_fd, s->name, reterr_reason);
		if (r < 0)
			return r;
	}
	r = check_harmless(set, s, reterr_reason);
	if (r < 0)
		return r;
	/* O_NONBLOCK: a FIFO in place of the file must not hold us up. */
	fd = open_source(set, s, O_RDONLY | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return fd;
	r = check_regular(fd, &st, reterr_reason);
	if (r < 0)
		return r;
	if (!set->untrusted) {
		r = path_check_trusted(fd, reterr_reason);
		if (r < 0) {
			*reterr_reason = "can be changed by others than root";
			return r;
		}
	}
	s->device = st.st_dev;
	s->inode = st.st_ino;
	return read_fd_to_end(fd, POLICY_BYTES_MAX, &s->text, &s->size);
}

/* Takes over name and display. */
static int add_file(struct source_set *set, int dir_fd, char *name, char *display,
	struct position included_at, const struct source **ret, const char **reterr_reason)
{
	_cleanup_(source_freep) struct source *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		free(name);
		free(display);
		return -ENOMEM;
	}
	*s = (struct source){
		.dir_fd = dir_fd, .name = name, .display = display, .included_at = included_at
	};
	r = read_source(set, s, reterr_reason);
	if (r < 0)
		return r;
	for (const struct source *up = included_at.source; up; up = up->included_at.source)
		if (up->name && up->device == s->device && up->inode == s->inode) {
			*reterr_reason = "includes itself, directly or through others";
			return -ELOOP;
		}
	r = set_append(set, s);
	if (r < 0)
		return r;
	*ret = steal_ptr(s);
	return 0;
}

int source_add_file(struct source_set *set, int dir_fd, const char *name, const char *display,
	const struct source **ret, const char **reterr_reason)
{
	_cleanup_free_ char *normalized = NULL, *shown = NULL;
	int r;

	*reterr_reason = NULL;
	if (name[0] == '/')
		return -EXDEV;
	r = join_normalized("", name, &normalized);
	if (r == -EXDEV && set->anywhere)
		r = join_plain("", name, &normalized);
	if (r < 0)
		return r;
	if (normalized[0] == '\0') {
		*reterr_reason = "is not a regular file";
		return -EISDIR;
	}
	shown = strdup(display);
	if (!shown)
		return -ENOMEM;
	return add_file(set, dir_fd, steal_ptr(normalized), steal_ptr(shown), (struct position){}, ret,
		reterr_reason);
}

/* Taking out ".." changes a name's meaning as soon as links are followed. */
static int join_include(const struct source_set *set, const char *base, const char *path, char **ret)
{
	if (set->anywhere && (strstr(path, "..") || strstr(base, "..")))
		return join_plain(base, path, ret);
	return join_normalized(base, path, ret);
}

/*
 * How messages name the file @name that @from includes as @path: where they name @from by its own name below
 * the directory, @name takes the place of that; else the path stands where @from does.
 */
static char *include_display(const struct source *from, const char *name, const char *path)
{
	size_t shown = strlen(from->display), known = strlen(from->name);
	const char *slash = strrchr(from->display, '/');
	size_t prefix = slash ? (size_t)(slash + 1 - from->display) : 0;
	char *display;

	if (known > 0 && known <= shown && strcmp(from->display + shown - known, from->name) == 0 &&
		(known == shown || from->display[shown - known - 1] == '/'))
		prefix = shown - known;
	else if (known > 0)
		name = path;
	return asprintf(&display, "%.*s%s", (int)prefix, from->display, name) < 0 ? NULL : display;
}

int source_add_include(struct source_set *set, struct position at, const char *path,
	const struct source **ret, const char **reterr_reason)
{
	const struct source *from = at.source;
	_cleanup_free_ char *name = NULL, *display = NULL;
	bool absolute = path[0] == '/';
	int r, dir_fd = from->dir_fd;

	*reterr_reason = NULL;
	if (dir_fd == -1) {
		*reterr_reason = "cannot be included from here";
		return -EPERM;
	}
	if (absolute && set->root_fd < 0) {
		set->root_fd = RET_ERRNO(open(set->root ? set->root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC));
		if (set->root_fd < 0)
			return set->root_fd;
	}
	r = join_include(set, absolute ? "" : from->name, path + strspn(path, "/"), &name);
	if (r < 0)
		return r;
	if (name[0] == '\0') {
		*reterr_reason = "is not a regular file";
		return -EISDIR;
	}
	if (!absolute)
		display = include_display(from, name, path);
	else if (asprintf(&display, "/%s", name) < 0)
		display = NULL;
	if (!display)
		return -ENOMEM;
	return add_file(set, absolute ? set->root_fd : dir_fd, steal_ptr(name), steal_ptr(display), at, ret,
		reterr_reason);
}
