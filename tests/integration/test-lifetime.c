/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Life and death: stop and grace, clients that go away, processes of the daemon that are killed, reload. */

#include "rig.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const char *const forever[] = { "/usr/bin/sleep", "1000", NULL };
static const char *const deaf[] = { "/usr/bin/dash", "-c",
	"trap '' TERM; echo up; while :; do sleep 1000; done", NULL };

static void launch_forever(GDBusConnection *c, GVariant *options, struct rig_sandbox *ret)
{
	struct rig_launch l = { .profile = "tool", .argv = forever, .options = options };

	rig_launch(c, &l, ret);
}

static bool pidfd_ended(int pidfd, int timeout_ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

static void wait_is(GDBusConnection *c, const struct rig_sandbox *s, const char *result, int code, int sig)
{
	int got_code, got_signal;
	g_autofree char *got = rig_wait(c, s, &got_code, &got_signal);

	assert_string_equal(got, result);
	assert_int_equal(got_code, code);
	assert_int_equal(got_signal, sig);
}

static void test_stop_by_signal(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s;
	g_autoptr(GVariant) v = NULL;

	launch_forever(c, NULL, &s);
	v = rig_call_ok(c, s.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)5000000));
	wait_is(c, &s, "killed", 0, SIGTERM);
	assert_true(pidfd_ended(s.pidfd, 0));
	rig_wait_jailed(rig, 0);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

/* A program that ignores the stop signal is killed after the grace, with everything that it started. */
static void test_grace_then_kill(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_launch l = { .profile = "tool", .argv = deaf, .options = rig_options_piped() };
	struct rig_sandbox s;
	g_autoptr(GVariant) v = NULL;
	char up[3];

	rig_launch(c, &l, &s);
	assert_int_equal(read(s.stream[1], up, sizeof(up)), 3);
	v = rig_call_ok(c, s.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)200000));
	wait_is(c, &s, "killed", 0, SIGKILL);
	rig_wait_jailed(rig, 0);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

static void test_signal_main_and_all(void **state)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c",
		"trap 'echo got; exit 3' USR1; echo up; while :; do sleep 0.1; done", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_launch l = { .profile = "tool", .argv = argv, .options = rig_options_piped() };
	g_autoptr(GVariant) v = NULL;
	g_autofree char *out = NULL;
	struct rig_sandbox s;
	char up[3];

	rig_launch(c, &l, &s);
	assert_int_equal(read(s.stream[1], up, sizeof(up)), 3);
	v = rig_call_ok(c, s.path, RIG_SANDBOX, "Signal", g_variant_new("(is)", SIGUSR1, "main"));
	out = rig_read_all(s.stream[1], NULL);
	assert_string_equal(out, "got\n");
	wait_is(c, &s, "exit-code", 3, 0);
	rig_sandbox_done(&s);
	launch_forever(c, NULL, &s);
	g_clear_pointer(&v, g_variant_unref);
	v = rig_call_ok(c, s.path, RIG_SANDBOX, "Signal", g_variant_new("(is)", SIGKILL, "all"));
	wait_is(c, &s, "killed", 0, SIGKILL);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

/* A13: no signal but 1..64, and none to a sandbox that has ended. */
static void test_bad_signals(void **state)
{
	static const int bad[] = { 0, -1, 65, INT_MAX, INT_MIN };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autoptr(GVariant) v = NULL;
	struct rig_sandbox s;

	launch_forever(c, NULL, &s);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		rig_call_fails(c, s.path, RIG_SANDBOX, "Signal", g_variant_new("(is)", bad[i], "main"),
			"org.freedesktop.DBus.Error.InvalidArgs", NULL);
	rig_call_fails(c, s.path, RIG_SANDBOX, "Signal", g_variant_new("(is)", SIGTERM, "some"),
		"org.freedesktop.DBus.Error.InvalidArgs", "whom");
	assert_false(pidfd_ended(s.pidfd, 100));
	v = rig_call_ok(c, s.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0));
	wait_is(c, &s, "killed", 0, SIGKILL);
	rig_call_fails(c, s.path, RIG_SANDBOX, "Signal", g_variant_new("(is)", SIGTERM, "main"),
		RIG_ERROR("NoSuchSandbox"), NULL);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

static void test_client_gone(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE), *other = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s, d;
	g_autoptr(GVariant) v = NULL;

	launch_forever(c, NULL, &s);
	launch_forever(c, g_variant_new_parsed("{'detach': <true>}"), &d);
	rig_disconnect(rig, c);
	assert_true(pidfd_ended(s.pidfd, RIG_TIMEOUT_MS));
	wait_is(other, &s, "client-gone", 0, SIGTERM);
	assert_false(pidfd_ended(d.pidfd, 200));
	v = rig_call_ok(other, d.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0));
	wait_is(other, &d, "killed", 0, SIGKILL);
	rig_wait_jailed(rig, 0);
	rig_sandbox_done(&s);
	rig_sandbox_done(&d);
	rig_disconnect(rig, other);
}

static void test_lifeline(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autoptr(GUnixFDList) in = g_unix_fd_list_new(), out = NULL;
	g_autoptr(GVariant) reply = NULL;
	g_autoptr(GError) error = NULL;
	struct rig_sandbox s = { .pidfd = -1, .stream = { -1, -1, -1 } };
	gint32 index;
	int p[2];

	assert_return_code(pipe(p), errno);
	assert_int_equal(g_unix_fd_list_append(in, p[0], NULL), 0);
	(void)close(p[0]);
	reply = rig_call(c, RIG_PATH, RIG_MANAGER, "LaunchSandboxed",
		g_variant_new_parsed("('tool', ['/usr/bin/sleep', '1000'], @a{ss} {}, @a{uh} {}, "
				     "{'lifeline': <handle 0>})"),
		in, &out, &error);
	if (!reply)
		fail_msg("%s", error->message);
	g_variant_get(reply, "(oh@a{uh}@a{sv})", &s.path, &index, NULL, &s.info);
	s.pidfd = g_unix_fd_list_get(out, index, NULL);
	assert_false(pidfd_ended(s.pidfd, 200));
	(void)close(p[1]);
	assert_true(pidfd_ended(s.pidfd, RIG_TIMEOUT_MS));
	wait_is(c, &s, "client-gone", 0, SIGTERM);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

static void test_runtime_max(void **state)
{
	static const char *const argv[] = { "/usr/bin/sleep", "100", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_BOB), *a = rig_connect(rig, RIG_ALICE);
	struct rig_launch l = { .profile = "strict", .argv = argv };
	struct rig_sandbox s;

	rig_launch(c, &l, &s);
	wait_is(c, &s, "timeout", 0, SIGTERM);
	rig_sandbox_done(&s);
	launch_forever(a, g_variant_new_parsed("{'runtime-max-usec': <uint64 300000>}"), &s);
	wait_is(a, &s, "timeout", 0, SIGTERM);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
	rig_disconnect(rig, a);
}

struct exited {
	char *result, *sender;
	gint32 code, sig;
	unsigned n;
};

static void on_exited(GDBusConnection *c, const char *sender, const char *path, const char *interface,
	const char *name, GVariant *args, gpointer user_data)
{
	struct exited *e = user_data;

	e->n++;
	g_free(e->result);
	g_variant_get(args, "(sii)", &e->result, &e->code, &e->sig);
}

/* Exited() reaches the owner's connection and no other (D5). */
static void test_exited_is_unicast(void **state)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c", "exit 7", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE), *other = rig_connect(rig, RIG_BOB);
	struct rig_launch l = { .profile = "tool", .argv = argv };
	struct exited mine = { 0 }, theirs = { 0 };
	struct rig_sandbox s;

	(void)g_dbus_connection_signal_subscribe(c, RIG_NAME, RIG_SANDBOX, "Exited", NULL, NULL,
		G_DBUS_SIGNAL_FLAGS_NONE, on_exited, &mine, NULL);
	(void)g_dbus_connection_signal_subscribe(other, RIG_NAME, RIG_SANDBOX, "Exited", NULL, NULL,
		G_DBUS_SIGNAL_FLAGS_NONE, on_exited, &theirs, NULL);
	rig_launch(c, &l, &s);
	for (int i = 0; i < RIG_TIMEOUT_MS / 5 && mine.n == 0; i++) {
		(void)g_main_context_iteration(NULL, FALSE);
		g_usleep(5000);
	}
	wait_is(c, &s, "exit-code", 7, 0);
	while (g_main_context_iteration(NULL, FALSE))
		;
	assert_int_equal(mine.n, 1);
	assert_string_equal(mine.result, "exit-code");
	assert_int_equal(mine.code, 7);
	assert_int_equal(theirs.n, 0);
	g_free(mine.result);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
	rig_disconnect(rig, other);
}

static void test_release(void **state)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c", "exit 0", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_launch l = { .profile = "tool", .argv = argv };
	g_autoptr(GVariant) v = NULL;
	struct rig_sandbox s;

	rig_launch(c, &l, &s);
	wait_is(c, &s, "success", 0, 0);
	wait_is(c, &s, "success", 0, 0);
	v = rig_call_ok(c, s.path, RIG_SANDBOX, "Release", NULL);
	rig_call_fails(c, s.path, RIG_SANDBOX, "Wait", NULL, RIG_ERROR("NoSuchSandbox"), NULL);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

/* Q11: the broker is killed: live sandboxes go on, are listed again, and can be waited for and stopped. */
static void test_broker_killed(void **state)
{
	static const char *const later[] = { "/usr/bin/dash", "-c", "read x; exit 9", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	int p[2];
	struct rig_launch l = { .profile = "tool", .argv = later, .n_fds = 1 };
	struct rig_sandbox stopped, ends;
	g_autoptr(GVariant) v = NULL, list = NULL;

	assert_return_code(pipe(p), errno);
	l.fds[0] = 0;
	l.fds[1] = p[0];
	launch_forever(c, NULL, &stopped);
	rig_launch(c, &l, &ends);
	(void)close(p[0]);
	rig_kill_and_wait(rig, RIG_BROKER);
	assert_false(pidfd_ended(stopped.pidfd, 0));
	assert_false(pidfd_ended(ends.pidfd, 0));
	list = rig_call_ok(c, RIG_PATH, RIG_MANAGER, "ListSandboxes", NULL);
	v = g_variant_get_child_value(list, 0);
	assert_true(g_variant_n_children(v) >= 2);
	(void)close(p[1]);
	wait_is(c, &ends, "exit-code", 9, 0);
	g_clear_pointer(&v, g_variant_unref);
	v = rig_call_ok(c, stopped.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)1000000));
	wait_is(c, &stopped, "killed", 0, SIGTERM);
	rig_sandbox_done(&stopped);
	rig_sandbox_done(&ends);
	rig_wait_jailed(rig, 0);
	rig_disconnect(rig, c);
}

/* The client goes while there is no broker: the next broker stops its sandbox. */
static void test_client_gone_without_broker(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s;

	launch_forever(c, NULL, &s);
	assert_return_code(kill(rig_pid(rig, RIG_BROKER), SIGKILL), errno);
	rig_disconnect(rig, c);
	assert_true(pidfd_ended(s.pidfd, RIG_TIMEOUT_MS));
	rig_wait_ready(rig);
	rig_wait_jailed(rig, 0);
	rig_sandbox_done(&s);
}

/* Q12: the launcher is killed: its jails live on, and are the next one's; new ones can be started. */
static void test_launcher_killed(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s, again;
	g_autoptr(GVariant) v = NULL, w = NULL;
	pid_t broker = rig_pid(rig, RIG_BROKER);

	launch_forever(c, NULL, &s);
	rig_kill_and_wait(rig, RIG_LAUNCHER);
	/* neither the broker nor the client's connection to it is another one */
	assert_int_equal(rig_pid(rig, RIG_BROKER), broker);
	assert_false(pidfd_ended(s.pidfd, 0));
	launch_forever(c, NULL, &again);
	assert_true(again.id > s.id);
	v = rig_call_ok(c, again.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0));
	wait_is(c, &again, "killed", 0, SIGKILL);
	assert_false(pidfd_ended(s.pidfd, 0));
	w = rig_call_ok(c, s.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0));
	wait_is(c, &s, "killed", 0, SIGKILL);
	rig_sandbox_done(&s);
	rig_sandbox_done(&again);
	rig_disconnect(rig, c);
}

static guint32 generation(GDBusConnection *c)
{
	g_autoptr(GVariant) v = rig_property(c, RIG_PATH, RIG_MANAGER, "Generation");

	return g_variant_get_uint32(v);
}

/* R7: a good reload raises the generation; a broken one leaves the old catalog in force and says why. */
static void test_reload(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *root = rig_connect(rig, 0), *c = rig_connect(rig, RIG_ALICE);
	guint32 before = generation(root), reported;
	g_autoptr(GVariant) ok = NULL, bad = NULL, mended = NULL;
	g_auto(GStrv) errors = NULL;
	struct rig_sandbox s;

	ok = rig_call_ok(root, RIG_PATH, RIG_MANAGER, "Reload", NULL);
	assert_int_equal(generation(root), before + 1);
	rig_write(rig, "profiles/tool.profile.d/bad.conf", "[Exec]\nNoSuchKey=1\n");
	bad = rig_call_ok(root, RIG_PATH, RIG_MANAGER, "Reload", NULL);
	g_variant_get(bad, "(u^as)", &reported, &errors);
	assert_int_equal(reported, before + 1);
	assert_int_equal(generation(root), before + 1);
	assert_non_null(errors[0]);
	assert_non_null(strstr(errors[0], "bad.conf:2"));
	assert_non_null(strstr(errors[0], "NoSuchKey"));
	launch_forever(c, NULL, &s);
	rig_remove(rig, "profiles/tool.profile.d/bad.conf");
	mended = rig_call_ok(root, RIG_PATH, RIG_MANAGER, "Reload", NULL);
	assert_int_equal(generation(root), before + 2);
	rig_call_fails(c, RIG_PATH, RIG_MANAGER, "Reload", NULL, RIG_ERROR("AccessDenied"), NULL);
	rig_disconnect(rig, c);
	assert_true(pidfd_ended(s.pidfd, RIG_TIMEOUT_MS));
	rig_sandbox_done(&s);
	rig_disconnect(rig, root);
}

/* R8: nothing has to be watched for that. */
static void test_hangup_reloads(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *root = rig_connect(rig, 0);
	guint32 before = generation(root), now = before;

	assert_return_code(kill(rig->stub, SIGHUP), errno);
	for (int i = 0; i < RIG_TIMEOUT_MS / 20 && now == before; i++) {
		g_usleep(20000);
		now = generation(root);
	}
	assert_int_equal(now, before + 1);
	rig_disconnect(rig, root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_stop_by_signal),
		rig_test(test_grace_then_kill),
		rig_test(test_signal_main_and_all),
		rig_test(test_bad_signals),
		rig_test(test_client_gone),
		rig_test(test_lifeline),
		rig_test(test_runtime_max),
		rig_test(test_exited_is_unicast),
		rig_test(test_release),
		rig_test(test_broker_killed),
		rig_test(test_client_gone_without_broker),
		rig_test(test_launcher_killed),
		rig_test(test_reload),
		rig_test(test_hangup_reloads),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	if (rig_is_direct())
		cmocka_set_skip_filter(
			"test_broker_killed"); /* connections end with the broker: test-direct.c */
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
