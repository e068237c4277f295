/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The daemon's processes as the host's /proc shows them: parents by number, names by their executable. */

#include "rig.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_USEC     20000
#define LAUNCHER_COMM "bailiff-launch" /* as long as names of processes may be */
#define NAMELESS_MS   1000
#define SETTLE_USEC   100000
#define SETTLE_TRIES  20

/* Parent of a process, and its state letter; 0 if it is gone. */
static pid_t parent_of(pid_t pid, char *ret_state)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid), *text = NULL;
	const char *rest;
	int parent = 0;
	char state = 'X';

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return 0;
	rest = strrchr(text, ')');
	if (!rest || sscanf(rest, ") %c %d", &state, &parent) != 2)
		return 0;
	*ret_state = state;
	return parent;
}

static GArray *children_in_state(pid_t parent, bool ended)
{
	GArray *found = g_array_new(FALSE, FALSE, sizeof(pid_t));
	GDir *d = g_dir_open("/proc", 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		pid_t pid = (pid_t)g_ascii_strtoll(name, NULL, 10);
		char state;

		if (pid > 0 && parent_of(pid, &state) == parent && state != 'X' && (state == 'Z') == ended)
			g_array_append_val(found, pid);
	}
	if (d)
		g_dir_close(d);
	return found;
}

static GArray *children_of(pid_t parent)
{
	return children_in_state(parent, false);
}

/* The name of the program that a process runs, by /proc/PID/cmdline: argv[0] of our own programs is their
 * path. */
static bool runs(pid_t pid, const char *program)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", pid), *text = NULL, *base = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return false;
	base = g_path_get_basename(text);
	return strcmp(base, program) == 0;
}

/* In how many PID namespaces it is, as the line NSpid of proc(5) tells it. */
static guint depth_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", pid), *text = NULL;
	const char *line;
	guint n = 0;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return 0;
	line = strstr(text, "\nNSpid:");
	assert_non_null(line);
	for (line++; *line != '\n'; line++)
		n += *line == '\t';
	return n;
}

/* A jail's init goes by the launcher's name, and is the keeper's child when its launcher has ended. */
static pid_t child_running(pid_t parent, const char *program)
{
	g_autoptr(GArray) children = children_of(parent);
	guint depth = depth_of(parent);

	for (guint i = 0; i < children->len; i++) {
		pid_t pid = g_array_index(children, pid_t, i);

		if (runs(pid, program) && depth_of(pid) <= depth + (strcmp(program, "bailiffd") == 0))
			return pid;
	}
	return 0;
}

pid_t rig_pid(struct rig *rig, enum rig_process which)
{
	pid_t keeper;

	if (which == RIG_STUB)
		return rig->stub;
	keeper = child_running(rig->stub, "bailiffd");
	if (which == RIG_KEEPER || keeper == 0)
		return keeper;
	return child_running(keeper, which == RIG_LAUNCHER ? "bailiff-launcher" : "bailiff-broker");
}

/* Whether the launcher answers: 1, or 0 if not now, or -1 if this does not tell. */
static int usage_is_told(GDBusConnection *root, const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) v = rig_call(root, path, RIG_SANDBOX, "GetUsage", NULL, NULL, NULL, &error);
	g_autofree char *name = v ? NULL : g_dbus_error_get_remote_error(error);

	return v ? 1 : g_strcmp0(name, RIG_ERROR("NoSuchSandbox")) == 0 ? -1 : 0;
}

static int is_launched(GDBusConnection *alice, const char *profile, const char *const *argv)
{
	const struct rig_launch l = { .profile = profile, .argv = argv };
	g_autoptr(GError) error = NULL;
	g_autofree char *name = NULL;
	struct rig_sandbox s;

	if (rig_launch_try(alice, &l, &s, &error)) {
		g_free(rig_wait(alice, &s, NULL, NULL));
		rig_sandbox_done(&s);
		return 1;
	}
	name = g_dbus_error_get_remote_error(error);
	return g_strcmp0(name, RIG_ERROR("Failed")) == 0 ? 0 : -1;
}

/* By the profiles that the rig has itself. */
static int something_is_launched(GDBusConnection *alice)
{
	static const char *const tool[] = { "/usr/bin/true", NULL }, *const probe[] = { "/probe", "see",
		NULL };
	int r = is_launched(alice, "tool", tool);

	return r < 0 ? is_launched(alice, "probe", probe) : r;
}

static int live_sandbox_is_told_of(GDBusConnection *root)
{
	g_autoptr(GVariant) v = rig_call_ok(root, RIG_PATH, RIG_MANAGER, "ListSandboxes", NULL), list = NULL;
	GVariantIter iter;
	const char *path, *state;
	int r = -1;

	list = g_variant_get_child_value(v, 0);
	g_variant_iter_init(&iter, list);
	while (r < 0 &&
		g_variant_iter_next(&iter, "(&otssuu&s)", &path, NULL, NULL, NULL, NULL, NULL, &state))
		if (g_str_equal(state, "running") || g_str_equal(state, "ready"))
			r = usage_is_told(root, path);
	return r;
}

/* Calls wait in the broker for the next launcher. But for a moment they may still be handed to processes that
 * the dead one had made, which have its socket, and fail with them: that is over when one is served. It is
 * asked for what a sandbox that lives uses; without one for a new one, where the test has the profile. */
static void wait_for_launcher(struct rig *rig)
{
	GDBusConnection *root = rig_connect(rig, 0), *alice = rig_connect(rig, RIG_ALICE);
	int r = 0;

	for (int i = 0; r == 0 && i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++) {
		r = live_sandbox_is_told_of(root);
		if (r < 0)
			r = something_is_launched(alice);
		if (r == 0)
			g_usleep(POLL_USEC);
	}
	rig_disconnect(rig, alice);
	rig_disconnect(rig, root);
}

pid_t rig_auditor_pid(struct rig *rig)
{
	pid_t keeper = rig_pid(rig, RIG_KEEPER);
	g_autoptr(GArray) children = keeper > 0 ? children_of(keeper) : NULL;

	for (guint i = 0; children && i < children->len; i++) {
		const pid_t pid = g_array_index(children, pid_t, i);
		g_autofree char *path = g_strdup_printf("/proc/%d/comm", pid), *name = NULL;

		if (g_file_get_contents(path, &name, NULL, NULL) && strcmp(name, "bailiff-auditor\n") == 0)
			return pid;
	}
	return 0;
}

void rig_kill_and_wait(struct rig *rig, enum rig_process which)
{
	pid_t old = rig_pid(rig, which);

	/* one that was killed before may not have come back yet */
	for (int i = 0; old == 0 && i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++) {
		g_usleep(POLL_USEC);
		old = rig_pid(rig, which);
	}
	assert_true(old > 1);
	assert_return_code(kill(old, SIGKILL), errno);
	for (int i = 0; i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++) {
		pid_t now = rig_pid(rig, which);

		if (now > 0 && now != old) {
			rig_wait_ready(rig);
			if (which == RIG_LAUNCHER)
				wait_for_launcher(rig);
			return;
		}
		g_usleep(POLL_USEC);
	}
	fail_msg("process %d was not started again", which);
}

static char *comm_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/comm", pid);
	char *name = NULL;

	return g_file_get_contents(path, &name, NULL, NULL) ? name : g_strdup("");
}

/* The processes that make namespaces for launches to come, see daemon/jail/stock.c and template.c. */
static bool is_maker(pid_t pid)
{
	g_autofree char *name = comm_of(pid);

	return g_str_equal(name, "net-maker\n") || g_str_equal(name, "template-maker\n");
}

/* It gives itself that name: until then it is any copy of the launcher's that is in no PID namespace of its
 * own, which is nothing for long. */
static bool will_be_maker(pid_t pid, pid_t parent)
{
	for (int i = 0; i < NAMELESS_MS && !is_maker(pid); i++) {
		g_autofree char *name = comm_of(pid), *parents = comm_of(parent);

		if (!g_str_has_prefix(name, LAUNCHER_COMM) || !g_str_has_prefix(parents, LAUNCHER_COMM) ||
			depth_of(pid) != depth_of(parent))
			return false;
		g_usleep(1000);
	}
	return is_maker(pid);
}

static size_t count_below(pid_t top, int depth)
{
	g_autoptr(GArray) children = children_of(top);
	size_t n = 0;

	for (guint i = 0; i < children->len && depth < 8; i++) {
		pid_t child = g_array_index(children, pid_t, i);

		if (!will_be_maker(child, top))
			n += 1 + count_below(child, depth + 1);
	}
	return n;
}

static size_t count_fds(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/fd", pid);
	g_autoptr(GDir) d = g_dir_open(path, 0, NULL);
	size_t n = 0;

	while (d && g_dir_read_name(d))
		n++;
	return n;
}

size_t rig_wait_fds(pid_t pid, size_t expected)
{
	size_t now = count_fds(pid), before = SIZE_MAX;

	for (int i = 0; i < SETTLE_TRIES && now != expected && (expected != SIZE_MAX || now != before); i++) {
		g_usleep(SETTLE_USEC);
		before = now;
		now = count_fds(pid);
	}
	return now;
}

size_t rig_count_jailed(struct rig *rig)
{
	pid_t keeper = rig_pid(rig, RIG_KEEPER);
	size_t n;

	if (keeper == 0)
		return 0;
	n = count_below(keeper, 0);
	n -= rig_pid(rig, RIG_LAUNCHER) > 0;
	n -= rig_pid(rig, RIG_BROKER) > 0;
	n -= rig_auditor_pid(rig) > 0;
	return n;
}

static size_t count_zombies(pid_t top, int depth)
{
	g_autoptr(GArray) children = children_of(top), ended = children_in_state(top, true);
	size_t n = 0;

	for (guint i = 0; i < ended->len; i++)
		n += !is_maker(g_array_index(ended, pid_t, i));
	for (guint i = 0; i < children->len && depth < 8; i++)
		n += count_zombies(g_array_index(children, pid_t, i), depth + 1);
	return n;
}

size_t rig_count_zombies(struct rig *rig)
{
	return count_zombies(rig->stub, 0);
}

void rig_wait_jailed(struct rig *rig, size_t n)
{
	size_t now = 0;

	for (int i = 0; i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++) {
		now = rig_count_jailed(rig);
		if (now == n)
			return;
		g_usleep(POLL_USEC);
	}
	fail_msg("%zu jailed processes, wanted %zu", now, n);
}

void rig_reload(struct rig *rig)
{
	GDBusConnection *c = rig_connect(rig, 0);

	g_variant_unref(rig_call_ok(c, RIG_PATH, RIG_MANAGER, "Reload", NULL));
	rig_disconnect(rig, c);
	rig_wait_jailed(rig, 0);
	for (int i = 0; rig_count_zombies(rig) > 0 && i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++)
		g_usleep(POLL_USEC);
}

/* An id of a process, by the line of its status that begins so; 0 when it has ended. */
static unsigned id_of(pid_t pid, const char *key)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", pid), *text = NULL;
	const char *line;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return 0;
	line = strstr(text, key);
	assert_non_null(line);
	return (unsigned)strtoul(line + strlen(key), NULL, 10);
}

/* As the process' own user: that takes no capability. One that has ended needs none. */
void rig_limit_fds(pid_t pid, rlim_t soft)
{
	uid_t uid = id_of(pid, "\nUid:");
	gid_t gid = id_of(pid, "\nGid:");
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct rlimit limit;

		if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
			_exit(1);
		if (prlimit(pid, RLIMIT_NOFILE, NULL, &limit) < 0)
			_exit(errno == ESRCH ? 0 : 1);
		limit.rlim_cur = soft;
		_exit(prlimit(pid, RLIMIT_NOFILE, &limit, NULL) < 0 && errno != ESRCH ? 2 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

size_t rig_resident(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/statm", pid), *text = NULL;
	g_auto(GStrv) words = NULL;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	words = g_strsplit(text, " ", 3);
	return (size_t)g_ascii_strtoull(words[1], NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}
