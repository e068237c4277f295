/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Tries, from inside a jail, one thing that no payload should be able to do, and says how it was refused.
 * Exit status 0: refused; 1: it went through; 2: wrong usage. Static, so that it needs nothing of the jail's
 * root.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#define ENOUGH_PROCESSES 2000 /* a bomb of this size went off */

static int refused(const char *how)
{
	printf("refused: %s: %s\n", how, strerror(errno));
	return 0;
}

static int went_through(const char *how)
{
	printf("WENT THROUGH: %s\n", how);
	return 1;
}

static int try_shadow(void)
{
	return open("/etc/shadow", O_RDONLY | O_CLOEXEC) < 0 ? refused("open(\"/etc/shadow\")")
							     : went_through("open(\"/etc/shadow\")");
}

static int try_socket(void)
{
	/* An address that is nobody's (RFC 5737); a socket of datagrams only asks for a route to it. */
	struct sockaddr_in host = {
		.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(0xc0000201)
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return refused("socket(AF_INET)");
	/* In a network namespace of its own there is nothing but a loopback device, which leads nowhere. */
	if (connect(fd, (struct sockaddr *)&host, sizeof(host)) < 0)
		return refused("connect(\"192.0.2.1\")");
	return went_through("connect(\"192.0.2.1\") found a way out");
}

static int try_write(void)
{
	return open("/usr/attempt", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0
		       ? refused("open(\"/usr/attempt\", O_CREAT)")
		       : went_through("open(\"/usr/attempt\", O_CREAT)");
}

static int try_ptrace(void)
{
	pid_t parent = getppid();

	if (parent > 0)
		return ptrace(PTRACE_SEIZE, parent, NULL, NULL) < 0 ? refused("ptrace(parent)")
								    : went_through("ptrace(parent)");
	/* The parent is outside of this PID namespace and has no number here. The next best is the jail's own
	 * init. */
	return ptrace(PTRACE_SEIZE, 1, NULL, NULL) < 0 ? refused("the parent has no pid in here; ptrace(1)")
						       : went_through("ptrace(1)");
}

static int try_mount(void)
{
	return mount("none", "/tmp", "tmpfs", 0, NULL) < 0 ? refused("mount(\"tmpfs\")")
							   : went_through("mount(\"tmpfs\")");
}

/* Whoever is killed with it needs no cleaning up: the jail's end is the end of all. */
static int try_fork_bomb(void)
{
	char how[64];

	for (int n = 0; n < ENOUGH_PROCESSES; n++) {
		pid_t pid = fork();

		if (pid == 0)
			for (;;)
				(void)pause();
		if (pid < 0) {
			(void)snprintf(how, sizeof(how), "fork() number %d", n + 1);
			return refused(how);
		}
	}
	return went_through("fork() without end");
}

static int stay(void)
{
	printf("staying\n");
	(void)fflush(stdout);
	while (pause() < 0)
		continue;
	return 0;
}

static const struct {
	const char *name;
	int (*attempt)(void);
} attempts[] = {
	{ "shadow", try_shadow },
	{ "socket", try_socket },
	{ "write", try_write },
	{ "ptrace", try_ptrace },
	{ "mount", try_mount },
	{ "fork-bomb", try_fork_bomb },
	{ "stay", stay },
};

int main(int argc, char **argv)
{
	/* Whose parent has a pid is not in a PID namespace of its own. Outside of a jail root's attempts
	 * succeed. */
	if (getppid() != 0) {
		fprintf(stderr, "attempts: this is no jail, and nothing is tried outside of one\n");
		return 2;
	}
	for (size_t i = 0; argc == 2 && i < sizeof(attempts) / sizeof(attempts[0]); i++)
		if (strcmp(argv[1], attempts[i].name) == 0)
			return attempts[i].attempt();
	fprintf(stderr, "usage: attempts shadow|socket|write|ptrace|mount|fork-bomb|stay\n");
	return 2;
}
