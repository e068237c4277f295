/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A launch with its caller's own name for it: over restarts of the broker, beside other users. */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define TOKEN   "check_42"
#define BY_NAME RIG_PATH "/sandbox/" TOKEN

static const char *const forever[] = { "/usr/bin/sleep", "1000", NULL };

/* With a lifeline, by which it outlives the broker on the direct socket too. */
static struct rig_launch with_token(const char *const *argv, int lifeline, const char *tag)
{
	return (struct rig_launch){ .profile = "tool",
		.argv = argv,
		.more = { lifeline },
		.n_more = 1,
		.options = g_variant_new_parsed(
			"{'token': <%s>, 'tag': <%s>, 'lifeline': <handle 0>}", TOKEN, tag) };
}

static bool is_repeated(const struct rig_sandbox *s)
{
	gboolean repeated = FALSE;

	(void)g_variant_lookup(s->info, "repeated", "b", &repeated);
	return repeated;
}

static void test_over_restart(void **state)
{
	static const char *const other[] = { "/usr/bin/sleep", "1001", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *result = NULL;
	struct rig_sandbox first, again;
	struct rig_launch l;
	int line[2];

	assert_return_code(pipe2(line, O_CLOEXEC), errno);
	l = with_token(forever, line[0], "");
	rig_launch(c, &l, &first);
	assert_string_equal(first.path, BY_NAME);
	assert_false(is_repeated(&first));
	rig_kill_and_wait(rig, RIG_BROKER);
	c = rig_reconnect(rig, c, RIG_ALICE);
	l = with_token(forever, line[0], "");
	rig_launch(c, &l, &again);
	assert_string_equal(again.path, BY_NAME);
	assert_true(is_repeated(&again));
	assert_int_equal(again.id, first.id);
	assert_int_equal(again.pid, first.pid);
	rig_wait_jailed(rig, 2); /* init and program of one sandbox */
	l = with_token(other, line[0], "");
	rig_launch_fails(c, &l, "org.freedesktop.DBus.Error.InvalidArgs", "other parameters");
	l = with_token(forever, line[0], "x");
	rig_launch_fails(c, &l, "org.freedesktop.DBus.Error.InvalidArgs", "other parameters");
	/* it ends with its caller, whichever broker launched it */
	(void)close(line[1]);
	result = rig_wait(c, &again, NULL, NULL);
	assert_string_equal(result, "client-gone");
	l = with_token(forever, line[0], "");
	rig_launch_fails(c, &l, RIG_ERROR("NoSuchSandbox"), "has ended");
	(void)close(line[0]);
	rig_sandbox_done(&first);
	rig_sandbox_done(&again);
	g_variant_unref(rig_call_ok(c, BY_NAME, RIG_SANDBOX, "Release", NULL));
	rig_disconnect(rig, c);
}

static void lend(struct rig *rig, const char *user)
{
	g_autofree char *text =
		g_strdup_printf("[Access]\nAllowUser=%s\n[Exec]\nExecutable=/usr/bin/sleep\n", user);

	GDBusConnection *root = rig_connect(rig, 0);

	rig_write(rig, "profiles/lent.profile", text);
	g_variant_unref(rig_call_ok(root, RIG_PATH, RIG_MANAGER, "Reload", NULL));
	rig_disconnect(rig, root);
}

/* A16: a token gives no right. Who may not launch the profile any more is refused before it is looked at, by
 * the broker that knows the sandbox and by one that has just come. */
static void test_right_is_asked_again(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *result = NULL;
	struct rig_sandbox first, again;
	struct rig_launch l;
	int line[2];

	assert_return_code(pipe2(line, O_CLOEXEC), errno);
	lend(rig, "man");
	l = with_token(forever, line[0], "");
	l.profile = "lent";
	rig_launch(c, &l, &first);
	lend(rig, "lp");
	for (int i = 0; i < 2; i++) {
		l = with_token(forever, line[0], "");
		l.profile = "lent";
		rig_launch_fails(c, &l, RIG_ERROR("AccessDenied"), "may not launch profile lent");
		if (i == 0) {
			rig_kill_and_wait(rig, RIG_BROKER);
			c = rig_reconnect(rig, c, RIG_ALICE);
		}
	}
	lend(rig, "man");
	l = with_token(forever, line[0], "");
	l.profile = "lent";
	rig_launch(c, &l, &again);
	assert_true(is_repeated(&again));
	assert_int_equal(again.id, first.id);
	(void)close(line[1]);
	(void)close(line[0]);
	/* that its processes are gone is no news of the broker's yet */
	result = rig_wait(c, &again, NULL, NULL);
	assert_string_equal(result, "client-gone");
	rig_sandbox_done(&first);
	rig_sandbox_done(&again);
	rig_wait_jailed(rig, 0);
	g_variant_unref(rig_call_ok(c, BY_NAME, RIG_SANDBOX, "Release", NULL));
	rig_disconnect(rig, c);
}

/* D10: neither by its name nor by its id; and root sees the id. */
static void test_others(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE), *bob = rig_connect(rig, RIG_BOB),
			*root = rig_connect(rig, 0);
	g_autofree char *by_id = NULL;
	g_autoptr(GVariant) shown = NULL;
	struct rig_sandbox s;
	const char *path;
	struct rig_launch l = {
		.profile = "tool", .argv = forever, .options = g_variant_new_parsed("{'token': <%s>}", TOKEN)
	};

	rig_launch(c, &l, &s);
	by_id = g_strdup_printf(RIG_PATH "/sandbox/%" G_GUINT64_FORMAT, s.id);
	rig_call_fails(bob, BY_NAME, RIG_SANDBOX, "GetPidfd", NULL, RIG_ERROR("NoSuchSandbox"), NULL);
	rig_call_fails(bob, by_id, RIG_SANDBOX, "GetPidfd", NULL, RIG_ERROR("NoSuchSandbox"), NULL);
	rig_call_fails(root, BY_NAME, RIG_SANDBOX, "GetPidfd", NULL, RIG_ERROR("NoSuchSandbox"), NULL);
	shown = rig_call_ok(root, RIG_PATH, RIG_MANAGER, "GetSandbox", g_variant_new("(t)", (guint64)s.id));
	g_variant_get(shown, "(&o)", &path);
	assert_string_equal(path, by_id);
	/* the same word is another user's own */
	l = (struct rig_launch){ .profile = "strict",
		.argv = (const char *const[]){ "/usr/bin/sleep", "1", NULL },
		.options = g_variant_new_parsed("{'token': <%s>}", TOKEN) };
	rig_sandbox_done(&s);
	rig_launch(bob, &l, &s);
	assert_string_equal(s.path, BY_NAME);
	assert_false(is_repeated(&s));
	rig_sandbox_done(&s);
	rig_disconnect(rig, bob);
	rig_disconnect(rig, c);
	rig_disconnect(rig, root);
	rig_wait_jailed(rig, 0);
}

static void on_exited(GDBusConnection *c, const char *sender, const char *path, const char *interface,
	const char *signal, GVariant *parameters, gpointer user_data)
{
	(*(unsigned *)user_data)++;
}

/* What the token is for: whoever waits before the call misses nothing. */
static void test_signal(void **state)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c", "exit 3", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	const gint64 end = g_get_monotonic_time() + RIG_TIMEOUT_MS * (gint64)1000;
	struct rig_launch l = {
		.profile = "tool", .argv = argv, .options = g_variant_new_parsed("{'token': <'before'>}")
	};
	struct rig_sandbox s;
	unsigned n = 0;
	guint id = g_dbus_connection_signal_subscribe(c, NULL, RIG_SANDBOX, "Exited",
		RIG_PATH "/sandbox/before", NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_exited, &n, NULL);

	rig_launch(c, &l, &s);
	while (n == 0 && g_get_monotonic_time() < end)
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
	assert_int_equal(n, 1);
	g_dbus_connection_signal_unsubscribe(c, id);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_over_restart),
		rig_test(test_right_is_asked_again),
		rig_test(test_others),
		rig_test(test_signal),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
