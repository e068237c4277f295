/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/trusted.h"
#include "base/error.h"
#include "base/io.h"
#include "base/path.h"
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BELOW        (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
#define READ_RETRIES 4 /* of a file that is written to while it is read */

void trusted_dir_done(struct trusted_dir *d)
{
	free(d->path);
	d->path = NULL;
	d->fd = fd_close(d->fd);
}

void trusted_file_done(struct trusted_file *f)
{
	free(f->path);
	free(f->data);
	*f = (struct trusted_file){ 0 };
}

static int check_system(int fd, const char **reterr_reason)
{
	struct stat root;

	if (stat("/", &root) < 0) {
		*reterr_reason = "not to be compared with the root directory";
		return errno_or_eio();
	}
	return path_check_system(fd, root.st_dev, reterr_reason);
}

static int open_dir(int parent_fd, const char *name, uint64_t resolve, struct trusted_dir *d)
{
	const char *reason = NULL;

	d->fd = path_open_at(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NONBLOCK, resolve);
	if (d->fd == -ENOENT) {
		d->fd = -1;
		return -ENOENT;
	}
	if (d->fd < 0) {
		d->fault = d->fd == -ELOOP     ? "a symbolic link"
			   : d->fd == -ENOTDIR ? "not a directory"
					       : "cannot be opened";
		d->fd = -1;
		return 0;
	}
	if (d->lenient)
		return 0;
	if (path_check_trusted(d->fd, &reason) < 0)
		d->fault = reason;
	else if (BAILIFF_CONFIG_ON_ROOT && check_system(d->fd, &reason) < 0)
		d->fault = reason;
	return 0;
}

int trusted_dir_open(const char *path, bool lenient, struct trusted_dir *ret)
{
	_cleanup_(trusted_dir_done) struct trusted_dir d = { .fd = -1, .lenient = lenient };
	int r;

	d.path = strdup(path);
	if (!d.path)
		return -ENOMEM;
	r = open_dir(AT_FDCWD, path, RESOLVE_NO_MAGICLINKS, &d);
	if (r < 0)
		return r;
	*ret = d;
	d = TRUSTED_DIR_NULL;
	return 0;
}

int trusted_dir_open_below(const struct trusted_dir *parent, const char *name, struct trusted_dir *ret)
{
	_cleanup_(trusted_dir_done) struct trusted_dir d = { .fd = -1, .lenient = parent->lenient };
	int r;

	if (asprintf(&d.path, "%s/%s", parent->path, name) < 0) {
		d.path = NULL;
		return -ENOMEM;
	}
	r = parent->fd < 0 ? 0 : open_dir(parent->fd, name, BELOW, &d);
	if (r < 0)
		return r;
	if (!d.fault && parent->fault)
		d.fault = parent->fd < 0 ? "in a directory that cannot be opened"
					 : "in a directory that others than root can change";
	*ret = d;
	d = TRUSTED_DIR_NULL;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool listed(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return name[0] != '.' && n > m && strcmp(name + n - m, suffix) == 0;
}

int trusted_dir_list(const struct trusted_dir *d, const char *suffix, char ***ret)
{
	_cleanup_(strv_freep) char **names = calloc(1, sizeof(*names));
	_cleanup_(closedirp) DIR *dir = NULL;
	size_t n = 0;
	int fd, r;

	if (!names)
		return -ENOMEM;
	/* a description of its own, so that listing twice starts at the beginning */
	fd = path_open_at(d->fd, ".", O_RDONLY | O_DIRECTORY, BELOW);
	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		r = errno_or_eio();
		(void)fd_close(fd);
		return r;
	}
	for (;;) {
		const struct dirent *e;

		errno = 0;
		e = readdir(dir);
		if (!e && errno != 0)
			return errno_or_eio();
		if (!e)
			break;
		if (!listed(e->d_name, suffix))
			continue;
		if (n++ == TRUSTED_ENTRIES_MAX)
			return -E2BIG;
		r = strv_extend(&names, e->d_name);
		if (r < 0)
			return r;
	}
	qsort(names, strv_length(names), sizeof(*names), compare_names);
	*ret = steal_ptr(names);
	return 0;
}

static const char *type_fault(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return NULL;
	case S_IFDIR:
		return "a directory, not a regular file";
	case S_IFIFO:
		return "a FIFO, not a regular file";
	case S_IFSOCK:
		return "a socket, not a regular file";
	default:
		return "a device, not a regular file";
	}
}

static int refuse_file(struct diagnostics *d, const char *path, const char *text)
{
	struct place at = { path, 0, 0 };

	return diagnostics_add(d, &at, "%s", text);
}

/* A link in the place of a file: to /dev/null it masks, any other is wrong. */
static int check_link(const struct trusted_dir *d, const char *name, struct diagnostics *diagnostics,
	struct trusted_file *f)
{
	char target[sizeof("/dev/null") + 1];
	ssize_t n = readlinkat(d->fd, name, target, sizeof(target));

	if (n == (ssize_t)strlen("/dev/null") && memcmp(target, "/dev/null", (size_t)n) == 0) {
		f->masked = true;
		return 0;
	}
	return refuse_file(diagnostics, f->path,
		"a symbolic link; only a link to /dev/null, which masks the file, may be here");
}

/* What an opened file must be. */
static int check_file(const struct trusted_dir *d, int fd, struct diagnostics *diagnostics, const char *path)
{
	const char *fault = NULL;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return errno_or_eio();
	fault = type_fault(st.st_mode);
	if (fault)
		return refuse_file(diagnostics, path, fault);
	if (d->lenient)
		return 0;
	if (st.st_nlink > 1)
		return refuse_file(diagnostics, path,
			"has several hard links; copy the file, so that no other name leads to it");
	if (st.st_uid != 0)
		return refuse_file(diagnostics, path, "not owned by root; chown it");
	if (path_check_trusted(fd, &fault) < 0)
		return refuse_file(diagnostics, path, "writable by group or others; chmod go-w it");
	return 0;
}

static bool same_content(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The bytes as they were at one time: a file that changes meanwhile is read again. -EAGAIN if it never rests.
 */
static int read_at_rest(int fd, size_t max, struct trusted_file *f)
{
	struct stat before, after;
	int r;

	for (int i = 0; i < READ_RETRIES; i++) {
		free(f->data);
		f->data = NULL;
		if (lseek(fd, 0, SEEK_SET) < 0 || fstat(fd, &before) < 0)
			return errno_or_eio();
		r = read_fd_to_end(fd, max, &f->data, &f->size);
		if (r < 0)
			return r;
		if (fstat(fd, &after) < 0)
			return errno_or_eio();
		if (same_content(&before, &after) && (off_t)f->size == after.st_size)
			return 0;
	}
	return -EAGAIN;
}

static int open_and_read(const struct trusted_dir *d, const char *name, size_t max,
	struct diagnostics *diagnostics, struct trusted_file *f)
{
	_cleanup_close_ int fd =
		path_open_at(d->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, BELOW);
	struct place at = { f->path, 0, 0 };
	int r;

	if (fd == -ENOENT)
		return -ENOENT;
	if (fd < 0)
		return diagnostics_add(diagnostics, &at, "cannot be opened: %s", strerrordesc_np(-fd));
	r = check_file(d, fd, diagnostics, f->path);
	if (r < 0)
		return r;
	r = read_at_rest(fd, max, f);
	if (r == -EFBIG)
		return diagnostics_add(diagnostics, &at, "file of more than %zu KiB", max / 1024);
	if (r == -EAGAIN)
		return diagnostics_add(diagnostics, &at, "changes while it is read; try again");
	if (r < 0 && r != -ENOMEM)
		return diagnostics_add(diagnostics, &at, "cannot be read: %s", strerrordesc_np(-r));
	return r;
}

/* What a file in it says is not asked; nor is the file of the same name in a later directory. */
static int refuse_dir(const struct trusted_dir *d, struct diagnostics *diagnostics)
{
	struct place at = { d->path, 0, 0 };

	return diagnostics_add(diagnostics, &at, "%s; nothing in it is used", d->fault);
}

int trusted_file_read(const struct trusted_dir *d, const char *name, size_t max,
	struct diagnostics *diagnostics, struct trusted_file *ret)
{
	_cleanup_(trusted_file_done) struct trusted_file f = { 0 };
	struct stat st;
	int r;

	if (d->fd < 0)
		return refuse_dir(d, diagnostics);
	if (asprintf(&f.path, "%s/%s", d->path, name) < 0) {
		f.path = NULL;
		return -ENOMEM;
	}
	/* looked at before it is opened: opening a device may do something */
	if (fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? -ENOENT : refuse_file(diagnostics, f.path, "cannot be examined");
	if (d->fault)
		return refuse_dir(d, diagnostics);
	if (S_ISLNK(st.st_mode))
		r = check_link(d, name, diagnostics, &f);
	else if (type_fault(st.st_mode))
		r = refuse_file(diagnostics, f.path, type_fault(st.st_mode));
	else
		r = open_and_read(d, name, max, diagnostics, &f);
	if (r < 0)
		return r;
	*ret = f;
	f = (struct trusted_file){ 0 };
	return 0;
}
