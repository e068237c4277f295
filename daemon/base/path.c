/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/path.h"
#include "base/error.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OPENAT2_RETRIES 8 /* EAGAIN comes from renames elsewhere in the system; a few tries get past them */

bool path_is_normalized(const char *path)
{
	if (path[0] != '/' || strlen(path) >= PATH_MAX)
		return false;
	if (path[1] == '\0')
		return true;
	for (const char *p = path; *p;) {
		size_t n = strcspn(++p, "/");

		if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		p += n;
	}
	return true;
}

bool path_is_below(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	if (n == 1)
		return path[0] == '/';
	return strncmp(path, prefix, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* A plain name without links leads nowhere else: if it seemed to, its file was renamed out of there
 * meanwhile. */
static bool is_race(int error, const char *path, uint64_t resolve)
{
	bool plain = (resolve & RESOLVE_NO_SYMLINKS) && !strchr(path, '/') && strcmp(path, "..") != 0;

	return error == EAGAIN || error == EINTR || (error == EXDEV && plain);
}

int path_open_at(int dir_fd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = { .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC), .resolve = resolve };

	for (int i = 0; i < OPENAT2_RETRIES; i++) {
		long fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if (!is_race(errno, path, resolve))
			return errno_or_eio();
	}
	return -EAGAIN;
}

int path_check_trusted(int fd, const char **reterr_reason)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		*reterr_reason = "cannot be examined";
		return errno_or_eio();
	}
	if (st.st_uid != 0) {
		*reterr_reason = "not owned by root";
		return -EPERM;
	}
	if (!S_ISLNK(st.st_mode) && (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		*reterr_reason = "writable by group or others";
		return -EPERM;
	}
	return 0;
}

int path_check_system(int fd, dev_t root, const char **reterr_reason)
{
	struct statfs fs;
	struct stat st;

	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0) {
		*reterr_reason = "cannot be examined";
		return errno_or_eio();
	}
	if ((unsigned long)fs.f_flags & ST_NOEXEC) {
		*reterr_reason = "on a file system from which nothing may be executed";
		return -EPERM;
	}
	if (st.st_dev != root) {
		*reterr_reason = "not on the file system of the root directory";
		return -EPERM;
	}
	return 0;
}
