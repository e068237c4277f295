/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Commands that speak to the notification socket, as sd_notify(3) does. */

#include "probe.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MSEC 30000
#define FLOOD_MAX 100000

static long send_to(const char *path, const void *text, size_t size, int fd)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct iovec part = { .iov_len = size };
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct msghdr h = {
		.msg_name = &name, .msg_namelen = sizeof(name), .msg_iov = &part, .msg_iovlen = 1
	};
	int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long r;

	if (s < 0)
		return -errno;
	snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	memcpy(&part.iov_base, &text, sizeof(text));
	if (fd >= 0) {
		h.msg_control = control;
		h.msg_controllen = sizeof(control);
		*CMSG_FIRSTHDR(&h) = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS
		};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&h)), &fd, sizeof(fd));
	}
	r = sendmsg(s, &h, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
	close(s);
	return r;
}

static long speak(const void *text, size_t size, int fd)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path ? send_to(path, text, size, fd) : -ENOENT;
}

static long say(int argc, char **argv)
{
	return speak(argv[1], strlen(argv[1]), -1);
}

/* From a process that has ended, and was reaped, before anybody can have looked. */
static long say_and_end(int argc, char **argv)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(speak(argv[1], strlen(argv[1]), -1) < 0);
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return status == 0 ? 0 : -EIO;
}

/* From one that has ended and is still there: this process reaps it later. */
static long say_as_zombie(int argc, char **argv)
{
	siginfo_t si;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(speak(argv[1], strlen(argv[1]), -1) < 0);
	if (waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT) < 0)
		return -errno;
	printf("zombie %d\n", si.si_status);
	fflush(stdout);
	sleep(1);
	return 0;
}

static long say_much(int argc, char **argv)
{
	static char text[1 << 20];
	size_t size = (size_t)number(argv[1]);

	if (size > sizeof(text))
		return -EINVAL;
	memset(text, 'x', size);
	return speak(text, size, -1);
}

/* sd_notify_barrier(3): the other side has let go of the pipe. */
static long barrier(int argc, char **argv)
{
	struct pollfd p;
	int pipes[2];
	long r;

	if (pipe(pipes) < 0)
		return -errno;
	r = speak("BARRIER=1", strlen("BARRIER=1"), pipes[1]);
	close(pipes[1]);
	if (r < 0)
		return r;
	printf("barrier sent\n");
	fflush(stdout);
	p = (struct pollfd){ .fd = pipes[0] };
	if (poll(&p, 1, WAIT_MSEC) != 1)
		return -ETIMEDOUT;
	return p.revents & POLLHUP ? 0 : -EIO;
}

/* As many as are taken without waiting. */
static long say_often(int argc, char **argv)
{
	long n = 0, r = 0;

	while (n < FLOOD_MAX && (r = speak("STATUS=x", strlen("STATUS=x"), -1)) == 0)
		n++;
	return r == -EAGAIN ? n : r;
}

static long say_to(int argc, char **argv)
{
	return send_to(argv[1], argv[2], strlen(argv[2]), -1);
}

const struct probe_command notify_commands[] = {
	{ "say", 1, 1, "TEXT: a datagram to NOTIFY_SOCKET", say },
	{ "say-and-end", 1, 1, "TEXT: the same, from a process that ends", say_and_end },
	{ "say-as-zombie", 1, 1, "TEXT: the same, and it is not reaped", say_as_zombie },
	{ "say-much", 1, 1, "BYTES: a datagram of this size", say_much },
	{ "say-often", 0, 0, ": until it would block", say_often },
	{ "say-to", 2, 2, "PATH TEXT: to this socket", say_to },
	{ "barrier", 0, 0, ": waits until a descriptor that it sends is closed", barrier },
	{ NULL, 0, 0, NULL, NULL },
};
