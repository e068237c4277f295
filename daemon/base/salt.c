/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/salt.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/path.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_NAME ".bailiff-salt.new" /* beside the salt while it is being written; a leftover is replaced */

/* Opens the directory that holds path, without following a symbolic link anywhere. @ret_name: within path. */
static int open_parent(const char *path, const char **ret_name)
{
	_cleanup_free_ char *dir = strdup(path);
	char *slash;

	if (!dir)
		return -ENOMEM;
	slash = strrchr(dir, '/');
	if (!slash || slash[1] == '\0')
		return -EINVAL;
	*ret_name = path + (slash - dir) + 1;
	slash[slash == dir] = '\0';
	return path_open_at(AT_FDCWD, dir, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
}

/* -ENOENT when there is no such file; every other error is final. */
static int read_salt(const char *path, uint8_t salt[SALT_MAX], size_t *ret_size, const char **reterr_reason)
{
	_cleanup_close_ int dir_fd = -1, fd = -1;
	uint8_t data[SALT_MAX + 1];
	const char *name;
	struct stat st;
	ssize_t n;
	int r;

	*reterr_reason = "cannot be opened (symbolic links are not followed)";
	dir_fd = open_parent(path, &name);
	if (dir_fd < 0)
		return dir_fd;
	fd = path_open_at(
		dir_fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH);
	if (fd < 0)
		return fd;
	*reterr_reason = "is not a regular file";
	if (fstat(fd, &st) < 0)
		return errno_or_eio();
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	r = path_check_trusted(fd, reterr_reason);
	if (r < 0)
		return r;
	*reterr_reason = "cannot be read";
	n = read_full(fd, data, sizeof(data));
	if (n < 0)
		return (int)n;
	*reterr_reason = n < SALT_MIN ? "is empty" : "is larger than 1024 bytes";
	if (n < SALT_MIN || n > SALT_MAX)
		return -EBADMSG;
	memcpy(salt, data, (size_t)n);
	*ret_size = (size_t)n;
	return 0;
}

/* Writes a new file beside the salt's place, complete and on disk before it gets the name. */
static int write_new(int dir_fd, const char *name)
{
	_cleanup_close_ int fd = -1;
	uint8_t salt[SALT_NEW_BYTES];
	int r;

	if (getrandom(salt, sizeof(salt), 0) != (ssize_t)sizeof(salt))
		return errno_or_eio();
	if (unlinkat(dir_fd, NEW_NAME, 0) < 0 && errno != ENOENT)
		return errno_or_eio();
	fd = openat(dir_fd, NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno_or_eio();
	r = write_full(fd, salt, sizeof(salt));
	explicit_bzero(salt, sizeof(salt));
	if (r < 0)
		return r;
	if (fsync(fd) < 0)
		return errno_or_eio();
	/* never over a salt that another instance made meanwhile: that one counts then */
	if (renameat2(dir_fd, NEW_NAME, dir_fd, name, RENAME_NOREPLACE) < 0 && errno != EEXIST)
		return errno_or_eio();
	return 0;
}

static int create_salt(const char *path, const char **reterr_reason)
{
	_cleanup_close_ int o_path_fd = -1, dir_fd = -1;
	const char *name;
	int r;

	*reterr_reason = "cannot be created: its directory is missing";
	o_path_fd = open_parent(path, &name);
	if (o_path_fd < 0)
		return o_path_fd;
	*reterr_reason = "cannot be created: its directory can be written by others than root";
	if (path_check_trusted(o_path_fd, &(const char *){ NULL }) < 0)
		return -EPERM;
	*reterr_reason = "cannot be created";
	dir_fd = openat(o_path_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return errno_or_eio();
	r = write_new(dir_fd, name);
	(void)unlinkat(dir_fd, NEW_NAME, 0);
	if (r < 0)
		return r;
	return RET_ERRNO(fsync(dir_fd));
}

int salt_load(char *const *paths, uint8_t salt[SALT_MAX], size_t *ret_size, const char **reterr_path,
	const char **reterr_reason)
{
	int r;

	if (!paths || !paths[0]) {
		*reterr_path = NULL;
		*reterr_reason = "no salt file is configured";
		return -ENOENT;
	}
	for (char *const *p = paths; *p; p++) {
		r = read_salt(*p, salt, ret_size, reterr_reason);
		*reterr_path = *p;
		if (r != -ENOENT)
			return r;
	}
	*reterr_path = paths[0];
	r = create_salt(paths[0], reterr_reason);
	return r < 0 ? r : read_salt(paths[0], salt, ret_size, reterr_reason);
}
