/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Polkit= of profiles and the right to manage, with a stand-in that answers in every way there is, and with
 * the real polkitd under a rule in JavaScript. Rows A3, A4 and Q6 of the threat model where polkit is
 * concerned.
 */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_USEC 20000
#define POLKITD   "/usr/lib/polkit-1/polkitd"

static const char asked_profile[] = "[Access]\nAllowUser=lp\nPolkit=org.bailiff.Broker1.launch\n"
				    "[Exec]\nExecutable=/usr/bin/sleep\n";

static const char *const sleeper[] = { "/usr/bin/sleep", "60", NULL };

struct authority {
	pid_t pid;
	int in, out; /* its standard input and output; -1: none */
};

/* A line of the stand-in's that begins so. */
static void expect_line(struct authority *a, const char *begin)
{
	char line[4096];
	size_t n = 0;

	do {
		for (n = 0; n + 1 < sizeof(line) && (n == 0 || line[n - 1] != '\n'); n++) {
			struct pollfd p = { .fd = a->out, .events = POLLIN };

			if (poll(&p, 1, RIG_TIMEOUT_MS) != 1 || read(a->out, &line[n], 1) != 1)
				fail_msg("no line \"%s\" of polkit", begin);
		}
		line[n] = '\0';
	} while (strncmp(line, begin, strlen(begin)) != 0);
}

static struct authority start_fake(struct rig *rig, const char *mode)
{
	g_autofree char *program =
		g_build_filename(g_getenv("BAILIFF_BUILD_ROOT"), "tests/integration/fake-polkit", NULL);
	const char *argv[] = { program, rig->address, mode, NULL };
	struct authority a = { .in = -1, .out = -1 };
	g_autoptr(GError) error = NULL;

	if (!g_spawn_async_with_pipes(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
		    NULL, &a.pid, &a.in, &a.out, NULL, &error))
		fail_msg("%s", error->message);
	expect_line(&a, "ready");
	return a;
}

static void stop(struct authority *a)
{
	(void)kill(a->pid, SIGTERM);
	assert_int_equal(waitpid(a->pid, NULL, 0), a->pid);
	if (a->in >= 0)
		assert_int_equal(close(a->in) | close(a->out), 0);
}

static struct rig_launch asked(GVariant *options)
{
	return (struct rig_launch){ .profile = "asked", .argv = sleeper, .options = options };
}

static void expect_launched(GDBusConnection *c)
{
	struct rig_launch l = asked(NULL);
	struct rig_sandbox s;

	rig_launch(c, &l, &s);
	g_variant_unref(rig_call_ok(c, s.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0)));
	g_variant_unref(rig_call_ok(c, s.path, RIG_SANDBOX, "Wait", NULL));
	g_variant_unref(rig_call_ok(c, s.path, RIG_SANDBOX, "Release", NULL));
	rig_sandbox_done(&s);
}

static void expect_denied(GDBusConnection *c, const char *says)
{
	struct rig_launch l = asked(NULL);

	rig_launch_fails(c, &l, RIG_ERROR("AccessDenied"), says);
}

static void test_absent(void **state)
{
	GDBusConnection *alice = rig_connect(*state, RIG_ALICE), *bob = rig_connect(*state, RIG_BOB);

	expect_denied(alice, "there is no polkit to ask");
	rig_call_fails(alice, RIG_PATH, RIG_MANAGER, "Reload", NULL, RIG_ERROR("AccessDenied"),
		"there is no polkit to ask");
	/* who is let in by another rule needs none */
	expect_launched(bob);
	rig_disconnect(*state, alice);
	rig_disconnect(*state, bob);
}

static void test_answers(void **state)
{
	static const struct {
		const char *mode, *says;
	} rows[] = {
		{ "yes", NULL },
		{ "no", "polkit does not permit it" },
		{ "challenge", "authentication" },
		{ "garbage", "does not answer as it should" },
		{ "dies", "polkit" },
	};
	GDBusConnection *alice = rig_connect(*state, RIG_ALICE);

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct authority a = start_fake(*state, rows[i].mode);

		if (!rows[i].says) {
			expect_launched(alice);
			expect_line(&a, "asked (('system-bus-name', {'name': <':");
			g_variant_unref(rig_call_ok(
				alice, RIG_PATH, RIG_MANAGER, "SetLogLevel", g_variant_new("(s)", "info")));
			expect_line(&a, "asked");
		} else {
			expect_denied(alice, rows[i].says);
			rig_call_fails(alice, RIG_PATH, RIG_MANAGER, "SetLogLevel",
				g_variant_new("(s)", "debug"), RIG_ERROR("AccessDenied"), "polkit");
		}
		stop(&a);
	}
	rig_disconnect(*state, alice);
}

/* A4, Q6: the caller goes while polkit thinks. The question is taken back, and a late yes starts nothing. */
static void test_caller_leaves(void **state)
{
	struct authority a = start_fake(*state, "slow");

	for (int i = 0; i < 5; i++) {
		GDBusConnection *alice = rig_connect(*state, RIG_ALICE), *bob = rig_connect(*state, RIG_BOB);

		g_dbus_connection_call(alice, RIG_NAME, RIG_PATH, RIG_MANAGER, "LaunchSandboxed",
			g_variant_new_parsed("('asked', ['/usr/bin/sleep', '60'], @a{ss} {}, @a{uh} {}, "
					     "@a{sv} {})"),
			NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL, NULL);
		expect_line(&a, "asked");
		/* others do not wait for it */
		expect_launched(bob);
		rig_disconnect(*state, alice);
		expect_line(&a, "cancelled");
		assert_int_equal(write(a.in, "yes\n", 4), 4);
		rig_disconnect(*state, bob);
	}
	rig_wait_jailed(*state, 0);
	stop(&a);
}

static void write_text(const char *path, const char *text)
{
	assert_true(g_file_set_contents(path, text, -1, NULL));
	assert_return_code(chmod(path, 0644), errno);
}

/* The real one, with our actions and one rule, in a mount namespace where it finds nothing else. */
static void exec_polkitd(struct rig *rig, const char *directory)
{
	g_autofree char *address = g_strdup(rig->address);
	int fd = open("/dev/null", O_RDWR);

	(void)dup2(fd, 0);
	(void)dup2(fd, 1);
	(void)dup2(fd, 2);
	(void)close_range(3, ~0U, 0);
	if (!rig_own_mounts() || mount(directory, "/usr/share/polkit-1/actions", NULL, MS_BIND, NULL) < 0 ||
		mount(directory, "/usr/share/polkit-1/rules.d", NULL, MS_BIND, NULL) < 0 ||
		mount(directory, "/etc/polkit-1/rules.d", NULL, MS_BIND, NULL) < 0)
		_exit(126);
	(void)setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1);
	(void)execl(POLKITD, POLKITD, "--no-debug", (char *)NULL);
	_exit(127);
}

static void wait_for_name(struct rig *rig, const char *name)
{
	GDBusConnection *c = rig_connect(rig, 0);

	for (int i = 0; i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++) {
		g_autoptr(GVariant) v = g_dbus_connection_call_sync(c, "org.freedesktop.DBus",
			"/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner",
			g_variant_new("(s)", name), NULL, G_DBUS_CALL_FLAGS_NONE, RIG_TIMEOUT_MS, NULL, NULL);
		gboolean there = FALSE;

		if (v)
			g_variant_get(v, "(b)", &there);
		if (there) {
			rig_disconnect(rig, c);
			return;
		}
		g_usleep(POLL_USEC);
	}
	fail_msg("nobody owns %s", name);
}

static const char rule[] =
	"polkit.addRule(function(action, subject) {\n"
	"  if (action.id.indexOf('org.bailiff.Broker1.') != 0) return polkit.Result.NOT_HANDLED;\n"
	"  if (action.id == 'org.bailiff.Broker1.launch' && subject.user == 'man' &&\n"
	"      action.lookup('profile') == 'asked' && action.lookup('command_line') == '/usr/bin/sleep 60')\n"
	"    return polkit.Result.YES;\n"
	"  if (action.id == 'org.bailiff.Broker1.manage' && subject.user == 'man' &&\n"
	"      action.lookup('method') == 'SetLogLevel')\n"
	"    return polkit.Result.YES;\n"
	"  if (subject.user == 'games') return polkit.Result.AUTH_ADMIN;\n"
	"  return polkit.Result.NO;\n"
	"});\n";

static void check_real(struct rig *rig)
{
	static const char *const longer[] = { "/usr/bin/sleep", "61", NULL };
	GDBusConnection *alice = rig_connect(rig, RIG_ALICE), *games = rig_connect(rig, 5);
	const struct rig_launch other = { .profile = "asked", .argv = longer };

	expect_launched(alice);
	rig_launch_fails(alice, &other, RIG_ERROR("AccessDenied"), "polkit does not permit it");
	expect_denied(games, "authentication");
	g_variant_unref(
		rig_call_ok(alice, RIG_PATH, RIG_MANAGER, "SetLogLevel", g_variant_new("(s)", "info")));
	rig_call_fails(alice, RIG_PATH, RIG_MANAGER, "Reload", NULL, RIG_ERROR("AccessDenied"),
		"polkit does not permit it");
	rig_disconnect(rig, alice);
	rig_disconnect(rig, games);
}

static void test_real(void **state)
{
	struct rig *rig = *state;
	g_autofree char *directory = g_build_filename(rig->dir, "polkit", NULL);
	g_autofree char *rules = g_build_filename(directory, "50-test.rules", NULL);
	g_autofree char *actions = g_build_filename(directory, "org.bailiff.Broker1.policy", NULL);
	g_autofree char *built =
		g_build_filename(g_getenv("BAILIFF_BUILD_ROOT"), "dbus/org.bailiff.Broker1.policy", NULL);
	g_autofree char *text = NULL;
	struct authority a = { .in = -1, .out = -1 };

	if (access(POLKITD, X_OK) < 0) {
		if (g_strcmp0(g_getenv("BAILIFF_MUST_WORK"), "1") == 0)
			fail_msg("%s is not installed", POLKITD);
		skip();
	}
	assert_return_code(g_mkdir_with_parents(directory, 0755), errno);
	assert_true(g_file_get_contents(built, &text, NULL, NULL));
	write_text(actions, text);
	write_text(rules, rule);
	a.pid = fork();
	assert_return_code(a.pid, errno);
	if (a.pid == 0)
		exec_polkitd(rig, directory);
	wait_for_name(rig, "org.freedesktop.PolicyKit1");
	check_real(rig);
	stop(&a);
}

/* Over the direct socket there is nobody whom polkit could look up: it is not asked, and nothing is
 * permitted. */
static void test_direct(void **state)
{
	struct authority a = start_fake(*state, "yes");
	GDBusConnection *alice = rig_connect(*state, RIG_ALICE), *bob = rig_connect(*state, RIG_BOB);

	expect_denied(alice, "polkit can not be asked");
	rig_call_fails(alice, RIG_PATH, RIG_MANAGER, "Reload", NULL, RIG_ERROR("AccessDenied"),
		"polkit can not be asked");
	expect_launched(bob);
	rig_disconnect(*state, alice);
	rig_disconnect(*state, bob);
	stop(&a);
}

static int setup(void **state)
{
	int r = rig_setup(state);

	rig_write(*state, "profiles/asked.profile", asked_profile);
	rig_reload(*state);
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_absent),
		rig_test(test_answers),
		rig_test(test_caller_leaves),
		rig_test(test_real),
	};

	const struct CMUnitTest direct[] = { rig_test(test_direct) };

	if (!rig_can_run())
		return RIG_SKIPPED;
	if (g_strcmp0(g_getenv("BAILIFF_TEST_BUS"), "direct") == 0)
		return cmocka_run_group_tests_name("polkit", direct, setup, rig_teardown);
	return cmocka_run_group_tests_name("polkit", tests, setup, rig_teardown);
}
