/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What sandboxes of one pool share: a loopback network and System V shared memory. One offers, another takes.
 */

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

const struct probe_command share_commands[] = {
	{ "serve", 1, 1, "PORT", serve },
	{ "talk", 2, 2, "PORT TEXT", talk },
	{ "make-memory", 2, 2, "KEY TEXT", make_memory },
	{ "show-memory", 1, 1, "KEY", show_memory },
	{ 0 },
};
