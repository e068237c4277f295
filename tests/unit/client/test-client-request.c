/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Requests: what the setters refuse, and what is sent. Messages are built on a connection that nobody
 * answers. */

#include "dbus/names.h"
#include "lib/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static bailiff_request *request(const char *profile)
{
	bailiff_request *r = NULL;

	assert_int_equal(bailiff_request_new(&r, profile), 0);
	return r;
}

static void test_profile_names(void **state)
{
	static const char *const bad[] = { "", "-a", "_a", "A", "a/b", "a.profile", "../a", "a b", "\xc3\xa4",
		"a2345678901234567890123456789012345678901234567890123456789012345" };
	static const char *const good[] = { "a", "0", "decoder", "a-b_c9",
		"a234567890123456789012345678901234567890123456789012345678901234" };
	bailiff_request *r = NULL;

	for (size_t i = 0; i < ELEMENTSOF(bad); i++)
		assert_int_equal(bailiff_request_new(&r, bad[i]), -EINVAL);
	assert_null(r);
	assert_int_equal(bailiff_request_new(&r, NULL), -EINVAL);
	assert_int_equal(bailiff_request_new(NULL, "a"), -EINVAL);
	for (size_t i = 0; i < ELEMENTSOF(good); i++)
		assert_null(bailiff_request_free(request(good[i])));
	assert_null(bailiff_request_free(NULL));
}

static void map_up_to(bailiff_request *r, int n)
{
	for (int i = 0; i < n; i++)
		assert_int_equal(bailiff_request_map_fd(r, i, 0), 0);
}

static void test_fd_limits(void **state)
{
	bailiff_request *r = request("p");

	assert_int_equal(bailiff_request_map_fd(r, -1, 0), -EINVAL);
	assert_int_equal(bailiff_request_map_fd(r, 1024, 0), -EINVAL);
	assert_int_equal(bailiff_request_map_fd(r, 3, -1), -EBADF);
	map_up_to(r, BAILIFF_FDS_MAX);
	assert_int_equal(bailiff_request_map_fd(r, 0, 0), -EEXIST);
	assert_int_equal(bailiff_request_map_fd(r, 100, 0), -E2BIG);
	assert_int_equal(bailiff_request_set_lifeline(r, -1), -EBADF);
	/* The lifeline goes with the message, which has room when the others do not. */
	assert_int_equal(bailiff_request_set_lifeline(r, 0), 0);
	assert_int_equal(bailiff_request_set_lifeline(r, 1), 0);
	bailiff_request_free(r);
}

static void test_binds(void **state)
{
	bailiff_request *r = request("p");
	char name[8];

	assert_int_equal(bailiff_request_bind_fd(r, "input", -1, 0), -EBADF);
	assert_int_equal(bailiff_request_bind_fd(r, "", 0, 0), -EINVAL);
	assert_int_equal(bailiff_request_bind_fd(r, "a/b", 0, 0), -EINVAL);
	assert_int_equal(bailiff_request_bind_fd(r, NULL, 0, 0), -EINVAL);
	assert_int_equal(bailiff_request_bind_fd(NULL, "input", 0, 0), -EINVAL);
	assert_int_equal(bailiff_request_bind_fd(r, "input", 0, 1), 0);
	assert_int_equal(bailiff_request_bind_fd(r, "input", 1, 1), -EEXIST);
	for (int i = 1; i < BAILIFF_MESSAGE_FDS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "s%d", i);
		assert_int_equal(bailiff_request_bind_fd(r, name, 0, 0), 0);
	}
	assert_int_equal(bailiff_request_bind_fd(r, "more", 0, 0), -E2BIG);
	/* no room for the channel that it would need */
	assert_int_equal(bailiff_request_map_fd(r, 3, 0), -E2BIG);
	assert_int_equal(bailiff_request_set_lifeline(r, 0), -E2BIG);
	bailiff_request_free(r);

	r = request("p");
	map_up_to(r, BAILIFF_FDS_MAX);
	for (int i = 1; i < BAILIFF_MESSAGE_FDS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "s%d", i);
		assert_int_equal(bailiff_request_bind_fd(r, name, 0, 0), 0);
	}
	assert_int_equal(bailiff_request_bind_fd(r, "more", 0, 0), -E2BIG);
	assert_int_equal(bailiff_request_set_lifeline(r, 0), -E2BIG);
	bailiff_request_free(r);
}

static void test_stdio(void **state)
{
	bailiff_request *r = request("p");

	assert_int_equal(bailiff_request_set_stdio(r, 3, BAILIFF_STDIO_PIPE), -EINVAL);
	assert_int_equal(bailiff_request_set_stdio(r, -1, BAILIFF_STDIO_PIPE), -EINVAL);
	assert_int_equal(bailiff_request_set_stdio(r, 1, (enum bailiff_stdio)7), -EINVAL);
	assert_int_equal(bailiff_request_set_stdio(r, 0, BAILIFF_STDIO_JOURNAL), -EINVAL);
	assert_int_equal(bailiff_request_set_stdio(r, 0, BAILIFF_STDIO_PTY), 0);
	assert_int_equal(bailiff_request_set_pty(NULL, 1, 1), -EINVAL);
	assert_int_equal(bailiff_request_set_pty(r, 24, 80), 0);
	assert_int_equal(bailiff_request_set_stdio(r, 1, BAILIFF_STDIO_JOURNAL), 0);
	assert_int_equal(bailiff_request_set_stdio(r, 1, BAILIFF_STDIO_PIPE), 0);
	assert_int_equal(bailiff_request_map_fd(r, 1, 0), -EEXIST);
	assert_int_equal(bailiff_request_map_fd(r, 2, 0), 0);
	assert_int_equal(bailiff_request_set_stdio(r, 2, BAILIFF_STDIO_NULL), -EEXIST);
	bailiff_request_free(r);
}

static void test_values(void **state)
{
	bailiff_request *r = request("p");

	assert_int_equal(bailiff_request_set_argv(r, NULL), -EINVAL);
	assert_int_equal(bailiff_request_set_env(r, "", "x"), -EINVAL);
	assert_int_equal(bailiff_request_set_env(r, "A=B", "x"), -EINVAL);
	assert_int_equal(bailiff_request_set_env(r, "A", NULL), -EINVAL);
	assert_int_equal(bailiff_request_unset_env(r, "A="), -EINVAL);
	assert_int_equal(bailiff_request_set_cwd(r, "tmp"), -EINVAL);
	assert_int_equal(bailiff_request_set_cwd(r, "/\xff"), -EILSEQ);
	assert_int_equal(bailiff_request_set_tag(r, "\xc0\x80"), -EILSEQ);
	assert_int_equal(bailiff_request_set_token(r, ""), -EINVAL);
	assert_int_equal(bailiff_request_set_token(r, "007"), -EINVAL);
	assert_int_equal(bailiff_request_set_token(r, "a-b"), -EINVAL);
	assert_int_equal(bailiff_request_set_token(r, NULL), -EINVAL);
	assert_int_equal(bailiff_request_set_rlimit(r, 99, 1, 1), -EINVAL);
	assert_int_equal(bailiff_request_set_rlimit(r, RLIMIT_CPU, 2, 1), -EINVAL);
	assert_int_equal(bailiff_request_set_runtime_max(r, 0), -EINVAL);
	assert_int_equal(bailiff_request_set_stop_timeout(r, 0), -EINVAL);
	assert_int_equal(bailiff_request_set_stop_signal(r, 0), -EINVAL);
	assert_int_equal(bailiff_request_set_stop_signal(r, 65), -EINVAL);
	assert_int_equal(bailiff_request_set_stop_signal(r, 64), 0);
	assert_int_equal(bailiff_request_set_memory_max(r, 0), -EINVAL);
	assert_int_equal(bailiff_request_set_tasks_max(r, 0), -EINVAL);
	assert_int_equal(bailiff_request_set_cpu_quota(r, 0), -EINVAL);
	assert_int_equal(bailiff_request_set_cpu_quota(r, 819201), -EINVAL);
	assert_int_equal(bailiff_request_set_nice(r, 20), -EINVAL);
	assert_int_equal(bailiff_request_set_nice(r, -21), -EINVAL);
	assert_int_equal(bailiff_request_set_oom_score_adj(r, 1001), -EINVAL);
	assert_int_equal(bailiff_request_set_oom_score_adj(r, -1001), -EINVAL);
	assert_int_equal(bailiff_request_drop_capability(r, "NET_RAW"), -EINVAL);
	assert_int_equal(bailiff_request_drop_capability(r, NULL), -EINVAL);
	assert_int_equal(bailiff_request_set_no_network(NULL, 1), -EINVAL);
	assert_int_equal(bailiff_request_set_interactive(NULL, 1), -EINVAL);
	for (int i = 0; i < RLIM_NLIMITS; i++)
		for (int twice = 0; twice < 2; twice++)
			assert_int_equal(bailiff_request_set_rlimit(r, i, 1, UINT64_MAX), 0);
	assert_int_equal(r->n_limits, RLIMITS_MAX);
	bailiff_request_free(r);
}

static int open_bus(void **state)
{
	sd_bus *bus = NULL;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0 || sd_bus_new(&bus) < 0)
		return -1;
	*state = bus;
	return sd_bus_set_fd(bus, fds[0], fds[0]) < 0 || sd_bus_start(bus) < 0 ? -1 : 0;
	/* fds[1] stays open until the end: the peer that says nothing. */
}

static int close_bus(void **state)
{
	sd_bus_close_unref(*state);
	return 0;
}

/* The arguments as LaunchSandboxed's callee reads them. */
static sd_bus_message *marshal(sd_bus *bus, const bailiff_request *r)
{
	sd_bus_message *m = NULL;

	assert_return_code(sd_bus_message_new_method_call(bus, &m, NULL, "/o", "i.f", "M"), 0);
	assert_return_code(request_marshal(m, r), 0);
	assert_return_code(sd_bus_message_seal(m, 1, 0), 0);
	assert_string_equal(sd_bus_message_get_signature(m, 1), "sasa{ss}a{uh}a{sv}");
	return m;
}

static void expect_key(sd_bus_message *m, const char *key, const char *type)
{
	const char *got;

	assert_int_equal(sd_bus_message_enter_container(m, 'e', "sv"), 1);
	assert_int_equal(sd_bus_message_read_basic(m, 's', &got), 1);
	assert_string_equal(got, key);
	assert_int_equal(sd_bus_message_enter_container(m, 'v', type), 1);
}

static void leave_key(sd_bus_message *m)
{
	assert_return_code(sd_bus_message_exit_container(m), 0);
	assert_return_code(sd_bus_message_exit_container(m), 0);
}

static void expect_end(sd_bus_message *m)
{
	assert_int_equal(sd_bus_message_at_end(m, 0), 1);
	assert_return_code(sd_bus_message_exit_container(m), 0);
	assert_int_equal(sd_bus_message_at_end(m, 1), 1);
	sd_bus_message_unref(m);
}

static void expect_number(sd_bus_message *m, const char *key, const char *type, uint64_t want)
{
	union {
		uint64_t t;
		uint32_t u;
	} got = { 0 };

	expect_key(m, key, type);
	assert_int_equal(sd_bus_message_read_basic(m, type[0], &got), 1);
	leave_key(m);
	assert_true(type[0] == 't' ? got.t == want : got.u == (uint32_t)want);
}

static void test_tightening_request(void **state)
{
	bailiff_request *r = request("p");
	const char *first, *second;
	sd_bus_message *m;

	assert_int_equal(bailiff_request_set_memory_max(r, UINT64_MAX), 0);
	assert_int_equal(bailiff_request_set_tasks_max(r, 7), 0);
	assert_int_equal(bailiff_request_set_cpu_quota(r, 150), 0);
	assert_int_equal(bailiff_request_set_nice(r, -3), 0);
	assert_int_equal(bailiff_request_set_oom_score_adj(r, 0), 0);
	assert_int_equal(bailiff_request_drop_capability(r, "CAP_NET_RAW"), 0);
	assert_int_equal(bailiff_request_drop_capability(r, "CAP_CHOWN"), 0);
	assert_int_equal(bailiff_request_set_no_network(r, 1), 0);
	assert_int_equal(launch_timeout(r), LAUNCH_TIMEOUT_USEC);
	assert_int_equal(bailiff_request_set_interactive(r, 1), 0);
	assert_int_equal(launch_timeout(r), LAUNCH_TIMEOUT_USEC + INTERACTION_USEC);
	m = marshal(*state, r);
	assert_int_equal(sd_bus_message_skip(m, "sasa{ss}a{uh}"), 1);
	assert_return_code(sd_bus_message_enter_container(m, 'a', "{sv}"), 0);
	expect_number(m, "interactive", "b", 1);
	expect_number(m, "memory-max", "t", UINT64_MAX);
	expect_number(m, "tasks-max", "t", 7);
	expect_number(m, "cpu-quota", "u", 150);
	expect_number(m, "nice", "i", (uint64_t)-3);
	expect_number(m, "oom-score-adj", "i", 0);
	expect_number(m, "no-network", "b", 1);
	expect_key(m, "drop-capabilities", "as");
	assert_return_code(sd_bus_message_read(m, "as", 2, &first, &second), 0);
	assert_string_equal(first, "CAP_NET_RAW");
	assert_string_equal(second, "CAP_CHOWN");
	leave_key(m);
	expect_end(m);
	bailiff_request_free(r);
}

static void test_bare_request_sends_no_option(void **state)
{
	bailiff_request *r = request("p");
	sd_bus_message *m = marshal(*state, r);

	assert_int_equal(sd_bus_message_skip(m, "sasa{ss}a{uh}"), 1);
	assert_return_code(sd_bus_message_enter_container(m, 'a', "{sv}"), 0);
	expect_end(m);
	bailiff_request_free(r);
}

static void test_full_request(void **state)
{
	static const char *const argv[] = { "xz", "-dc", NULL };
	bailiff_request *r = request("decoder");
	const char *profile, *a, *b, *name, *value;
	uint64_t soft, hard;
	uint32_t number;
	sd_bus_message *m;
	int fd, read_only;

	assert_int_equal(bailiff_request_set_argv(r, argv), 0);
	assert_int_equal(bailiff_request_set_env(r, "LANG", "de"), 0);
	assert_int_equal(bailiff_request_set_env(r, "LANG", "C"), 0);
	assert_int_equal(bailiff_request_map_fd(r, 5, STDERR_FILENO), 0);
	assert_int_equal(bailiff_request_set_tag(r, "t"), 0);
	assert_int_equal(bailiff_request_set_token(r, "T_1"), 0);
	assert_int_equal(bailiff_request_set_detach(r, 5), 0);
	assert_int_equal(bailiff_request_set_rlimit(r, RLIMIT_NOFILE, 9, 9), 0);
	assert_int_equal(bailiff_request_set_rlimit(r, RLIMIT_NOFILE, 1, 2), 0);
	assert_int_equal(bailiff_request_bind_fd(r, "input", STDERR_FILENO, 7), 0);
	m = marshal(*state, r);
	assert_return_code(sd_bus_message_read(m, "sas", &profile, 2, &a, &b), 0);
	assert_string_equal(profile, "decoder");
	assert_string_equal(a, "xz");
	assert_string_equal(b, "-dc");
	assert_return_code(sd_bus_message_read(m, "a{ss}a{uh}", 1, &name, &value, 1, &number, &fd), 0);
	assert_string_equal(value, "C");
	assert_int_equal(number, 5);
	assert_return_code(sd_bus_message_enter_container(m, 'a', "{sv}"), 0);
	expect_key(m, "tag", "s");
	assert_return_code(sd_bus_message_skip(m, "s"), 0);
	leave_key(m);
	expect_key(m, "token", "s");
	assert_return_code(sd_bus_message_skip(m, "s"), 0);
	leave_key(m);
	expect_key(m, "detach", "b");
	assert_return_code(sd_bus_message_skip(m, "b"), 0);
	leave_key(m);
	expect_key(m, "rlimits", "a{s(tt)}");
	assert_return_code(sd_bus_message_read(m, "a{s(tt)}", 1, &name, &soft, &hard), 0);
	assert_string_equal(name, "NOFILE");
	assert_int_equal(soft, 1);
	assert_int_equal(hard, 2);
	leave_key(m);
	expect_key(m, "bind-fds", "a(hsb)");
	assert_return_code(sd_bus_message_read(m, "a(hsb)", 1, &fd, &name, &read_only), 0);
	assert_true(fd >= 0);
	assert_string_equal(name, "input");
	assert_int_equal(read_only, 1);
	leave_key(m);
	expect_end(m);
	bailiff_request_free(r);
}

static void test_bytes_that_are_no_utf8(void **state)
{
	static const char *const argv[] = { "cat", "\xe4\xff", NULL };
	bailiff_request *r = request("p");
	const void *bytes;
	sd_bus_message *m;
	size_t size;

	assert_int_equal(bailiff_request_set_argv(r, argv), 0);
	assert_int_equal(bailiff_request_set_env(r, "GOOD", "x"), 0);
	assert_int_equal(bailiff_request_set_env(r, "BAD", "\x80"), 0);
	m = marshal(*state, r);
	assert_return_code(sd_bus_message_skip(m, "s"), 0);
	assert_return_code(sd_bus_message_read(m, "as", 0), 0);
	assert_return_code(sd_bus_message_skip(m, "a{ss}a{uh}"), 0);
	assert_return_code(sd_bus_message_enter_container(m, 'a', "{sv}"), 0);
	expect_key(m, "argv-bytes", "aay");
	assert_return_code(sd_bus_message_enter_container(m, 'a', "ay"), 0);
	assert_return_code(sd_bus_message_read_array(m, 'y', &bytes, &size), 0);
	assert_int_equal(size, 3);
	assert_return_code(sd_bus_message_read_array(m, 'y', &bytes, &size), 0);
	assert_int_equal(size, 2);
	assert_memory_equal(bytes, "\xe4\xff", 2);
	assert_return_code(sd_bus_message_exit_container(m), 0);
	leave_key(m);
	expect_key(m, "env-bytes", "a(ayay)");
	assert_return_code(sd_bus_message_skip(m, "a(ayay)"), 0);
	leave_key(m);
	expect_end(m);
	bailiff_request_free(r);
}

static void test_closed_fd(void **state)
{
	bailiff_request *r = request("p");
	sd_bus_message *m = NULL;

	assert_int_equal(bailiff_request_map_fd(r, 3, 777), 0);
	assert_return_code(sd_bus_message_new_method_call(*state, &m, NULL, "/o", "i.f", "M"), 0);
	assert_int_equal(request_marshal(m, r), -EBADF);
	sd_bus_message_unref(m);
	bailiff_request_free(r);
}

static void test_too_many_bytes(void **state)
{
	static char big[600 * 1024];
	const char *const argv[] = { "x", big, big, NULL };
	bailiff_request *r = request("p");
	sd_bus_message *m = NULL;

	memset(big, 'a', sizeof(big) - 1);
	assert_int_equal(bailiff_request_set_argv(r, argv), 0);
	assert_return_code(sd_bus_message_new_method_call(*state, &m, NULL, "/o", "i.f", "M"), 0);
	assert_int_equal(request_marshal(m, r), -E2BIG);
	sd_bus_message_unref(m);
	bailiff_request_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_profile_names),
		cmocka_unit_test(test_fd_limits),
		cmocka_unit_test(test_binds),
		cmocka_unit_test(test_stdio),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_bare_request_sends_no_option),
		cmocka_unit_test(test_tightening_request),
		cmocka_unit_test(test_full_request),
		cmocka_unit_test(test_bytes_that_are_no_utf8),
		cmocka_unit_test(test_closed_fd),
		cmocka_unit_test(test_too_many_bytes),
	};

	return cmocka_run_group_tests(tests, open_bus, close_bus);
}
