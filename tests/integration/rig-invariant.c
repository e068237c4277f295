/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a test may not leave behind while the daemon runs on: fds, mounts, cgroups, processes, files. Taken
 * before each test and compared after it. */

#include "rig.h"

#include <fts.h>
#include <string.h>
#include <unistd.h>

#define POLL_USEC 20000

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
 * False: not all of them are at rest. */
static bool count_fds(struct rig *rig, struct rig_fds fds[_RIG_PROCESS_MAX + 1])
{
	bool rest = true;

	for (enum rig_process p = RIG_STUB; p <= _RIG_PROCESS_MAX; p++)
		rest = rig_try_fds(rig, p, &fds[p]) && rest;
	return rest;
}

static bool same(struct rig *rig, const char *now, const struct rig_fds fds[_RIG_PROCESS_MAX + 1])
{
	for (size_t p = 0; p <= _RIG_PROCESS_MAX; p++)
		if (fds[p].n > rig->fds[p].n)
			return false;
	return strcmp(now, rig->before) == 0;
}

/* What has ended before is reaped soon, and a process that makes networks ahead has no name of its own in its
 * first moment: what is counted now would be missed later. So it has to be the same twice, and descriptors
 * are noted when nothing is under way. */
int rig_test_setup(void **state)
{
	const gint64 end = g_get_monotonic_time() + RIG_TIMEOUT_MS * (gint64)1000;
	struct rig *rig = *state;
	bool rest, again;

	g_free(rig->before);
	rig->before = take(rig);
	do {
		g_autofree char *last = g_steal_pointer(&rig->before);

		rest = count_fds(rig, rig->fds);
		rig->before = take(rig);
		again = !rest || rig_count_zombies(rig) > 0 || strcmp(last, rig->before) != 0;
		if (again)
			g_usleep(POLL_USEC);
	} while (again && g_get_monotonic_time() < end);
	if (!rest)
		print_message("the daemon does not come to rest\n");
	return rest ? 0 : -1;
}

int rig_test_teardown(void **state)
{
	const gint64 end = g_get_monotonic_time() + RIG_TIMEOUT_MS * (gint64)1000;
	struct rig_fds fds[_RIG_PROCESS_MAX + 1] = { { .list = NULL } };
	struct rig *rig = *state;
	g_autofree char *now = NULL;
	bool left = true;

	/* what a client left is taken away soon, but not before the client is told */
	while (left && g_get_monotonic_time() < end) {
		bool rest;

		g_free(now);
		now = take(rig);
		rest = count_fds(rig, fds);
		left = !rest || !same(rig, now, fds);
		if (left)
			g_usleep(POLL_USEC);
	}
	for (enum rig_process p = RIG_STUB; p <= _RIG_PROCESS_MAX; p++) {
		if (left)
			rig_print_fds(p, &rig->fds[p], &fds[p]);
		rig_fds_done(&fds[p]);
	}
	if (left)
		rig_print_difference(rig->before, now);
	return left ? -1 : 0;
}
