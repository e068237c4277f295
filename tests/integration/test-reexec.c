/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Another version is installed while sandboxes run: after a reload the keeper is the new program in the same
 * process, launcher and broker are new ones, and the sandboxes live on. A program that could not take over is
 * not let try. And with a watchdog, a helper that hangs is replaced, sandboxes live on.
 */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECT        8 /* connections */
#define CALLS         64
#define COMPILED_USEC 500000 /* the keeper wants to hand over by then, most often */
#define LIVE          10
#define POLL_USEC     10000

static char *tree; /* a build directory of our own, in which programs can be replaced */

/* Where nobody answers: a launch that binds from there stands still. */
static char *stalled;
static int fuse;

static const char *const forever[] = { "/usr/bin/sleep", "1000", NULL };

static void run_shell(const char *script, const char *one, const char *two)
{
	const char *argv[] = { "sh", "-ec", script, "sh", one, two, NULL };
	g_autoptr(GError) error = NULL;
	int status;

	if (!g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
		    &status, &error))
		fail_msg("%s", error->message);
	assert_int_equal(status, 0);
}

/* As a package manager does it: a new file in the place of the old one. */
static void install(const char *from, const char *to)
{
	g_autofree char *source = g_build_filename(g_getenv("BAILIFF_REAL_ROOT"), from, NULL);
	g_autofree char *target = g_build_filename(tree, to, NULL);

	run_shell("cp \"$1\" \"$2.new\"; mv \"$2.new\" \"$2\"", source, target);
}

static void install_all(const char *keeper)
{
	install(keeper, "daemon/keeper/bailiffd");
	install("daemon/launcher/bailiff-launcher", "libexec/bailiff-launcher");
	install("daemon/broker/bailiff-broker", "libexec/bailiff-broker");
}

static ino_t program_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/exe", pid);
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static ino_t installed(const char *name)
{
	g_autofree char *path = g_build_filename(tree, name, NULL);
	struct stat st;

	assert_return_code(stat(path, &st), errno);
	return st.st_ino;
}

static bool has_ended(const struct rig_sandbox *s)
{
	struct pollfd p = { .fd = s->pidfd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void launch_all(GDBusConnection *c, struct rig_sandbox s[LIVE])
{
	const struct rig_launch l = { .profile = "tool", .argv = forever };

	for (size_t i = 0; i < LIVE; i++)
		rig_launch(c, &l, &s[i]);
}

static void end_all(GDBusConnection *c, struct rig_sandbox s[LIVE])
{
	for (size_t i = 0; i < LIVE; i++) {
		g_autofree char *result = NULL;

		assert_false(has_ended(&s[i]));
		g_variant_unref(
			rig_call_ok(c, s[i].path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0)));
		result = rig_wait(c, &s[i], NULL, NULL);
		assert_string_equal(result, "killed");
		rig_sandbox_done(&s[i]);
	}
}

static void reload(struct rig *rig)
{
	GDBusConnection *root = rig_connect(rig, 0);

	g_variant_unref(rig_call_ok(root, RIG_PATH, RIG_MANAGER, "Reload", NULL));
	rig_disconnect(rig, root);
}

/* Until keeper, launcher and broker are what is installed, and a launch works. */
static void wait_for_installed(struct rig *rig, pid_t keeper)
{
	for (int i = 0; i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++) {
		if (program_of(keeper) == installed("daemon/keeper/bailiffd") &&
			program_of(rig_pid(rig, RIG_LAUNCHER)) == installed("libexec/bailiff-launcher") &&
			program_of(rig_pid(rig, RIG_BROKER)) == installed("libexec/bailiff-broker"))
			return rig_wait_ready(rig);
		g_usleep(POLL_USEC);
	}
	fail_msg("the installed programs do not take over");
}

static void replace_and_check(struct rig *rig, const char *program)
{
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	pid_t keeper = rig_pid(rig, RIG_KEEPER), stub = rig_pid(rig, RIG_STUB);
	struct rig_sandbox s[LIVE], after[LIVE];

	launch_all(c, s);
	install_all(program);
	reload(rig);
	wait_for_installed(rig, keeper);
	assert_int_equal(rig_pid(rig, RIG_KEEPER), keeper);
	assert_int_equal(rig_pid(rig, RIG_STUB), stub);
	assert_int_equal(sched_getscheduler(keeper), SCHED_BATCH);
	assert_int_equal(sched_getscheduler(rig_pid(rig, RIG_LAUNCHER)), SCHED_OTHER);
	launch_all(c, after);
	end_all(c, s);
	end_all(c, after);
	rig_disconnect(rig, c);
	rig_wait_jailed(rig, 0);
}

static void test_same_version(void **state)
{
	replace_and_check(*state, "daemon/keeper/bailiffd");
	replace_and_check(*state, "daemon/keeper/bailiffd");
}

/* Its state has a version that adds to this one's; and it does not go back from there. */
static void test_next_version(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c;
	struct rig_sandbox s[LIVE];
	pid_t keeper = rig_pid(rig, RIG_KEEPER), launcher;
	ino_t next;

	replace_and_check(rig, "tests/integration/bailiffd-next");
	c = rig_connect(rig, RIG_ALICE);
	launch_all(c, s);
	next = program_of(keeper);
	launcher = rig_pid(rig, RIG_LAUNCHER);
	install("daemon/keeper/bailiffd", "daemon/keeper/bailiffd");
	reload(rig);
	reload(rig); /* it answers when it has tried the first time */
	assert_int_equal(program_of(keeper), next);
	assert_int_equal(rig_pid(rig, RIG_LAUNCHER), launcher);
	end_all(c, s);
	rig_disconnect(rig, c);
	install("tests/integration/bailiffd-next", "daemon/keeper/bailiffd");
	reload(rig);
	wait_for_installed(rig, keeper);
}

/* The auditor is the new program's own, and was not missed by what the configuration asks for. */
static void test_auditor(void **state)
{
	struct rig *rig = *state;
	pid_t old, now = 0;

	rig_write(rig, "bailiffd.conf.d/audit.conf", "[Broker]\nKernelAudit=yes\n");
	rig_reload(rig);
	old = rig_auditor_pid(rig);
	assert_true(old > 0);
	replace_and_check(rig, "daemon/keeper/bailiffd");
	/* the catalog is not taken before it is there, and replace_and_check() has launched by it */
	now = rig_auditor_pid(rig);
	assert_true(now > 0 && now != old);
	assert_int_equal(program_of(now), installed("daemon/keeper/bailiffd"));
	rig_remove(rig, "bailiffd.conf.d/audit.conf");
	rig_reload(rig);
	for (int i = 0; rig_auditor_pid(rig) > 0 && i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++)
		g_usleep(POLL_USEC);
	assert_int_equal(rig_auditor_pid(rig), 0);
}

/* No bailiffd at all; one that others can write. */
static void test_no_program(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	pid_t keeper = rig_pid(rig, RIG_KEEPER), launcher = rig_pid(rig, RIG_LAUNCHER);
	g_autofree char *path = g_build_filename(tree, "daemon/keeper/bailiffd", NULL);
	ino_t before = program_of(keeper);
	struct rig_sandbox s[LIVE];

	launch_all(c, s);
	run_shell("printf '#!/bin/false\\n' > \"$1.new\"; chmod 755 \"$1.new\"; mv \"$1.new\" \"$1\"", path,
		"");
	reload(rig);
	reload(rig);
	run_shell("chmod 777 \"$1\"", path, "");
	reload(rig);
	reload(rig);
	run_shell("rm \"$1\"", path, "");
	reload(rig);
	reload(rig);
	assert_int_equal(program_of(keeper), before);
	assert_int_equal(rig_pid(rig, RIG_LAUNCHER), launcher);
	end_all(c, s);
	rig_disconnect(rig, c);
}

/* One who asks for reloads, and what came of it. */
struct asker {
	GDBusConnection *c;
	bool again, waits; /* after each answer; for one */
	unsigned n_done, n_refused;
};

static void ask(struct asker *a);

/* There is no broker for a moment, or it is about to go: both say that nothing was done. */
static bool is_refusal(const GError *error)
{
	g_autofree char *name = g_dbus_error_get_remote_error(error);

	return g_strcmp0(name, RIG_ERROR("Busy")) == 0 ||
	       g_strcmp0(name, "org.freedesktop.DBus.Error.ServiceUnknown") == 0 ||
	       g_strcmp0(name, "org.freedesktop.DBus.Error.NameHasNoOwner") == 0;
}

static void on_answer(GObject *source, GAsyncResult *result, gpointer userdata)
{
	struct asker *a = userdata;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	a->waits = false;
	if (!answer && !is_refusal(error))
		fail_msg("a reload has no answer: %s", error->message);
	a->n_done += answer != NULL;
	a->n_refused += answer == NULL;
	if (a->again)
		ask(a);
}

static void ask(struct asker *a)
{
	a->waits = true;
	g_dbus_connection_call(a->c, RIG_NAME, RIG_PATH, RIG_MANAGER, "Reload", NULL, NULL,
		G_DBUS_CALL_FLAGS_NO_AUTO_START, RIG_TIMEOUT_MS, NULL, on_answer, a);
}

static bool any_waits(const struct asker *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].waits)
			return true;
	return false;
}

/* A reload that is asked for while another one is carried out is the broker's next wish, at the very moment
 * when the keeper wants to hand over: it is that broker who has to answer. */
static void test_reload_waits(void **state)
{
	struct rig *rig = *state;
	pid_t keeper = rig_pid(rig, RIG_KEEPER);
	struct asker v[3] = { 0 };

	for (size_t i = 0; i < G_N_ELEMENTS(v); i++)
		v[i].c = rig_connect(rig, 0);
	install_all("daemon/keeper/bailiffd");
	assert_return_code(kill(keeper, SIGSTOP), errno);
	for (size_t i = 0; i < G_N_ELEMENTS(v); i++) {
		ask(&v[i]);
		/* behind it: the broker has the call */
		g_variant_unref(rig_property(v[i].c, RIG_PATH, RIG_MANAGER, "Generation"));
	}
	assert_return_code(kill(keeper, SIGCONT), errno);
	while (any_waits(v, G_N_ELEMENTS(v)))
		(void)g_main_context_iteration(NULL, TRUE);
	wait_for_installed(rig, keeper);
	for (size_t i = 0; i < G_N_ELEMENTS(v); i++) {
		assert_int_equal(v[i].n_done, 1);
		rig_disconnect(rig, v[i].c);
	}
}

static GDBusConnection *connect_direct(struct rig *rig)
{
	g_autofree char *address = g_strdup_printf("unix:path=%s/run/broker", rig->dir);
	g_autoptr(GError) error = NULL;
	GDBusConnection *c = g_dbus_connection_new_for_address_sync(address,
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
			G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, &error);

	if (!c)
		fail_msg("%s: %s", address, error->message);
	return c;
}

static void on_list(GObject *source, GAsyncResult *result, gpointer n_unanswered)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	if (!answer && !is_refusal(error))
		fail_msg("a call over the direct socket has no answer: %s", error->message);
	*(unsigned *)n_unanswered -= 1;
}

/* What was sent over the direct socket before its broker is told to go is answered by it, read or not. */
static void test_direct_calls_wait(void **state)
{
	struct rig *rig = *state;
	pid_t keeper = rig_pid(rig, RIG_KEEPER), broker = rig_pid(rig, RIG_BROKER);
	GDBusConnection *v[DIRECT];
	unsigned n_unanswered = 0;

	for (size_t i = 0; i < DIRECT; i++)
		v[i] = connect_direct(rig);
	assert_return_code(kill(broker, SIGSTOP), errno);
	for (size_t i = 0; i < DIRECT; i++)
		for (size_t k = 0; k < CALLS; k++, n_unanswered++)
			g_dbus_connection_call(v[i], RIG_NAME, RIG_PATH, RIG_MANAGER, "ListSandboxes", NULL,
				NULL, G_DBUS_CALL_FLAGS_NONE, RIG_TIMEOUT_MS, NULL, on_list, &n_unanswered);
	for (size_t i = 0; i < DIRECT; i++)
		assert_true(g_dbus_connection_flush_sync(v[i], NULL, NULL));
	install_all("daemon/keeper/bailiffd");
	assert_return_code(kill(keeper, SIGHUP), errno);
	g_usleep(COMPILED_USEC);
	assert_return_code(kill(broker, SIGCONT), errno);
	while (n_unanswered > 0)
		(void)g_main_context_iteration(NULL, TRUE);
	wait_for_installed(rig, keeper);
	for (size_t i = 0; i < DIRECT; i++) {
		(void)g_dbus_connection_close_sync(v[i], NULL, NULL);
		g_object_unref(v[i]);
	}
}

static void on_launch_failed(GObject *source, GAsyncResult *result, gpointer n_unanswered)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
	g_autofree char *name = NULL;

	assert_null(answer);
	name = g_dbus_error_get_remote_error(error);
	if (!name)
		fail_msg("a launch over the direct socket has no answer: %s", error->message);
	*(unsigned *)n_unanswered -= 1;
}

/* Nor is one left without, whose launch is under way then. */
static void test_direct_launch(void **state)
{
	static const char profile[] = "[Access]\nAllowUser=root\n[Exec]\nExecutable=/usr/bin/sleep\n"
				      "[Filesystem]\nMinimalRoot=yes\nBindReadOnlyPaths=%s/below:/below\n";
	g_autofree char *text = g_strdup_printf(profile, stalled);
	struct rig *rig = *state;
	pid_t keeper = rig_pid(rig, RIG_KEEPER);
	GDBusConnection *c = connect_direct(rig);
	unsigned n_unanswered = 1;

	rig_write(rig, "profiles/stalled.profile", text);
	rig_reload(rig);
	g_dbus_connection_call(c, RIG_NAME, RIG_PATH, RIG_MANAGER, "LaunchSandboxed",
		g_variant_new_parsed("('stalled', ['/usr/bin/sleep', '9'], @a{ss} {}, @a{uh} {}, @a{sv} {})"),
		NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, on_launch_failed, &n_unanswered);
	rig_wait_jailed(rig, 2);
	install_all("daemon/keeper/bailiffd");
	assert_return_code(kill(keeper, SIGHUP), errno);
	while (n_unanswered > 0)
		(void)g_main_context_iteration(NULL, TRUE);
	wait_for_installed(rig, keeper);
	rig_wait_jailed(rig, 0);
	(void)g_dbus_connection_close_sync(c, NULL, NULL);
	g_object_unref(c);
	rig_remove(rig, "profiles/stalled.profile");
}

/* Whoever asks without a pause keeps no other version away, and has an answer to each call. */
static void test_reloads_without_pause(void **state)
{
	struct rig *rig = *state;
	pid_t keeper = rig_pid(rig, RIG_KEEPER);
	struct asker v[4] = { 0 };
	unsigned done = 0, refused = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(v); i++) {
		v[i] = (struct asker){ .c = rig_connect(rig, 0), .again = true };
		ask(&v[i]);
	}
	install_all("daemon/keeper/bailiffd");
	while (program_of(rig_pid(rig, RIG_BROKER)) != installed("libexec/bailiff-broker"))
		(void)g_main_context_iteration(NULL, TRUE);
	for (size_t i = 0; i < G_N_ELEMENTS(v); i++)
		v[i].again = false;
	while (any_waits(v, G_N_ELEMENTS(v)))
		(void)g_main_context_iteration(NULL, TRUE);
	wait_for_installed(rig, keeper);
	for (size_t i = 0; i < G_N_ELEMENTS(v); i++) {
		done += v[i].n_done;
		refused += v[i].n_refused;
		rig_disconnect(rig, v[i].c);
	}
	print_message("%u reloads, %u refused\n", done, refused);
	assert_true(done > 0);
}

static void stop_and_wait(struct rig *rig, enum rig_process which)
{
	pid_t old = rig_pid(rig, which);

	assert_return_code(kill(old, SIGSTOP), errno);
	for (int i = 0; i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++) {
		pid_t now = rig_pid(rig, which);

		if (now > 0 && now != old)
			return rig_wait_ready(rig);
		g_usleep(POLL_USEC);
	}
	fail_msg("a process that hangs was not replaced");
}

/* Q15 */
static void test_hangs(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s[LIVE];

	launch_all(c, s);
	stop_and_wait(rig, RIG_BROKER);
	stop_and_wait(rig, RIG_LAUNCHER);
	for (size_t i = 0; i < LIVE; i++)
		assert_false(has_ended(&s[i]));
	rig_kill_and_wait(rig, RIG_LAUNCHER);
	end_all(c, s);
	rig_disconnect(rig, c);
}

static void mount_stalled(void)
{
	g_autofree char *options = NULL;

	stalled = g_dir_make_tmp("bailiff-stall-XXXXXX", NULL);
	fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	assert_return_code(fuse, errno);
	options = g_strdup_printf("fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fuse);
	assert_return_code(mount("stall", stalled, "fuse.stall", MS_NOSUID | MS_NODEV, options), errno);
}

static int setup(void **state)
{
	const char *real = g_getenv("BAILIFF_BUILD_ROOT");

	tree = g_dir_make_tmp("bailiff-tree-XXXXXX", NULL);
	assert_non_null(tree);
	run_shell("chmod 755 \"$2\"; mkdir -p \"$2/daemon/keeper\" \"$2/libexec\"\n"
		  "ln -s \"$1/tests\" \"$1/dbus\" \"$2\"\n"
		  "cp \"$1/daemon/keeper/bailiffd\" \"$2/daemon/keeper\"\n"
		  "cp -L \"$1/libexec\"/* \"$2/libexec\"",
		real, tree);
	(void)g_setenv("BAILIFF_REAL_ROOT", real, TRUE);
	(void)g_setenv("BAILIFF_BUILD_ROOT", tree, TRUE);
	(void)g_setenv("WATCHDOG_USEC", "4000000", TRUE);
	mount_stalled();
	return rig_setup(state);
}

static int teardown(void **state)
{
	int r = rig_teardown(state);

	(void)close(fuse);
	assert_return_code(umount2(stalled, MNT_DETACH), errno);
	assert_return_code(rmdir(stalled), errno);
	g_free(stalled);
	run_shell("rm -r \"$1\"", tree, "");
	g_free(tree);
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hangs),
		cmocka_unit_test(test_same_version),
		cmocka_unit_test(test_reload_waits),
		cmocka_unit_test(test_direct_calls_wait),
		cmocka_unit_test(test_direct_launch),
		cmocka_unit_test(test_reloads_without_pause),
		cmocka_unit_test(test_auditor),
		cmocka_unit_test(test_next_version),
		cmocka_unit_test(test_no_program),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, setup, teardown);
}
