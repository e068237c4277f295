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
#define NAMELESS_USEC 1000
#define LAUNCHER_COMM "bailiff-launch" /* as long as names of processes may be */
#define FORKED        0x40             /* PF_FORKNOEXEC of proc_pid_stat(5): it runs no program of its own */
#define DEPTH_MAX     8

struct process {
	pid_t pid, parent;
	char state;
	bool forked;
	char name[16];
};

/* False: it is gone. */
static bool look_at(pid_t pid, struct process *ret)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid), *text = NULL;
	const char *name, *rest;
	unsigned flags;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return false;
	*ret = (struct process){ .pid = pid };
	name = strchr(text, '(');
	rest = strrchr(text, ')');
	if (!name || !rest ||
		sscanf(rest, ") %c %d %*d %*d %*d %*d %u", &ret->state, &ret->parent, &flags) != 3)
		return false;
	ret->forked = flags & FORKED;
	(void)g_strlcpy(ret->name, name + 1, MIN(sizeof(ret->name), (size_t)(rest - name)));
	return ret->state != 'X';
}

/* All that there are: struct process. */
static GArray *look_around(void)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct process));
	g_autoptr(GDir) d = g_dir_open("/proc", 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		const pid_t pid = (pid_t)g_ascii_strtoll(name, NULL, 10);
		struct process p;

		if (pid > 0 && look_at(pid, &p))
			g_array_append_val(all, p);
	}
	return all;
}

static const struct process *find(const GArray *all, pid_t pid)
{
	for (guint i = 0; i < all->len; i++)
		if (g_array_index(all, struct process, i).pid == pid)
			return &g_array_index(all, struct process, i);
	return NULL;
}

static bool is_below(const GArray *all, const struct process *p, pid_t top)
{
	for (int i = 0; p && i < DEPTH_MAX; i++) {
		if (p->parent == top)
			return true;
		p = find(all, p->parent);
	}
	return false;
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

/* @forked: whether it may be a copy of its parent's, as the keeper is. Copies of the launcher's, which go by
 * its program's name, are the keeper's children when their launcher has ended. */
static pid_t child_running(const GArray *all, pid_t parent, const char *program, bool forked)
{
	for (guint i = 0; i < all->len; i++) {
		const struct process *p = &g_array_index(all, struct process, i);

		if (p->parent == parent && p->state != 'Z' && (forked || !p->forked) && runs(p->pid, program))
			return p->pid;
	}
	return 0;
}

static pid_t find_keeper(const struct rig *rig, const GArray *all)
{
	return child_running(all, rig->stub, "bailiffd", true);
}

static pid_t find_auditor(const GArray *all, pid_t keeper)
{
	for (guint i = 0; i < all->len; i++) {
		const struct process *p = &g_array_index(all, struct process, i);

		if (p->parent == keeper && p->state != 'Z' && g_str_equal(p->name, "bailiff-auditor"))
			return p->pid;
	}
	return 0;
}

pid_t rig_pid(struct rig *rig, enum rig_process which)
{
	g_autoptr(GArray) all = which == RIG_STUB ? NULL : look_around();
	pid_t keeper;

	if (which == RIG_STUB)
		return rig->stub;
	keeper = find_keeper(rig, all);
	if (which == RIG_KEEPER || keeper == 0)
		return keeper;
	return child_running(
		all, keeper, which == RIG_LAUNCHER ? "bailiff-launcher" : "bailiff-broker", false);
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
	g_autoptr(GArray) all = look_around();
	const pid_t keeper = find_keeper(rig, all);

	return keeper > 0 ? find_auditor(all, keeper) : 0;
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

/* The process that makes inits, see daemon/jail/init-maker.c: it is there as long as its launcher. */
static bool makes_inits(const struct process *p)
{
	return g_str_equal(p->name, "init-maker");
}

/* The processes that make namespaces for launches to come, see daemon/jail/stock.c and template.c. */
static bool is_maker(const struct process *p)
{
	return g_str_equal(p->name, "net-maker") || g_str_equal(p->name, "template-maker");
}

/* A maker gives itself that name: until then it is a copy of the launcher's that is in no PID namespace of
 * its own. */
static bool may_become_maker(const struct process *p, pid_t keeper)
{
	const guint depth =
		p->forked && g_str_has_prefix(p->name, LAUNCHER_COMM) ? depth_of(p->pid) : G_MAXUINT;

	/* none: it has just ended */
	return depth == 0 || depth == depth_of(keeper);
}

/* Adds those of the jails. False: of one it can not be told yet. */
static bool add_jailed(struct rig *rig, const GArray *all, GArray *found, bool told)
{
	const pid_t keeper = find_keeper(rig, all), auditor = find_auditor(all, keeper),
		    launcher = child_running(all, keeper, "bailiff-launcher", false),
		    broker = child_running(all, keeper, "bailiff-broker", false);

	g_array_set_size(found, 0);
	for (guint i = 0; keeper > 0 && i < all->len; i++) {
		const struct process *p = &g_array_index(all, struct process, i);

		if (p->state == 'Z' || !is_below(all, p, keeper) || is_maker(p) || makes_inits(p) ||
			p->pid == auditor || p->pid == launcher || p->pid == broker)
			continue;
		if (!told && may_become_maker(p, keeper))
			return false;
		g_array_append_val(found, *p);
	}
	return true;
}

static GArray *find_jailed(struct rig *rig)
{
	GArray *found = g_array_new(FALSE, FALSE, sizeof(struct process));
	bool told = false;

	for (int i = 0; !told && i <= RIG_TIMEOUT_MS * 1000 / NAMELESS_USEC; i++) {
		g_autoptr(GArray) all = NULL;

		if (i > 0)
			g_usleep(NAMELESS_USEC);
		all = look_around();
		told = add_jailed(rig, all, found, i == RIG_TIMEOUT_MS * 1000 / NAMELESS_USEC);
	}
	return found;
}

bool rig_is_settled(pid_t pid, pid_t launcher)
{
	struct process p;

	return pid > 0 && look_at(pid, &p) && p.state != 'Z' && !is_maker(&p) &&
	       !may_become_maker(&p, launcher);
}

size_t rig_count_jailed(struct rig *rig)
{
	g_autoptr(GArray) jailed = find_jailed(rig);

	return jailed->len;
}

GArray *rig_jailed(struct rig *rig)
{
	g_autoptr(GArray) jailed = find_jailed(rig);
	GArray *pids = g_array_new(FALSE, FALSE, sizeof(pid_t));

	for (guint i = 0; i < jailed->len; i++)
		g_array_append_val(pids, g_array_index(jailed, struct process, i).pid);
	return pids;
}

size_t rig_count_zombies(struct rig *rig)
{
	g_autoptr(GArray) all = look_around();
	size_t n = 0;

	for (guint i = 0; i < all->len; i++) {
		const struct process *p = &g_array_index(all, struct process, i);

		n += p->state == 'Z' && !is_maker(p) && is_below(all, p, rig->stub);
	}
	return n;
}

void rig_wait_jailed(struct rig *rig, size_t n)
{
	g_autoptr(GArray) jailed = find_jailed(rig);

	for (int i = 0; jailed->len != n && i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++) {
		g_usleep(POLL_USEC);
		g_array_unref(jailed);
		jailed = find_jailed(rig);
	}
	if (jailed->len == n)
		return;
	for (guint i = 0; i < jailed->len; i++) {
		const struct process *p = &g_array_index(jailed, struct process, i);

		print_message("%d %s: %c, of %d\n", p->pid, p->name, p->state, p->parent);
	}
	fail_msg("%u jailed processes, wanted %zu", jailed->len, n);
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
