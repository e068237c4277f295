/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * That what the other tests say of the launcher's descriptors is so: they are those of one moment, what it
 * makes ahead is not among them whether it is there, is being made or is not, and one more of anything is.
 */

#include "jail/template.h"
#include "rig.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define NETWORKS  (JAIL_STOCK_MAX + 1)     /* with the shared one */
#define MOUNTS    (JAIL_TEMPLATES_MAX + 1) /* with that of the jails' inits */
#define ALWAYS    4
#define JAILS     3
#define MOMENTS   60
#define HELD_USEC 300000

#define LAUNCHES_MAX 100 /* of which one is enough, mostly */

/* What a list may be made of. */
struct made {
	unsigned networks, watched, mounts, paths, jails;
};

static void add(GString *list, const char *target)
{
	g_string_append_printf(list, "%zu %s\n", list->len, target);
}

/* Of the sort that has a number. */
static void add_number(GString *list, const char *sort, unsigned i)
{
	g_autofree char *target = g_strdup_printf("%s[%u]", sort, i);

	add(list, target);
}

static char *list_of(const struct made *m, const char *more)
{
	GString *list = g_string_new(NULL);

	add(list, "/dev/null");
	add(list, "socket:[1]");
	add(list, "/proc/1/mountinfo");
	add(list, "pid:[1]");
	for (unsigned i = 0; i < m->networks; i++)
		add_number(list, "net:", i);
	for (unsigned i = 0; i < m->watched; i++) {
		add_number(list, "socket:", 100 + i);
		add(list, "/proc/7/net/dev");
		add(list, "/proc/7/net/sockstat (deleted)");
	}
	for (unsigned i = 0; i < m->mounts; i++)
		add_number(list, "mnt:", i);
	for (unsigned i = 0; i < m->paths; i++)
		add(list, i == 0 ? "/root" : "/root/usr");
	for (unsigned i = 0; i < m->jails; i++)
		add_number(list, "pid:", 2 + i);
	if (more)
		add(list, more);
	return g_string_free(list, FALSE);
}

static void expect(const struct made *m, const char *more, size_t n)
{
	g_autofree char *list = list_of(m, more);

	if (rig_count_beside(list) != n)
		fail_msg("%zu instead of %zu beside what is made ahead%s%s:\n%s", rig_count_beside(list), n,
			more ? ", with " : "", more ? more : "", list);
}

static void test_what_is_made_ahead(void **state)
{
	const unsigned paths = JAIL_TEMPLATES_MAX * TEMPLATE_PATHS_MAX;

	expect(&(struct made){ .networks = 0 }, NULL, ALWAYS);
	expect(&(struct made){ .mounts = 1 }, NULL, ALWAYS);
	expect(&(struct made){ .networks = 5, .watched = 5, .mounts = 2, .paths = 1 }, NULL, ALWAYS);
	expect(&(struct made){ NETWORKS, NETWORKS, MOUNTS, paths, 0 }, NULL, ALWAYS);
	/* lent to jails that live */
	expect(&(struct made){ NETWORKS + JAILS, NETWORKS + JAILS, MOUNTS, paths, JAILS }, NULL,
		ALWAYS + JAILS);
}

static void test_one_more(void **state)
{
	static const char *const more[] = { "net:[1000]", "net:[0]", "mnt:[1000]", "mnt:[0]", "pid:[1]",
		"socket:[1000]", "/proc/7/net/dev", "/proc/7/net/sockstat", "/proc/7/mountinfo",
		"/root/usr/bin", "/rooted", "anon_inode:[pidfd]", "pipe:[1]", "/dev/null", "" };
	const struct made all = { NETWORKS, NETWORKS, MOUNTS, JAIL_TEMPLATES_MAX * TEMPLATE_PATHS_MAX, 0 },
			  few = { 3, 3, 1, 0, 0 };

	for (size_t i = 0; i < G_N_ELEMENTS(more); i++) {
		expect(&all, more[i], ALWAYS + 1);
		/* of these there may come to be more */
		if (strcmp(more[i], "net:[1000]") != 0 && strcmp(more[i], "mnt:[1000]") != 0)
			expect(&few, more[i], ALWAYS + 1);
	}
	expect(&(struct made){ NETWORKS + JAILS + 1, 0, MOUNTS, 0, JAILS }, NULL, ALWAYS + JAILS + 1);
	expect(&(struct made){ NETWORKS, NETWORKS + 1, MOUNTS, 0, 0 }, NULL, ALWAYS + 3);
}

static void expect_same(struct rig *rig, const struct rig_fds *before, const char *when)
{
	struct rig_fds now = { .list = NULL };

	rig_note_fds(rig, RIG_LAUNCHER, &now);
	if (now.n != before->n) {
		rig_print_fds(RIG_LAUNCHER, before, &now);
		fail_msg("%s: %zu descriptors, before %zu", when, now.n, before->n);
	}
	rig_fds_done(&now);
}

/* Networks and mounts arrive when nothing happens for a moment: now. */
static void test_moments(void **state)
{
	struct rig_fds before = { .list = NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);

	rig_note_fds(rig, RIG_LAUNCHER, &before);
	for (int i = 0; i < MOMENTS; i++) {
		rig_run_tool(c);
		rig_wait_jailed(rig, 0);
		expect_same(rig, &before, "after a launch");
	}
	rig_fds_done(&before);
	rig_disconnect(rig, c);
}

/* The templates' number tells nothing: one of another profile may have gone. */
static bool has_root(struct rig *rig)
{
	struct rig_fds now = { .list = NULL };
	bool has;

	rig_note_fds(rig, RIG_LAUNCHER, &now);
	has = strstr(now.list, " /root\n") != NULL;
	rig_fds_done(&now);
	return has;
}

/* With paths of Landlock's in it, of which one is the root. */
static void test_template(void **state)
{
	static const char *const argv[] = { "/usr/bin/true", NULL };
	struct rig_launch l = { .profile = "locked", .argv = argv };
	struct rig_fds before = { .list = NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);

	rig_note_fds(rig, RIG_LAUNCHER, &before);
	assert_false(has_root(rig));
	for (int i = 0; !has_root(rig); i++) {
		struct rig_sandbox s;

		if (i == LAUNCHES_MAX)
			fail_msg("no template after %d launches", i);
		rig_launch(c, &l, &s);
		rig_finish(c, &s);
		rig_wait_jailed(rig, 0);
	}
	expect_same(rig, &before, "with a template");
	rig_fds_done(&before);
	rig_disconnect(rig, c);
}

/* The launcher's child that makes networks, or 0. */
static pid_t find_maker(pid_t launcher)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/children", launcher, launcher),
			*text = NULL;
	g_auto(GStrv) pids = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return 0;
	pids = g_strsplit(text, " ", -1);
	for (char **pid = pids; *pid && **pid; pid++) {
		g_autofree char *comm = g_build_filename("/proc", *pid, "comm", NULL), *name = NULL;

		if (g_file_get_contents(comm, &name, NULL, NULL) && g_str_equal(name, "net-maker\n"))
			return (pid_t)g_ascii_strtoll(*pid, NULL, 10);
	}
	return 0;
}

static bool is_stopped(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", pid), *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) && strstr(text, "\nState:\tT");
}

/* Stops one that is at work, says so, and lets it go on later. */
G_GNUC_NORETURN static void hold_maker(pid_t launcher, int fd)
{
	pid_t pid = 0;

	while (!is_stopped(pid)) {
		pid = find_maker(launcher);
		if (pid > 0)
			(void)kill(pid, SIGSTOP);
		for (int i = 0; pid > 0 && i < 100 && !is_stopped(pid); i++)
			g_usleep(100);
	}
	if (write(fd, "", 1) != 1)
		_exit(1);
	g_usleep(HELD_USEC);
	_exit(kill(pid, SIGCONT) < 0);
}

static void test_maker(void **state)
{
	struct rig_fds before = { .list = NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	const pid_t launcher = rig_pid(rig, RIG_LAUNCHER);
	struct pollfd held = { .events = POLLIN };
	int pair[2];
	pid_t pid;

	rig_note_fds(rig, RIG_LAUNCHER, &before);
	assert_return_code(pipe(pair), errno);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0)
		hold_maker(launcher, pair[1]);
	held.fd = pair[0];
	for (int i = 0; poll(&held, 1, 20) == 0; i++) {
		assert_true(i < RIG_TIMEOUT_MS / 20);
		rig_run_tool(c);
	}
	rig_wait_jailed(rig, 0);
	expect_same(rig, &before, "with a maker that was held up");
	assert_int_equal(rig_wait_child(pid), 0);
	expect_same(rig, &before, "later");
	rig_fds_done(&before);
	(void)close(pair[0]);
	(void)close(pair[1]);
	rig_disconnect(rig, c);
}

/* What is there because of a sandbox is seen, and that it is there no more. */
static void test_sandbox(void **state)
{
	static const char *const argv[] = { "/usr/bin/sleep", "1000", NULL };
	struct rig_launch l = { .profile = "tool", .argv = argv };
	struct rig_fds before = { .list = NULL }, now = { .list = NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s;

	rig_note_fds(rig, RIG_LAUNCHER, &before);
	rig_launch(c, &l, &s);
	rig_note_fds(rig, RIG_LAUNCHER, &now);
	/* payload, init, PID namespace */
	assert_true(now.n >= before.n + 3);
	g_variant_unref(rig_call_ok(c, s.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0)));
	rig_sandbox_done(&s);
	rig_wait_jailed(rig, 0);
	rig_await_fds(rig, RIG_LAUNCHER, &before);
	rig_fds_done(&before);
	rig_fds_done(&now);
	rig_disconnect(rig, c);
}

static int set_up(void **state)
{
	int r;

	assert_true(rig_own_mounts());
	r = rig_setup(state);
	rig_write(*state, "profiles/locked.profile",
		"[Access]\nAllowUser=man\n[Exec]\nExecutable=/usr/bin/true\n"
		"StandardInput=null\nStandardOutput=null\nStandardError=null\n"
		"[Filesystem]\nBindReadOnlyPaths=/etc/hostname:/named\n[Landlock]\nFsPathReadExecute=/ "
		"/usr\n");
	rig_reload(*state);
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_made_ahead),
		cmocka_unit_test(test_one_more),
		rig_test(test_moments),
		rig_test(test_template),
		rig_test(test_maker),
		rig_test(test_sandbox),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, set_up, rig_teardown);
}
