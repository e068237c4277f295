/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The library against a private bus: whom it trusts, what it repeats and what never, what it survives. */

#include "caller.h"
#include "dbus/names.h"
#include "lib/internal.h"
#include "library-bus.h"
#include "stand-in.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_no_bus(void **state)
{
	bailiff_connection *c = NULL;

	assert_int_equal(bailiff_connect_address("unix:path=/nonexistent/bus", &c), -ENOENT);
	assert_int_equal(bailiff_connect_address("", &c), -EINVAL);
	assert_int_equal(bailiff_connect_address(NULL, &c), -EINVAL);
	assert_null(c);
}

static void test_no_broker(void **state)
{
	struct stand_in *s = *state;
	bailiff_connection *c = NULL;

	assert_int_equal(bailiff_connect_address(s->address, &c), -EHOSTUNREACH);
	assert_null(c);
}

static void test_environment_names_the_bus(void **state)
{
	struct stand_in *s = *state;
	bailiff_connection *c = NULL;

	stand_in_broker(s, 0, 0);
	assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1), 0);
	assert_int_equal(setenv("BAILIFF_ADDRESS", s->address, 1), 0);
	assert_int_equal(bailiff_connect(&c), 0);
	c = bailiff_connection_free(c);
	assert_int_equal(unsetenv("BAILIFF_ADDRESS"), 0);
	assert_int_equal(bailiff_connect(&c), -ENOENT);
	assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", s->address, 1), 0);
	assert_int_equal(bailiff_connect(&c), 0);
	bailiff_connection_free(c);
	assert_int_equal(unsetenv("DBUS_SYSTEM_BUS_ADDRESS"), 0);
}

static void test_impostor_is_refused(void **state)
{
	struct stand_in *s = *state;
	bailiff_connection *c = NULL;

	stand_in_broker(s, NOBODY, 0);
	assert_int_equal(bailiff_connect_address(s->address, &c), -EPERM);
	assert_null(c);
}

static void test_impostor_after_the_broker_is_refused(void **state)
{
	struct stand_in *s = *state;
	bailiff_profile_info *list = NULL;
	bailiff_sandbox *sandbox = NULL;
	bailiff_connection *c;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	stand_in_end_broker(s);
	assert_int_equal(bailiff_list_profiles(c, &list), -EHOSTUNREACH);
	stand_in_broker(s, NOBODY, 0);
	assert_int_equal(bailiff_list_profiles(c, &list), -EPERM);
	assert_int_equal(launch(c, "ok", &sandbox), -EPERM);
	assert_string_equal(bailiff_last_error_name(c), "");
	assert_non_null(strstr(bailiff_last_error_message(c), "65534"));
	assert_int_equal(s->state->launches, 0);
	bailiff_connection_free(c);
}

static void test_calls_find_the_new_broker(void **state)
{
	struct stand_in *s = *state;
	bailiff_sandbox *sandbox = NULL;
	bailiff_connection *c;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	stand_in_end_broker(s);
	stand_in_broker(s, 0, 0);
	/* The first try reached nobody; this is no repetition. */
	assert_int_equal(launch(c, "ok", &sandbox), 0);
	assert_int_equal(s->state->launches, 1);
	bailiff_sandbox_free(sandbox);
	bailiff_connection_free(c);
}

static void test_launch(void **state)
{
	struct stand_in *s = *state;
	bailiff_sandbox *sandbox = NULL;
	bailiff_connection *c;
	bailiff_exit e;
	int fd;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	assert_int_equal(launch(c, "ok", &sandbox), 0);
	assert_int_equal(bailiff_sandbox_id(sandbox), STAND_IN_ID);
	assert_int_equal(bailiff_sandbox_pid(sandbox), s->state->payload);
	fd = bailiff_sandbox_pidfd(sandbox);
	assert_true(fd > 2);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(bailiff_sandbox_stream(sandbox, 0), -ENOENT);
	assert_int_equal(bailiff_sandbox_stream(sandbox, 3), -EINVAL);
	fd = bailiff_sandbox_steal_stream(sandbox, 1);
	assert_true(fd > 2);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close_fd(fd);
	assert_int_equal(bailiff_sandbox_steal_stream(sandbox, 1), -ENOENT);
	assert_int_equal(bailiff_sandbox_signal(sandbox, 65, 0), -EINVAL);
	assert_int_equal(bailiff_sandbox_signal(sandbox, SIGUSR1, 1), 0);
	assert_int_equal(s->state->signal, SIGUSR1);
	assert_int_equal(bailiff_sandbox_wait(sandbox, 0, &e), -ETIMEDOUT);
	assert_int_equal(bailiff_sandbox_wait(sandbox, 20000, &e), -ETIMEDOUT);
	assert_int_equal(s->state->waits, 0);
	fd = bailiff_sandbox_steal_pidfd(sandbox);
	assert_true(fd > 2);
	close_fd(fd);
	assert_int_equal(bailiff_sandbox_pidfd(sandbox), -ENOENT);
	assert_int_equal(bailiff_sandbox_wait(sandbox, 20000, &e), -ETIMEDOUT);
	stand_in_end_payload(s);
	assert_int_equal(bailiff_sandbox_wait(sandbox, BAILIFF_TIMEOUT_INFINITE, &e), 0);
	assert_string_equal(e.result, "exit-code");
	assert_int_equal(e.code, 3);
	assert_int_equal(bailiff_sandbox_wait(sandbox, 0, &e), 0);
	assert_int_equal(s->state->waits, 1);
	assert_int_equal(bailiff_sandbox_release(sandbox), 0);
	assert_int_equal(s->state->releases, 1);
	bailiff_sandbox_free(sandbox);
	bailiff_connection_free(c);
}

static void test_refusal_has_name_and_sentence(void **state)
{
	struct stand_in *s = *state;
	bailiff_profile_info *list = NULL;
	bailiff_sandbox *sandbox = NULL;
	bailiff_connection *c;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	assert_int_equal(launch(c, "denied", &sandbox), -EACCES);
	assert_string_equal(bailiff_last_error_name(c), BAILIFF_ERROR_ACCESS_DENIED);
	assert_string_equal(bailiff_last_error_message(c), "not for you [denied.profile:3]");
	assert_int_equal(bailiff_list_profiles(c, &list), 0);
	assert_string_equal(bailiff_last_error_name(c), "");
	assert_string_equal(list->name, "ok");
	assert_null(list->next);
	bailiff_profile_info_free(list);
	assert_int_equal(launch(c, "garbled", &sandbox), -EBADMSG);
	assert_string_equal(bailiff_last_error_name(c), "");
	assert_null(sandbox);
	bailiff_connection_free(c);
}

/* The broker ends with the launch, and the next one as well: each is asked with the same token. */
static void test_launch_is_repeated_by_its_token(void **state)
{
	struct stand_in *s = *state;
	bailiff_sandbox *sandbox = NULL;
	bailiff_connection *c;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	s->state->deaths_at_launch = 2;
	assert_int_equal(launch(c, "ok", &sandbox), 0);
	assert_int_equal(s->state->launches, 3);
	assert_int_equal(s->state->tokens, 1);
	assert_int_equal(strlen(s->state->token), 33);
	bailiff_sandbox_free(sandbox);
	stand_in_end_payload(s);
	/* the next launch has another one */
	assert_int_equal(launch(c, "ok", &sandbox), 0);
	assert_int_equal(s->state->tokens, 2);
	bailiff_sandbox_free(sandbox);
	bailiff_connection_free(c);
}

/* F1: what is more comes beside the message, so the bus never has a reason to hang up. */
static void launch_with_fds(struct stand_in *s, int n, unsigned in_message)
{
	bailiff_sandbox *sandbox = NULL;
	bailiff_request *r = NULL;
	bailiff_connection *c;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	assert_int_equal(bailiff_request_new(&r, "ok"), 0);
	for (int i = 0; i < n; i++)
		assert_int_equal(bailiff_request_map_fd(r, i, STDERR_FILENO), 0);
	assert_int_equal(bailiff_launch(c, r, &sandbox), 0);
	assert_int_equal(s->state->fds, in_message);
	bailiff_request_free(r);
	bailiff_sandbox_free(sandbox);
	bailiff_connection_free(c);
}

static void test_as_many_fds_as_the_bus_takes(void **state)
{
	launch_with_fds(*state, BAILIFF_MESSAGE_FDS_MAX, BAILIFF_MESSAGE_FDS_MAX);
}

static void test_one_fd_more(void **state)
{
	launch_with_fds(*state, BAILIFF_MESSAGE_FDS_MAX + 1, 0);
}

static void test_as_many_fds_as_a_launch_takes(void **state)
{
	launch_with_fds(*state, BAILIFF_FDS_MAX, 0);
}

static void test_what_can_not_be_sent_leaves_the_connection(void **state)
{
	struct stand_in *s = *state;
	static char big[2 * 1024 * 1024];
	const char *const argv[] = { big, NULL };
	bailiff_sandbox *sandbox = NULL;
	bailiff_request *r = NULL;
	bailiff_connection *c;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	memset(big, 'a', sizeof(big) - 1);
	assert_int_equal(bailiff_request_new(&r, "ok"), 0);
	assert_int_equal(bailiff_request_set_argv(r, argv), 0);
	assert_int_equal(bailiff_launch(c, r, &sandbox), -E2BIG);
	bailiff_request_free(r);
	assert_int_equal(bailiff_request_new(&r, "ok"), 0);
	assert_int_equal(bailiff_request_map_fd(r, 3, 888), 0);
	assert_int_equal(bailiff_launch(c, r, &sandbox), -EBADF);
	bailiff_request_free(r);
	assert_int_equal(s->state->launches, 0);
	assert_int_equal(launch(c, "ok", &sandbox), 0);
	bailiff_sandbox_free(sandbox);
	bailiff_connection_free(c);
}

static void test_wait_survives_restarts(void **state)
{
	struct stand_in *s = *state;
	bailiff_sandbox *sandbox = NULL;
	bailiff_connection *c;
	bailiff_exit e;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	assert_int_equal(launch(c, "ok", &sandbox), 0);
	s->state->deaths_at_wait = 2;
	stand_in_end_payload(s);
	assert_int_equal(bailiff_sandbox_wait(sandbox, BAILIFF_TIMEOUT_INFINITE, &e), 0);
	assert_int_equal(e.code, 3);
	assert_int_equal(s->state->waits, 3);
	assert_true(s->state->finds >= 2);
	assert_int_equal(s->state->launches, 1);
	bailiff_sandbox_free(sandbox);
	bailiff_connection_free(c);
}

static void test_wait_for_what_the_new_broker_does_not_know(void **state)
{
	struct stand_in *s = *state;
	bailiff_sandbox *sandbox = NULL;
	bailiff_connection *c;
	bailiff_exit e;
	int r;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	assert_int_equal(launch(c, "ok", &sandbox), 0);
	s->state->deaths_at_wait = 1;
	s->state->forgets = true;
	stand_in_end_payload(s);
	r = bailiff_sandbox_wait(sandbox, BAILIFF_TIMEOUT_INFINITE, &e);
	/* Newer kernels still know how it ended, if the init that this machine has was quick to collect it.
	 */
	if (r == 0) {
		assert_int_equal(e.signal, SIGTERM);
	} else {
		assert_int_equal(r, -ESRCH);
		assert_string_equal(bailiff_last_error_name(c), BAILIFF_ERROR_NO_SUCH_SANDBOX);
	}
	bailiff_sandbox_free(sandbox);
	bailiff_connection_free(c);
}

/* Somebody else says that the sandbox has ended, and says much else besides. */
static void send_forgeries(struct stand_in *s, const char *victim, unsigned n)
{
	sd_bus *bus = NULL;

	assert_return_code(sd_bus_new(&bus), 0);
	assert_return_code(sd_bus_set_address(bus, s->address), 0);
	assert_return_code(sd_bus_set_bus_client(bus, 1), 0);
	assert_return_code(sd_bus_start(bus), 0);
	for (unsigned i = 0; i < n; i++) {
		sd_bus_message *m = NULL;

		assert_return_code(sd_bus_message_new_signal(bus, &m, BAILIFF_SANDBOX_PREFIX "/7",
					   BAILIFF_SANDBOX_INTERFACE, "Exited"),
			0);
		assert_return_code(sd_bus_message_append(m, "sii", "success", 0, 0), 0);
		assert_return_code(sd_bus_send_to(bus, m, victim, NULL), 0);
		sd_bus_message_unref(m);
	}
	assert_return_code(sd_bus_flush(bus), 0);
	sd_bus_close_unref(bus);
}

static void test_forged_signals_are_ignored(void **state)
{
	struct stand_in *s = *state;
	bailiff_sandbox *sandbox = NULL;
	bailiff_connection *c;
	const char *name;
	bailiff_exit e;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	assert_int_equal(launch(c, "ok", &sandbox), 0);
	assert_return_code(library_get_unique_name(c->bus, &name), 0);
	send_forgeries(s, name, 1000);
	assert_int_equal(bailiff_sandbox_wait(sandbox, 200000, &e), -ETIMEDOUT);
	assert_int_equal(s->state->waits, 0);
	send_forgeries(s, name, 1000);
	assert_int_equal(bailiff_sandbox_stop(sandbox, 0), 0);
	assert_int_equal(s->state->stops, 1);
	bailiff_sandbox_free(sandbox);
	bailiff_connection_free(c);
}

static void test_bus_that_ends(void **state)
{
	struct stand_in *s = *state;
	bailiff_sandbox *sandbox = NULL;
	bailiff_sandbox_info *list = NULL;
	bailiff_connection *c;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	assert_int_equal(launch(c, "ok", &sandbox), 0);
	stand_in_end_bus(s);
	assert_int_equal(bailiff_sandbox_wait(sandbox, BAILIFF_TIMEOUT_INFINITE, NULL), -ENOTCONN);
	assert_int_equal(bailiff_list_sandboxes(c, &list), -ENOTCONN);
	assert_int_equal(bailiff_sandbox_stop(sandbox, 0), -ENOTCONN);
	bailiff_sandbox_free(sandbox);
	bailiff_connection_free(c);
}

static void test_handle_outlives_connection(void **state)
{
	struct stand_in *s = *state;
	bailiff_sandbox *sandbox = NULL;
	bailiff_connection *c;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	assert_int_equal(launch(c, "ok", &sandbox), 0);
	assert_null(bailiff_connection_free(c));
	assert_true(bailiff_sandbox_pidfd(sandbox) > 2);
	assert_int_equal(bailiff_sandbox_wait(sandbox, 0, NULL), -ENOTCONN);
	assert_int_equal(bailiff_sandbox_signal(sandbox, SIGTERM, 0), -ENOTCONN);
	bailiff_sandbox_free(sandbox);
}

static void test_fork(void **state)
{
	struct stand_in *s = *state;
	bailiff_profile_info *list = NULL;
	bailiff_sandbox *sandbox = NULL;
	bailiff_connection *c;
	int status;
	pid_t child;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	assert_int_equal(launch(c, "ok", &sandbox), 0);
	child = fork();
	assert_return_code(child, 0);
	if (child == 0) {
		bool right = bailiff_list_profiles(c, &list) == -ECHILD &&
			     bailiff_sandbox_stop(sandbox, 0) == -ECHILD &&
			     bailiff_sandbox_wait(sandbox, 0, NULL) == -ECHILD;

		bailiff_sandbox_free(sandbox);
		bailiff_connection_free(c);
		_exit(right ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	/* What the child freed was its own. */
	assert_int_equal(bailiff_list_profiles(c, &list), 0);
	bailiff_profile_info_free(list);
	bailiff_sandbox_free(sandbox);
	bailiff_connection_free(c);
}

static void test_open_and_status(void **state)
{
	struct stand_in *s = *state;
	bailiff_sandbox_status *status = NULL;
	bailiff_sandbox *sandbox = NULL, *again = NULL;
	bailiff_connection *c;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	assert_int_equal(bailiff_sandbox_open(c, 99, &again), -ESRCH);
	assert_int_equal(launch(c, "ok", &sandbox), 0);
	assert_int_equal(bailiff_sandbox_open(c, STAND_IN_ID, &again), 0);
	assert_int_equal(bailiff_sandbox_pid(again), s->state->payload);
	assert_true(bailiff_sandbox_pidfd(again) > 2);
	assert_int_equal(bailiff_sandbox_get_status(again, &status), 0);
	assert_string_equal(status->state, "running");
	assert_string_equal(status->layers[0], "seccomp");
	assert_null(status->layers[1]);
	/* What the broker did not send is there nevertheless. */
	assert_string_equal(status->profile, "");
	assert_non_null(status->skipped);
	assert_null(bailiff_sandbox_status_free(status));
	bailiff_sandbox_free(again);
	bailiff_sandbox_free(sandbox);
	bailiff_connection_free(c);
}

static void test_lists_and_services(void **state)
{
	struct stand_in *s = *state;
	bailiff_sandbox_info *list = NULL;
	char **errors = NULL, *name = NULL;
	bailiff_connection *c;
	uint32_t generation;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	assert_int_equal(bailiff_list_sandboxes(c, &list), 0);
	assert_int_equal(list->id, STAND_IN_ID);
	assert_int_equal(list->owner, 4242);
	assert_int_equal(list->pid, 6);
	assert_string_equal(list->next->state, "exited");
	assert_null(list->next->next);
	assert_null(bailiff_sandbox_info_free(list));
	assert_int_equal(bailiff_reload(c, &generation, &errors), -EBADMSG);
	assert_int_equal(generation, 4);
	assert_string_equal(errors[0], "x.profile:1:1: error: no");
	assert_null(bailiff_strv_free(errors));
	assert_int_equal(bailiff_reload(c, NULL, NULL), -EBADMSG);
	assert_int_equal(bailiff_sanitize_username(c, "\xff", &name), -EILSEQ);
	assert_int_equal(bailiff_sanitize_username(c, "u", &name), 0);
	assert_int_equal(strlen(name), 40);
	free(name);
	assert_int_equal(bailiff_get_user_path(c, "\xff", "user", &name), -EILSEQ);
	assert_int_equal(bailiff_get_user_path(c, "u", NULL, &name), -EINVAL);
	assert_int_equal(bailiff_get_user_path(c, "u", "shadow", &name), -ENOENT);
	assert_int_equal(bailiff_get_user_path(c, "u", "root", &name), 0);
	assert_string_equal(name, "/home/root/01");
	free(name);
	assert_int_equal(bailiff_get_daemon_store_path(c, "s", "\xff", &name), -EILSEQ);
	assert_int_equal(bailiff_get_daemon_store_path(c, "s", "u", &name), 0);
	assert_string_equal(name, "/run/daemon-store/s/01");
	free(name);
	bailiff_connection_free(c);
}

static int count_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_no_fd_is_lost(void **state)
{
	struct stand_in *s = *state;
	bailiff_connection *c;
	int before;

	stand_in_broker(s, 0, 0);
	before = count_fds();
	c = connect_to(s);
	for (int i = 0; i < 20; i++) {
		bailiff_sandbox *sandbox = NULL;

		assert_int_equal(launch(c, "ok", &sandbox), 0);
		stand_in_end_payload(s);
		bailiff_sandbox_free(sandbox);
		assert_int_equal(launch(c, "denied", &sandbox), -EACCES);
		assert_int_equal(launch(c, "garbled", &sandbox), -EBADMSG);
	}
	bailiff_connection_free(c);
	assert_int_equal(count_fds(), before);
}

#define BUS_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_bus),
		BUS_TEST(test_no_broker),
		BUS_TEST(test_environment_names_the_bus),
		BUS_TEST(test_impostor_is_refused),
		BUS_TEST(test_impostor_after_the_broker_is_refused),
		BUS_TEST(test_calls_find_the_new_broker),
		BUS_TEST(test_launch),
		BUS_TEST(test_refusal_has_name_and_sentence),
		BUS_TEST(test_launch_is_repeated_by_its_token),
		BUS_TEST(test_as_many_fds_as_the_bus_takes),
		BUS_TEST(test_one_fd_more),
		BUS_TEST(test_as_many_fds_as_a_launch_takes),
		BUS_TEST(test_what_can_not_be_sent_leaves_the_connection),
		BUS_TEST(test_wait_survives_restarts),
		BUS_TEST(test_wait_for_what_the_new_broker_does_not_know),
		BUS_TEST(test_forged_signals_are_ignored),
		BUS_TEST(test_bus_that_ends),
		BUS_TEST(test_handle_outlives_connection),
		BUS_TEST(test_fork),
		BUS_TEST(test_open_and_status),
		BUS_TEST(test_lists_and_services),
		BUS_TEST(test_no_fd_is_lost),
	};

	if (getuid() != 0) {
		(void)fprintf(
			stderr, "needs root: a broker is trusted only as root or as the user bailiff\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
