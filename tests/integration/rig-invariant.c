/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a test may not leave behind while the daemon runs on: fds, mounts, cgroups, processes, files. Taken
 * before each test and compared after it. */

#include "jail/jail.h"
#include "rig.h"

#include <fts.h>
#include <string.h>
#include <unistd.h>

#define POLL_USEC 20000

/* As the kernel calls namespaces. */
#define NETWORKS "net:["
#define SOCKETS  "/net/sockstat" /* of a network that is watched, beside two more descriptors */
#define OF_WATCH 3
#define MOUNTS   "mnt:["
#define PATHS    "/root/" /* in the root of mounts that were made ahead, for Landlock */
#define OF_INITS 1        /* the mount namespace that all jails' inits have */

static const char *const names[] = { "stub", "keeper", "launcher", "broker", "test" };

/* Descriptors of what has a name that begins like this and has that in it. */
static size_t count_open(pid_t pid, const char *prefix, const char *part)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/fd", pid);
	GDir *d = g_dir_open(path, 0, NULL);
	const char *name;
	size_t n = 0;

	while (d && (name = g_dir_read_name(d))) {
		g_autofree char *link = g_build_filename(path, name, NULL),
				*target = g_file_read_link(link, NULL);

		if (g_str_has_prefix(target ? target : "", prefix) && strstr(target ? target : "", part))
			n++;
	}
	if (d)
		g_dir_close(d);
	return n;
}

size_t rig_count_templates(struct rig *rig)
{
	const size_t n = count_open(rig_pid(rig, RIG_LAUNCHER), MOUNTS, "");

	return n > OF_INITS ? n - OF_INITS : 0;
}

size_t rig_count_fds(struct rig *rig, enum rig_process which)
{
	const pid_t pid = rig_pid(rig, which);
	const size_t n = count_open(pid, "", "");
	size_t networks, watched, mounts;

	if (which != RIG_LAUNCHER)
		return n;
	/* what is made ahead may be there, or not be there yet */
	networks = count_open(pid, NETWORKS, "");
	watched = OF_WATCH * count_open(pid, "/proc/", SOCKETS);
	mounts = count_open(pid, MOUNTS, "");
	return n - watched - count_open(pid, PATHS, "") + MAX(networks, JAIL_STOCK_MAX + 1) - networks +
	       MAX(mounts, JAIL_TEMPLATES_MAX + OF_INITS) - mounts;
}

/* For who reads that there are too many. */
static void print_open(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/fd", pid);
	GDir *d = g_dir_open(path, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		g_autofree char *link = g_build_filename(path, name, NULL),
				*target = g_file_read_link(link, NULL);

		print_message("%s: %s\n", name, target ? target : "");
	}
	if (d)
		g_dir_close(d);
}

/* What the broker knows of, whoever's it is. */
static void print_sandboxes(struct rig *rig)
{
	GDBusConnection *root = rig_connect(rig, 0);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) list =
		rig_call(root, RIG_PATH, RIG_MANAGER, "ListSandboxes", NULL, NULL, NULL, &error);
	g_autofree char *text = list ? g_variant_print(list, FALSE) : NULL;

	print_message("sandboxes: %s\n", text ? text : error->message);
	rig_disconnect(rig, root);
}

void rig_await_fds(struct rig *rig, enum rig_process which, size_t n)
{
	size_t now = rig_count_fds(rig, which);

	for (int i = 0; now > n && i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++) {
		g_usleep(POLL_USEC);
		now = rig_count_fds(rig, which);
	}
	if (now <= n)
		return;
	print_open(rig_pid(rig, which));
	print_sandboxes(rig);
	fail_msg("the %s has %zu descriptors, had %zu", names[which], now, n);
}

static void add_file(GString *s, pid_t pid, const char *name)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/%s", pid, name), *text = NULL;

	if (g_file_get_contents(path, &text, NULL, NULL))
		g_string_append(s, text);
}

static int compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_names(GString *s, const char *path, bool directories)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
	GDir *d = g_dir_open(path, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		g_autofree char *child = g_build_filename(path, name, NULL);

		if (!directories || g_file_test(child, G_FILE_TEST_IS_DIR))
			g_ptr_array_add(found, g_steal_pointer(&child));
	}
	if (d)
		g_dir_close(d);
	g_ptr_array_sort(found, compare);
	for (guint i = 0; i < found->len; i++)
		g_string_append_printf(s, "%s\n", (char *)found->pdata[i]);
}

/* The cgroups of jails, below the daemon's. */
static void add_cgroups(GString *s, struct rig *rig)
{
	char root[] = "/sys/fs/cgroup";
	char *const roots[] = { root, NULL };
	g_autofree char *name = rig_cgroup_name(rig);
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);

	assert_non_null(fts);
	for (FTSENT *e = fts_read(fts); e; e = fts_read(fts))
		if (e->fts_info == FTS_D && strcmp(e->fts_name, name) == 0)
			add_names(s, e->fts_path, true);
	(void)fts_close(fts);
}

/* Everything that must be the same afterwards, as text. */
static char *take(struct rig *rig)
{
	GString *s = g_string_new(NULL);
	g_autofree char *run = g_build_filename(rig->dir, "run", NULL);

	g_string_append_printf(s, "%zu jailed\n%zu zombies\n", rig_count_jailed(rig), rig_count_zombies(rig));
	add_names(s, run, false);
	add_cgroups(s, rig);
	add_file(s, rig_pid(rig, RIG_LAUNCHER), "mountinfo");
	add_file(s, getpid(), "mountinfo");
	return g_string_free(s, FALSE);
}

/* The lines of one that the other has not. */
static void print_lines(const char *sign, const char *text, const char *other)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1), others = g_strsplit(other, "\n", -1);

	for (char **line = lines; *line; line++)
		if (!g_strv_contains((const char *const *)others, *line))
			print_message("%s %s\n", sign, *line);
}

void rig_print_difference(const char *before, const char *now)
{
	print_lines("before:", before, now);
	print_lines("after:", now, before);
}

/* GLib closes a connection some time after it was told to: before the test there may be more than after it.
 */
static void count_fds(struct rig *rig, size_t fds[_RIG_PROCESS_MAX + 1])
{
	for (enum rig_process p = RIG_STUB; p < _RIG_PROCESS_MAX; p++)
		fds[p] = rig_count_fds(rig, p);
	fds[_RIG_PROCESS_MAX] = count_open(getpid(), "", "");
}

static bool same(struct rig *rig, const char *now, const size_t fds[_RIG_PROCESS_MAX + 1])
{
	for (size_t p = 0; p <= _RIG_PROCESS_MAX; p++)
		if (fds[p] > rig->fds[p])
			return false;
	return strcmp(now, rig->before) == 0;
}

/* What has ended before is reaped soon, and a process that makes networks ahead has no name of its own in its
 * first moment: what is counted now would be missed later. So it has to be the same twice. */
int rig_test_setup(void **state)
{
	struct rig *rig = *state;
	size_t fds[_RIG_PROCESS_MAX + 1];

	g_free(rig->before);
	rig->before = take(rig);
	count_fds(rig, rig->fds);
	for (int i = 0; i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++) {
		g_autofree char *last = g_steal_pointer(&rig->before);

		memcpy(fds, rig->fds, sizeof(fds));
		g_usleep(POLL_USEC);
		rig->before = take(rig);
		count_fds(rig, rig->fds);
		if (rig_count_zombies(rig) == 0 && strcmp(last, rig->before) == 0 &&
			memcmp(fds, rig->fds, sizeof(fds)) == 0)
			break;
	}
	return 0;
}

int rig_test_teardown(void **state)
{
	struct rig *rig = *state;
	size_t fds[_RIG_PROCESS_MAX + 1];
	g_autofree char *now = NULL;

	/* what a client left is taken away soon, but not before the client is told */
	for (int i = 0; i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++) {
		g_free(now);
		now = take(rig);
		count_fds(rig, fds);
		if (same(rig, now, fds))
			return 0;
		g_usleep(POLL_USEC);
	}
	for (size_t p = 0; p <= _RIG_PROCESS_MAX; p++)
		print_message("%s: %zu fds, now %zu\n", names[p], rig->fds[p], fds[p]);
	rig_print_difference(rig->before, now);
	return -1;
}
