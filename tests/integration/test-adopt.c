/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A launcher that is killed leaves its sandboxes to the next one, with all that watches over them: limits of
 * time, lifelines, terminals, user ids, pools, verdicts of the filter, and how they end. Rows Q12, Q14 and
 * Q17 of the threat model.
 */

#include "rig.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define MANY      50
#define HALTS     200
#define HALT_USEC 4000 /* what a launch takes on a fast machine */
#define HALT_MSEC 100
#define KILLS     4 /* the next one in so short a time would be followed by a pause, which would grow */

static const char *const forever[] = { "/usr/bin/sleep", "1000", NULL };

static bool has_ended(int pidfd, int timeout_ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

static void launch(GDBusConnection *c, const char *const *argv, const char *options, struct rig_sandbox *ret)
{
	struct rig_launch l = { .profile = "tool", .argv = argv };

	if (options)
		l.options = g_variant_new_parsed(options);
	rig_launch(c, &l, ret);
}

static void expect_end(GDBusConnection *c, struct rig_sandbox *s, const char *result, int code, int signal)
{
	int got_code = -1, got_signal = -1;
	g_autofree char *got = rig_wait(c, s, &got_code, &got_signal);

	assert_string_equal(got, result);
	assert_int_equal(got_code, code);
	assert_int_equal(got_signal, signal);
	rig_sandbox_done(s);
}

static void kill_now(struct rig *rig, enum rig_process which)
{
	assert_return_code(kill(rig_pid(rig, which), SIGKILL), errno);
}

/* Each ends with a code of its own: while no launcher runs, and when another one does. */
static void test_statuses(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	static const char *const argv[] = { "/usr/bin/dash", "-c", "read x; exit $x", NULL };
	struct rig_sandbox s[20];
	int pipes[G_N_ELEMENTS(s)][2];

	for (size_t i = 0; i < G_N_ELEMENTS(s); i++) {
		struct rig_launch l = { .profile = "tool", .argv = argv, .n_fds = 1 };

		assert_return_code(pipe(pipes[i]), errno);
		l.fds[1] = pipes[i][0];
		rig_launch(c, &l, &s[i]);
		(void)close(pipes[i][0]);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(s); i++) {
		g_autofree char *line = g_strdup_printf("%zu\n", i + 1);

		if (i == G_N_ELEMENTS(s) / 2)
			rig_kill_and_wait(rig, RIG_LAUNCHER);
		if (i == 3)
			kill_now(rig, RIG_LAUNCHER);
		assert_int_equal(write(pipes[i][1], line, strlen(line)), strlen(line));
		(void)close(pipes[i][1]);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(s); i++)
		expect_end(c, &s[i], "exit-code", (int)i + 1, 0);
	rig_disconnect(rig, c);
	rig_wait_jailed(rig, 0);
}

static void on_launched(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GUnixFDList) fds = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish(
		G_DBUS_CONNECTION(source), &fds, result, &error);
	int *answers = user_data;

	(*answers)++;
	assert_true(reply || error);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
		fail_msg("a launch was never answered");
}

/* Fifty live ones, and ten launches on their way at each kill. */
static void test_many(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s[MANY];

	for (size_t i = 0; i < MANY; i++)
		launch(c, forever, NULL, &s[i]);
	for (int kills = 0; kills < KILLS; kills++) {
		GDBusConnection *other = rig_connect(rig, RIG_ALICE);
		int answers = 0;

		for (int i = 0; i < 10; i++)
			g_dbus_connection_call_with_unix_fd_list(other, RIG_NAME, RIG_PATH, RIG_MANAGER,
				"LaunchSandboxed",
				g_variant_new_parsed("('tool', ['/usr/bin/sleep', '1000'], @a{ss} {}, "
						     "@a{uh} {}, @a{sv} {})"),
				NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, RIG_TIMEOUT_MS, NULL, NULL,
				on_launched, &answers);
		g_dbus_connection_flush_sync(other, NULL, NULL);
		g_usleep((gulong)g_random_int_range(0, 30000));
		rig_kill_and_wait(rig, RIG_LAUNCHER);
		while (answers < 10)
			(void)g_main_context_iteration(NULL, TRUE);
		/* with its client everything goes that was launched, answered or not */
		rig_disconnect(rig, other);
		for (size_t i = 0; i < MANY; i++)
			assert_false(has_ended(s[i].pidfd, 0));
		rig_wait_jailed(rig, 2 * MANY);
	}
	for (size_t i = 0; i < MANY; i++) {
		g_variant_unref(
			rig_call_ok(c, s[i].path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0)));
		expect_end(c, &s[i], "killed", 0, SIGKILL);
	}
	rig_disconnect(rig, c);
	rig_wait_jailed(rig, 0);
}

/* In between its go and the launcher's hearing of it the program says that it runs, and nobody answers. */
enum halted {
	BEFORE,
	BETWEEN,
	AFTER,
};

/* Begins a launch of a program that says that it runs, and halts the launcher at a moment of chance. */
static enum halted halt(struct rig *rig, GDBusConnection *c, guint32 most_usec, int *answers, int out[2])
{
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	struct pollfd up = { .events = POLLIN };

	assert_return_code(pipe(out), errno);
	assert_int_equal(g_unix_fd_list_append(fds, out[1], NULL), 0);
	out[1] = close(out[1]);
	g_dbus_connection_call_with_unix_fd_list(c, RIG_NAME, RIG_PATH, RIG_MANAGER, "LaunchSandboxed",
		g_variant_new_parsed("('tool', ['/usr/bin/dash', '-c', 'echo up; exec sleep 1000'], "
				     "@a{ss} {}, {uint32 1: handle 0}, @a{sv} {})"),
		NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, RIG_TIMEOUT_MS, fds, NULL, on_launched, answers);
	g_dbus_connection_flush_sync(c, NULL, NULL);
	g_clear_object(&fds);
	g_usleep((gulong)g_random_int_range(0, (gint32)most_usec));
	assert_return_code(kill(rig_pid(rig, RIG_LAUNCHER), SIGSTOP), errno);
	up.fd = out[0];
	if (poll(&up, 1, HALT_MSEC) != 1)
		return BEFORE;
	for (int i = 0; i < HALT_MSEC && *answers == 0; i++)
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
	return *answers == 0 ? BETWEEN : AFTER;
}

/* Nobody is left who would write. */
static void expect_hung_up(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;
	ssize_t n;

	do {
		assert_int_equal(poll(&p, 1, RIG_TIMEOUT_MS), 1);
		n = read(fd, &byte, 1);
	} while (n > 0);
	assert_return_code(n, errno);
}

/* A program that runs, of which nothing is written down and which nobody holds: it ends with its launcher,
 * and its caller is told that the launch failed. */
static void test_unheard(void **state)
{
	struct rig *rig = *state;
	guint32 most_usec = HALT_USEC;
	bool met = false;

	for (int i = 0; i < HALTS && !met; i++) {
		GDBusConnection *c = rig_connect(rig, RIG_ALICE);
		int answers = 0, out[2];
		enum halted when = halt(rig, c, most_usec, &answers, out);

		met = when == BETWEEN;
		/* as long as a launch takes on this one */
		most_usec += when == BEFORE ? most_usec / 8 : 0;
		most_usec -= when == AFTER ? most_usec / 16 : 0;
		assert_return_code(kill(rig_pid(rig, RIG_LAUNCHER), met ? SIGKILL : SIGCONT), errno);
		/* its client is still there: nothing else would end it */
		if (met)
			expect_hung_up(out[0]);
		while (answers == 0)
			(void)g_main_context_iteration(NULL, TRUE);
		(void)close(out[0]);
		rig_disconnect(rig, c);
		rig_wait_jailed(rig, 0);
	}
	assert_true(met);
	rig_wait_ready(rig);
}

/* The time that a sandbox may run does not begin anew; a new launcher stops it. */
static void test_runtime(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s;

	launch(c, forever, "{'runtime-max-usec': <@t 4000000>}", &s);
	rig_kill_and_wait(rig, RIG_LAUNCHER);
	expect_end(c, &s, "timeout", 0, SIGTERM);
	rig_disconnect(rig, c);
}

/* A client that leaves between two launchers. */
static void test_client_leaves(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s;

	launch(c, forever, NULL, &s);
	kill_now(rig, RIG_LAUNCHER);
	rig_disconnect(rig, c);
	assert_true(has_ended(s.pidfd, RIG_TIMEOUT_MS));
	rig_sandbox_done(&s);
	rig_wait_jailed(rig, 0);
}

static void test_lifeline(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_launch l = { .profile = "tool", .argv = forever, .n_more = 1 };
	struct rig_sandbox s;
	int pair[2];

	assert_return_code(pipe(pair), errno);
	l.more[0] = pair[0];
	l.options = g_variant_new_parsed("{'lifeline': <handle 0>}");
	rig_launch(c, &l, &s);
	(void)close(pair[0]);
	rig_kill_and_wait(rig, RIG_LAUNCHER);
	assert_false(has_ended(s.pidfd, 0));
	(void)close(pair[1]);
	expect_end(c, &s, "client-gone", 0, SIGTERM);
	rig_disconnect(rig, c);
}

/* Broker and launcher at once: a new broker learns from a new launcher. */
static void test_both(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s;

	launch(c, forever, NULL, &s);
	kill_now(rig, RIG_BROKER);
	rig_kill_and_wait(rig, RIG_LAUNCHER);
	assert_false(has_ended(s.pidfd, 0));
	g_variant_unref(rig_call_ok(c, s.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0)));
	expect_end(c, &s, "killed", 0, SIGKILL);
	rig_disconnect(rig, c);
}

/* Frozen stays frozen, and is the next launcher's to thaw. */
static void test_frozen(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *cgroup = rig_cgroup_name(rig);
	struct rig_sandbox s;

	if (!cgroup)
		skip();
	launch(c, forever, NULL, &s);
	g_variant_unref(rig_call_ok(c, s.path, RIG_SANDBOX, "Freeze", NULL));
	rig_kill_and_wait(rig, RIG_LAUNCHER);
	g_variant_unref(rig_call_ok(c, s.path, RIG_SANDBOX, "Thaw", NULL));
	g_variant_unref(
		rig_call_ok(c, s.path, RIG_SANDBOX, "Signal", g_variant_new("(is)", (gint32)SIGTERM, "all")));
	expect_end(c, &s, "signal", 0, SIGTERM);
	rig_disconnect(rig, c);
}

/* A call that the policy kills for, made while no launcher runs: it waits, and the next one kills. */
static void test_violation(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	static const char *const argv[] = { "/usr/bin/dash", "-c", "read x; exec /usr/bin/hostname other",
		NULL };
	struct rig_launch l = { .profile = "named", .argv = argv, .n_fds = 1 };
	g_autoptr(GVariant) v = NULL;
	struct rig_sandbox s;
	g_autofree char *text = NULL;
	int pair[2];

	rig_write(rig, "profiles/named.profile",
		"[Access]\nAllowUser=man\n[Exec]\nExecutable=/usr/bin/dash\n[Seccomp]\n"
		"SystemCallFilter=~sethostname:kill seccomp:EPERM prctl:EPERM\n");
	rig_reload(rig);
	assert_return_code(pipe(pair), errno);
	l.fds[1] = pair[0];
	rig_launch(c, &l, &s);
	(void)close(pair[0]);
	kill_now(rig, RIG_LAUNCHER);
	assert_int_equal(write(pair[1], "go\n", 3), 3);
	(void)close(pair[1]);
	g_free(rig_wait(c, &s, NULL, NULL));
	v = rig_call_ok(c, s.path, RIG_SANDBOX, "GetViolations", NULL);
	text = g_variant_print(v, FALSE);
	if (!strstr(text, "'sethostname'"))
		fail_msg("violations: %s", text);
	expect_end(c, &s, "violation", 0, SIGSYS);
	rig_remove(rig, "profiles/named.profile");
	rig_reload(rig);
	rig_disconnect(rig, c);
}

static guint32 uid_of(GDBusConnection *c, const struct rig_sandbox *s)
{
	g_autoptr(GVariant) v = rig_property(c, s->path, RIG_SANDBOX, "Uid");

	return g_variant_get_uint32(v);
}

/* What an adopted sandbox has is not given to another one. */
static void test_uids(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s[4];

	launch(c, forever, NULL, &s[0]);
	rig_kill_and_wait(rig, RIG_LAUNCHER);
	for (size_t i = 1; i < G_N_ELEMENTS(s); i++) {
		launch(c, forever, NULL, &s[i]);
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(uid_of(c, &s[i]), uid_of(c, &s[k]));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(s); i++) {
		g_variant_unref(
			rig_call_ok(c, s[i].path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0)));
		expect_end(c, &s[i], "killed", 0, SIGKILL);
	}
	rig_disconnect(rig, c);
}

#define test(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	/* a daemon for each: the pauses after its launchers' ends grow */
	const struct CMUnitTest tests[] = {
		test(test_statuses),
		test(test_many),
		test(test_unheard),
		test(test_runtime),
		test(test_client_leaves),
		test(test_lifeline),
		test(test_both),
		test(test_frozen),
		test(test_violation),
		test(test_uids),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	if (rig_is_direct())
		cmocka_set_skip_filter("test_both"); /* a connection ends with the broker */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
