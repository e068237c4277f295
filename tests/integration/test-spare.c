/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Spare jails: launches go on with them, whatever the profile; there are as many as are asked for, and no
 * more than MaxSpareJails=; one that has died, or a launcher that has, fails no launch and leaves nothing.
 * Rows Q7 and Q12 of the threat model.
 */

#include "rig.h"
#include "warm.h"

#include <errno.h>
#include <fts.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define TRIES     5
#define GROWTHS   8 /* launches until there are two spare ones */
#define SOON_USEC 150000

static const char *const forever[] = { "/probe", "sleep", "1000", NULL };

/* A profile of the probe, with these lines of its namespaces. */
static void write_profile(struct rig *rig, const char *name, const char *namespaces)
{
	g_autofree char *path = g_strdup_printf("profiles/%s.profile", name);
	g_autofree char *text = g_strdup_printf(
		"[Access]\nAllowUser=man\n"
		"[Exec]\nExecutable=/probe\n"
		"StandardInput=inherit\nStandardOutput=inherit\nStandardError=inherit\n"
		"[Namespaces]\n%s"
		"[Filesystem]\nMinimalRoot=yes\nBindReadOnlyPaths=%s/tests/jail/probe:/probe\n",
		namespaces, g_getenv("BAILIFF_BUILD_ROOT"));

	rig_write(rig, path, text);
}

static void spare_begin(struct rig *rig, int most)
{
	g_autofree char *text = g_strdup_printf("[Broker]\nMaxSpareJails=%d\n", most);

	write_profile(rig, "plain", "PrivateUTS=no\n");
	rig_write(rig, RIG_SPARE_CONFIG, text);
	rig_reload(rig);
}

/* With 0 they go, and rig_reload() sees that nothing is left. */
static void spare_end(struct rig *rig)
{
	rig_write(rig, RIG_SPARE_CONFIG, "[Broker]\nMaxSpareJails=0\n");
	rig_remove(rig, "profiles/plain.profile");
	rig_reload(rig);
}

static void launch_of(GDBusConnection *c, const char *profile, struct rig_sandbox *ret)
{
	struct rig_launch l = { .profile = profile, .argv = forever, .options = rig_options_piped() };

	rig_launch(c, &l, ret);
}

/* Of a profile whose payload's process is not made ahead. */
static void launch(GDBusConnection *c, struct rig_sandbox *ret)
{
	launch_of(c, "plain", ret);
}

/* The init beside a sandbox' program: pid 1 of its namespace, which is its parent's child, too. */
static pid_t init_of(struct rig *rig, const struct rig_sandbox *s)
{
	g_autofree char *own = g_strdup_printf("/proc/%d/ns/pid", s->pid), *ns = g_file_read_link(own, NULL);
	g_autoptr(GDir) d = g_dir_open("/proc", 0, NULL);
	const char *name;

	assert_non_null(ns);
	while ((name = g_dir_read_name(d))) {
		g_autofree char *path = g_strdup_printf("/proc/%s/ns/pid", name), *other = NULL;
		pid_t pid = (pid_t)g_ascii_strtoll(name, NULL, 10);

		if (!g_ascii_isdigit(name[0]) || pid == s->pid)
			continue;
		other = g_file_read_link(path, NULL);
		if (other && g_str_equal(other, ns))
			return pid;
	}
	fail_msg("sandbox %d of launcher %d has no init", s->pid, rig_pid(rig, RIG_LAUNCHER));
	return -1;
}

static bool contains(const pid_t *pids, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* When there are n jailed processes and no more, which one is none of these. */
static pid_t spare_of(struct rig *rig, size_t n, const pid_t *others, size_t n_others)
{
	g_autoptr(GArray) pids = NULL;

	rig_wait_jailed(rig, n);
	pids = rig_jailed(rig);
	for (guint i = 0; i < pids->len; i++) {
		pid_t pid = g_array_index(pids, pid_t, i);

		if (!contains(others, n_others, pid))
			return pid;
	}
	fail_msg("%u processes, and none of them spare", pids->len);
	return -1;
}

/* The second launch has the init that was made after the first, and a number of its own all the same. */
static void test_goes_on(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox first, second;
	pid_t known[2], spare;

	spare_begin(rig, 2);
	launch(c, &first);
	known[0] = first.pid;
	known[1] = init_of(rig, &first);
	spare = spare_of(rig, 3, known, 2);
	launch(c, &second);
	assert_int_equal(init_of(rig, &second), spare);
	assert_int_not_equal(first.id, second.id);
	rig_wait_jailed(rig, 5);
	warm_stop(c, &first);
	warm_stop(c, &second);
	rig_disconnect(rig, c);
	spare_end(rig);
}

static void test_killed(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s;
	pid_t spare;

	spare_begin(rig, 1);
	launch(c, &s);
	warm_stop(c, &s);
	for (int i = 0; i < 5; i++) {
		spare = spare_of(rig, 1, NULL, 0);
		warm_kill_and_wait(spare);
		launch(c, &s);
		assert_int_not_equal(init_of(rig, &s), spare);
		warm_stop(c, &s);
	}
	rig_disconnect(rig, c);
	spare_end(rig);
}

/* The next one is there soon, also where no profile has jails parked. Those wait for mounts to rest. */
static void test_one_after_the_other(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	gint64 took, least = G_MAXINT64;
	struct rig_sandbox s[TRIES];

	spare_begin(rig, 1);
	for (size_t i = 0; i < TRIES; i++) {
		launch(c, &s[i]);
		took = -g_get_monotonic_time();
		rig_wait_jailed(rig, 2 * (i + 1) + 1);
		took += g_get_monotonic_time();
		least = i > 0 ? MIN(least, took) : least;
	}
	if (least >= SOON_USEC)
		fail_msg("a spare jail takes %" G_GINT64_FORMAT " us", least);
	for (size_t i = 0; i < TRIES; i++)
		warm_stop(c, &s[i]);
	rig_disconnect(rig, c);
	spare_end(rig);
}

/* What a launcher leaves of them the next one kills; those of sandboxes go on. */
static void test_launcher_killed(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s, next;
	pid_t known[2], spare;

	spare_begin(rig, 1);
	launch(c, &s);
	warm_stop(c, &s);
	spare = spare_of(rig, 1, NULL, 0);
	launch(c, &s);
	assert_int_equal(init_of(rig, &s), spare);
	known[0] = s.pid;
	known[1] = spare;
	spare = spare_of(rig, 3, known, 2);
	rig_kill_and_wait(rig, RIG_LAUNCHER);
	rig_wait_jailed(rig, 2);
	assert_int_equal(kill(spare, 0), -1);
	assert_return_code(kill(s.pid, 0), errno);
	launch(c, &next);
	warm_stop(c, &next);
	warm_stop(c, &s);
	rig_disconnect(rig, c);
	spare_end(rig);
}

/* What is none of these sandboxes'. */
static void kill_spares(struct rig *rig, const struct rig_sandbox *s, size_t n, size_t n_spares)
{
	g_autoptr(GArray) pids = NULL;
	pid_t live[2 * GROWTHS];

	for (size_t i = 0; i < n; i++) {
		live[2 * i] = s[i].pid;
		live[2 * i + 1] = init_of(rig, &s[i]);
	}
	rig_wait_jailed(rig, 2 * n + n_spares);
	pids = rig_jailed(rig);
	for (guint i = 0; i < pids->len; i++)
		if (!contains(live, 2 * n, g_array_index(pids, pid_t, i)))
			warm_kill_and_wait(g_array_index(pids, pid_t, i));
}

/* Until there are that many spare ones, or they stay fewer for a moment. */
static bool has_spares(struct rig *rig, size_t n_live, size_t n_spares)
{
	for (int i = 0; i < 100; i++) {
		g_autoptr(GArray) pids = rig_jailed(rig);

		if (pids->len == 2 * n_live + n_spares)
			return true;
		(void)usleep(SOON_USEC / 10);
	}
	return false;
}

/* One more with each launch that finds none, up to MaxSpareJails=; when nobody has asked for a while, one.
 * One that is killed after more than a second is replaced, so that a launch on a busy machine may find it. */
static void test_demand(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s[GROWTHS];
	size_t n = 1;

	spare_begin(rig, 2);
	launch(c, &s[0]);
	do {
		kill_spares(rig, s, n, 1);
		assert_true(n < GROWTHS - 1);
		launch(c, &s[n++]);
	} while (!has_spares(rig, n, 2));
	kill_spares(rig, s, n, 2);
	launch(c, &s[n++]);
	rig_wait_jailed(rig, 2 * n + 2);
	rig_wait_jailed(rig, 2 * n + 1);
	for (size_t k = 0; k < n; k++)
		warm_stop(c, &s[k]);
	rig_wait_jailed(rig, 1);
	rig_disconnect(rig, c);
	spare_end(rig);
}

/* The daemon's control group; NULL without one. */
static char *find_group(struct rig *rig)
{
	char root[] = "/sys/fs/cgroup";
	char *const roots[] = { root, NULL };
	g_autofree char *name = rig_cgroup_name(rig);
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	char *found = NULL;

	assert_non_null(fts);
	for (FTSENT *e = fts_read(fts); e && !found; e = fts_read(fts))
		if (e->fts_info == FTS_D && strcmp(e->fts_name, name) == 0)
			found = g_strdup(e->fts_path);
	(void)fts_close(fts);
	return found;
}

/* The numbers in the names of those below it; NULL without one. */
static GArray *groups_of(struct rig *rig)
{
	g_autofree char *path = find_group(rig);
	g_autoptr(GDir) d = path ? g_dir_open(path, 0, NULL) : NULL;
	GArray *found = d ? g_array_new(FALSE, FALSE, sizeof(guint64)) : NULL;
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		guint64 id;

		if (!g_str_has_prefix(name, "sandbox-"))
			continue;
		id = g_ascii_strtoull(name + strlen("sandbox-"), NULL, 10);
		g_array_append_val(found, id);
	}
	return found;
}

static void remove_group(struct rig *rig, guint64 id)
{
	g_autofree char *parent = find_group(rig),
			*path = g_strdup_printf("%s/sandbox-%" G_GUINT64_FORMAT, parent, id);

	assert_return_code(rmdir(path), errno);
}

static bool is_of(guint64 id, const struct rig_sandbox *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i].id == id)
			return true;
	return false;
}

/* When there are n control groups beside those of these sandboxes: one of them. 0: there are none at all. */
static guint64 spare_group(struct rig *rig, const struct rig_sandbox *s, size_t n_s, size_t n)
{
	const gint64 end = g_get_monotonic_time() + RIG_TIMEOUT_MS * (gint64)1000;

	do {
		g_autoptr(GArray) groups = groups_of(rig);
		guint64 spare = 0;
		size_t beside = 0;

		if (!groups)
			return 0;
		for (guint i = 0; i < groups->len; i++)
			if (!is_of(g_array_index(groups, guint64, i), s, n_s)) {
				spare = g_array_index(groups, guint64, i);
				beside++;
			}
		if (beside == n)
			return spare;
		(void)usleep(SOON_USEC / 10);
	} while (g_get_monotonic_time() < end);
	fail_msg("not %zu spare control groups", n);
	return 0;
}

static void launch_alone(GDBusConnection *c, struct rig_sandbox *ret)
{
	launch_of(c, "alone", ret);
}

static void alone_begin(struct rig *rig, int most)
{
	write_profile(rig, "alone", "RunAsInit=yes\nPrivateUTS=no\n");
	spare_begin(rig, most);
}

static void alone_end(struct rig *rig)
{
	rig_remove(rig, "profiles/alone.profile");
	spare_end(rig);
}

/* A program that is process 1 itself has the control group, and so the number, that was made ahead, and no
 * process beside it. */
static void test_alone_goes_on(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s[3];
	guint64 spare;

	alone_begin(rig, 2);
	for (size_t i = 0; i < G_N_ELEMENTS(s); i++) {
		spare = i > 0 ? spare_group(rig, s, i, 1) : 0;
		launch_alone(c, &s[i]);
		assert_true(spare == 0 || s[i].id == spare);
		rig_wait_jailed(rig, i + 1);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(s); i++)
		warm_stop(c, &s[i]);
	rig_disconnect(rig, c);
	alone_end(rig);
}

/* The next launcher finds nothing of it, and makes its own. */
static void test_alone_launcher_killed(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s, next;
	guint64 spare;

	alone_begin(rig, 1);
	launch_alone(c, &s);
	spare = spare_group(rig, &s, 1, 1);
	rig_kill_and_wait(rig, RIG_LAUNCHER);
	launch_alone(c, &next);
	assert_true(spare == 0 || next.id != spare);
	warm_stop(c, &next);
	assert_true(spare == 0 || spare_group(rig, &s, 1, 1) != spare);
	warm_stop(c, &s);
	rig_disconnect(rig, c);
	alone_end(rig);
}

/* One that is removed by somebody else fails no launch. */
static void test_alone_removed(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s, next;
	guint64 spare;

	alone_begin(rig, 1);
	launch_alone(c, &s);
	spare = spare_group(rig, &s, 1, 1);
	if (spare != 0)
		remove_group(rig, spare);
	launch_alone(c, &next);
	rig_wait_jailed(rig, 2);
	warm_stop(c, &next);
	warm_stop(c, &s);
	rig_disconnect(rig, c);
	alone_end(rig);
}

/* Those that are jailed now. */
static bool was_there(GArray *pids, pid_t pid)
{
	for (guint i = 0; i < pids->len; i++)
		if (g_array_index(pids, pid_t, i) == pid)
			return true;
	return false;
}

/* Launches that follow each other go on with processes that were there before them. On a busy machine not
 * each of them finds one. */
static void goes_on_ahead(struct rig *rig, const char *profile, size_t n_each)
{
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s[2 * TRIES];
	size_t n = 0;
	bool found = false;

	spare_begin(rig, 1);
	launch_of(c, profile, &s[n++]);
	while (!found) {
		const gint64 end = g_get_monotonic_time() + SOON_USEC;
		g_autoptr(GArray) before = NULL;

		assert_true(n < G_N_ELEMENTS(s));
		do {
			if (before)
				g_array_unref(before);
			before = rig_jailed(rig);
		} while (before->len < n_each * (n + 1) && g_get_monotonic_time() < end);
		launch_of(c, profile, &s[n]);
		found = was_there(before, s[n++].pid);
	}
	/* when nobody launches any more they go: what is left is what all have alike */
	rig_wait_jailed(rig, n_each * n + n_each - 1);
	for (size_t i = 0; i < n; i++)
		warm_stop(c, &s[i]);
	rig_disconnect(rig, c);
	spare_end(rig);
}

static void test_ahead(void **state)
{
	goes_on_ahead(*state, "probe", 2);
}

static void test_ahead_alone(void **state)
{
	struct rig *rig = *state;

	write_profile(rig, "init", "RunAsInit=yes\n");
	goes_on_ahead(rig, "init", 1);
	rig_remove(rig, "profiles/init.profile");
	rig_reload(rig);
}

/* The second process of a PID namespace that is none of these sandboxes': one that waits. 0: there is none.
 */
static pid_t find_ahead(struct rig *rig, const pid_t *known, size_t n)
{
	g_autoptr(GArray) pids = rig_jailed(rig);

	for (guint i = 0; i < pids->len; i++) {
		pid_t pid = g_array_index(pids, pid_t, i);
		g_autofree char *path = g_strdup_printf("/proc/%d/status", pid), *text = NULL;

		if (!contains(known, n, pid) && g_file_get_contents(path, &text, NULL, NULL) &&
			g_regex_match_simple("^NSpid:.*\\t2$", text, G_REGEX_MULTILINE, 0))
			return pid;
	}
	return 0;
}

/* Ended or stopped, for everybody to see. */
static void signal_and_wait(pid_t pid, int sig)
{
	const gint64 end = g_get_monotonic_time() + RIG_TIMEOUT_MS * (gint64)1000;
	g_autofree char *path = g_strdup_printf("/proc/%d/status", pid);

	if (kill(pid, sig) < 0)
		return;
	while (g_get_monotonic_time() < end) {
		g_autofree char *text = NULL;

		if (!g_file_get_contents(path, &text, NULL, NULL) ||
			g_regex_match_simple("^State:\\t[TZ]", text, G_REGEX_MULTILINE, 0))
			return;
		(void)usleep(1000);
	}
	fail_msg("process %d has not got signal %d", pid, sig);
}

/* One that is killed or stopped fails no launch. */
static void test_ahead_killed(void **state)
{
	static const int signals[] = { SIGKILL, SIGSTOP };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s;
	size_t n = 0;

	spare_begin(rig, 1);
	launch_of(c, "probe", &s);
	for (size_t i = 0; i < 8; i++) {
		const gint64 end = g_get_monotonic_time() + SOON_USEC;
		struct rig_sandbox next;
		pid_t pid = 0;

		while (pid == 0 && g_get_monotonic_time() < end)
			pid = find_ahead(rig, &s.pid, 1);
		/* by root only, and for long after it is born */
		(void)usleep(SOON_USEC / 10);
		if (pid > 0)
			signal_and_wait(pid, signals[i % G_N_ELEMENTS(signals)]);
		n += pid > 0;
		launch_of(c, "probe", &next);
		assert_int_not_equal(next.pid, pid);
		warm_stop(c, &s);
		s = next;
	}
	assert_true(n > 0);
	warm_stop(c, &s);
	rig_disconnect(rig, c);
	spare_end(rig);
}

/* It goes with its launcher, whatever the next one does. */
static void test_ahead_launcher_killed(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);

	spare_begin(rig, 2);
	for (int i = 0; i < TRIES; i++) {
		struct rig_sandbox s;

		launch_of(c, "probe", &s);
		(void)usleep((unsigned)i * SOON_USEC / 20);
		rig_kill_and_wait(rig, RIG_LAUNCHER);
		rig_wait_jailed(rig, 2);
		warm_stop(c, &s);
	}
	rig_disconnect(rig, c);
	spare_end(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_goes_on),
		rig_test(test_killed),
		rig_test(test_one_after_the_other),
		rig_test(test_launcher_killed),
		rig_test(test_demand),
		rig_test(test_alone_goes_on),
		rig_test(test_alone_launcher_killed),
		rig_test(test_alone_removed),
		rig_test(test_ahead),
		rig_test(test_ahead_alone),
		rig_test(test_ahead_killed),
		rig_test(test_ahead_launcher_killed),
	};

	return rig_can_run() ? cmocka_run_group_tests(tests, rig_setup, rig_teardown) : RIG_SKIPPED;
}
