/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Mounts made ahead and reloads: they stay for profiles that are as they were, and a launch after a reload
 * has nothing of what its profile was before, whatever was changed, whether its own mounts are made ahead by
 * then or not. Nor has it anything of a source that has been exchanged since.
 */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Mounts are made ahead after 3 ms in which the launcher had nothing to do. */
#define SILENCE_USEC 100000

/* What a program finds. */
static const char script[] = "for f in /data/file /more/file /other/file; do cat $f 2>/dev/null; done\n"
			     "/data/run 2>/dev/null\n"
			     "(: >/data/new) 2>/dev/null && rm /data/new && echo writes\n"
			     "[ -e /dev/null ] && [ -e /dev/fuse ] && echo device\n"
			     "stat -c %a /scratch 2>/dev/null\n"
			     "[ $(id -u) = 7 ] && echo lp\n"
			     "[ -e /proc/meminfo ] && echo meminfo\n"
			     "mkdir /tmp/new 2>/dev/null && echo tmp\n"
			     "exit 0\n";

#define SAME "BindReadOnlyPaths=%s/one:/data\nTemporaryFileSystem=/scratch:mode=0700\n"

/* %s is the rig's directory. */
static const struct change {
	const char *lines, *want;
} changes[] = {
	{ SAME, "one\nruns\n700\ntmp\n" },
	/* another source, place, right, or way to it */
	{ "BindReadOnlyPaths=%s/two:/data\nTemporaryFileSystem=/scratch:mode=0700\n",
		"two\nruns\n700\ntmp\n" },
	{ "BindReadOnlyPaths=%s/one:/more\nTemporaryFileSystem=/scratch:mode=0700\n", "one\n700\ntmp\n" },
	{ "BindPaths=%s/one:/data\nTemporaryFileSystem=/scratch:mode=0700\n",
		"one\nruns\nwrites\n700\ntmp\n" },
	{ SAME "NoExecPaths=/data\n", "one\n700\ntmp\n" },
	{ "BindReadOnlyPaths=-%s/none:/data\nTemporaryFileSystem=/scratch:mode=0700\n", "700\ntmp\n" },
	/* one less, one more, of another kind */
	{ "TemporaryFileSystem=/scratch:mode=0700\n", "700\ntmp\n" },
	{ SAME "BindReadOnlyPaths=%s/two:/more\n", "one\ntwo\nruns\n700\ntmp\n" },
	{ "BindReadOnlyPaths=%s/one:/data\nTemporaryFileSystem=/scratch:mode=0750\n",
		"one\nruns\n750\ntmp\n" },
	{ SAME "DeviceAllow=/dev/fuse rw\n", "one\nruns\ndevice\n700\ntmp\n" },
	{ SAME "PrivateTmp=no\n", "one\nruns\n700\n" },
	{ SAME "ProcSubset=all\n", "one\nruns\n700\nmeminfo\ntmp\n" },
	/* the same mounts, and something else */
	{ SAME "InaccessiblePaths=/data/file\n", "runs\n700\ntmp\n" },
	{ SAME "[User]\nUser=lp\n", "one\nruns\n700\nlp\ntmp\n" },
	{ SAME "[Landlock]\nFsPathReadExecute=/usr\nFsPathReadOnly=/etc /data\n"
	       "FsPathReadWrite=/dev/null /scratch\n",
		"one\n700\n" },
	{ SAME "[Landlock]\nFsPathReadExecute=/usr /data\nFsPathReadOnly=/etc\n"
	       "FsPathReadWrite=/dev/null /tmp\n",
		"one\nruns\n700\ntmp\n" },
	{ SAME, "one\nruns\n700\ntmp\n" },
};

/* Of the first, where its source is the other one's. */
static const struct change exchanged = { SAME, "two\nruns\n700\ntmp\n" };

static void write_profile(struct rig *rig, const char *name, const char *lines)
{
	g_autofree char *path = g_strdup_printf("profiles/%s.profile", name);
	g_auto(GStrv) parts = g_strsplit(lines, "%s", -1);
	g_autofree char *own = g_strjoinv(rig->dir, parts);
	g_autofree char *text = g_strdup_printf("[Access]\nAllowUser=man\n[Exec]\nExecutable=/usr/bin/dash\n"
						"[Filesystem]\nMinimalRoot=yes\nPrivateTmp=yes\n%s",
		own);

	rig_write(rig, path, text);
}

static void make_folder(struct rig *rig, const char *name)
{
	g_autofree char *folder = g_build_filename(rig->dir, name, NULL),
			*file = g_build_filename(folder, "file", NULL),
			*run = g_build_filename(folder, "run", NULL), *line = g_strdup_printf("%s\n", name);

	assert_return_code(mkdir(folder, 0777), errno);
	assert_return_code(chmod(folder, 0777), errno);
	assert_true(g_file_set_contents(file, line, -1, NULL));
	assert_return_code(chmod(file, 0644), errno);
	assert_true(g_file_set_contents(run, "#!/usr/bin/dash\necho runs\n", -1, NULL));
	assert_return_code(chmod(run, 0755), errno);
}

static void await_templates(struct rig *rig, size_t n)
{
	for (int i = 0; rig_count_templates(rig) != n; i++) {
		if (i == RIG_TIMEOUT_MS / 10)
			fail_msg("%zu mount namespaces are there, not %zu", rig_count_templates(rig), n);
		g_usleep(10000);
	}
}

static void look(GDBusConnection *c, const char *profile, const struct change *change)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c", script, NULL };
	g_autofree char *found = rig_run_probe(c, profile, argv, NULL);

	if (strcmp(found, change->want) != 0)
		fail_msg("with\n%s\nit found\n%snot\n%s", change->lines, found, change->want);
}

/* Without an error in any profile. */
static void reload(struct rig *rig)
{
	GDBusConnection *root = rig_connect(rig, 0);
	g_autoptr(GVariant) answer = rig_call_ok(root, RIG_PATH, RIG_MANAGER, "Reload", NULL);
	g_autofree char *text = g_variant_print(answer, FALSE);

	if (!g_str_has_suffix(text, ", [])"))
		fail_msg("%s", text);
	rig_disconnect(rig, root);
}

static void begin(struct rig *rig)
{
	make_folder(rig, "one");
	make_folder(rig, "two");
	write_profile(rig, "stays", changes[0].lines);
	write_profile(rig, "changes", changes[0].lines);
	reload(rig);
}

/* The first launch after a reload builds what is new, the second finds it made. Beside it there is one that
 * stays as it is. */
static void test_changes(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);

	begin(rig);
	for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
		write_profile(rig, "changes", changes[i].lines);
		reload(rig);
		look(c, "changes", &changes[i]);
		/* and nothing is being made */
		g_usleep(SILENCE_USEC);
		look(c, "changes", &changes[i]);
		look(c, "stays", &changes[0]);
		g_usleep(SILENCE_USEC);
	}
	rig_disconnect(rig, c);
}

/* What a profile has that is as it was stays over a reload. What nobody has launched with since goes with the
 * next. */
static void test_stays(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);

	reload(rig);
	reload(rig);
	await_templates(rig, 0);
	look(c, "stays", &changes[0]);
	await_templates(rig, 1);
	reload(rig);
	assert_int_equal(rig_count_templates(rig), 1);
	look(c, "stays", &changes[0]);
	write_profile(rig, "changes", changes[1].lines);
	reload(rig);
	assert_int_equal(rig_count_templates(rig), 1);
	look(c, "changes", &changes[1]);
	await_templates(rig, 2);
	reload(rig);
	assert_int_equal(rig_count_templates(rig), 1);
	reload(rig);
	assert_int_equal(rig_count_templates(rig), 0);
	rig_disconnect(rig, c);
}

static void exchange(struct rig *rig)
{
	g_autofree char *one = g_build_filename(rig->dir, "one", NULL),
			*two = g_build_filename(rig->dir, "two", NULL);

	assert_return_code(renameat2(AT_FDCWD, one, AT_FDCWD, two, RENAME_EXCHANGE), errno);
}

static unsigned long count_waits(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)pid), *text = NULL;
	const char *line;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	line = strstr(text, "\nvoluntary_ctxt_switches:");
	assert_non_null(line);
	return strtoul(line + strlen("\nvoluntary_ctxt_switches:"), NULL, 10);
}

/* There and back. It may have other reasons to wake up, but not each time. */
static bool sleeps_on(struct rig *rig)
{
	unsigned long waits = count_waits(rig_pid(rig, RIG_LAUNCHER));

	exchange(rig);
	exchange(rig);
	g_usleep(SILENCE_USEC);
	return count_waits(rig_pid(rig, RIG_LAUNCHER)) == waits;
}

/* One that is let go while it is made, as a source is another by then, the next launch asks for. */
static void await_made(struct rig *rig, GDBusConnection *c, const struct change *now)
{
	for (int i = 1; rig_count_templates(rig) != 1; i++) {
		if (i == RIG_TIMEOUT_MS / 10)
			fail_msg("%zu mount namespaces are there, not 1", rig_count_templates(rig));
		g_usleep(10000);
		if (i % 100 == 0)
			look(c, "stays", now);
	}
}

/* The launcher is told of what happens to sources, and does not wake up for it. Each launch finds what is
 * there. */
static void test_exchanged(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	int tries = 0;

	reload(rig);
	reload(rig);
	for (int i = 0; i < 4; i++) {
		const struct change *now = i % 2 == 0 ? &changes[0] : &exchanged;

		look(c, "stays", now);
		await_made(rig, c, now);
		look(c, "stays", now);
		exchange(rig);
	}
	look(c, "stays", &changes[0]);
	await_made(rig, c, &changes[0]);
	while (!sleeps_on(rig))
		assert_true(tries++ < 100);
	look(c, "stays", &changes[0]);
	rig_disconnect(rig, c);
}

/* All templates go with any mount that the daemon sees. */
static int set_up(void **state)
{
	assert_true(rig_own_mounts());
	return rig_setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_changes),
		rig_test(test_stays),
		rig_test(test_exchanged),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, set_up, rig_teardown);
}
