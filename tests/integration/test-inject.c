/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Q7. Every system call of a launch fails once: strace(1) stands in for the kernel and refuses the first, the
 * second and the last call of each kind to the launcher and to all that it starts, up to the program's exec.
 * Then either the launch fails, and no program ran, or it is as complete as ever: what the program sees of
 * itself (ids, capabilities, filters, namespaces, mounts, limits, descriptors) is what it sees without.
 * Either way the next launch works and nothing is left. BAILIFF_INJECT_ALL=1 has every call fail with every
 * error.
 */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FEW 3 /* of the calls of one kind: the first, the second, the last */

#define TEMPLATE_MS 500 /* until the mounts have been made ahead, once more */

static const char *const errors[] = { "EPERM", "ENOMEM", "EIO", "EMFILE", "ENOSPC", "EAGAIN", "EINTR" };
static const char *const see[] = { "/probe", "see", NULL };

/* Ends of processes and of signal handlers, and umask(2), have no error; and the filter of a jail's init,
 * which is left with the last two, ends it for what strace calls in their place. */
static const char *const without_error[] = { "exit", "exit_group", "rt_sigreturn", "umask", "waitid",
	"rt_sigsuspend", NULL };

static const char profile[] =
	"[Access]\nAllowUser=man\n"
	"[Exec]\nExecutable=/probe\nStandardOutput=inherit\n"
	"[User]\nUser=lp\n[Filesystem]\nMinimalRoot=yes\nPrivateTmp=yes\nPrivateDevices=yes\n"
	"BindReadOnlyPaths=%s/tests/jail/probe:/probe\n%s"
	"[Landlock]\nFsPathReadExecute=/probe\nFsPathReadOnly=/proc /dev /etc\nFsPathReadWrite=/tmp\n"
	"[Seccomp]\nSystemCallFilter=~@clock @module @mount\nMemoryDenyWriteExecute=yes\n"
	"[Resources]\nLimitNOFILE=256\nLimitNPROC=64\nTimeoutStopSec=2s\n";

struct run {
	GDBusConnection *c;
	bool ahead;    /* the launches' mounts are made ahead */
	char *healthy; /* what the program sees when nothing fails */
	char *trace;   /* path */
	unsigned n, n_failed, n_launchers, n_templates;
};

static gint compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What differs from one launch to the next is cut: numbers of mounts, namespaces, pipes and processes. So is
 * the order of mounts, which is that in which they were made: a launch from a template makes its own last. */
static char *comparable(const char *seen, const char *own_namespaces)
{
	g_autoptr(GPtrArray) mounts = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) lines = g_strsplit(seen, "\n", -1);
	GString *s = g_string_new(NULL);

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", 5);
		const guint n = g_strv_length(words);

		if (n == 2 && g_str_has_prefix(*line, "ns_"))
			g_string_append_printf(s, "%s %s\n", words[0],
				strstr(own_namespaces, words[1]) ? "the host's" : "its own");
		else if (n == 5 && g_str_has_prefix(*line, "mount "))
			g_ptr_array_add(mounts, g_strdup_printf("mount %s\n", words[4]));
		else if (n == 5 && g_str_has_prefix(*line, "fd "))
			g_string_append_printf(s, "fd %s %s %s\n", words[1], words[3], words[4]);
		else if (n == 2 && g_str_has_prefix(*line, "proc ") && g_ascii_isdigit(words[1][0]))
			continue;
		else if (!g_str_has_prefix(*line, "session_keyring ") && !g_str_has_prefix(*line, "cgroup "))
			g_string_append_printf(s, "%s\n", *line);
	}
	g_ptr_array_sort(mounts, compare);
	for (guint i = 0; i < mounts->len; i++)
		g_string_append(s, mounts->pdata[i]);
	return g_string_free(s, FALSE);
}

/* Of the test and of the launcher: no sandbox has one of them, but where the profile says so. */
static char *namespaces_of(struct rig *rig)
{
	static const char *const names[] = { "mnt", "pid", "net", "ipc", "uts", "cgroup", "user", "time" };
	const pid_t pids[] = { getpid(), rig_pid(rig, RIG_LAUNCHER) };
	GString *s = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(pids) * G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_strdup_printf("/proc/%d/ns/%s", pids[i % 2], names[i / 2]);
		g_autofree char *link = g_file_read_link(path, NULL);

		assert_non_null(link);
		g_string_append_printf(s, "%s\n", link);
	}
	return g_string_free(s, FALSE);
}

/* -1: there is no such process any more. */
static pid_t tracer_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", pid), *text = NULL;
	const char *line;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return -1;
	line = strstr(text, "\nTracerPid:");
	return line ? (pid_t)g_ascii_strtoll(line + strlen("\nTracerPid:"), NULL, 10) : 0;
}

/* strace on the launcher and on what it starts, which is let go at its exec. */
static GPid trace_begin(struct run *run, pid_t launcher, const char *what, const char *inject)
{
	g_autofree char *pid = g_strdup_printf("%d", launcher);
	char *argv[] = { (char[]){ "strace" }, (char[]){ "-qqf" }, (char[]){ "-b" }, (char[]){ "execve" },
		(char[]){ "-o" }, run->trace, (char[]){ "-p" }, pid, (char[]){ "-e" }, g_strdup(what),
		inject ? (char[]){ "-e" } : NULL, g_strdup(inject), NULL };
	g_autoptr(GError) error = NULL;
	GPid strace;

	if (!g_spawn_async(NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
		    &strace, &error))
		fail_msg("strace: %s", error->message);
	g_free(argv[9]);
	g_free(argv[11]);
	/* one that fails in its first call is soon gone */
	for (int i = 0; tracer_of(launcher) != strace && tracer_of(launcher) >= 0; i++) {
		if (i == RIG_TIMEOUT_MS)
			fail_msg("strace does not come to trace the launcher");
		g_usleep(1000);
	}
	return strace;
}

/* Asked to end while a jail ends, strace would wait for the init of a PID namespace, which waits for what
 * strace has to reap; killed, it leaves behind calls half replaced. So first there is nothing left to trace.
 */
static char *trace_end(struct rig *rig, struct run *run, GPid strace)
{
	char *text;
	pid_t got;

	for (int i = 0; rig_count_jailed(rig) > 0 && i < RIG_TIMEOUT_MS; i++)
		g_usleep(1000);
	(void)kill(strace, SIGINT);
	for (int i = 0; (got = waitpid(strace, NULL, WNOHANG)) == 0; i++) {
		g_usleep(1000);
		if (i == RIG_TIMEOUT_MS / 10)
			(void)kill(strace, SIGKILL);
	}
	assert_int_equal(got, strace);
	assert_true(g_file_get_contents(run->trace, &text, NULL, NULL));
	(void)unlink(run->trace);
	return text;
}

/* One launch with its standard output on a pipe of ours. What the program said, also if the launch failed:
 * *ret_error is its error then. */
static char *launch(struct run *run, GError **ret_error)
{
	struct rig_launch l = { .profile = "inject", .argv = see, .n_fds = 1 };
	g_autoptr(GVariant) reply = NULL;
	struct rig_sandbox s;
	bool launched;
	char *output;
	int pair[2];

	assert_return_code(pipe2(pair, O_CLOEXEC), errno);
	l.fds[0] = STDOUT_FILENO;
	l.fds[1] = pair[1];
	launched = rig_launch_try(run->c, &l, &s, ret_error);
	(void)close(pair[1]);
	output = rig_read_all(pair[0], NULL);
	(void)close(pair[0]);
	if (launched) {
		/* a broker that a failure ended is another one now */
		reply = rig_call(run->c, s.path, RIG_SANDBOX, "Wait", NULL, NULL, NULL, ret_error);
		rig_sandbox_done(&s);
	}
	return output;
}

/* Did a call of the launcher's own fail after it had let the program go? Then that may have run although the
 * launch failed, and is killed. */
static bool failed_late(const char *trace, pid_t launcher)
{
	g_autofree char *own = g_strdup_printf("%d ", launcher);
	g_auto(GStrv) lines = g_strsplit(trace, "\n", -1);
	bool gone = false;

	for (char **line = lines; *line; line++) {
		const bool injected = strstr(*line, "(INJECTED)");

		if (!g_str_has_prefix(*line, own))
			continue;
		if (gone && injected)
			return true;
		gone = gone || (strstr(*line, "sendto(") && !injected);
	}
	return false;
}

static void settle(struct rig *rig, struct run *run, pid_t launcher, const char *what)
{
	rig_wait_ready(rig);
	rig_wait_jailed(rig, 0);
	for (int i = 0; i < RIG_TIMEOUT_MS / 20; i++) {
		g_autoptr(GError) error = NULL;

		g_free(launch(run, &error));
		if (!error)
			break;
		if (i == 0 && g_getenv("BAILIFF_TEST_VERBOSE"))
			print_message("%s: the next launch: %s\n", what, error->message);
		if (i + 1 == RIG_TIMEOUT_MS / 20)
			fail_msg("%s: no launch works any more: %s", what, error->message);
		g_usleep(20000);
	}
	rig_wait_jailed(rig, 0);
	run->n_launchers += rig_pid(rig, RIG_LAUNCHER) != launcher;
	for (int i = 0; rig_count_zombies(rig) > 0; i++) {
		if (i == RIG_TIMEOUT_MS / 20)
			fail_msg("%s: %zu processes were not reaped", what, rig_count_zombies(rig));
		g_usleep(20000);
	}
}

/* Whether the next launch will find its mounts made ahead. */
static bool await_template(struct rig *rig, const struct run *run, int patience_ms)
{
	for (int i = 0; run->ahead && i < patience_ms; i++) {
		if (rig_count_templates(rig) > 0)
			return true;
		g_usleep(1000);
	}
	return false;
}

static void fail_once(
	struct rig *rig, struct run *run, const char *call, unsigned nth, const char *error_name)
{
	g_autofree char *what = g_strdup_printf("trace=%s,sendto", call);
	g_autofree char *inject =
		g_strdup_printf("inject=%s:error=%s:syscall=getpid:when=%u", call, error_name, nth);
	g_autofree char *own = namespaces_of(rig), *output = NULL, *seen = NULL, *trace = NULL;
	const pid_t launcher = rig_pid(rig, RIG_LAUNCHER);
	/* who makes one may be what failed last */
	const bool template = await_template(rig, run, TEMPLATE_MS);
	const GPid strace = trace_begin(run, launcher, what, inject);
	g_autoptr(GError) error = NULL;

	output = launch(run, &error);
	trace = trace_end(rig, run, strace);
	run->n++;
	run->n_templates += template;
	run->n_failed += error != NULL;
	if (error && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
		fail_msg("%s: no answer", inject);
	if (error && output[0] != '\0' && !failed_late(trace, launcher))
		fail_msg("%s: the launch failed (%s), and the program ran:\n%s", inject, error->message,
			trace);
	seen = comparable(output, own);
	if (!error && strcmp(seen, run->healthy) != 0) {
		rig_print_difference(run->healthy, seen);
		fail_msg("%s: launched, and what the program sees is not as ever:\n%s", inject, trace);
	}
	if (g_getenv("BAILIFF_TEST_VERBOSE"))
		print_message("%s: %s\n", inject, error ? error->message : "launched");
	settle(rig, run, launcher, inject);
}

/* How often each call is made by the process that makes it most often, by its name. */
static GHashTable *count_calls(const char *trace)
{
	g_autoptr(GHashTable) of_process = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTable *most = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_auto(GStrv) lines = g_strsplit(trace, "\n", -1);

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = g_strsplit_set(*line, " (", -1);
		g_autofree char *name = NULL, *key = NULL;
		guint n;

		for (char **word = words; *word && !name; word++)
			if (word > words && **word != '\0')
				name = g_strdup(*word);
		if (!name || !g_ascii_isalpha(name[0]) || g_strv_contains(without_error, name))
			continue;
		key = g_strdup_printf("%s %s", words[0], name);
		n = GPOINTER_TO_UINT(g_hash_table_lookup(of_process, key)) + 1;
		g_hash_table_insert(of_process, g_steal_pointer(&key), GUINT_TO_POINTER(n));
		if (n > GPOINTER_TO_UINT(g_hash_table_lookup(most, name)))
			g_hash_table_insert(most, g_steal_pointer(&name), GUINT_TO_POINTER(n));
	}
	return most;
}

static void fail_calls_of(struct rig *rig, struct run *run, const char *call, unsigned most, size_t turn)
{
	const bool all = g_getenv("BAILIFF_INJECT_ALL") != NULL;
	/* the first two of these add; the kernel has no error for taking out what is in */
	const unsigned last = strcmp(call, "epoll_ctl") == 0 ? 2 : most;

	for (unsigned n = 1; n <= last; n++)
		for (size_t e = 0; e < G_N_ELEMENTS(errors); e++) {
			const bool chosen = (n < FEW || n == last) && e == (turn + n) % G_N_ELEMENTS(errors);

			if (all || chosen)
				fail_once(rig, run, call, n, errors[e]);
		}
}

/* What calls a launch makes, and what the program sees then. */
static GHashTable *look_at_one(struct rig *rig, struct run *run)
{
	g_autofree char *own = namespaces_of(rig), *trace = NULL, *output = NULL;
	g_autoptr(GError) error = NULL;
	GPid strace;

	g_free(launch(run, &error));
	assert_null(error);
	rig_wait_jailed(rig, 0);
	assert_true(await_template(rig, run, RIG_TIMEOUT_MS) == run->ahead);
	strace = trace_begin(run, rig_pid(rig, RIG_LAUNCHER), "trace=all", NULL);
	output = launch(run, &error);
	trace = trace_end(rig, run, strace);
	assert_null(error);
	run->healthy = comparable(output, own);
	assert_non_null(strstr(run->healthy, "seccomp 2"));
	assert_non_null(strstr(run->healthy, "ns_net its own"));
	return count_calls(trace);
}

/* @more: of the file system. */
static void fail_every_call(struct rig *rig, bool ahead, const char *more)
{
	g_autofree char *text = g_strdup_printf(profile, g_getenv("BAILIFF_BUILD_ROOT"), more);
	const char *only = g_getenv("BAILIFF_INJECT_CALL");
	g_autoptr(GHashTable) calls = NULL;
	g_autoptr(GList) names = NULL;
	struct run run = { .ahead = ahead };
	size_t turn = 0;

	rig_write(rig, "profiles/inject.profile", text);
	rig_reload(rig);
	run.c = rig_connect(rig, RIG_ALICE);
	run.trace = g_build_filename(rig->dir, "trace", NULL);
	calls = look_at_one(rig, &run);
	/* what makes a jail is among them */
	assert_true(g_hash_table_contains(calls, "clone3") && g_hash_table_contains(calls, "seccomp"));
	assert_true(g_hash_table_contains(calls, "landlock_restrict_self"));
	assert_true(g_hash_table_contains(calls, "execveat"));
	assert_true(g_hash_table_contains(calls, "pivot_root") != ahead);
	names = g_list_sort(g_hash_table_get_keys(calls), (GCompareFunc)strcmp);
	for (GList *l = names; l; l = l->next, turn++)
		if (!only || strcmp(only, l->data) == 0)
			fail_calls_of(rig, &run, l->data,
				GPOINTER_TO_UINT(g_hash_table_lookup(calls, l->data)), turn);
	print_message(
		"%u calls of %u kinds failed, %u from a template: %u launches failed, %u launchers ended\n",
		run.n, g_hash_table_size(calls), run.n_templates, run.n_failed, run.n_launchers);
	assert_true(only || (ahead ? run.n_templates > run.n / 2 : run.n_templates == 0));
	/* most are of the set-up, none of which may be missed */
	assert_true(only || run.n_failed > g_hash_table_size(calls));
	g_free(run.healthy);
	g_free(run.trace);
	rig_disconnect(rig, run.c);
}

static void test_every_call(void **state)
{
	/* below what is each launch's own: so all mounts are */
	fail_every_call(*state, false, "BindReadOnlyPaths=/etc/passwd:/tmp/passwd\n");
}

static void test_every_call_from_template(void **state)
{
	fail_every_call(*state, true, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_call),
		cmocka_unit_test(test_every_call_from_template),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests_name("inject", tests, rig_setup, rig_teardown);
}
