/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A socket by which the payload says that it is ready, in the protocol of sd_notify(3). The launcher makes it
 * and keeps it; its name is made in the jail, as the only file of a file system that is mounted there and
 * nowhere else. So nobody has to be kept from it: no other sandbox and no program of the host has a path to
 * it, whatever namespaces, Landlock rules or address families the profile has, and the name ends with the
 * jail.
 *
 * A root of the host can still get to it (by /proc/PID/root), and so can a process of the same user that may
 * trace the payload. Therefore it is asked from where each datagram comes, by what the kernel says of the
 * sender. A process outside of the launcher's PID namespace has no number there. Another sandbox' has another
 * cgroup, as /proc has it: what is written there is compared, and means nothing here. Of a sender that has
 * ended nothing can be asked any more; its datagram counts, since systemd-notify(1) and scripts do not wait.
 *
 * What is in a datagram is not looked at here.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/un.h>
#include <unistd.h>

#define CGROUP_TEXT_MAX 4096 /* of /proc/PID/cgroup: some twenty short lines */

int prepare_notify(const struct jail_spec *spec, struct jail *j, int *ret_fd, struct jail_error *reterr)
{
	const int on = 1;

	if (!spec->notify)
		return 0;
	j->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (j->notify_fd < 0 || setsockopt(j->notify_fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		return jail_fail(reterr, STAGE_FDS, errno_or_eio(), "notification socket", "");
	*ret_fd = fd_dup_above(j->notify_fd, 0);
	if (*ret_fd < 0)
		return jail_fail(reterr, STAGE_FDS, *ret_fd, "notification socket", "");
	j->notify_fd = fd_move_high(j->notify_fd);
	return 0;
}

/* By its name alone: the mount is attached nowhere yet. Whoever the payload becomes may write to it. */
static int bind_in(int directory_fd, int socket_fd)
{
	const struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = JAIL_NOTIFY_NAME };
	mode_t mask;
	int r;

	if (fchdir(directory_fd) < 0)
		return errno_or_eio();
	mask = umask(0111);
	r = RET_ERRNO(bind(socket_fd, (const struct sockaddr *)&name, sizeof(name)));
	(void)umask(mask);
	if (chdir("/") < 0)
		return errno_or_eio();
	return r;
}

int notify_mount(int socket_fd)
{
	_cleanup_close_ int fd = -1;
	int r;

	fd = mount_new_tmpfs("0755", "4k", "4", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (fd < 0)
		return fd;
	r = bind_in(fd, socket_fd);
	return r < 0 ? r : steal_fd(fd);
}

/* A header and the credentials, and no room for descriptors: the kernel closes those that came. */
struct credentials_control {
	_Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(struct ucred))];
};

/* The number of the sender in this PID namespace, 0 if it has none. */
static pid_t sender_of(struct msghdr *h)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	struct ucred sender;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS ||
		c->cmsg_len != CMSG_LEN(sizeof(sender)))
		return 0;
	memcpy(&sender, CMSG_DATA(c), sizeof(sender));
	return sender.pid > 0 ? sender.pid : 0;
}

/* -ESRCH: the process has ended. */
static int read_cgroup(const struct jail_context *c, pid_t pid, char text[CGROUP_TEXT_MAX])
{
	_cleanup_close_ int fd = -1;
	char name[32];
	ssize_t n;

	(void)snprintf(name, sizeof(name), "%d/cgroup", pid);
	fd = openat(c->proc_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : errno_or_eio();
	n = read_full(fd, text, CGROUP_TEXT_MAX - 1);
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	return n == CGROUP_TEXT_MAX - 1 ? -E2BIG : 0;
}

/* The line of version 2; "" without one. Of a process that is just ending it stays, those of version 1 do
 * not. */
static const char *line_of(char *text)
{
	char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");

	if (!line)
		return "";
	line += line[0] == '\n';
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static bool is_inside(const struct jail_context *c, const struct jail *j, pid_t sender)
{
	char text[CGROUP_TEXT_MAX], own[CGROUP_TEXT_MAX];
	int r;

	if (sender == 0)
		return false;
	if (sender == j->pid || j->cgroup_fd < 0)
		return true;
	r = read_cgroup(c, sender, text);
	if (r == -ESRCH)
		return true;
	return r == 0 && read_cgroup(c, j->pid, own) == 0 && strcmp(line_of(text), line_of(own)) == 0;
}

int jail_look_at_notice(
	const struct jail_context *c, const struct jail *j, char notice[NOTICE_MAX], size_t *ret_size)
{
	struct iovec part = { .iov_base = notice, .iov_len = NOTICE_MAX };
	struct credentials_control control = { 0 };
	struct msghdr h = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	ssize_t n = recvmsg(j->notify_fd, &h, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int r;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : errno_or_eio();
	if ((h.msg_flags & MSG_TRUNC) || !is_inside(c, j, sender_of(&h)))
		n = 0;
	r = n > 0 ? 0 : jail_drop_notice(j);
	*ret_size = (size_t)n;
	return r < 0 ? r : 1;
}

int jail_drop_notice(const struct jail *j)
{
	char unused;

	return recv(j->notify_fd, &unused, sizeof(unused), MSG_DONTWAIT) < 0 ? errno_or_eio() : 0;
}
