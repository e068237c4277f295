/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Programs that say when they are ready, with the real daemon and by the means that people use: libsystemd,
 * systemd-notify(1), a script. Who hears of it; what becomes of those that never say it, of a flood, and of
 * what is said while a broker is restarted.
 */

#include "rig.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define READ_USEC 100000 /* the launcher has read what was said by then, most often */

#define PYTHON                                                                                               \
	"import os,socket;s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM);"                                \
	"s.sendto(b'READY=1',os.environ['NOTIFY_SOCKET'])"

static const char profile[] = "[Access]\nAllowUser=man\nAllowDetach=yes\n"
			      "[Exec]\nExecutable=/usr/bin/dash\nExecutable=/notifier\n%s"
			      "[Namespaces]\n%s[Filesystem]\n%s"
			      "[Resources]\nTimeoutStopSec=2s\n%s";
static const char bound[] = "BindReadOnlyPaths=%s/tests/integration/notifier:/notifier\n";

static void write_profile(
	struct rig *rig, const char *name, const char *exec, const char *spaces, const char *resources)
{
	bool mounts = spaces[0] == '\0';
	g_autofree char *bind = g_strdup_printf(bound, g_getenv("BAILIFF_BUILD_ROOT")),
			*text = g_strdup_printf(profile, exec, spaces,
				mounts ? bind : "MinimalRoot=no\nPrivateTmp=no\nPrivateDevices=no\n",
				resources),
			*file = g_strdup_printf("profiles/%s.profile", name);

	rig_write(rig, file, text);
}

static GDBusConnection *prepare(struct rig *rig)
{
	write_profile(rig, "notify", "PassEnvironment=NOTIFY* LANG\n", "", "");
	write_profile(rig, "hasty", "Environment=NOTIFY_SOCKET=/elsewhere\n", "", "TimeoutStartSec=1s\n");
	rig_reload(rig);
	return rig_connect(rig, RIG_ALICE);
}

static void finish(struct rig *rig, GDBusConnection *c)
{
	rig_disconnect(rig, c);
	rig_remove(rig, "profiles/notify.profile");
	rig_remove(rig, "profiles/hasty.profile");
	rig_reload(rig);
	rig_wait_jailed(rig, 0);
}

static void launch(GDBusConnection *c, const char *name, const char *const *argv, const char *options,
	struct rig_sandbox *ret)
{
	struct rig_launch l = { .profile = name,
		.argv = argv,
		.options = g_variant_new_parsed(options ? options : "{'ready': <'notify'>}") };

	rig_launch(c, &l, ret);
}

static bool state_is(GDBusConnection *c, const struct rig_sandbox *s, const char *expected)
{
	g_autoptr(GVariant) v = rig_property(c, s->path, RIG_SANDBOX, "State");

	return g_str_equal(g_variant_get_string(v, NULL), expected);
}

static void await_state(GDBusConnection *c, const struct rig_sandbox *s, const char *expected)
{
	for (int i = 0; i < RIG_TIMEOUT_MS / 10 && !state_is(c, s, expected); i++) {
		(void)g_main_context_iteration(NULL, FALSE);
		g_usleep(10000);
	}
	assert_true(state_is(c, s, expected));
}

static void wait_is(GDBusConnection *c, const struct rig_sandbox *s, const char *result, int code, int sig)
{
	int got_code, got_signal;
	g_autofree char *got = rig_wait(c, s, &got_code, &got_signal);

	assert_string_equal(got, result);
	assert_int_equal(got_code, code);
	assert_int_equal(got_signal, sig);
}

static void on_ready(GDBusConnection *c, const char *sender, const char *path, const char *interface,
	const char *name, GVariant *args, void *data)
{
	unsigned *n = data;

	++*n;
}

static unsigned listen_ready(GDBusConnection *c, unsigned *n)
{
	return g_dbus_connection_signal_subscribe(c, rig_is_direct() ? NULL : RIG_NAME, RIG_SANDBOX, "Ready",
		NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_ready, n, NULL);
}

/* Each means; Alice hears of it once on the connection that launched it, and nobody else. */
static void test_means(void **state)
{
	static const char *const means[][4] = {
		{ "/notifier", NULL },
		{ "/notifier", "barrier", NULL },
		{ "/usr/bin/dash", "-c", "systemd-notify --status=x; systemd-notify --ready; sleep 1000",
			NULL },
		{ "/usr/bin/dash", "-c", "systemd-notify --no-block --ready; exec sleep 1000", NULL },
		{ "/usr/bin/dash", "-c", "python3 -c \"" PYTHON "\"; exec sleep 1000", NULL },
	};
	struct rig *rig = *state;
	GDBusConnection *c = prepare(rig), *second = rig_connect(rig, RIG_ALICE),
			*bob = rig_connect(rig, RIG_BOB);
	unsigned mine = 0, other = 0, bobs = 0;

	(void)listen_ready(c, &mine);
	(void)listen_ready(second, &other);
	(void)listen_ready(bob, &bobs);
	for (size_t i = 0; i < G_N_ELEMENTS(means); i++) {
		struct rig_sandbox s;

		launch(c, "notify", means[i], NULL, &s);
		await_state(second, &s, "ready");
		for (int k = 0; k < RIG_TIMEOUT_MS / 5 && mine <= i; k++) {
			(void)g_main_context_iteration(NULL, FALSE);
			g_usleep(5000);
		}
		rig_call_fails(bob, s.path, "org.freedesktop.DBus.Properties", "Get",
			g_variant_new("(ss)", RIG_SANDBOX, "State"), RIG_ERROR("NoSuchSandbox"), NULL);
		g_variant_unref(
			rig_call_ok(c, s.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0)));
		wait_is(c, &s, "killed", 0, SIGKILL);
		rig_sandbox_done(&s);
		assert_int_equal(mine, i + 1);
	}
	while (g_main_context_iteration(NULL, FALSE))
		;
	assert_int_equal(other + bobs, 0);
	rig_disconnect(rig, second);
	rig_disconnect(rig, bob);
	finish(rig, c);
}

/* It says so when it ends, and ends by itself. */
static void test_stopping(void **state)
{
	static const char *const argv[] = { "/notifier", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = prepare(rig);
	struct rig_sandbox s;

	launch(c, "notify", argv, NULL, &s);
	await_state(c, &s, "ready");
	g_variant_unref(
		rig_call_ok(c, s.path, RIG_SANDBOX, "Signal", g_variant_new("(is)", SIGTERM, "main")));
	wait_is(c, &s, "exit-code", 23, 0);
	rig_sandbox_done(&s);
	finish(rig, c);
}

/* Without the option nothing is awaited; with it, not for ever. The socket is not the one of the profile. */
static void test_never(void **state)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c", "sleep 1000", NULL }, *const look[] = {
		"/usr/bin/dash", "-c", "test -S $NOTIFY_SOCKET || exit 4; sleep 2; exit 5", NULL
	};
	struct rig *rig = *state;
	GDBusConnection *c = prepare(rig);
	struct rig_sandbox s;

	launch(c, "hasty", argv, NULL, &s);
	wait_is(c, &s, "timeout", 0, SIGTERM);
	rig_sandbox_done(&s);
	launch(c, "hasty", look, NULL, &s);
	wait_is(c, &s, "timeout", 0, SIGTERM);
	rig_sandbox_done(&s);
	launch(c, "hasty", look, "{'ready': <'exec'>}", &s);
	wait_is(c, &s, "exit-code", 4, 0);
	rig_sandbox_done(&s);
	finish(rig, c);
}

static void test_refused(void **state)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c", "exit 0", NULL }, *const env[] = {
		"NOTIFY_SOCKET", "/tmp/x", NULL
	};
	struct rig *rig = *state;
	GDBusConnection *c = prepare(rig);
	struct rig_launch set = { .profile = "notify", .argv = argv, .env = env },
			  mountless = { .profile = "mountless", .argv = argv };

	rig_launch_fails(c, &set, RIG_ERROR("EnvDenied"), "ready=notify");
	write_profile(rig, "mountless", "", "PrivateMounts=no\nPrivatePIDs=no\n", "");
	rig_reload(rig);
	mountless.options = g_variant_new_parsed("{'ready': <'notify'>}");
	rig_launch_fails(c, &mountless, RIG_ERROR("OverrideDenied"), "PrivateMounts=no");
	rig_remove(rig, "profiles/mountless.profile");
	finish(rig, c);
}

/* The broker is killed before it is said; who comes then hears of it. */
static void test_restart(void **state)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c",
		"sleep 1; systemd-notify --ready; sleep 1000", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = prepare(rig);
	struct rig_sandbox s;

	launch(c, "notify", argv, "{'ready': <'notify'>, 'detach': <true>}", &s);
	rig_kill_and_wait(rig, RIG_BROKER);
	c = rig_reconnect(rig, c, RIG_ALICE);
	await_state(c, &s, "ready");
	rig_kill_and_wait(rig, RIG_BROKER);
	c = rig_reconnect(rig, c, RIG_ALICE);
	assert_true(state_is(c, &s, "ready"));
	g_variant_unref(rig_call_ok(c, s.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0)));
	rig_sandbox_done(&s);
	finish(rig, c);
}

/* It is said while the broker does not listen, and then broker and launcher are killed: what the launcher had
 * read is not lost with it. */
static void test_both_killed(void **state)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c",
		"sleep 1; systemd-notify --no-block --ready; echo said; sleep 1000", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = prepare(rig);
	struct rig_sandbox s;
	char said;

	launch(c, "notify", argv, "{'ready': <'notify'>, 'detach': <true>, 'stdio': <{uint32 1: 'pipe'}>}",
		&s);
	assert_return_code(kill(rig_pid(rig, RIG_BROKER), SIGSTOP), errno);
	assert_int_equal(read(s.stream[1], &said, 1), 1);
	g_usleep(READ_USEC);
	assert_return_code(kill(rig_pid(rig, RIG_LAUNCHER), SIGKILL), errno);
	rig_kill_and_wait(rig, RIG_BROKER);
	c = rig_reconnect(rig, c, RIG_ALICE);
	await_state(c, &s, "ready");
	g_variant_unref(rig_call_ok(c, s.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0)));
	rig_sandbox_done(&s);
	finish(rig, c);
}

/* Q1: one that talks without end waits for itself; what it may say counts still. */
static void test_flood(void **state)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c",
		"python3 -c \"import os,socket\n"
		"s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\n"
		"n=os.environ['NOTIFY_SOCKET']\n"
		"os.fork()\n"
		"while 1: s.sendto(b'STATUS='+b'x'*4000,n)\"",
		NULL };
	struct rig *rig = *state;
	GDBusConnection *c = prepare(rig), *bob = rig_connect(rig, RIG_BOB);
	gint64 begin = g_get_monotonic_time();
	struct rig_sandbox s;

	launch(c, "notify", argv, NULL, &s);
	for (int i = 0; i < 200; i++)
		g_variant_unref(rig_call_ok(bob, RIG_PATH, RIG_MANAGER, "ListProfiles", NULL));
	g_test_message(
		"200 calls beside a flood took %" G_GINT64_FORMAT " us", g_get_monotonic_time() - begin);
	assert_true(state_is(c, &s, "running"));
	g_variant_unref(rig_call_ok(c, s.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0)));
	wait_is(c, &s, "killed", 0, SIGKILL);
	rig_sandbox_done(&s);
	rig_disconnect(rig, bob);
	finish(rig, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_means),
		rig_test(test_stopping),
		rig_test(test_never),
		rig_test(test_refused),
		rig_test(test_restart),
		rig_test(test_both_killed),
		rig_test(test_flood),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
