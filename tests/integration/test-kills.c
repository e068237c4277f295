/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Broker and launcher are killed at moments of chance while an unprivileged client launches. Whatever the
 * moment: each call ends once and soon, no sandbox dies of it, and when the client leaves nothing is left.
 * The seed is printed; BAILIFF_TEST_SEED repeats a run.
 */

#include "rig.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define LAUNCHES       60
#define BROKER_KILLS   7 /* more, and the pauses between restarts make the test long */
#define LAUNCHER_KILLS 7
#define DELAY_MAX_USEC 4000 /* about what a launch takes: kills fall before, into and after it */

struct run {
	struct rig *rig;
	GRand *chance;
	GDBusConnection *client;
	GArray *pidfds; /* of the sandboxes that must live */
	unsigned answered, failed, adopted;
	int broker_kills, launcher_kills;
};

struct answer {
	unsigned n;
	int pidfd;
	GError *error;
};

static void on_answer(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GUnixFDList) fds = NULL;
	struct answer *a = user_data;
	g_autoptr(GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish(
		G_DBUS_CONNECTION(source), &fds, result, &a->error);
	gint32 index;

	a->n++;
	if (!reply)
		return;
	g_variant_get(reply, "(&oh@a{uh}@a{sv})", NULL, &index, NULL, NULL);
	a->pidfd = g_unix_fd_list_get(fds, index, NULL);
	assert_true(a->pidfd >= 0);
}

static void begin_launch(struct run *r, struct answer *a)
{
	*a = (struct answer){ .pidfd = -1 };
	g_dbus_connection_call_with_unix_fd_list(r->client, RIG_NAME, RIG_PATH, RIG_MANAGER,
		"LaunchSandboxed",
		g_variant_new_parsed("('tool', ['/usr/bin/sleep', '1000'], @a{ss} {}, @a{uh} {}, "
				     "@a{sv} {})"),
		NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, RIG_TIMEOUT_MS, NULL, NULL, on_answer, a);
	g_dbus_connection_flush_sync(r->client, NULL, NULL);
}

/* So many microseconds, or until the answer is there where there is no limit. */
static void let_pass(const struct answer *a, gint64 usec)
{
	const gint64 end = g_get_monotonic_time() + (usec >= 0 ? usec : RIG_TIMEOUT_MS * (gint64)1000);

	while (g_get_monotonic_time() < end && (usec >= 0 || a->n == 0))
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(100);
}

static bool has_ended(int pidfd, int timeout_ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

/* All must have ended, or none. */
static void check_sandboxes(struct run *r, bool ended)
{
	for (guint i = 0; i < r->pidfds->len; i++)
		if (has_ended(g_array_index(r->pidfds, int, i), ended ? RIG_TIMEOUT_MS : 0) != ended)
			fail_msg("sandbox %u of %u %s", i, r->pidfds->len,
				ended ? "outlived its client" : "died of a broker's or launcher's end");
}

static void forget_sandboxes(struct run *r)
{
	for (guint i = 0; i < r->pidfds->len; i++)
		(void)close(g_array_index(r->pidfds, int, i));
	g_array_set_size(r->pidfds, 0);
}

/* Kills are spread evenly over the launches that remain. */
static bool is_due(struct run *r, int kills_left, int launches_left)
{
	return g_rand_int_range(r->chance, 0, launches_left) < kills_left;
}

/* One that is just being started anew is waited for. */
static void kill_process(struct rig *rig, enum rig_process which)
{
	pid_t pid = 0;

	for (int i = 0; pid == 0 && i < RIG_TIMEOUT_MS; i++) {
		pid = rig_pid(rig, which);
		if (pid == 0)
			g_usleep(1000);
	}
	assert_true(pid > 1);
	assert_return_code(kill(pid, SIGKILL), errno);
}

/* At most one for each launch, so that none of them is left over. */
static void kill_one(struct run *r, int launches_left)
{
	const int left = r->launcher_kills + r->broker_kills;

	if (!is_due(r, left, launches_left))
		return;
	if (g_rand_int_range(r->chance, 0, left) < r->launcher_kills) {
		r->launcher_kills--;
		kill_process(r->rig, RIG_LAUNCHER);
	} else {
		r->broker_kills--;
		kill_process(r->rig, RIG_BROKER);
	}
}

static void check_answer(struct run *r, struct answer *a)
{
	if (a->n != 1)
		fail_msg("a launch was answered %u times", a->n);
	if (a->pidfd >= 0) {
		r->answered++;
		(void)g_array_append_val(r->pidfds, a->pidfd);
		return;
	}
	r->failed++;
	if (g_error_matches(a->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
		fail_msg("a launch was never answered");
	g_clear_error(&a->error);
}

static void launch_once(struct run *r, int launches_left)
{
	struct answer a;

	rig_wait_ready(r->rig);
	begin_launch(r, &a);
	let_pass(&a, g_rand_int_range(r->chance, 0, DELAY_MAX_USEC));
	kill_one(r, launches_left);
	let_pass(&a, -1);
	check_answer(r, &a);
	check_sandboxes(r, false);
}

static size_t count_entries(pid_t pid, const char *below, const char *prefix)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/%s", pid, below);
	g_autoptr(GDir) d = g_dir_open(path, 0, NULL);
	size_t n = 0;

	assert_non_null(d);
	for (const char *name = g_dir_read_name(d); name; name = g_dir_read_name(d))
		if (g_str_has_prefix(name, prefix))
			n++;
	return n;
}

/* Sandboxes' control groups in the instance's, which the keeper holds open; 0 where there is none. */
static size_t count_cgroups(pid_t keeper)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/fd", keeper);
	g_autoptr(GDir) d = g_dir_open(path, 0, NULL);

	assert_non_null(d);
	for (const char *name = g_dir_read_name(d); name; name = g_dir_read_name(d)) {
		g_autofree char *below = g_strdup_printf("fd/%s", name);
		g_autofree char *link = g_strdup_printf("/proc/%d/fd/%s", keeper, name);
		g_autofree char *target = g_file_read_link(link, NULL);

		if (target && g_str_has_prefix(target, "/sys/fs/cgroup/") && strstr(target, "/bailiff-"))
			return count_entries(keeper, below, "sandbox-");
	}
	return 0;
}

/* Live sandboxes as the client sees them: all that were answered, and maybe some whose answer was lost with
 * a broker. */
static void check_listed(struct run *r)
{
	g_autoptr(GVariant) v = rig_property(r->client, RIG_PATH, RIG_MANAGER, "NSandboxes");
	guint32 n = g_variant_get_uint32(v);

	assert_in_range(n, r->pidfds->len, r->pidfds->len + r->failed);
	r->adopted = n - r->pidfds->len;
}

static void test_kills(void **state)
{
	const char *text = g_getenv("BAILIFF_TEST_SEED");
	guint32 seed = text ? (guint32)g_ascii_strtoull(text, NULL, 10) : g_random_int();
	struct run r = { .rig = *state, .broker_kills = BROKER_KILLS, .launcher_kills = LAUNCHER_KILLS };
	pid_t keeper = rig_pid(r.rig, RIG_KEEPER);
	struct rig_fds keepers = { .list = NULL }, launchers = { .list = NULL };

	print_message("seed %u\n", seed);
	rig_note_fds(r.rig, RIG_KEEPER, &keepers);
	rig_note_fds(r.rig, RIG_LAUNCHER, &launchers);
	r.chance = g_rand_new_with_seed(seed);
	r.pidfds = g_array_new(FALSE, FALSE, sizeof(int));
	r.client = rig_connect(r.rig, RIG_ALICE);
	for (int left = LAUNCHES; left > 0; left--)
		launch_once(&r, left);
	rig_wait_ready(r.rig);
	check_sandboxes(&r, false);
	check_listed(&r);
	print_message("%u answered, %u failed, %u live without an answer\n", r.answered, r.failed, r.adopted);
	assert_true(r.answered > 0);
	assert_int_equal(r.broker_kills + r.launcher_kills, 0);
	rig_disconnect(r.rig, r.client);
	rig_wait_jailed(r.rig, 0);
	check_sandboxes(&r, true);
	assert_int_equal(rig_pid(r.rig, RIG_KEEPER), keeper);
	rig_await_fds(r.rig, RIG_KEEPER, &keepers);
	rig_await_fds(r.rig, RIG_LAUNCHER, &launchers);
	rig_fds_done(&keepers);
	rig_fds_done(&launchers);
	assert_int_equal(count_cgroups(keeper), 0);
	forget_sandboxes(&r);
	g_array_unref(r.pidfds);
	g_rand_free(r.chance);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kills),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
