/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inject-acts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PARKED_USEC 500000

static const char *const see[] = { "/probe", "see", NULL };
static const char *const forever[] = { "/usr/bin/sleep", "1000", NULL };
static const char warm[] = "[Profile]\nTemplate=tool.profile\n[Pool]\nWarm=2\nMaxWarm=2\n";

static char *log_path(const struct run *run)
{
	return g_build_filename(run->rig->dir, "daemon.log", NULL);
}

char *inject_log(const struct run *run)
{
	g_autofree char *path = log_path(run), *text = NULL;
	gsize size = 0;

	if (!g_file_get_contents(path, &text, &size, NULL) || size < (gsize)run->log_end)
		return g_strdup("");
	return g_strdup(text + run->log_end);
}

void inject_note_log_end(struct run *run)
{
	g_autofree char *path = log_path(run), *text = NULL;
	gsize size = 0;

	(void)g_file_get_contents(path, &text, &size, NULL);
	run->log_end = (goffset)size;
}

void inject_fail_with_log(struct run *run, const char *why)
{
	g_autofree char *log = inject_log(run);
	g_auto(GStrv) lines = g_strsplit(log, "\n", -1);

	/* one by one: all together are more than a message of cmocka's holds */
	for (char **line = lines; *line; line++)
		print_message("daemon.log: %s\n", *line);
	fail_msg("%s: %s", run->what, why);
}

static void fail_unanswered(struct run *run, const char *call)
{
	g_autofree char *why = g_strdup_printf("%s has no answer", call);

	inject_fail_with_log(run, why);
}

static GVariant *call(struct run *run, GDBusConnection *c, const char *path, const char *interface,
	const char *method, GVariant *args)
{
	g_autoptr(GError) error = NULL;
	GVariant *v = rig_call(c, path, interface, method, args, NULL, NULL, &error);

	if (error && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
		fail_unanswered(run, method);
	if (error && g_getenv("BAILIFF_TEST_VERBOSE"))
		print_message("%s: %s: %s\n", run->what, method, error->message);
	return v;
}

static void try_call(
	struct run *run, GDBusConnection *c, const char *path, const char *method, GVariant *args)
{
	GVariant *v = call(run, c, path, RIG_SANDBOX, method, args);

	g_clear_pointer(&v, g_variant_unref);
}

static bool try_launch(
	struct run *run, GDBusConnection *c, const struct rig_launch *l, struct rig_sandbox *ret)
{
	g_autoptr(GError) error = NULL;

	if (rig_launch_try(c, l, ret, &error))
		return true;
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
		fail_unanswered(run, "a launch");
	if (g_getenv("BAILIFF_TEST_VERBOSE"))
		print_message("%s: launch: %s\n", run->what, error->message);
	return false;
}

/* The lines that are the same for every launch, whatever user id of the pool is its. */
static char *comparable(const char *seen)
{
	static const char *const kept[] = { "groups", "cap", "seccomp", "no_new_privs", "securebits",
		"rlimit" };
	g_auto(GStrv) lines = g_strsplit(seen, "\n", -1);
	GString *s = g_string_new(NULL);

	for (char **line = lines; *line; line++)
		for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
			if (g_str_has_prefix(*line, kept[i]))
				g_string_append_printf(s, "%s\n", *line);
	assert_non_null(strstr(seen, "uid 19"));
	assert_non_null(strstr(seen, "gid 19"));
	return g_string_free(s, FALSE);
}

char *inject_look(struct run *run, GDBusConnection *c)
{
	struct rig_launch l = { .profile = "probe", .argv = see, .n_fds = 1 };
	g_autoptr(GVariant) end = NULL;
	g_autofree char *output = NULL;
	const char *result = "";
	struct rig_sandbox s;
	bool launched;
	int pair[2];

	assert_return_code(pipe2(pair, O_CLOEXEC), errno);
	l.fds[0] = STDOUT_FILENO;
	l.fds[1] = pair[1];
	launched = try_launch(run, c, &l, &s);
	(void)close(pair[1]);
	output = rig_read_all(pair[0], NULL);
	(void)close(pair[0]);
	if (!launched)
		return NULL;
	end = call(run, c, s.path, RIG_SANDBOX, "Wait", NULL);
	if (end)
		g_variant_get(end, "(&siia{sv})", &result, NULL, NULL, NULL);
	rig_sandbox_done(&s);
	return strcmp(result, "success") == 0 ? comparable(output) : NULL;
}

void inject_expect_no_jails(struct run *run)
{
	for (int i = 0; rig_count_jailed(run->rig) > 0; i++) {
		if (i == RIG_TIMEOUT_MS * 1000 / POLL_USEC)
			inject_fail_with_log(run, "a process is left");
		g_usleep(POLL_USEC);
	}
}

/* What can not be stopped is not waited for: its client leaves soon. */
static void stop_sandbox(struct run *run, GDBusConnection *c, const struct rig_sandbox *s)
{
	for (int i = 0; i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) v = rig_call(c, s->path, RIG_SANDBOX, "Stop",
			g_variant_new("(t)", (guint64)100000), NULL, NULL, &error);

		if (v)
			return try_call(run, c, s->path, "Wait", NULL);
		/* until the next launcher has come */
		if (!strstr(error->message, RIG_ERROR("Busy")))
			return;
		g_usleep(POLL_USEC);
	}
	inject_fail_with_log(run, "no launcher comes");
}

void inject_expect_denied(struct run *run, const char *sandbox)
{
	const struct rig_launch l = { .profile = "tool", .argv = forever };
	GDBusConnection *bob = rig_connect(run->rig, RIG_BOB);
	g_autoptr(GVariant) stopped = NULL, reloaded = NULL;
	struct rig_sandbox s;

	if (try_launch(run, bob, &l, &s))
		fail_msg("%s: who is denied was let in", run->what);
	if (sandbox)
		stopped = call(run, bob, sandbox, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0));
	reloaded = call(run, bob, RIG_PATH, RIG_MANAGER, "Reload", NULL);
	if (stopped || reloaded)
		fail_msg("%s: what is denied was done", run->what);
	rig_disconnect(run->rig, bob);
}

void inject_reload(struct run *run)
{
	GDBusConnection *root = rig_connect(run->rig, 0);
	GVariant *v = call(run, root, RIG_PATH, RIG_MANAGER, "Reload", NULL);

	g_clear_pointer(&v, g_variant_unref);
	rig_disconnect(run->rig, root);
}

/* Launches, control, denials, a client that leaves. */
void act_serve(struct run *run)
{
	const struct rig_launch l = { .profile = "tool", .argv = forever };
	GDBusConnection *alice = rig_connect(run->rig, RIG_ALICE);
	g_autofree char *seen = inject_look(run, alice);
	struct rig_sandbox s;
	bool launched;

	if (seen && run->healthy)
		assert_string_equal(seen, run->healthy);
	launched = try_launch(run, alice, &l, &s);
	inject_expect_denied(run, launched ? s.path : NULL);
	if (launched) {
		try_call(run, alice, s.path, "GetUsage", NULL);
		try_call(run, alice, s.path, "SetLimits",
			g_variant_new_parsed("({'runtime-max-usec': <@t 100000000>},)"));
		try_call(run, alice, s.path, "Freeze", NULL);
		try_call(run, alice, s.path, "Thaw", NULL);
		try_call(run, alice, s.path, "Signal", g_variant_new("(is)", SIGCONT, "main"));
		stop_sandbox(run, alice, &s);
		rig_sandbox_done(&s);
	}
	if (try_launch(run, alice, &l, &s))
		rig_sandbox_done(&s);
	rig_disconnect(run->rig, alice);
	inject_expect_no_jails(run);
}

void act_reload(struct run *run)
{
	inject_reload(run);
	inject_expect_no_jails(run);
}

void act_serve_and_reload(struct run *run)
{
	act_serve(run);
	act_reload(run);
}

/* Jails are parked, and one of them is taken; or, where none can be parked, a launch makes its own. */
void act_park(struct run *run)
{
	const struct rig_launch l = { .profile = "warm", .argv = forever };
	GDBusConnection *alice = rig_connect(run->rig, RIG_ALICE);
	struct rig_sandbox s;

	rig_write(run->rig, "profiles/warm.profile", warm);
	inject_reload(run);
	for (int i = 0; rig_count_jailed(run->rig) < 2 && i < PARKED_USEC / POLL_USEC; i++)
		g_usleep(POLL_USEC);
	if (try_launch(run, alice, &l, &s)) {
		stop_sandbox(run, alice, &s);
		rig_sandbox_done(&s);
	}
	rig_disconnect(run->rig, alice);
	rig_remove(run->rig, "profiles/warm.profile");
	inject_reload(run);
}

/* False when the daemon ended meanwhile. */
static bool await_other(struct run *run, enum rig_process which, pid_t old)
{
	siginfo_t si = { 0 };

	for (int i = 0; i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++) {
		const pid_t now = rig_pid(run->rig, which);

		if (now > 0 && now != old)
			return true;
		if (waitid(P_PID, (id_t)run->rig->stub, &si, WEXITED | WNOHANG | WNOWAIT) == 0 &&
			si.si_pid != 0)
			return false;
		g_usleep(POLL_USEC);
	}
	inject_fail_with_log(run, "what was killed is not replaced");
	return false;
}

/* One is killed while a sandbox lives. */
static void replace(struct run *run, enum rig_process which)
{
	const struct rig_launch l = { .profile = "tool", .argv = forever };
	GDBusConnection *alice = rig_connect(run->rig, RIG_ALICE);
	const pid_t old = rig_pid(run->rig, which);
	struct rig_sandbox s;
	bool launched = try_launch(run, alice, &l, &s);

	if (old > 0 && kill(old, SIGKILL) == 0 && await_other(run, which, old) && launched) {
		inject_expect_denied(run, s.path);
		stop_sandbox(run, alice, &s);
	}
	if (launched)
		rig_sandbox_done(&s);
	rig_disconnect(run->rig, alice);
	inject_expect_no_jails(run);
}

void act_next_broker(struct run *run)
{
	replace(run, RIG_BROKER);
}

void act_next_launcher(struct run *run)
{
	replace(run, RIG_LAUNCHER);
}

void act_keep(struct run *run)
{
	inject_reload(run);
	replace(run, RIG_LAUNCHER);
	replace(run, RIG_BROKER);
}
