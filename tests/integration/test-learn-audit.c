/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Policies from the kernel's own audit records: a program runs under a filter that logs every call, the test
 * reads the records where auditd would, and the program runs again under the policy that they make.
 */

#include "base/io.h"
#include "learn-run.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RECORD_MAX    (NLMSG_HDRLEN + 8970 + 1) /* MAX_AUDIT_MESSAGE_LENGTH of the kernel */
#define QUIET_MS      1000                      /* after that long without a record there is none left */
#define SOCKET_BUFFER (32 * 1024 * 1024)

/* The socket of the records, or -1 where this process may not read them. */
static int listen_to_audit(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK,
		.nl_groups = 1U << (AUDIT_NLGRP_READLOG - 1) };
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	const int size = SOCKET_BUFFER;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0 ||
		bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return steal_fd(fd);
}

/* As auditd writes it to its log. */
static void write_record(FILE *log, const char *data, size_t size)
{
	struct nlmsghdr header;

	if (size < sizeof(header))
		return;
	memcpy(&header, data, sizeof(header));
	/* The kernel counts the header of such messages in some versions and not in others. */
	(void)fprintf(log, "type=%u msg=%.*s\n", (unsigned)header.nlmsg_type, (int)(size - NLMSG_HDRLEN),
		data + NLMSG_HDRLEN);
}

static size_t read_records(int fd, FILE *log)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	static char buffer[RECORD_MAX];
	size_t n = 0;

	while (poll(&poll_fd, 1, QUIET_MS) > 0) {
		ssize_t size = recv(fd, buffer, sizeof(buffer) - 1, 0);

		assert_true(size >= 0); /* ENOBUFS: some were lost */
		write_record(log, buffer, (size_t)size);
		n++;
	}
	return n;
}

static char *make_policy(const char *records, const char *program)
{
	const char *root = getenv("BAILIFF_BUILD_ROOT");
	_cleanup_free_ char *bailiffctl = text("%s/client/bailiffctl", root ? root : "."),
			    *exe = text("--exe=%s", program);
	const char *const argv[] = { bailiffctl, "policy", "from-audit", "--any-argument", exe, "-", NULL };
	_cleanup_close_ int in = memory_file(records, strlen(records)), out = memory_file(NULL, 0);
	size_t size;

	assert_int_equal(run(argv, in, out), 0);
	return contents(out, &size);
}

static void check(const char *const *argv)
{
	static const struct sock_filter log_all[] = { { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_LOG } };
	_cleanup_close_ int fd = listen_to_audit(), in = memory_file(NULL, 0), logged = memory_file(NULL, 0),
			    confined = memory_file(NULL, 0);
	_cleanup_(seccomp_result_done) struct seccomp_result policy = {};
	_cleanup_free_ char *records = NULL, *made = NULL, *wanted = NULL, *output = NULL;
	size_t n, size, wanted_size;
	FILE *log = open_memstream(&records, &size);
	int status;

	assert_true(fd >= 0 && log);
	assert_int_equal(run_confined(log_all, 1, argv, in, logged), 0);
	n = read_records(fd, log);
	assert_int_equal(fclose(log), 0);
	print_message("%s: %zu records\n", argv[0], n);
	if (n == 0 && !getenv("BAILIFF_MUST_WORK"))
		skip(); /* the kernel may be told to record nothing */
	made = make_policy(records, argv[0]);
	compile(made, &policy);
	status = run_confined(policy.filter, policy.n_filter, argv, in, confined);
	if (status != 0)
		fail_msg("%s ends with %d under\n%s", argv[0], status, made);
	wanted = contents(logged, &wanted_size);
	output = contents(confined, &size);
	assert_int_equal(size, wanted_size);
	assert_memory_equal(output, wanted, size);
	assert_false(permits(&policy, SYS_reboot, 0, 0) || permits(&policy, SYS_execve, 0, 0));
	assert_false(permits(&policy, SYS_mmap, 2, PROT_WRITE | PROT_EXEC));
}

static void test_xz(void **state)
{
	static const char *const argv[] = { "/usr/bin/xz", "-0", "-T1", "-c", "/bin/true", NULL };

	check(argv);
}

static void test_python(void **state)
{
	static const char *const argv[] = { "/usr/bin/python3", "-B", "-c", "print(sum(range(100)))", NULL };
	_cleanup_free_ char *real = realpath(argv[0], NULL);
	const char *const resolved[] = { real, "-B", "-c", argv[3], NULL };

	if (!real)
		skip();
	check(resolved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xz),
		cmocka_unit_test(test_python),
	};
	_cleanup_close_ int fd = listen_to_audit();

	if (fd < 0) {
		(void)fputs("the kernel's audit records can not be read\n", stderr);
		return getenv("BAILIFF_MUST_WORK") ? 1 : 77;
	}
	fd = fd_close(fd);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
