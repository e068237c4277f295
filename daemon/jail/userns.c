/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * User namespaces, made by a process that does nothing else and ends as soon as the namespace is held. There
 * are two uses. A mount that maps ids takes its mapping from one (idmap.c); and PrivateUsers= gives the
 * payload one.
 *
 * The payload's own process can not make its namespace: with clone3(2) the jail's other namespaces would
 * belong to it, and with them the rights that the mounts take; later the kernel refuses, since the root is
 * below a root. Entering one is not refused. So it is made before the mounts, belongs to root of the host,
 * and is entered when the ids have changed. In it the payload's user and group are mapped to themselves and
 * nothing else is, as in systemd; but root is not, which would take CAP_SETFCAP, a right to leave behind
 * files that give others capabilities. setgroups(2) is denied there.
 *
 * Who enters a user namespace has all capabilities in it. They are about nothing, as each namespace of the
 * jail belongs to the host's, and apply_caps(), which comes after, takes them away.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/process.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MAP_TEXT_MAX (2 * NUMBER_TEXT_MAX + 4) /* two numbers, and " ", " 1" */
#define MAP_PATH_MAX (NUMBER_TEXT_MAX + 16)    /* a number, and "/setgroups" */
#define KEY          "PrivateUsers="

/* What the child tells: one write, which a pipe keeps whole. */
struct told {
	int error;
	int ns_fd;
	char pid[NUMBER_TEXT_MAX]; /* as the launcher's procfs knows it */
};

/* It shares our table of fds, since it alone may open its namespace; the maps are written from outside, which
 * takes rights that it has not. */
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

static int write_file(int proc_fd, const char *pid, const char *name, const char *text)
{
	_cleanup_close_ int fd = -1;
	char path[MAP_PATH_MAX] = "";
	size_t n = strlen(text);

	append(path, pid);
	append(path, name);
	fd = openat(proc_fd, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno_or_eio();
	/* a map is taken whole or not at all */
	return write(fd, text, n) == (ssize_t)n ? 0 : errno_or_eio();
}

static int write_map(int proc_fd, const char *pid, const char *name, const struct id_pair *pair)
{
	char text[MAP_TEXT_MAX] = "", digits[NUMBER_TEXT_MAX];

	append(text, number_text(pair->inside, digits));
	append(text, " ");
	append(text, number_text(pair->outside, digits));
	append(text, " 1");
	return write_file(proc_fd, pid, name, text);
}

static int map_with(const struct user_namespace *wish, int proc_fd, int pipe_fd, int pidfd, int *ret_fd)
{
	struct told t = { .ns_fd = -1 };
	int r = hear(pipe_fd, pidfd, &t);

	if (r >= 0 && wish->deny_setgroups)
		r = write_file(proc_fd, t.pid, "/setgroups", "deny");
	if (r >= 0)
		r = write_map(proc_fd, t.pid, "/uid_map", &wish->user);
	if (r >= 0)
		r = write_map(proc_fd, t.pid, "/gid_map", &wish->group);
	if (r < 0)
		(void)fd_close(t.ns_fd);
	else
		*ret_fd = t.ns_fd;
	return r;
}

int user_namespace_make(const struct user_namespace *wish, int proc_fd)
{
	_cleanup_close_ int read_fd = -1, write_fd = -1, pidfd = -1, ns_fd = -1;
	siginfo_t unused;
	int pipe_fds[2], r;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return errno_or_eio();
	read_fd = pipe_fds[0];
	write_fd = pipe_fds[1];
	pid = process_clone(CLONE_NEWUSER | CLONE_FILES, -1, &pidfd);
	if (pid == 0)
		be_namespace(proc_fd, write_fd);
	if (pid < 0)
		return (int)pid;
	r = map_with(wish, proc_fd, read_fd, pidfd, &ns_fd);
	(void)process_signal(pidfd, SIGKILL);
	if (process_wait(pidfd, 0, &unused) < 0 && r >= 0)
		r = -ECHILD;
	return r < 0 ? r : steal_fd(ns_fd);
}

int prepare_users(const struct jail_context *c, const struct jail_spec *spec, struct users_plan *ret,
	struct jail_error *reterr)
{
	*ret = USERS_PLAN_NULL;
	if (!(spec->namespaces & JAIL_NS_USER))
		return 0;
	if (faccessat(c->proc_fd, "self/ns/user", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return jail_fail(reterr, STAGE_NAMESPACES, -EOPNOTSUPP,
			KEY ": this kernel has no user namespaces", "");
	if (spec->ambient != 0)
		return jail_fail(reterr, STAGE_NAMESPACES, -EINVAL, KEY " and AmbientCapabilities=", "");
	if (spec->uid == 0 || spec->gid == 0)
		return jail_fail(reterr, STAGE_NAMESPACES, -EINVAL, KEY " root can not be mapped", "");
	ret->wanted = true;
	return 0;
}

int make_users(struct users_plan *p, const struct jail_spec *spec, int proc_fd, struct jail_error *reterr)
{
	const struct user_namespace wish = {
		.user = { spec->uid, spec->uid },
		.group = { spec->gid, spec->gid },
		.deny_setgroups = true,
	};

	if (!p->wanted)
		return 0;
	p->fd = user_namespace_make(&wish, proc_fd);
	if (p->fd >= 0)
		return 0;
	if (p->fd == -ENOSPC)
		return jail_fail(reterr, STAGE_NAMESPACES, p->fd,
			KEY " more than user.max_user_namespaces allows", "");
	return jail_fail(reterr, STAGE_NAMESPACES, p->fd, KEY, "");
}

int apply_users(const struct users_plan *p, int fd, struct jail_error *reterr)
{
	if (!p->wanted)
		return 0;
	if (setns(fd, CLONE_NEWUSER) < 0)
		return jail_fail(reterr, STAGE_NAMESPACES, errno_or_eio(), KEY " can not be entered", "");
	(void)fd_close(fd);
	return 0;
}
