/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Service without a bus, and with one that comes late, dies and comes back (D12): the same broker, the direct
 * socket all the while, and what becomes of sandboxes whose clients were on the bus.
 */

#include "ctl.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS    3
#define POLL_USEC 20000

static const char *const forever[] = { "/usr/bin/sleep", "1000", NULL };

/* Clients of the rig are on the direct socket. */
static GDBusConnection *connect_to_bus(struct rig *rig, uid_t uid)
{
	char *direct = rig->client_address;
	GDBusConnection *c;

	rig->client_address = rig->address;
	c = rig_connect(rig, uid);
	rig->client_address = direct;
	return c;
}

/* The broker has its name there: the uid of who has it. */
static guint32 wait_for_name(struct rig *rig)
{
	GDBusConnection *c = connect_to_bus(rig, 0);
	const gint64 until = g_get_monotonic_time() + (gint64)RIG_TIMEOUT_MS * 1000;
	g_autoptr(GError) error = NULL;
	GVariant *v = NULL;
	guint32 uid = 0;

	while (!v && g_get_monotonic_time() < until) {
		g_clear_error(&error);
		v = g_dbus_connection_call_sync(c, "org.freedesktop.DBus", "/org/freedesktop/DBus",
			"org.freedesktop.DBus", "GetConnectionUnixUser", g_variant_new("(s)", RIG_NAME), NULL,
			G_DBUS_CALL_FLAGS_NONE, RIG_TIMEOUT_MS, NULL, &error);
		if (!v)
			g_usleep(POLL_USEC);
	}
	if (!v)
		fail_msg("the broker does not come to the bus: %s", error->message);
	g_variant_get(v, "(u)", &uid);
	g_variant_unref(v);
	rig_disconnect(rig, c);
	return uid;
}

static void launch(GDBusConnection *c, const char *options, struct rig_sandbox *ret)
{
	struct rig_launch l = { .profile = "tool", .argv = forever };

	l.options = options ? g_variant_new_parsed(options) : NULL;
	rig_launch(c, &l, ret);
}

static bool has_ended(const struct rig_sandbox *s, int timeout_ms)
{
	struct pollfd p = { .fd = s->pidfd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

static void stop(GDBusConnection *c, struct rig_sandbox *s)
{
	g_autofree char *result = NULL;

	g_variant_unref(rig_call_ok(c, s->path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0)));
	result = rig_wait(c, s, NULL, NULL);
	assert_string_equal(result, "killed");
	rig_sandbox_done(s);
}

static void test_no_bus(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *alice = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s;

	launch(alice, NULL, &s);
	EXPECT(0, "tool", NULL, "list");
	assert_false(has_ended(&s, 0));
	stop(alice, &s);
	rig_disconnect(rig, alice);
}

static void test_comes_and_goes(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *direct = rig_connect(rig, RIG_ALICE);
	const pid_t broker = rig_pid(rig, RIG_BROKER);
	struct rig_sandbox ours;

	launch(direct, NULL, &ours);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct rig_sandbox held, detached;
		GDBusConnection *alice;

		rig_bus_start(rig);
		/* who it is there is the broker, not the keeper, which is root */
		assert_int_not_equal(wait_for_name(rig), 0);
		alice = connect_to_bus(rig, RIG_ALICE);
		launch(alice, NULL, &held);
		launch(alice, "{'detach': <true>}", &detached);
		EXPECT(0, "tool", NULL, "list");
		rig_bus_stop(rig, i % 2 ? SIGTERM : SIGKILL);
		rig_disconnect(rig, alice);
		assert_true(has_ended(&held, RIG_TIMEOUT_MS));
		assert_false(has_ended(&detached, 0));
		assert_false(has_ended(&ours, 0));
		EXPECT(0, "tool", NULL, "list");
		/* they are their owner's, wherever that comes from */
		stop(direct, &detached);
		rig_sandbox_done(&held);
		assert_int_equal(rig_pid(rig, RIG_BROKER), broker);
	}
	stop(direct, &ours);
	rig_disconnect(rig, direct);
}

/* A broker that is killed meanwhile comes back without a bus as well, and joins the next. */
static void test_broker_killed(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *alice;
	struct rig_sandbox s;

	rig_kill_and_wait(rig, RIG_BROKER);
	rig_bus_start(rig);
	assert_int_not_equal(wait_for_name(rig), 0);
	alice = connect_to_bus(rig, RIG_ALICE);
	launch(alice, "{'detach': <true>}", &s);
	rig_disconnect(rig, alice);
	rig_kill_and_wait(rig, RIG_BROKER);
	assert_int_not_equal(wait_for_name(rig), 0);
	rig_bus_stop(rig, SIGKILL);
	rig_wait_ready(rig);
	assert_false(has_ended(&s, 0));
	alice = rig_connect(rig, RIG_ALICE);
	stop(alice, &s);
	rig_disconnect(rig, alice);
}

/* Where a bus is needed: another broker joins the next one, and what is detached lives on. */
static void test_required(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *alice = rig_connect(rig, RIG_ALICE);
	const pid_t broker = rig_pid(rig, RIG_BROKER);
	struct rig_sandbox held, detached;

	launch(alice, NULL, &held);
	launch(alice, "{'detach': <true>}", &detached);
	rig_bus_stop(rig, SIGKILL);
	rig_disconnect(rig, alice);
	rig_bus_start(rig);
	rig_wait_ready(rig);
	assert_int_not_equal(rig_pid(rig, RIG_BROKER), broker);
	assert_true(has_ended(&held, RIG_TIMEOUT_MS));
	assert_false(has_ended(&detached, 0));
	alice = rig_connect(rig, RIG_ALICE);
	stop(alice, &detached);
	rig_sandbox_done(&held);
	rig_disconnect(rig, alice);
}

static GVariant *ask_bus(GDBusConnection *c, const char *method, GVariant *args)
{
	g_autoptr(GError) error = NULL;
	GVariant *v = g_dbus_connection_call_sync(c, "org.freedesktop.DBus", "/org/freedesktop/DBus",
		"org.freedesktop.DBus", method, args, NULL, G_DBUS_CALL_FLAGS_NONE, RIG_TIMEOUT_MS, NULL,
		&error);

	if (!v)
		fail_msg("%s: %s", method, error->message);
	return v;
}

/* Neither the name, nor any connection of the broker's user. */
static void expect_not_on_bus(GDBusConnection *c)
{
	const struct passwd *bailiff = getpwnam("bailiff");
	g_autoptr(GVariant) v = ask_bus(c, "ListNames", NULL);
	g_autofree const char **names = NULL;

	assert_non_null(bailiff);
	g_variant_get(v, "(^a&s)", &names);
	for (const char **name = names; *name; name++) {
		g_autoptr(GVariant) user = NULL;
		guint32 uid;

		assert_string_not_equal(*name, RIG_NAME);
		user = ask_bus(c, "GetConnectionUnixUser", g_variant_new("(s)", *name));
		g_variant_get(user, "(u)", &uid);
		assert_int_not_equal(uid, bailiff->pw_uid);
	}
}

/* --bus=none: all that there is, by the direct socket alone; the bus beside it does not see the broker, nor
 * the next one, nor after a reload. */
static void test_none(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *alice = rig_connect(rig, RIG_ALICE), *on_bus = connect_to_bus(rig, RIG_ALICE);
	struct rig_sandbox s;

	expect_not_on_bus(on_bus);
	rig_reload(rig);
	launch(alice, "{'detach': <true>}", &s);
	expect_not_on_bus(on_bus);
	EXPECT(0, "tool", NULL, "list");
	rig_kill_and_wait(rig, RIG_BROKER);
	rig_disconnect(rig, alice);
	alice = rig_connect(rig, RIG_ALICE);
	assert_false(has_ended(&s, 0));
	EXPECT(0, "tool", NULL, "list");
	expect_not_on_bus(on_bus);
	stop(alice, &s);
	rig_bus_stop(rig, SIGKILL);
	launch(alice, NULL, &s);
	rig_disconnect(rig, alice);
	assert_true(has_ended(&s, RIG_TIMEOUT_MS));
	rig_sandbox_done(&s);
	rig_disconnect(rig, on_bus);
	rig_bus_start(rig);
}

static int set_up_beside(void **state)
{
	int r = rig_setup_beside_bus(state);

	ctl_use(*state);
	return r;
}

static int set_up_without(void **state)
{
	int r = rig_setup_without_bus(state);

	ctl_use(*state);
	return r;
}

int main(void)
{
	const struct CMUnitTest without[] = {
		rig_test(test_no_bus),
		rig_test(test_comes_and_goes),
		rig_test(test_broker_killed),
	};
	const struct CMUnitTest with[] = { rig_test(test_required) }, none[] = { rig_test(test_none) };
	int r;

	if (!rig_can_run())
		return RIG_SKIPPED;
	r = cmocka_run_group_tests_name("optional", without, set_up_without, ctl_tear_down);
	if (r == 0)
		r = cmocka_run_group_tests_name("none", none, set_up_beside, ctl_tear_down);
	return r != 0 ? r : cmocka_run_group_tests_name("required", with, rig_setup, rig_teardown);
}
