/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Binds in which the owner of the source is the payload's user, by a mount that maps ids (mount_setattr(2)):
 * what belongs to the one on the host belongs to the other inside, and what is made inside belongs to the
 * source's owner. So a user that exists for one sandbox only can keep files from launch to launch.
 *
 * The kernel takes the mapping from a user namespace, and a user namespace comes with a process: a child that
 * does nothing, and ends as soon as the namespace is held. It shares the table of fds, since it alone may
 * open its namespace; the maps are written from outside, which takes rights that it has not.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MAP_TEXT_MAX (2 * NUMBER_TEXT_MAX + 4) /* two numbers, and " ", " 1" */
#define MAP_PATH_MAX (NUMBER_TEXT_MAX + 16)    /* a number, and "/uid_map" */

/* What the child tells: one write, which a pipe keeps whole. */
struct told {
	int error;
	int ns_fd;
	char pid[NUMBER_TEXT_MAX]; /* as the launcher's procfs knows it */
};

static noreturn void be_namespace(int proc_fd, int pipe_fd)
{
	struct told t = { .ns_fd = -1 };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		_exit(1);
	t.ns_fd = openat(proc_fd, "self/ns/user", O_RDONLY | O_CLOEXEC);
	if (t.ns_fd < 0 || readlinkat(proc_fd, "self", t.pid, sizeof(t.pid) - 1) < 0)
		t.error = errno_or_eio();
	if (write(pipe_fd, &t, sizeof(t)) != (ssize_t)sizeof(t))
		_exit(1);
	for (;;)
		(void)pause();
}

/* Its end would not be seen by the pipe, whose other end we have, too. */
static int hear(int pipe_fd, int pidfd, struct told *ret)
{
	struct pollfd p[] = { { .fd = pipe_fd, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };

	while (poll(p, ELEMENTSOF(p), -1) < 0)
		if (errno != EINTR)
			return errno_or_eio();
	if (!(p[0].revents & POLLIN))
		return -ECHILD;
	if (read(pipe_fd, ret, sizeof(*ret)) != (ssize_t)sizeof(*ret))
		return -EIO;
	return ret->error;
}

/* Text behind the end of a buffer's; the caller knows that there is room. */
static void append(char *buffer, const char *text)
{
	memcpy(buffer + strlen(buffer), text, strlen(text) + 1);
}

static int write_map(int proc_fd, const char *pid, const char *name, uint32_t stored, uint32_t seen)
{
	_cleanup_close_ int fd = -1;
	char path[MAP_PATH_MAX] = "", text[MAP_TEXT_MAX] = "", digits[NUMBER_TEXT_MAX];
	size_t n;

	append(path, pid);
	append(path, name);
	append(text, number_text(stored, digits));
	append(text, " ");
	append(text, number_text(seen, digits));
	append(text, " 1");
	fd = openat(proc_fd, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno_or_eio();
	n = strlen(text);
	return write(fd, text, n) == (ssize_t)n ? 0 : errno_or_eio();
}

static int apply_map(int mount_fd, bool recursive, int ns_fd)
{
	struct mount_attr a = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (unsigned)ns_fd };

	return RET_ERRNO(
		mount_setattr(mount_fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &a, sizeof(a)));
}

static int map_with(const struct mount_plan *p, const struct mount_item *item, const struct stat *owner,
	int pipe_fd, int pidfd)
{
	struct told t = { .ns_fd = -1 };
	int r = hear(pipe_fd, pidfd, &t);

	if (r >= 0)
		r = write_map(p->proc_fd, t.pid, "/uid_map", owner->st_uid, p->uid);
	if (r >= 0)
		r = write_map(p->proc_fd, t.pid, "/gid_map", owner->st_gid, p->gid);
	if (r >= 0)
		r = apply_map(item->fd, item->recursive, t.ns_fd);
	(void)fd_close(t.ns_fd);
	return r;
}

int idmap_apply(const struct mount_plan *p, const struct mount_item *item, const struct stat *owner)
{
	_cleanup_close_ int read_fd = -1, write_fd = -1, pidfd = -1;
	siginfo_t unused;
	int pipe_fds[2], r;
	pid_t pid;

	/* What root owns, nobody makes from a sandbox: a set-user-ID program would be the host's. */
	if (!(item->attributes & MOUNT_ATTR_RDONLY) && (owner->st_uid == 0 || owner->st_gid == 0))
		return -EPERM;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return errno_or_eio();
	read_fd = pipe_fds[0];
	write_fd = pipe_fds[1];
	pid = process_clone(CLONE_NEWUSER | CLONE_FILES, -1, &pidfd);
	if (pid == 0)
		be_namespace(p->proc_fd, write_fd);
	if (pid < 0)
		return (int)pid;
	r = map_with(p, item, owner, read_fd, pidfd);
	(void)process_signal(pidfd, SIGKILL);
	return process_wait(pidfd, 0, &unused) < 0 && r >= 0 ? -ECHILD : r;
}
