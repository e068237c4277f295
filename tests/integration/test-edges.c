/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The edges of what can be asked: arguments that only the exec refuses (P19), fd maps that cross each other
 * and our own numbers (F6 to F8), a daemon that runs out of fd numbers (F12), and reloads in the middle of
 * launches and of a sandbox's life (R6, R13).
 */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FDS       16 /* as many as a stock bus carries in a message */
#define RELOADS   12
#define ARGUMENTS 4000

static void reload(struct rig *rig)
{
	GDBusConnection *root = rig_connect(rig, 0);
	g_autoptr(GVariant) v = rig_call_ok(root, RIG_PATH, RIG_MANAGER, "Reload", NULL), errors = NULL;

	errors = g_variant_get_child_value(v, 1);
	if (g_variant_n_children(errors) > 0) {
		g_autofree char *text = g_variant_print(errors, FALSE);

		fail_msg("%s", text);
	}
	rig_disconnect(rig, root);
}

/* P19: less than Bailiff's own limits, more than the kernel takes with so small a stack: it counts the
 * pointers too. */
static void test_exec_takes_less(void **state)
{
	static const char *const few[] = { "/usr/bin/dash", "-c", "exit 0", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree const char **many = g_new0(const char *, ARGUMENTS + 1);
	struct rig_launch l = { .profile = "narrow", .argv = many };
	struct rig_sandbox s;

	memcpy(many, few, 3 * sizeof(*few));
	for (size_t i = 3; i < ARGUMENTS; i++)
		many[i] = "0123456789012345678901234567"; /* 29 bytes with the NUL: 116,000 in all */
	rig_write(rig, "profiles/narrow.profile",
		"[Access]\nAllowUser=man\n[Exec]\nExecutable=/usr/bin/dash\n[Resources]\nLimitSTACK=128K\n");
	reload(rig);
	rig_launch_fails(c, &l, RIG_ERROR("Setup.Exec"), "Argument list too long");
	rig_wait_jailed(rig, 0);
	l.argv = few;
	rig_launch(c, &l, &s);
	rig_finish(c, &s);
	rig_remove(rig, "profiles/narrow.profile");
	reload(rig);
	rig_disconnect(rig, c);
}

struct files {
	int fds[FDS];
	struct stat st[FDS];
};

static void open_files(struct files *f)
{
	for (int i = 0; i < FDS; i++) {
		int p[2];

		assert_return_code(pipe2(p, O_CLOEXEC), errno);
		(void)close(p[1]);
		f->fds[i] = p[0];
		assert_return_code(fstat(p[0], &f->st[i]), errno);
	}
}

static void close_files(struct files *f)
{
	for (int i = 0; i < FDS; i++)
		(void)close(f->fds[i]);
}

/* The probe's line for fd number begins so. */
static void assert_is(const char *output, int number, const struct stat *st)
{
	g_autofree char *line =
		g_strdup_printf("\nfd %d %ju:%ju ", number, (uintmax_t)st->st_dev, (uintmax_t)st->st_ino);
	g_autofree char *all = g_strdup_printf("\n%s", output);

	if (!strstr(all, line))
		fail_msg("fd %d is not the one that was passed:\n%s", number, output);
}

static unsigned count_fds(const char *output)
{
	g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
	unsigned n = 0;

	for (char **line = lines; *line; line++)
		n += g_str_has_prefix(*line, "fd ") ? 1 : 0;
	return n;
}

/* Launches the probe with child number numbers[i] = files[sources[i]], and looks at every one of them. */
static void check_map(GDBusConnection *c, struct files *f, const int *numbers, const int *sources, size_t n)
{
	static const char *const argv[] = { "/probe", "see", NULL };
	struct rig_launch l = { .profile = "wide", .argv = argv, .n_fds = n, .options = rig_options_piped() };
	g_autofree char *output = NULL, *result = NULL;
	struct rig_sandbox s;

	assert_true(n <= G_N_ELEMENTS(l.fds) / 2);
	for (size_t i = 0; i < n; i++) {
		l.fds[2 * i] = numbers[i];
		l.fds[2 * i + 1] = f->fds[sources[i]];
	}
	rig_launch(c, &l, &s);
	output = rig_read_all(s.stream[1], NULL);
	result = rig_wait(c, &s, NULL, NULL);
	assert_string_equal(result, "success");
	for (size_t i = 0; i < n; i++)
		assert_is(output, numbers[i], &f->st[sources[i]]);
	/* those, the three standard streams, and nothing else (J1) */
	assert_int_equal(count_fds(output), n + 3);
	rig_sandbox_done(&s);
}

static void write_wide(struct rig *rig)
{
	g_autofree char *text = g_strdup_printf(
		"[Access]\nAllowUser=man\n[Exec]\nExecutable=/probe\nMaxFileDescriptors=%d\n"
		"StandardOutput=inherit\nStandardError=inherit\n"
		"[Filesystem]\nMinimalRoot=yes\nBindReadOnlyPaths=%s/tests/jail/probe:/probe\n",
		FDS, g_getenv("BAILIFF_BUILD_ROOT"));

	rig_write(rig, "profiles/wide.profile", text);
	reload(rig);
}

/* F6: one source for two numbers. F7: numbers where the daemon keeps its own fds. F8: maps that cross. */
static void test_fd_maps(void **state)
{
	static const int shared[] = { 3, 9, 4 }, one[] = { 0, 0, 0 };
	static const int numbers[] = { 3, 4, 5 }, orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct files f;

	write_wide(rig);
	open_files(&f);
	check_map(c, &f, shared, one, G_N_ELEMENTS(shared));
	for (size_t i = 0; i < G_N_ELEMENTS(orders); i++)
		check_map(c, &f, numbers, orders[i], G_N_ELEMENTS(numbers));
	for (int first = 3; first <= 51; first += 8) {
		int high[8], sources[8];

		for (int i = 0; i < 8; i++) {
			high[i] = first + i;
			sources[i] = (i * 3) % 8;
		}
		check_map(c, &f, high, sources, 8);
	}
	close_files(&f);
	rig_remove(rig, "profiles/wide.profile");
	reload(rig);
	rig_disconnect(rig, c);
}

/* Keys of [Filesystem] from a profile's text to what a payload meets: the host's files, restricted. */
static void test_files(void **state)
{
	static const char *const argv[] = { "/usr/bin/env", "write", "/mnt/new", "--", "open", "/etc/passwd",
		"--", "chmod", "/etc/group", "0644", "--", "chmod", "/proc/sys/kernel/hostname", "0644", "--",
		"open", "/proc/kallsyms", "--", "open", "/dev/tty", "--", "open", "/home/nobody", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *store = g_build_filename(rig->dir, "store", NULL);
	g_autofree char *text = g_strdup_printf(
		"[Access]\nAllowUser=man\n[Exec]\nExecutable=/usr/bin/env\n[Filesystem]\nMinimalRoot=no\n"
		"BindReadOnlyPaths=%s/tests/jail/probe:/usr/bin/env\nBindPaths=%s:/mnt:idmap\n"
		"InaccessiblePaths=/etc/passwd\nProcSubset=all\nDeviceAllow=/dev/tty rw\n",
		g_getenv("BAILIFF_BUILD_ROOT"), store);
	g_autofree char *output = NULL, *made = g_build_filename(store, "new", NULL);
	struct stat st;

	assert_int_equal(mkdir(store, 0700), 0);
	assert_int_equal(chown(store, RIG_BOB, RIG_BOB), 0);
	rig_write(rig, "profiles/files.profile", text);
	reload(rig);
	output = rig_run_probe(c, "files", argv, NULL);
	assert_string_equal(output,
		"write ok\nopen EACCES\nchmod EROFS\nchmod EROFS\nopen EACCES\nopen ENXIO\nopen ENOENT\n");
	assert_int_equal(stat(made, &st), 0);
	assert_int_equal(st.st_uid, RIG_BOB);
	assert_int_equal(unlink(made) | rmdir(store), 0);
	rig_remove(rig, "profiles/files.profile");
	reload(rig);
	rig_disconnect(rig, c);
}

/* A limit below which so many numbers are free: those of the launcher's lie apart. */
static unsigned limit_with_room(pid_t pid, unsigned room)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/fd", pid);
	unsigned limit = 0;

	for (; room > 0; limit++) {
		g_autofree char *name = g_strdup_printf("%s/%u", path, limit);

		room -= !g_file_test(name, G_FILE_TEST_IS_SYMLINK);
	}
	return limit;
}

/* Who ends over it may answer once more before. */
static void stop_live(
	struct rig *rig, GDBusConnection *c, const char *path, enum rig_process which, pid_t tight)
{
	g_autoptr(GVariant) v = NULL;
	g_autoptr(GError) error = NULL;

	rig_wait_ready(rig);
	v = rig_call(c, path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0), NULL, NULL, &error);
	if (v)
		return;
	/* a connection ends before its process does */
	for (int i = 0; rig_pid(rig, which) == tight; i++) {
		if (i == RIG_TIMEOUT_MS / 10)
			fail_msg("Stop: %s", error->message);
		g_usleep(10000);
	}
	rig_wait_ready(rig);
	v = rig_call_ok(c, path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0));
}

/* F12: the fds of a launch do not all fit into this process' table: nothing is started with some of them,
 * who lives already lives on, and the daemon answers. */
static void check_out_of_fds(struct rig *rig, enum rig_process which)
{
	static const char *const argv[] = { "/probe", "see", NULL };
	static const char *const forever[] = { "/usr/bin/sleep", "1000", NULL };
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_launch l = { .profile = "wide", .argv = argv, .n_fds = 8 },
			  live = { .profile = "tool", .argv = forever };
	pid_t tight = rig_pid(rig, which);
	g_autoptr(GError) error = NULL;
	struct rig_sandbox s, none;
	struct files f;

	open_files(&f);
	for (int i = 0; i < 8; i++) {
		l.fds[2 * i] = 3 + i;
		l.fds[2 * i + 1] = f.fds[i];
	}
	rig_launch(c, &live, &s);
	rig_limit_fds(tight, limit_with_room(tight, 4));
	if (rig_launch_try(c, &l, &none, &error))
		fail_msg("launched without room for its fds");
	/* it may have ended over it, or be about to */
	if (rig_pid(rig, which) == tight)
		rig_limit_fds(tight, 1024);
	rig_wait_ready(rig);
	assert_int_equal(kill(s.pid, 0), 0);
	stop_live(rig, c, s.path, which, tight);
	rig_sandbox_done(&s);
	rig_wait_jailed(rig, 0);
	close_files(&f);
	rig_disconnect(rig, c);
}

static void test_out_of_fds(void **state)
{
	struct rig *rig = *state;

	write_wide(rig);
	check_out_of_fds(rig, RIG_BROKER);
	check_out_of_fds(rig, RIG_LAUNCHER);
	rig_remove(rig, "profiles/wide.profile");
	reload(rig);
}

static void on_reloaded(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) v = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
	bool *done = user_data;

	if (!v)
		fail_msg("Reload: %s", error->message);
	*done = true;
}

/* Two files that say the same number: a launch that saw one of them and not the other has seen a mix. */
static void write_snapshot(struct rig *rig, int n)
{
	g_autofree char *profile =
		g_strdup_printf("[Access]\nAllowUser=man\n[Exec]\nExecutable=/usr/bin/dash\n"
				"StandardOutput=inherit\nStandardError=inherit\n"
				"Environment=FIRST=%d\n",
			n);
	g_autofree char *drop_in = g_strdup_printf("[Exec]\nEnvironment=SECOND=%d\n", n);

	rig_write(rig, "profiles/snapshot.profile", profile);
	rig_write(rig, "profiles/snapshot.profile.d/second.conf", drop_in);
}

/* One launch; the number that it saw. A launch that a reload overtook is refused, and may be tried again. */
static int launch_snapshot(GDBusConnection *c)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c", "echo $FIRST $SECOND", NULL };
	struct rig_launch l = { .profile = "snapshot", .argv = argv };
	int first = -1, second = -2;

	for (;;) {
		g_autoptr(GError) error = NULL;
		g_autofree char *output = NULL;
		struct rig_sandbox s;

		l.options = rig_options_piped();
		if (!rig_launch_try(c, &l, &s, &error)) {
			if (!g_str_has_prefix(error->message, RIG_ERROR("Busy")))
				fail_msg("%s", error->message);
			continue;
		}
		output = rig_read_all(s.stream[1], NULL);
		rig_sandbox_done(&s);
		if (sscanf(output, "%d %d", &first, &second) != 2 || first != second)
			fail_msg("a mix of two configurations: %s", output);
		return first;
	}
}

/* R6: each launch while the profiles are reloaded sees one whole configuration, and after it the new one. */
static void test_reload_during_launches(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *root = rig_connect(rig, 0), *c = rig_connect(rig, RIG_ALICE);
	unsigned during = 0;

	write_snapshot(rig, 0);
	reload(rig);
	for (int n = 1; n <= RELOADS; n++) {
		bool done = false;

		write_snapshot(rig, n);
		g_dbus_connection_call(root, RIG_NAME, RIG_PATH, RIG_MANAGER, "Reload", NULL, NULL,
			G_DBUS_CALL_FLAGS_NONE, RIG_TIMEOUT_MS, NULL, on_reloaded, &done);
		while (!done) {
			int seen = launch_snapshot(c);

			assert_true(seen == n || seen == n - 1);
			during++;
			while (g_main_context_iteration(NULL, FALSE))
				;
		}
		assert_int_equal(launch_snapshot(c), n);
	}
	assert_true(during >= RELOADS);
	rig_remove(rig, "profiles/snapshot.profile");
	rig_remove(rig, "profiles/snapshot.profile.d/second.conf");
	reload(rig);
	rig_disconnect(rig, root);
	rig_disconnect(rig, c);
}

/* R13: a profile that is gone takes no sandbox with it: that one is listed, and stopped as it was to be. */
static void test_profile_goes_while_it_runs(void **state)
{
	static const char *const argv[] = { "/usr/bin/sleep", "1000", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_launch l = { .profile = "brief", .argv = argv };
	g_autoptr(GVariant) found = NULL, stopped = NULL;
	g_autofree char *result = NULL, *listed = NULL;
	struct rig_sandbox s;
	int sig;

	rig_write(rig, "profiles/brief.profile",
		"[Access]\nAllowUser=man\n[Exec]\nExecutable=/usr/bin/"
		"sleep\n[Resources]\nKillSignal=SIGHUP\n");
	reload(rig);
	rig_launch(c, &l, &s);
	rig_remove(rig, "profiles/brief.profile");
	/* twice: the launcher keeps the generation before for launches on their way, this one for its sandbox
	 */
	reload(rig);
	reload(rig);
	rig_launch_fails(c, &l, RIG_ERROR("ProfileUnknown"), "brief");
	found = rig_call_ok(c, RIG_PATH, RIG_MANAGER, "ListSandboxes", NULL);
	listed = g_variant_print(found, FALSE);
	assert_non_null(strstr(listed, s.path));
	stopped = rig_call_ok(c, s.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", G_MAXUINT64));
	result = rig_wait(c, &s, NULL, &sig);
	assert_string_equal(result, "killed");
	assert_int_equal(sig, SIGHUP);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_exec_takes_less),
		rig_test(test_files),
		rig_test(test_fd_maps),
		rig_test(test_out_of_fds),
		rig_test(test_reload_during_launches),
		rig_test(test_profile_goes_while_it_runs),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	if (rig_is_direct())
		cmocka_set_skip_filter("test_out_of_fds"); /* who sends what can not be taken loses the
							      connection: test-direct.c */
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
