/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network.h"
#include "rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs a shell's line in the network namespace of pid, else in this one. */
static void run(pid_t pid, const char *line)
{
	g_autofree char *target = g_strdup_printf("%d", pid);
	const char *elsewhere[] = { "nsenter", "--net", "--target", target, "sh", "-c", line, NULL },
		   *here[] = { "sh", "-c", line, NULL };
	g_autoptr(GError) error = NULL;
	int status;

	if (!g_spawn_sync(NULL, (char **)(uintptr_t)(pid ? elsewhere : here), NULL, G_SPAWN_SEARCH_PATH, NULL,
		    NULL, NULL, NULL, &status, &error))
		fail_msg("%s: %s", line, error->message);
	if (status != 0)
		fail_msg("%s: wait status 0x%x", line, (unsigned)status);
}

/* Answers every connection with the page. */
_Noreturn static void serve(void)
{
	static const char answer[] = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" NETWORK_PAGE;
	const struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(NETWORK_HTTP_PORT) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char request[4096];

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 5) < 0)
		_exit(1);
	for (;;) {
		int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		if (client < 0)
			_exit(1);
		if (read(client, request, sizeof(request)) > 0)
			(void)!write(client, answer, sizeof(answer) - 1);
		(void)close(client);
	}
}

/* A process in a network namespace of its own, which is there when this returns. */
static pid_t hold(bool server)
{
	int ready[2];
	pid_t pid;
	char byte;

	assert_return_code(pipe2(ready, O_CLOEXEC), errno);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		(void)close_range(3, ~0U, 0);
		if (server)
			serve();
		for (;;)
			(void)pause();
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	return pid;
}

/* A file that is the network namespace of pid: in a directory of root's, and for this process and its
 * children alone. */
static void name_namespace(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/ns/net", pid);

	assert_true(rig_own_mounts());
	assert_return_code(mount("tmpfs", "/mnt", "tmpfs", 0, "mode=0755"), errno);
	assert_true(g_file_set_contents(NETWORK_FAR, "", 0, NULL));
	assert_return_code(mount(path, NETWORK_FAR, NULL, MS_BIND, NULL), errno);
}

void network_set_up(void)
{
	g_autofree char *link = NULL, *next = NULL;
	pid_t router, target;

	assert_return_code(unshare(CLONE_NEWNET), errno);
	router = hold(false);
	target = hold(true);
	name_namespace(target);
	link = g_strdup_printf(
		"ip link set lo up && ip link add " NETWORK_DEVICE " type veth peer name near0 netns %d && "
		"ip address add 10.117.1.1/24 dev " NETWORK_DEVICE " && ip link set " NETWORK_DEVICE
		" up && ip route add default via " NETWORK_ROUTER,
		router);
	next = g_strdup_printf(
		"ip address add " NETWORK_ROUTER "/24 dev near0 && ip link set near0 up && "
		"ip link add far0 type veth peer name near0 netns %d && "
		"ip address add 10.117.2.1/24 dev far0 && ip link set far0 up && "
		"echo 1 >/proc/sys/net/ipv4/ip_forward && echo 0 >/proc/sys/net/ipv4/icmp_ratelimit",
		target);
	run(0, link);
	run(router, next);
	run(target, "ip address add " NETWORK_TARGET "/24 dev near0 && ip link set near0 up && "
		    "ip route add default via 10.117.2.1 && echo 0 >/proc/sys/net/ipv4/icmp_ratelimit");
}
