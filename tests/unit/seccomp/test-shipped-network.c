/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Real programs of the network under the policies made for them, in a network namespace of the test's own
 * that has nothing but its loopback: curl, ping, traceroute, tcpdump, each as a user without rights or with
 * the one that its profile grants.
 */

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "shipped.h"
#include "tests/localhost.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define HTTP_PORT 18080
#define PAGE      "served over loopback\n"

static int setup(void **state)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	_cleanup_close_ int fd = -1;

	if (geteuid() != 0)
		return 0;
	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd < 0 ? -1 : ioctl(fd, SIOCSIFFLAGS, &lo);
}

/* Answers every connection with the page; returns its pid. */
static pid_t serve_page(void)
{
	static const char answer[] = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" PAGE;
	const struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(HTTP_PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	char request[4096];
	pid_t pid;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 5), 0);
	pid = fork();
	if (pid == 0)
		for (;;) {
			int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

			if (client < 0 || read(client, request, sizeof(request)) <= 0 ||
				write_full(client, answer, sizeof(answer) - 1) < 0)
				_exit(1);
			(void)close(client);
		}
	assert_true(pid > 0);
	assert_int_equal(close(fd), 0);
	return pid;
}

/* Datagrams over the loopback until it is killed. */
static pid_t make_traffic(void)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	pid_t pid = fork();

	if (pid == 0) {
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		for (;;) {
			(void)sendto(fd, PAGE, strlen(PAGE), 0, (const struct sockaddr *)&address,
				sizeof(address));
			(void)poll(NULL, 0, 20);
		}
	}
	assert_true(pid > 0);
	return pid;
}

static void end_process(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Runs the program under the policy; the output must have the text in it. */
static void check(const char *policy_name, int capability, const char *path, const char *const argv[],
	const char *expected)
{
	_cleanup_free_ char *output = NULL;
	struct seccomp_result policy;

	if (!shipped_installed(path))
		return;
	shipped_compile(policy_name, NULL, &policy);
	output = shipped_output((struct shipped_run){ .policy = &policy,
					.path = path,
					.argv = argv,
					.unprivileged = true,
					.capability = capability,
					.working_directory = "/" },
		0);
	if (!strstr(output, expected))
		fail_msg("%s: no \"%s\" in: %s", path, expected, output);
	seccomp_result_done(&policy);
}

#define ARGV(...)                                                                                            \
	(const char *const[])                                                                                \
	{                                                                                                    \
		__VA_ARGS__, NULL                                                                            \
	}

static void test_network_service(void **state)
{
	_cleanup_free_ char *url = NULL;
	pid_t server;

	shipped_need_root();
	assert_true(asprintf(&url, "http://%s:18080/", localhost()) > 0);
	server = serve_page();
	check("network-service", 0, "/usr/bin/curl", ARGV("curl", "-sS", "http://127.0.0.1:18080/"), PAGE);
	/* By name, in a thread, over IPv6 first where there is one. */
	check("network-service", 0, "/usr/bin/curl", ARGV("curl", "-sS", url), PAGE);
	end_process(server);
}

/* Not where the kernel was told to do without. */
static bool has_ipv6(void)
{
	const struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	_cleanup_close_ int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

static void test_ping(void **state)
{
	static const char group_range[] = "0 2147483647";
	_cleanup_close_ int fd = -1;

	shipped_need_root();
	check("ping", CAP_NET_RAW, "/usr/bin/ping", ARGV("ping", "-c1", "127.0.0.1"), "1 received");
	check("ping", CAP_NET_RAW, "/usr/bin/ping", ARGV("ping", "-c1", "-I", "lo", localhost()),
		"1 received");
	if (has_ipv6())
		check("ping", CAP_NET_RAW, "/usr/bin/ping", ARGV("ping", "-c1", "-I", "lo", "::1"),
			"1 received");
	check("ping", CAP_NET_RAW, "/usr/bin/ping",
		ARGV("ping", "-c2", "-i0.1", "-s1000", "-Mdo", "-Q4", "-t3", "-D", "127.0.0.1"),
		"2 received");
	/* Without any capability, where the kernel lets users. */
	fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write_full(fd, group_range, strlen(group_range)), 0);
	check("ping", 0, "/usr/bin/ping", ARGV("ping", "-c1", "127.0.0.1"), "1 received");
}

static void test_traceroute(void **state)
{
	static const char path[] = "/usr/sbin/traceroute";
	_cleanup_free_ char *hop = NULL;

	shipped_need_root();
	assert_true(asprintf(&hop, " 1  %s", localhost()) > 0);
	check("traceroute", 0, path, ARGV("traceroute", "-n", "127.0.0.1"), " 1  127.0.0.1");
	check("traceroute", 0, path, ARGV("traceroute", localhost()), hop);
	check("traceroute", CAP_NET_RAW, path, ARGV("traceroute", "-I", "-n", "127.0.0.1"), " 1  127.0.0.1");
	check("traceroute", CAP_NET_RAW, path, ARGV("traceroute", "-T", "-p", "9", "-n", "127.0.0.1"),
		" 1  127.0.0.1");
}

static void test_packet_capture(void **state)
{
	static const char path[] = "/usr/bin/tcpdump";
	pid_t traffic;

	shipped_need_root();
	traffic = make_traffic();
	check("packet-capture", CAP_NET_RAW, path, ARGV("tcpdump", "-n", "-c3", "-ilo", "udp", "port", "9"),
		"127.0.0.1.9: UDP, length 21");
	check("packet-capture", CAP_NET_RAW, path, ARGV("tcpdump", "-n", "-c3", "-ilo", "-A", "udp"),
		"served over");
	/* All devices, and the packets themselves: a file begins with its magic number. */
	check("packet-capture", CAP_NET_RAW, path, ARGV("tcpdump", "-n", "-c3", "-iany", "-w-", "udp"),
		"\xd4\xc3\xb2\xa1");
	end_process(traffic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_network_service),
		cmocka_unit_test(test_ping),
		cmocka_unit_test(test_traceroute),
		cmocka_unit_test(test_packet_capture),
	};

	return cmocka_run_group_tests_name("seccomp shipped network", tests, setup, NULL);
}
