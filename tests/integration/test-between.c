/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A launcher is killed, and at once a client launches and asks: each call waits for the next launcher and is
 * served, but for what the dead one had in its hands, and no program is started twice. Fifty times, five of
 * each daemon: a helper that ends more often in so short a time is started again after a pause.
 */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define KILLS    5
#define DAEMONS  10
#define LAUNCHES 3 /* for each kill */

/* In a sandbox each writes one byte when it starts, and stays. */
static const char *const program[] = { "/usr/bin/dash", "-c", "printf x; exec sleep 1000", NULL };

struct answer {
	bool there;
	int pipe; /* read end */
	GError *error;
};

struct run {
	struct rig *rig;
	GDBusConnection *client;
	struct answer answers[KILLS * LAUNCHES];
	size_t n;
	unsigned served, in_flight;
};

static void on_answer(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GUnixFDList) fds = NULL;
	struct answer *a = user_data;
	g_autoptr(GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish(
		G_DBUS_CONNECTION(source), &fds, result, &a->error);

	assert_false(a->there);
	a->there = true;
	assert_true(reply || a->error);
}

static void begin_launch(struct run *r)
{
	struct answer *a = &r->answers[r->n++];
	g_autoptr(GUnixFDList) list = g_unix_fd_list_new();
	GVariantBuilder fds;
	int ends[2];

	assert_return_code(pipe2(ends, O_CLOEXEC | O_NONBLOCK), errno);
	a->pipe = ends[0];
	g_variant_builder_init(&fds, G_VARIANT_TYPE("a{uh}"));
	g_variant_builder_add(&fds, "{uh}", 1, g_unix_fd_list_append(list, ends[1], NULL));
	g_dbus_connection_call_with_unix_fd_list(r->client, RIG_NAME, RIG_PATH, RIG_MANAGER,
		"LaunchSandboxed",
		g_variant_new(
			"(s@asa{ss}a{uh}a{sv})", "tool", g_variant_new_strv(program, -1), NULL, &fds, NULL),
		NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, RIG_TIMEOUT_MS, list, NULL, on_answer, a);
	g_dbus_connection_flush_sync(r->client, NULL, NULL);
	(void)close(ends[1]);
}

static void kill_launcher(struct rig *rig)
{
	pid_t pid = rig_pid(rig, RIG_LAUNCHER);

	for (int i = 0; pid == 0 && i < RIG_TIMEOUT_MS; i++) {
		g_usleep(1000);
		pid = rig_pid(rig, RIG_LAUNCHER);
	}
	assert_true(pid > 1);
	assert_return_code(kill(pid, SIGKILL), errno);
}

/* In the hands of the one that was killed, or of a process that it had made: the caller is told so, and of
 * nothing else. */
static void check_error(const char *what, const GError *error)
{
	if (!strstr(error->message, RIG_ERROR("Failed") ": The launcher ended"))
		fail_msg("%s: %s", what, error->message);
}

static void check_answers(struct run *r, size_t first)
{
	for (size_t i = first; i < r->n; i++) {
		struct answer *a = &r->answers[i];

		while (!a->there)
			(void)g_main_context_iteration(NULL, TRUE);
		if (a->error)
			check_error("LaunchSandboxed", a->error);
		r->in_flight += a->error != NULL;
		r->served += a->error == NULL;
	}
}

/* One byte for each that was served, and no more; what was not has no program by now. */
static void check_starts(struct run *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct pollfd p = { .fd = r->answers[i].pipe, .events = POLLIN };
		char bytes[8];
		ssize_t n;

		if (!r->answers[i].error)
			assert_int_equal(poll(&p, 1, RIG_TIMEOUT_MS), 1);
		n = read(p.fd, bytes, sizeof(bytes));
		assert_in_range(n < 0 ? 0 : n, r->answers[i].error ? 0 : 1, 1);
	}
}

static void kill_and_launch(struct run *r, const struct rig_sandbox *asked)
{
	const size_t first = r->n;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) usage = NULL;

	kill_launcher(r->rig);
	for (int i = 0; i < LAUNCHES; i++)
		begin_launch(r);
	usage = rig_call(r->client, asked->path, RIG_SANDBOX, "GetUsage", NULL, NULL, NULL, &error);
	if (!usage)
		check_error("GetUsage", error);
	check_answers(r, first);
}

static void test_at_once(void **state)
{
	static const char *const forever[] = { "/usr/bin/sleep", "1000", NULL };
	const struct rig_launch l = { .profile = "tool", .argv = forever };
	struct run r = { .rig = *state };
	g_autoptr(GVariant) live = NULL;
	struct rig_sandbox asked;

	r.client = rig_connect(r.rig, RIG_ALICE);
	rig_launch(r.client, &l, &asked);
	for (int i = 0; i < KILLS; i++)
		kill_and_launch(&r, &asked);
	check_starts(&r);
	live = rig_property(r.client, RIG_PATH, RIG_MANAGER, "NSandboxes");
	assert_int_equal(g_variant_get_uint32(live), r.served + 1);
	print_message("%u served, %u in flight\n", r.served, r.in_flight);
	rig_sandbox_done(&asked);
	rig_disconnect(r.rig, r.client);
	rig_wait_jailed(r.rig, 0);
	for (size_t i = 0; i < r.n; i++) {
		(void)close(r.answers[i].pipe);
		g_clear_error(&r.answers[i].error);
	}
}

/* Of the client's user. */
static guint64 calls_waiting(GDBusConnection *c)
{
	g_autoptr(GVariant) v = rig_call_ok(c, RIG_PATH, RIG_MANAGER, "GetQuota", NULL);
	g_autoptr(GVariant) all = g_variant_get_child_value(v, 0);
	guint64 used = 0, limit;

	assert_true(g_variant_lookup(all, "calls", "(tt)", &used, &limit));
	return used;
}

/* The keeper is held, so that there is no launcher for as long as it takes. Whether one call was in flight is
 * only seen afterwards. */
static bool launches_after(struct run *r, GDBusConnection *other, bool leave)
{
	const pid_t keeper = rig_pid(r->rig, RIG_KEEPER);
	const size_t first = r->n;

	assert_return_code(kill(keeper, SIGSTOP), errno);
	kill_launcher(r->rig);
	begin_launch(r);
	while (!r->answers[first].there && calls_waiting(other) == 0)
		(void)g_main_context_iteration(NULL, FALSE);
	if (leave) {
		rig_disconnect(r->rig, r->client);
		while (calls_waiting(other) > 0)
			g_usleep(1000);
	}
	assert_return_code(kill(keeper, SIGCONT), errno);
	if (leave)
		while (!r->answers[first].there)
			(void)g_main_context_iteration(NULL, TRUE);
	else
		check_answers(r, first);
	(void)close(r->answers[first].pipe);
	return r->answers[first].error == NULL;
}

static void test_waits(void **state)
{
	struct run r = { .rig = *state };
	GDBusConnection *other = rig_connect(r.rig, RIG_ALICE);
	bool served = false;

	r.client = rig_connect(r.rig, RIG_ALICE);
	for (int i = 0; i < KILLS && !served; i++)
		served = launches_after(&r, other, false);
	assert_true(served);
	rig_disconnect(r.rig, r.client);
	rig_wait_jailed(r.rig, 0);
	for (size_t i = 0; i < r.n; i++)
		g_clear_error(&r.answers[i].error);
	rig_disconnect(r.rig, other);
}

/* Who leaves while its call waits has nothing started. */
static void test_leaves(void **state)
{
	static const char *const forever[] = { "/usr/bin/sleep", "1000", NULL };
	const struct rig_launch l = { .profile = "tool", .argv = forever };
	struct run r = { .rig = *state };
	GDBusConnection *other = rig_connect(r.rig, RIG_ALICE);
	struct rig_sandbox s;

	r.client = rig_connect(r.rig, RIG_ALICE);
	assert_false(launches_after(&r, other, true));
	g_clear_error(&r.answers[0].error);
	rig_launch(other, &l, &s);
	rig_wait_jailed(r.rig, 2);
	rig_sandbox_done(&s);
	rig_disconnect(r.rig, other);
	rig_wait_jailed(r.rig, 0);
}

int main(void)
{
	struct CMUnitTest tests[DAEMONS + 2];

	if (!rig_can_run())
		return RIG_SKIPPED;
	for (size_t i = 0; i < DAEMONS; i++)
		tests[i] = (struct CMUnitTest)cmocka_unit_test_setup_teardown(
			test_at_once, rig_setup, rig_teardown);
	tests[DAEMONS] =
		(struct CMUnitTest)cmocka_unit_test_setup_teardown(test_waits, rig_setup, rig_teardown);
	tests[DAEMONS + 1] =
		(struct CMUnitTest)cmocka_unit_test_setup_teardown(test_leaves, rig_setup, rig_teardown);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
