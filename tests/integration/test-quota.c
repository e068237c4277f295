/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * One user tries to use the broker up (Q1, Q4, P23, D14): every attempt ends at that user's limits, another
 * user launches meanwhile, and afterwards the broker holds what it held before.
 */

#include "rig-raw.h"
#include "rig.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of the broker's memory, by what one user has it keep. AddressSanitizer keeps what was freed for a while. */
#ifdef BAILIFF_SANITIZING
#define GROWTH_MAX_KIB (256 * 1024)
#else
#define GROWTH_MAX_KIB (8 * 1024)
#endif

#define SANDBOXES 6
#define CALLS     10
#define RETAINED  4
#define TURNS     60 /* of the 64 calls that may wait */

#define QUOTA RIG_ERROR("QuotaExceeded")
#define LIMIT "org.freedesktop.DBus.Error.LimitsExceeded" /* the bus was there first */

static const char *const forever[] = { "/usr/bin/sleep", "1000", NULL };
static const char *const short_sleep[] = { "/usr/bin/sleep", "1", NULL };

static void write_config(struct rig *rig, const char *keys)
{
	g_autofree char *text = g_strdup_printf("[Broker]\nSaltPath=%s/salt\n%s", rig->dir, keys);

	rig_write(rig, "bailiffd.conf", text);
}

static void set_limits(struct rig *rig, GDBusConnection *root, unsigned retained)
{
	g_autofree char *keys =
		g_strdup_printf("MaxSandboxesPerUser=%d\nMaxCallsPerUser=%d\nMaxRetainedPerUser=%u\n",
			SANDBOXES, CALLS, retained);
	g_autoptr(GVariant) v = NULL;

	write_config(rig, keys);
	v = rig_call_ok(root, RIG_PATH, RIG_MANAGER, "Reload", NULL);
	rig_wait_ready(rig);
}

struct baseline {
	GDBusConnection *root, *bob;
	pid_t broker;
};

/* What the broker has with these two connections, in each test. */
static struct rig_fds at_rest;

/* Those of the set-up and of the test before may still be on their way out: GLib closes them. */
static void settle_fds(struct rig *rig)
{
	size_t last = 0;

	for (int same = 0; !at_rest.list || same < 10; same = at_rest.n == last ? same + 1 : 0) {
		g_usleep(20000);
		last = at_rest.n;
		rig_note_fds(rig, RIG_BROKER, &at_rest);
	}
}

static void begin(struct rig *rig, struct baseline *b)
{
	b->root = rig_connect(rig, 0);
	b->bob = rig_connect(rig, RIG_BOB);
	set_limits(rig, b->root, RETAINED);
	b->broker = rig_pid(rig, RIG_BROKER);
	if (at_rest.list)
		rig_await_fds(rig, RIG_BROKER, &at_rest);
	else
		settle_fds(rig);
}

/* The other user is served as if nothing were. */
static void check_bob(const struct baseline *b)
{
	struct rig_launch l = { .profile = "strict", .argv = short_sleep };
	g_autoptr(GVariant) v = NULL;
	struct rig_sandbox s;

	rig_launch(b->bob, &l, &s);
	v = rig_call_ok(b->bob, s.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0));
	rig_sandbox_done(&s);
}

static void end(struct rig *rig, const struct baseline *b)
{
	rig_wait_jailed(rig, 0);
	rig_wait_ready(rig);
	rig_await_fds(rig, RIG_BROKER, &at_rest);
	assert_int_equal(rig_pid(rig, RIG_BROKER), b->broker);
	rig_disconnect(rig, b->bob);
	rig_disconnect(rig, b->root);
}

/* Answers to many calls made at once. */
struct tally {
	unsigned n, ok, refused;
};

static void on_answer(GObject *source, GAsyncResult *result, gpointer userdata)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GUnixFDList) fds = NULL;
	g_autoptr(GVariant) v = g_dbus_connection_call_with_unix_fd_list_finish(
		G_DBUS_CONNECTION(source), &fds, result, &error);
	struct tally *t = userdata;

	t->n++;
	if (v) {
		t->ok++;
		return;
	}
	if (g_dbus_error_is_remote_error(error)) {
		g_autofree char *name = g_dbus_error_get_remote_error(error);

		if (strcmp(name, QUOTA) == 0 || strcmp(name, LIMIT) == 0)
			t->refused++;
		else
			fail_msg("%s", error->message);
	}
}

static void call_many(GDBusConnection *c, const char *path, const char *interface, const char *method,
	GVariant *args, unsigned n, struct tally *t)
{
	g_autoptr(GVariant) shared = args ? g_variant_ref_sink(args) : NULL;

	for (unsigned i = 0; i < n; i++)
		g_dbus_connection_call_with_unix_fd_list(c, RIG_NAME, path, interface, method, shared, NULL,
			G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, NULL, NULL, on_answer, t);
}

static void await(const struct tally *t, unsigned n)
{
	gint64 until = g_get_monotonic_time() + (gint64)RIG_TIMEOUT_MS * 1000;

	while (t->n < n) {
		if (g_get_monotonic_time() > until)
			fail_msg("%u answers, wanted %u", t->n, n);
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
	}
}

static GVariant *launch_forever_args(void)
{
	return g_variant_new_parsed("('tool', ['/usr/bin/sleep', '1000'], @a{ss} {}, @a{uh} {}, @a{sv} {})");
}

/* Waits fill the calls of this user; its control calls have some in reserve, other users have their own. */
static void test_waits(void **state)
{
	struct rig_launch l = { .profile = "tool", .argv = forever };
	g_autoptr(GVariant) v = NULL;
	struct rig *rig = *state;
	struct tally t = { 0 };
	struct rig_sandbox s;
	struct baseline b;
	GDBusConnection *c;

	begin(rig, &b);
	c = rig_connect(rig, RIG_ALICE);
	rig_launch(c, &l, &s);
	call_many(c, s.path, RIG_SANDBOX, "Wait", NULL, 400, &t);
	await(&t, 400 - CALLS);
	assert_int_equal(t.ok, 0);
	assert_int_equal(t.refused, 400 - CALLS);
	rig_launch_fails(c, &l, QUOTA, "MaxCallsPerUser=");
	check_bob(&b);
	v = rig_call_ok(c, s.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0));
	await(&t, 400);
	assert_int_equal(t.ok, CALLS);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
	end(rig, &b);
}

/* Launches at once, over several connections: no more live than allowed, whatever is still in flight. */
static void test_launches(void **state)
{
	GDBusConnection *c[8];
	struct rig *rig = *state;
	struct tally t = { 0 };
	struct baseline b;

	begin(rig, &b);
	for (size_t i = 0; i < G_N_ELEMENTS(c); i++) {
		c[i] = rig_connect(rig, RIG_ALICE);
		call_many(c[i], RIG_PATH, RIG_MANAGER, "LaunchSandboxed", launch_forever_args(), 10, &t);
	}
	check_bob(&b);
	await(&t, 80);
	assert_int_equal(t.ok, SANDBOXES);
	assert_int_equal(t.refused, 80 - SANDBOXES);
	check_bob(&b);
	for (size_t i = 0; i < G_N_ELEMENTS(c); i++)
		rig_disconnect(rig, c[i]);
	end(rig, &b);
}

/* The launcher numbers sandboxes in the order in which it is asked for them. */
static size_t count_later(GDBusConnection *c, uint64_t id)
{
	g_autoptr(GVariant) v = rig_call_ok(c, RIG_PATH, RIG_MANAGER, "ListSandboxes", NULL);
	g_autoptr(GVariant) list = g_variant_get_child_value(v, 0);
	size_t n = 0;

	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		guint64 one;

		g_variant_get_child(list, i, "(otssuus)", NULL, &one, NULL, NULL, NULL, NULL, NULL);
		n += one > id;
	}
	return n;
}

/* A launch does not wait for the sixty that another user asked for before. */
static void test_turns(void **state)
{
	struct rig_launch tool = { .profile = "tool", .argv = forever };
	struct rig_launch strict = { .profile = "strict", .argv = short_sleep };
	struct rig *rig = *state;
	struct rig_sandbox first, bobs;
	struct tally t = { 0 };
	struct baseline b;
	GDBusConnection *c;
	size_t before;

	begin(rig, &b);
	write_config(rig, "");
	rig_reload(rig);
	c = rig_connect(rig, RIG_ALICE);
	rig_launch(c, &tool, &first); /* now the broker knows all of her that it looks up */
	call_many(c, RIG_PATH, RIG_MANAGER, "LaunchSandboxed", launch_forever_args(), TURNS, &t);
	before = count_later(c, first.id); /* the broker has read them all when it answers this */
	rig_launch(b.bob, &strict, &bobs);
	await(&t, TURNS);
	assert_int_equal(t.ok, TURNS);
	print_message("launched before he asked: %zu, after he was launched: %zu\n", before,
		count_later(c, bobs.id));
	assert_true(count_later(c, bobs.id) > 0);
	rig_sandbox_done(&first);
	rig_sandbox_done(&bobs);
	rig_disconnect(rig, c);
	end(rig, &b);
}

static size_t count_listed(GDBusConnection *c)
{
	g_autoptr(GVariant) v = rig_call_ok(c, RIG_PATH, RIG_MANAGER, "ListSandboxes", NULL);
	g_autoptr(GVariant) list = g_variant_get_child_value(v, 0);

	return g_variant_n_children(list);
}

static void run_to_its_end(GDBusConnection *c)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c", "exit 3", NULL };
	struct rig_launch l = { .profile = "tool", .argv = argv };
	g_autofree char *result = NULL;
	struct rig_sandbox s;

	rig_launch(c, &l, &s);
	result = rig_wait(c, &s, NULL, NULL);
	assert_string_equal(result, "exit-code");
	rig_sandbox_done(&s);
}

/* Exit states are kept for the newest only; fewer after a reload that says so. */
static void test_retained(void **state)
{
	struct rig *rig = *state;
	struct baseline b;
	GDBusConnection *c;

	begin(rig, &b);
	c = rig_connect(rig, RIG_ALICE);
	for (int i = 0; i < 4 * RETAINED; i++)
		run_to_its_end(c);
	assert_int_equal(count_listed(c), RETAINED);
	set_limits(rig, b.root, 1);
	run_to_its_end(c);
	assert_int_equal(count_listed(c), 1);
	rig_disconnect(rig, c);
	end(rig, &b);
}

/* Of who has had so many calls on their way that some still wait for their turn. */
static void stop_soon(GDBusConnection *c, const struct rig_sandbox *s)
{
	gint64 until = g_get_monotonic_time() + (gint64)RIG_TIMEOUT_MS * 1000;

	for (;;) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) v = rig_call(c, s->path, RIG_SANDBOX, "Stop",
			g_variant_new("(t)", (guint64)0), NULL, NULL, &error);

		if (v)
			return;
		if (g_get_monotonic_time() > until)
			fail_msg("%s is not stopped: %s", s->path, error->message);
		rig_check_error("Stop", error, RIG_ERROR("Busy"), "of this user");
		g_usleep(50000);
	}
}

/* P23: who wants no answer gets none, and nothing is kept for it. */
static void test_no_reply(void **state)
{
	struct rig_launch l = { .profile = "tool", .argv = forever };
	struct rig *rig = *state;
	struct rig_sandbox s;
	struct baseline b;
	GDBusConnection *c;
	int raw;

	begin(rig, &b);
	c = rig_connect(rig, RIG_ALICE);
	rig_launch(c, &l, &s);
	raw = raw_connect(rig->address, RIG_ALICE);
	for (int i = 0; i < 1000; i++) {
		raw_call(raw, s.path, RIG_SANDBOX, i % 2 ? "Wait" : "GetPidfd", NULL, true);
		raw_call(raw, RIG_PATH, RIG_MANAGER, "LaunchSandboxed", launch_forever_args(), true);
	}
	check_bob(&b);
	(void)close(raw);
	stop_soon(c, &s);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
	end(rig, &b);
}

/* Many connections, each with a call before its identity is known. */
static void test_connections(void **state)
{
	struct rig *rig = *state;
	struct baseline b;
	int raw[100];

	begin(rig, &b);
	for (size_t i = 0; i < G_N_ELEMENTS(raw); i++) {
		raw[i] = raw_connect(rig->address, RIG_ALICE);
		for (int k = 0; k < 4; k++)
			raw_call(raw[i], RIG_PATH, RIG_MANAGER, "LaunchSandboxed", launch_forever_args(),
				false);
	}
	check_bob(&b);
	for (size_t i = 0; i < G_N_ELEMENTS(raw); i++)
		(void)close(raw[i]);
	end(rig, &b);
}

static unsigned long broker_rss_kib(struct rig *rig)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", rig_pid(rig, RIG_BROKER)), *text = NULL;
	const char *line;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	line = strstr(text, "VmRSS:");
	assert_non_null(line);
	return strtoul(line + strlen("VmRSS:"), NULL, 10);
}

/* Small questions with large answers from many connections: the broker's queue stays short, and it does not
 * take a busy bus for one that is stuck. */
static void test_amplification(void **state)
{
	struct rig *rig = *state;
	struct baseline b;
	unsigned long before;
	int raw[50];

	begin(rig, &b);
	before = broker_rss_kib(rig);
	for (size_t i = 0; i < G_N_ELEMENTS(raw); i++)
		raw[i] = raw_connect(rig->address, RIG_ALICE);
	for (int k = 0; k < 60; k++)
		for (size_t i = 0; i < G_N_ELEMENTS(raw); i++)
			raw_call(raw[i], RIG_PATH, "org.freedesktop.DBus.Introspectable", "Introspect", NULL,
				false);
	check_bob(&b);
	assert_true(broker_rss_kib(rig) < before + GROWTH_MAX_KIB);
	for (size_t i = 0; i < G_N_ELEMENTS(raw); i++)
		(void)close(raw[i]);
	end(rig, &b);
}

/* Bob asks again when the broker left the bus under his call. */
static void check_bob_soon(const struct baseline *b)
{
	struct rig_launch l = { .profile = "strict", .argv = short_sleep };
	gint64 until = g_get_monotonic_time() + (gint64)RIG_TIMEOUT_MS * 1000;
	g_autoptr(GError) error = NULL;
	struct rig_sandbox s;

	while (!rig_launch_try(b->bob, &l, &s, &error)) {
		if (g_get_monotonic_time() > until)
			fail_msg("bob is not served: %s", error->message);
		g_clear_error(&error);
		g_usleep(50000);
	}
	rig_sandbox_done(&s);
}

/*
 * Q4: answers that nobody reads. dbus-broker drops such a client. With a stock dbus-daemon it is the broker
 * that gets nothing through any more when they have descriptors in them, and has to come back.
 */
static void test_slow_reader(void **state)
{
	struct rig_launch l = { .profile = "tool", .argv = forever };
	struct rig *rig = *state;
	struct rig_sandbox s;
	struct baseline b;
	GDBusConnection *c;
	int raw;

	begin(rig, &b);
	c = rig_connect(rig, RIG_ALICE);
	rig_launch(c, &l, &s);
	raw = raw_connect(rig->address, RIG_ALICE);
	for (int i = 0; i < 1000; i++)
		raw_call(raw, RIG_PATH, "org.freedesktop.DBus.Introspectable", "Introspect", NULL, false);
	check_bob(&b);
	for (int i = 0; i < 1000; i++)
		raw_call(raw, s.path, RIG_SANDBOX, "GetPidfd", NULL, false);
	check_bob_soon(&b);
	(void)close(raw);
	stop_soon(c, &s);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
	b.broker = rig_pid(rig, RIG_BROKER);
	end(rig, &b);
}

/* The end of a broker is not the beginning of a new minute. */
static void test_rates_over_restart(void **state)
{
	const struct rig_launch l = { .profile = "paced", .argv = short_sleep };
	struct rig *rig = *state;
	GDBusConnection *c;
	struct rig_sandbox s;

	rig_write(rig, "profiles/paced.profile",
		"[Access]\nAllowUser=man\nLaunchesPerMinute=3\n[Exec]\nExecutable=/usr/bin/sleep\n");
	rig_reload(rig);
	c = rig_connect(rig, RIG_ALICE);
	for (int i = 0; i < 3; i++) {
		rig_launch(c, &l, &s);
		rig_sandbox_done(&s);
		rig_kill_and_wait(rig, RIG_BROKER);
		c = rig_reconnect(rig, c, RIG_ALICE);
	}
	rig_launch_fails(c, &l, QUOTA, "LaunchesPerMinute=");
	rig_disconnect(rig, c);
	rig_remove(rig, "profiles/paced.profile");
	rig_reload(rig);
	rig_wait_jailed(rig, 0);
}

static int tear_down(void **state)
{
	rig_fds_done(&at_rest);
	return rig_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_launches),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_retained),
		cmocka_unit_test(test_no_reply),
		cmocka_unit_test(test_connections),
		cmocka_unit_test(test_amplification),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_rates_over_restart),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests_name("quota", tests, rig_setup, tear_down);
}
