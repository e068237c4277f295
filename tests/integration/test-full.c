/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A launcher that stands still, until its socket is full: launches, with their descriptors, wait for it in
 * their order, and none is refused; who leaves has nothing started; and if it is killed the next one gets
 * them all, once.
 */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* More than the socket holds, of which each takes some hundred bytes and the kernel's own. */
#define SIGNALS  2600
#define AT_ONCE  200 /* of them: the broker bounds what it has not looked at */
#define LAUNCHES 6

struct launch {
	bool there;
	int pipe; /* read end */
	guint64 id;
	GError *error;
};

struct run {
	struct rig *rig;
	GDBusConnection *busy, *client;
	struct rig_sandbox target;
	struct launch launches[LAUNCHES];
};

static void on_launched(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GUnixFDList) fds = NULL;
	g_autoptr(GVariant) info = NULL;
	struct launch *l = user_data;
	g_autoptr(GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish(
		G_DBUS_CONNECTION(source), &fds, result, &l->error);

	assert_false(l->there);
	l->there = true;
	if (!reply)
		return;
	info = g_variant_get_child_value(reply, 3);
	assert_true(g_variant_lookup(info, "id", "t", &l->id));
}

/* In a sandbox it writes one byte, and stays. */
static void begin_launch(GDBusConnection *c, struct launch *l)
{
	static const char *const program[] = { "/usr/bin/dash", "-c", "printf x; exec sleep 1000", NULL };
	g_autoptr(GUnixFDList) list = g_unix_fd_list_new();
	GVariantBuilder fds;
	int ends[2];

	assert_return_code(pipe2(ends, O_CLOEXEC | O_NONBLOCK), errno);
	l->pipe = ends[0];
	g_variant_builder_init(&fds, G_VARIANT_TYPE("a{uh}"));
	g_variant_builder_add(&fds, "{uh}", 1, g_unix_fd_list_append(list, ends[1], NULL));
	g_dbus_connection_call_with_unix_fd_list(c, RIG_NAME, RIG_PATH, RIG_MANAGER, "LaunchSandboxed",
		g_variant_new(
			"(s@asa{ss}a{uh}a{sv})", "tool", g_variant_new_strv(program, -1), NULL, &fds, NULL),
		NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, RIG_TIMEOUT_MS, list, NULL, on_launched, l);
	assert_true(g_dbus_connection_flush_sync(c, NULL, NULL));
	(void)close(ends[1]);
}

static guint64 calls_waiting(GDBusConnection *c)
{
	g_autoptr(GVariant) v = rig_call_ok(c, RIG_PATH, RIG_MANAGER, "GetQuota", NULL);
	g_autoptr(GVariant) all = g_variant_get_child_value(v, 0);
	guint64 used = 0, limit;

	assert_true(g_variant_lookup(all, "calls", "(tt)", &used, &limit));
	return used;
}

static void await_waiting(struct run *r, guint64 n)
{
	for (int i = 0; calls_waiting(r->busy) != n; i++) {
		if (i == RIG_TIMEOUT_MS / 10)
			fail_msg("%" G_GUINT64_FORMAT " calls wait, not %" G_GUINT64_FORMAT,
				calls_waiting(r->busy), n);
		g_usleep(1000);
	}
}

/* Stops the launcher, and asks it for more than it has room for. */
static pid_t stop_and_fill(struct run *r)
{
	const pid_t launcher = rig_pid(r->rig, RIG_LAUNCHER);

	assert_true(launcher > 1);
	assert_return_code(kill(launcher, SIGSTOP), errno);
	for (unsigned i = 1; i <= SIGNALS; i++) {
		/* without an answer: a bus bounds how many of them one connection waits for */
		g_dbus_connection_call(r->busy, RIG_NAME, r->target.path, RIG_SANDBOX, "Signal",
			g_variant_new("(is)", SIGCONT, "main"), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
			RIG_TIMEOUT_MS, NULL, NULL, NULL);
		if (i % AT_ONCE == 0)
			await_waiting(r, i);
	}
	return launcher;
}

static void await(struct run *r, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		while (!r->launches[i].there)
			(void)g_main_context_iteration(NULL, TRUE);
	await_waiting(r, 0);
}

/* A byte of each, and no more. */
static void check_started(struct run *r, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		struct launch *l = &r->launches[i];
		struct pollfd p = { .fd = l->pipe, .events = POLLIN };
		char bytes[8];

		if (l->error)
			fail_msg("launch %zu: %s", i, l->error->message);
		assert_true(i == from || l->id > r->launches[i - 1].id);
		assert_int_equal(poll(&p, 1, RIG_TIMEOUT_MS), 1);
		assert_int_equal(read(p.fd, bytes, sizeof(bytes)), 1);
	}
}

static void begin(struct run *r, void **state)
{
	static const char *const forever[] = { "/usr/bin/sleep", "1000", NULL };
	const struct rig_launch l = { .profile = "tool", .argv = forever };

	*r = (struct run){ .rig = *state };
	r->busy = rig_connect(r->rig, RIG_ALICE);
	r->client = rig_connect(r->rig, RIG_ALICE);
	rig_launch(r->busy, &l, &r->target);
	rig_run_tool(r->client);
}

static void end(struct run *r)
{
	rig_sandbox_done(&r->target);
	rig_disconnect(r->rig, r->client);
	rig_disconnect(r->rig, r->busy);
	rig_wait_jailed(r->rig, 0);
	for (size_t i = 0; i < LAUNCHES; i++) {
		if (r->launches[i].pipe > 0)
			(void)close(r->launches[i].pipe);
		g_clear_error(&r->launches[i].error);
	}
}

static void test_goes_on(void **state)
{
	struct run r;
	pid_t launcher;

	begin(&r, state);
	launcher = stop_and_fill(&r);
	for (size_t i = 0; i < LAUNCHES; i++)
		begin_launch(r.client, &r.launches[i]);
	await_waiting(&r, SIGNALS + LAUNCHES);
	while (g_main_context_iteration(NULL, FALSE))
		;
	for (size_t i = 0; i < LAUNCHES; i++)
		assert_false(r.launches[i].there);
	assert_return_code(kill(launcher, SIGCONT), errno);
	await(&r, 0, LAUNCHES);
	check_started(&r, 0, LAUNCHES);
	end(&r);
}

/* A connection that the launcher is asked about first waits as well. */
static void test_first_call(void **state)
{
	GDBusConnection *fresh;
	struct run r;
	pid_t launcher;

	begin(&r, state);
	fresh = rig_connect(r.rig, RIG_ALICE);
	launcher = stop_and_fill(&r);
	begin_launch(fresh, &r.launches[0]);
	await_waiting(&r, SIGNALS + 1);
	assert_return_code(kill(launcher, SIGCONT), errno);
	await(&r, 0, 1);
	check_started(&r, 0, 1);
	rig_disconnect(r.rig, fresh);
	end(&r);
}

static void test_leaves(void **state)
{
	GDBusConnection *stays;
	struct run r;
	pid_t launcher;
	char byte;

	begin(&r, state);
	stays = rig_connect(r.rig, RIG_ALICE);
	rig_run_tool(stays);
	launcher = stop_and_fill(&r);
	for (size_t i = 0; i < LAUNCHES - 1; i++)
		begin_launch(r.client, &r.launches[i]);
	begin_launch(stays, &r.launches[LAUNCHES - 1]);
	await_waiting(&r, SIGNALS + LAUNCHES);
	rig_disconnect(r.rig, r.client);
	await_waiting(&r, SIGNALS + 1);
	/* while the launcher still stands, nobody has what it came with */
	for (size_t i = 0; i < LAUNCHES - 1; i++)
		assert_int_equal(read(r.launches[i].pipe, &byte, 1), 0);
	assert_return_code(kill(launcher, SIGCONT), errno);
	await(&r, 0, LAUNCHES);
	check_started(&r, LAUNCHES - 1, LAUNCHES);
	rig_wait_jailed(r.rig, 4);
	r.client = stays;
	end(&r);
}

static void test_is_killed(void **state)
{
	struct run r;
	pid_t launcher;

	begin(&r, state);
	launcher = stop_and_fill(&r);
	for (size_t i = 0; i < LAUNCHES; i++)
		begin_launch(r.client, &r.launches[i]);
	await_waiting(&r, SIGNALS + LAUNCHES);
	assert_return_code(kill(launcher, SIGKILL), errno);
	await(&r, 0, LAUNCHES);
	check_started(&r, 0, LAUNCHES);
	end(&r);
}

static int set_up(void **state)
{
	g_autofree char *config = NULL;
	struct rig *rig;

	if (rig_setup(state) < 0)
		return -1;
	rig = *state;
	config = g_strdup_printf("[Broker]\nSaltPath=%s/salt\nMaxCallsPerUser=%d\n", rig->dir, 2 * SIGNALS);
	rig_write(rig, "bailiffd.conf", config);
	rig_reload(rig);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goes_on),
		cmocka_unit_test(test_first_call),
		cmocka_unit_test(test_leaves),
		cmocka_unit_test(test_is_killed),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, set_up, rig_teardown);
}
