/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What sandboxes of one pool share: a loopback network and System V shared memory. One offers, another takes.
 * And what outlives a sandbox: a socket that it has handed out. */

#include "base/parse.h"
#include "probe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEXT_MAX 64

static struct sockaddr_in loopback(const char *port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)number(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static long print_received(int fd)
{
	char text[TEXT_MAX + 1];
	ssize_t n = recv(fd, text, TEXT_MAX, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	printf("received %s\n", text);
	return close(fd);
}

/* Answers one connection. */
static long serve(int argc, char **argv)
{
	const struct sockaddr_in a = loopback(argv[1]);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), peer;

	if (fd < 0 || bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 1) < 0)
		return -errno;
	printf("serving\n");
	peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (peer < 0)
		return -errno;
	(void)close(fd);
	return print_received(peer);
}

static long talk(int argc, char **argv)
{
	const struct sockaddr_in a = loopback(argv[1]);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 ||
		send(fd, argv[2], strnlen(argv[2], TEXT_MAX), MSG_NOSIGNAL) < 0)
		return -errno;
	return close(fd);
}

static long make_memory(int argc, char **argv)
{
	int id = shmget(number(argv[1]), TEXT_MAX + 1, IPC_CREAT | IPC_EXCL | 0666);
	char *p = id < 0 ? NULL : shmat(id, NULL, 0);

	if (!p || p == (void *)-1)
		return -errno;
	memcpy(p, argv[2], strnlen(argv[2], TEXT_MAX));
	return shmdt(p);
}

static long show_memory(int argc, char **argv)
{
	int id = shmget(number(argv[1]), 0, 0);
	char *p = id < 0 ? NULL : shmat(id, NULL, SHM_RDONLY);

	if (!p || p == (void *)-1)
		return -errno;
	printf("memory %s\n", p);
	return shmdt(p);
}

/* Makes a socket, and hands it to who has the other end of this descriptor. */
static long hand_out(int argc, char **argv)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec part = { .iov_base = (char[]){ 0 }, .iov_len = 1 };
	struct msghdr m = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	int fd = socket(number(argv[1]), number(argv[2]) | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	control.head.cmsg_len = CMSG_LEN(sizeof(fd));
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	return result(sendmsg(number(argv[3]), &m, MSG_NOSIGNAL));
}

/* As many as asked for, and no more is done with them. */
static long make_sockets(int argc, char **argv)
{
	for (int i = number(argv[3]); i > 0; i--) {
		int fd = socket(number(argv[1]), number(argv[2]), 0);

		if (fd < 0)
			return -errno;
	}
	return 0;
}

const struct probe_command share_commands[] = {
	{ "hand-out", 3, 3, "FAMILY TYPE FD: a socket", hand_out },
	{ "make-sockets", 3, 3, "FAMILY TYPE COUNT", make_sockets },
	{ "serve", 1, 1, "PORT", serve },
	{ "talk", 2, 2, "PORT TEXT", talk },
	{ "make-memory", 2, 2, "KEY TEXT", make_memory },
	{ "show-memory", 1, 1, "KEY", show_memory },
	{ 0 },
};
