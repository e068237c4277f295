/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * KernelAudit=yes: records of decisions in the kernel's audit log, read back from the kernel's own multicast
 * group; and what comes of the auditor's end, the broker's, and of reloads. Row Q5.
 */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECORD_TYPE 1121 /* AUDIT_TRUSTED_APP of libaudit.h */

static int readers = -1; /* every record of the system */
static bool was_disabled;

struct status_message {
	struct nlmsghdr head;
	struct audit_status status;
};

/* The kernel's answer of this type. */
static void ask(uint16_t type, struct audit_status *status)
{
	struct status_message m = {
		.head = { .nlmsg_len = sizeof(m),
			.nlmsg_type = type,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.status = *status,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	char data[1024];

	assert_return_code(fd, errno);
	assert_int_equal(send(fd, &m, sizeof(m), 0), sizeof(m));
	for (bool done = false; !done;) {
		ssize_t n = recv(fd, data, sizeof(data), 0);
		struct nlmsghdr head;

		assert_true(n >= (ssize_t)sizeof(head));
		memcpy(&head, data, sizeof(head));
		if (head.nlmsg_type == NLMSG_ERROR) {
			int error;

			memcpy(&error, data + sizeof(head), sizeof(error));
			if (error != 0)
				fail_msg("audit request %u: %s; it takes the first user and PID namespace",
					type, strerror(-error));
			done = type == AUDIT_SET;
		} else if (head.nlmsg_type == type) {
			memset(status, 0, sizeof(*status));
			memcpy(status, data + sizeof(head), MIN((size_t)n - sizeof(head), sizeof(*status)));
			done = true;
		}
	}
	(void)close(fd);
}

static void set_enabled(uint32_t enabled)
{
	struct audit_status status = { .mask = AUDIT_STATUS_ENABLED, .enabled = enabled };

	ask(AUDIT_SET, &status);
}

/* The log is the machine's: it is left as it was. */
static void open_readers(void)
{
	const struct sockaddr_nl group = { .nl_family = AF_NETLINK,
		.nl_groups = 1U << (AUDIT_NLGRP_READLOG - 1) };
	struct audit_status status = { 0 };
	int lock = open("/run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const int size = 8 << 20;

	/* not while another run of this test turns the log off; held until the end */
	assert_return_code(lock, errno);
	assert_return_code(flock(lock, LOCK_EX), errno);
	readers = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	assert_return_code(readers, errno);
	(void)setsockopt(readers, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	assert_return_code(bind(readers, (const struct sockaddr *)&group, sizeof(group)), errno);
	ask(AUDIT_GET, &status);
	was_disabled = status.enabled == 0;
	if (was_disabled)
		set_enabled(1);
}

/* The next of Bailiff's records, or NULL when none comes in so long. Free. */
static char *next_record(int timeout_ms)
{
	for (;;) {
		struct pollfd p = { .fd = readers, .events = POLLIN };
		struct nlmsghdr head;
		static char data[16384];
		ssize_t n;

		if (poll(&p, 1, timeout_ms) != 1)
			return NULL;
		n = recv(readers, data, sizeof(data), 0);
		if (n < 0 && errno == ENOBUFS)
			continue;
		assert_true(n >= (ssize_t)sizeof(head));
		memcpy(&head, data, sizeof(head));
		if (head.nlmsg_type != RECORD_TYPE)
			continue;
		if (memmem(data, (size_t)n, "comm=\"bailiffd\"", strlen("comm=\"bailiffd\"")))
			return g_strndup(data + sizeof(head), (size_t)n - sizeof(head));
	}
}

static void drain(void)
{
	char *line;

	while ((line = next_record(0)))
		g_free(line);
}

/* The record of this event. Free. */
static char *expect(const char *op)
{
	g_autofree char *start = g_strdup_printf("op=%s ", op);

	for (;;) {
		char *line = next_record(RIG_TIMEOUT_MS);

		if (!line)
			fail_msg("no record of \"%s\"", op);
		if (strstr(line, start))
			return line;
		g_free(line);
	}
}

static void assert_has(const char *line, const char *text)
{
	if (!strstr(line, text))
		fail_msg("no %s in: %s", text, line);
}

static void configure(struct rig *rig, const char *value)
{
	g_autofree char *text = g_strdup_printf("[Broker]\nKernelAudit=%s\n", value);

	rig_write(rig, "bailiffd.conf.d/audit.conf", text);
	rig_reload(rig);
}

static void run_tool(GDBusConnection *c)
{
	static const char *const argv[] = { "/usr/bin/sleep", "0", NULL };
	struct rig_launch l = { .profile = "tool", .argv = argv };
	struct rig_sandbox s;

	rig_launch(c, &l, &s);
	g_free(rig_wait(c, &s, NULL, NULL));
	rig_sandbox_done(&s);
}

/* Who asked for what and what came of it; and who wrote it, which is the kernel's word. */
static void test_records(void **state)
{
	static const char *const argv[] = { "/usr/bin/sleep", "secret-argument", NULL };
	struct rig_launch l = { .profile = "tool", .argv = argv };
	GDBusConnection *alice = rig_connect(*state, RIG_ALICE), *bob = rig_connect(*state, RIG_BOB);
	g_autofree char *launched = NULL, *ended = NULL, *refused = NULL, *admin = NULL, *writer = NULL;

	run_tool(alice);
	launched = expect("launched");
	assert_has(launched, " caller_uid=6 ");
	assert_has(launched, " profile=\"tool\" generation=");
	assert_has(
		launched, " rule=\"tool.profile:4\" rule_key=\"AllowUser=man\" reason=\"done\" res=success");
	writer = g_strdup_printf("pid=%d uid=%u ", rig_auditor_pid(*state), getpwnam("bailiff")->pw_uid);
	assert_has(launched, writer);
	ended = expect("ended");
	assert_has(ended, " exit_code=0 exit_signal=0 res=success");
	rig_launch_fails(bob, &l, RIG_ERROR("AccessDenied"), NULL);
	refused = expect("refused");
	assert_has(refused, " caller_uid=7 ");
	assert_has(refused, " reason=\"AccessDenied\" res=failed");
	assert_null(strstr(refused, "secret-argument"));
	rig_call_fails(
		bob, RIG_PATH, RIG_MANAGER, "Reload", NULL, rig_denial(RIG_ERROR("AccessDenied")), NULL);
	if (rig_is_direct()) {
		admin = expect("administration-refused");
		assert_has(admin, " method=\"Reload\" ");
	}
	rig_disconnect(*state, alice);
	rig_disconnect(*state, bob);
}

/* What a caller says can not pass for a value of the record's. */
static void test_text(void **state)
{
	static const char *const argv[] = { "/usr/bin/sleep", "0", NULL };
	struct rig_launch l = { .profile = "x res=success' op=launched", .argv = argv };
	GDBusConnection *alice = rig_connect(*state, RIG_ALICE);
	g_autofree char *line = NULL;
	struct rig_sandbox s;

	assert_false(rig_launch_try(alice, &l, &s, NULL));
	line = expect("refused");
	assert_null(strstr(line, "res=success"));
	assert_null(strstr(line, "op=launched"));
	rig_disconnect(*state, alice);
}

/* A new auditor, and a new broker, go on where the old ones ended. */
static void test_restarts(void **state)
{
	pid_t old = rig_auditor_pid(*state);
	GDBusConnection *alice = rig_connect(*state, RIG_ALICE);

	assert_return_code(kill(old, SIGKILL), errno);
	g_free(expect("audit-start"));
	for (int i = 0;
		i < RIG_TIMEOUT_MS / 20 && (rig_auditor_pid(*state) == 0 || rig_auditor_pid(*state) == old);
		i++)
		g_usleep(20000);
	/* the broker may still hold the old one's socket: that record is lost, and the log says so */
	for (char *line = NULL; !line; g_free(line)) {
		run_tool(alice);
		line = next_record(500);
		if (line)
			assert_has(line, " profile=\"tool\" ");
	}
	rig_kill_and_wait(*state, RIG_BROKER);
	alice = rig_reconnect(*state, alice, RIG_ALICE);
	drain();
	run_tool(alice);
	g_free(expect("launched"));
	rig_disconnect(*state, alice);
}

static void test_off(void **state)
{
	GDBusConnection *alice = rig_connect(*state, RIG_ALICE);
	pid_t old = rig_auditor_pid(*state);

	assert_true(old > 0);
	configure(*state, "no");
	for (int i = 0; i < RIG_TIMEOUT_MS / 20 && rig_auditor_pid(*state) > 0; i++)
		g_usleep(20000);
	assert_int_equal(rig_auditor_pid(*state), 0);
	drain();
	run_tool(alice);
	assert_null(next_record(200));
	configure(*state, "yes");
	g_free(expect("audit-start"));
	run_tool(alice);
	g_free(expect("launched"));
	rig_disconnect(*state, alice);
}

/* Wanted again while the one before is still on its way out, and has to be killed. */
static void test_changed_mind(void **state)
{
	pid_t old = rig_auditor_pid(*state);

	assert_return_code(kill(old, SIGSTOP), errno);
	configure(*state, "no");
	assert_int_equal(rig_auditor_pid(*state), old);
	configure(*state, "yes");
	assert_true(rig_auditor_pid(*state) != old);
	g_free(expect("audit-start"));
}

static int setup(void **state)
{
	int r = rig_setup(state);

	if (r == 0) {
		open_readers();
		configure(*state, "yes");
		g_free(expect("audit-start"));
	}
	return r;
}

static int teardown(void **state)
{
	if (was_disabled)
		set_enabled(0);
	(void)close(readers);
	return rig_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_restarts),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_changed_mind),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests_name("kernel-audit", tests, setup, teardown);
}
