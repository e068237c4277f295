/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keeper/runtime.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "keeper/cgroup.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LOCK_NAME    "lock"
#define DIRECT_NAME  "broker"
#define BACKLOG      128 /* connections that wait while no broker runs */
#define UIDS_NAME    "dynamic-uids"
#define NOTIFY_NAME  "notify"
#define LEAF_SUFFIX  "-daemon"
#define LOCK_RETRIES 8 /* an instance that is just ending removes the file under us */

static int open_dir(const char *dir, const char **reterr_what)
{
	_cleanup_close_ int fd = -1;
	int r;

	*reterr_what = "cannot be created";
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return errno_or_eio();
	*reterr_what = "cannot be opened";
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno_or_eio();
	r = path_check_trusted(fd, reterr_what);
	return r < 0 ? r : steal_fd(fd);
}

/* Takes the lock; one that was removed between open and flock does not count: -EAGAIN. */
static int try_lock(int dir_fd)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	fd = openat(dir_fd, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno_or_eio();
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : errno_or_eio();
	if (fstat(fd, &st) < 0) {
		const int r = errno_or_eio();

		(void)unlinkat(dir_fd, LOCK_NAME, 0);
		return r;
	}
	return st.st_nlink == 0 ? -EAGAIN : steal_fd(fd);
}

/* The directory is root's alone: what is there is ours, or an administrator's. */
static int open_uids(int dir_fd)
{
	_cleanup_close_ int fd =
		openat(dir_fd, UIDS_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0)
		return errno_or_eio();
	if (fstat(fd, &st) < 0)
		return errno_or_eio();
	return S_ISREG(st.st_mode) && st.st_uid == 0 ? steal_fd(fd) : -EPERM;
}

/* Where sandboxes that see the host's tree have the mount of their notification socket. It stays empty. */
static int make_mount_point(int dir_fd)
{
	return mkdirat(dir_fd, NOTIFY_NAME, 0755) < 0 && errno != EEXIST ? errno_or_eio() : 0;
}

int runtime_open(const char *dir, struct runtime *ret, const char **reterr_what)
{
	_cleanup_close_ int dir_fd = open_dir(dir, reterr_what);
	int lock_fd = -EAGAIN, r;

	if (dir_fd < 0)
		return dir_fd;
	for (int i = 0; lock_fd == -EAGAIN && i < LOCK_RETRIES; i++)
		lock_fd = try_lock(dir_fd);
	if (lock_fd < 0) {
		*reterr_what = lock_fd == -EBUSY ? "is in use by another bailiffd" : "cannot be locked";
		return lock_fd;
	}
	*ret = RUNTIME_NULL;
	ret->dir_fd = steal_fd(dir_fd);
	ret->lock_fd = lock_fd;
	*reterr_what = "has no usable file " UIDS_NAME;
	r = ret->uids_fd = open_uids(ret->dir_fd);
	if (r >= 0) {
		*reterr_what = "has no usable directory " NOTIFY_NAME;
		r = make_mount_point(ret->dir_fd);
	}
	if (r < 0)
		runtime_remove(ret);
	return r;
}

/* What an instance that was killed has left; anything but a socket there is not ours to remove. */
static int remove_stale(int dir_fd)
{
	struct stat st;

	if (fstatat(dir_fd, DIRECT_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : errno_or_eio();
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	return RET_ERRNO(unlinkat(dir_fd, DIRECT_NAME, 0));
}

/* By the open directory: a path from outside is walked once. The mode comes from the mask, so there is no
 * moment with another one. */
static int bind_in(int dir_fd, int fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int r;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" DIRECT_NAME, dir_fd);
	mask = umask(0111);
	r = RET_ERRNO(bind(fd, (const struct sockaddr *)&address, sizeof(address)));
	(void)umask(mask);
	return r;
}

int runtime_listen(struct runtime *r, const char *dir)
{
	_cleanup_close_ int fd = -1;
	int k;

	/* Not our limit: whoever connects has to write the path into such an address. */
	if (strlen(dir) + sizeof("/" DIRECT_NAME) > sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return errno_or_eio();
	k = remove_stale(r->dir_fd);
	if (k >= 0)
		k = bind_in(r->dir_fd, fd);
	if (k < 0)
		return k;
	r->direct_fd = steal_fd(fd);
	return RET_ERRNO(listen(r->direct_fd, BACKLOG));
}

/* A name that the next instance on the same directory finds again: FNV-1a of the path. */
static void name_cgroup(struct runtime *r, const char *dir)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *dir; dir++)
		hash = (hash ^ (unsigned char)*dir) * UINT64_C(0x100000001b3);
	(void)snprintf(r->cgroup_name, sizeof(r->cgroup_name), "bailiff-%016llx", (unsigned long long)hash);
}

/* Not being able to is no reason not to start: launches that want a limit say which one they can not have. */
static void delegate(const struct runtime *r)
{
	char leaf[sizeof(r->cgroup_name) + sizeof(LEAF_SUFFIX)];

	(void)snprintf(leaf, sizeof(leaf), "%s" LEAF_SUFFIX, r->cgroup_name);
	(void)cgroup_delegate(r->cgroup_parent_fd, r->cgroup_fd, leaf);
}

int runtime_make_cgroup(struct runtime *r, const char *dir)
{
	int fd;

	name_cgroup(r, dir);
	fd = cgroup_open_own();
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	r->cgroup_parent_fd = fd;
	if (mkdirat(fd, r->cgroup_name, 0755) < 0 && errno != EEXIST)
		return errno_or_eio();
	fd = openat(fd, r->cgroup_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno_or_eio();
	r->cgroup_fd = fd;
	delegate(r);
	return runtime_clear_cgroup(r, NULL, NULL);
}

int runtime_clear_cgroup(const struct runtime *r, cgroup_spare spare, const void *userdata)
{
	return r->cgroup_fd >= 0 ? cgroup_clear(r->cgroup_fd, spare, userdata) : 0;
}

void runtime_remove(struct runtime *r)
{
	if (r->cgroup_fd >= 0) {
		(void)cgroup_clear(r->cgroup_fd, NULL, NULL);
		(void)unlinkat(r->cgroup_parent_fd, r->cgroup_name, AT_REMOVEDIR);
	}
	if (r->direct_fd >= 0)
		(void)unlinkat(r->dir_fd, DIRECT_NAME, 0);
	if (r->dir_fd >= 0)
		(void)unlinkat(r->dir_fd, NOTIFY_NAME, AT_REMOVEDIR);
	if (r->lock_fd >= 0)
		(void)unlinkat(r->dir_fd, LOCK_NAME, 0);
	(void)fd_close(r->direct_fd);
	(void)fd_close(r->cgroup_fd);
	(void)fd_close(r->cgroup_parent_fd);
	(void)fd_close(r->dir_fd);
	(void)fd_close(r->lock_fd);
	(void)fd_close(r->uids_fd);
	*r = RUNTIME_NULL;
}
