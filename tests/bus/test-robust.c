/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whatever a client sends, it gets an answer and the broker serves on: every member of every interface that a
 * bus object has, on every kind of path, with bodies that fit and that do not. P1, P4, P23, P24, P26, P28. */

#include "base/error.h"
#include "dbus/names.h"
#include "rig.h"

#include <string.h>

static const char *const paths[] = { "/", "/org", BAILIFF_OBJECT_PATH, BAILIFF_SANDBOX_PREFIX,
	BAILIFF_SANDBOX_PREFIX "/1", BAILIFF_SANDBOX_PREFIX "/2", BAILIFF_SANDBOX_PREFIX "/x",
	"/a/b/c/d/e/f" };

static const struct {
	const char *interface, *member;
} members[] = {
	{ BAILIFF_MANAGER_INTERFACE, "LaunchSandboxed" },
	{ BAILIFF_MANAGER_INTERFACE, "ListProfiles" },
	{ BAILIFF_MANAGER_INTERFACE, "ListSandboxes" },
	{ BAILIFF_MANAGER_INTERFACE, "GetSandbox" },
	{ BAILIFF_MANAGER_INTERFACE, "GetUserPaths" },
	{ BAILIFF_MANAGER_INTERFACE, "IsSanitizedUsername" },
	{ BAILIFF_MANAGER_INTERFACE, "Subscribe" },
	{ BAILIFF_MANAGER_INTERFACE, "SetLogLevel" },
	{ BAILIFF_SANDBOX_INTERFACE, "GetPidfd" },
	{ BAILIFF_SANDBOX_INTERFACE, "Release" },
	{ BAILIFF_SANDBOX_INTERFACE, "Signal" },
	{ BAILIFF_SANDBOX_INTERFACE, "ResizePty" },
	{ "org.freedesktop.DBus.Properties", "Get" },
	{ "org.freedesktop.DBus.Properties", "GetAll" },
	{ "org.freedesktop.DBus.Properties", "Set" },
	{ "org.freedesktop.DBus.Introspectable", "Introspect" },
	{ "org.freedesktop.DBus.ObjectManager", "GetManagedObjects" },
	{ "org.freedesktop.DBus.Peer", "Ping" },
	{ "org.freedesktop.DBus.Peer", "GetMachineId" },
	{ "org.freedesktop.DBus.Peer", "Other" },
	{ "org.freedesktop.DBus", "Hello" },
	{ NULL, "ListProfiles" },
	{ NULL, "Get" },
};

static void append_body(sd_bus_message *m, size_t body)
{
	switch (body) {
	case 0:
		break;
	case 1:
		assert_true(sd_bus_message_append(m, "s", "") >= 0);
		break;
	case 2:
		assert_true(sd_bus_message_append(m, "ss", BAILIFF_SANDBOX_INTERFACE, "Nothing") >= 0);
		break;
	case 3:
		assert_true(sd_bus_message_append(m, "t", UINT64_MAX) >= 0);
		break;
	case 4:
		assert_true(sd_bus_message_append(m, "is", INT32_MIN, "all") >= 0);
		break;
	case 5:
		assert_true(sd_bus_message_append(
				    m, "v", "v", "v", "a{sv}", 1, "x", "(yv)", 1, "g", "a{yv}") >= 0);
		break;
	default:
		assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", "%n%n%n", 0, 0, 0, 0) >= 0);
	}
}

static void send_one(struct rig *r, const char *sender, size_t path, size_t member, size_t body)
{
	sd_bus_message *m =
		rig_call_path(r, sender, paths[path], members[member].interface, members[member].member);
	struct reply reply;

	append_body(m, body);
	if (body % 2 == 1)
		assert_true(sd_bus_message_set_allow_interactive_authorization(m, 1) >= 0);
	rig_send(r, m, &reply);
	rig_wait(r, &reply);
	reply_done(&reply);
}

static void test_every_member(void **state)
{
	struct rig *r = *state;
	struct reply reply;
	int status;

	rig_launch_sandbox(r, ALICE, "decoder", 1, &reply);
	reply_done(&reply);
	for (size_t path = 0; path < ELEMENTSOF(paths); path++)
		for (size_t member = 0; member < ELEMENTSOF(members); member++)
			for (size_t body = 0; body < 7; body++) {
				send_one(r, BOB, path, member, body);
				send_one(r, ALICE, path, member, body);
			}
	assert_false(rig_broker_ended(r, &status));
	assert_true(rig_launcher_idle(r));
	assert_int_equal(r->broker.sandboxes.n, 1);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
}

/* Messages that ask for no answer get none, and nothing is kept for them. */
static void test_no_reply(void **state)
{
	struct rig *r = *state;
	struct reply reply;

	rig_launch_sandbox(r, ALICE, "decoder", 1, &reply);
	reply_done(&reply);
	for (int i = 0; i < 1000; i++) {
		sd_bus_message *m =
			rig_call(r, ALICE, i % 3 == 0 ? 0 : 1, i % 3 == 0 ? "ListProfiles" : "Wait");

		assert_true(sd_bus_message_set_expect_reply(m, 0) >= 0);
		assert_true(sd_bus_send(r->bus, m, NULL) >= 0);
		sd_bus_message_unref(m);
		if (i % 5 == 0)
			rig_step(r);
	}
	rig_expect(r, rig_call(r, ALICE, 0, "ListProfiles"), NULL, NULL);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
}

/* Signals and answers that nobody asked for. */
static void test_unasked(void **state)
{
	struct rig *r = *state;
	sd_bus_message *call, *m;

	for (int i = 0; i < 100; i++) {
		assert_true(sd_bus_message_new_signal(r->bus, &m, "/org/freedesktop/DBus",
				    "org.freedesktop.DBus", "NameOwnerChanged") >= 0);
		assert_true(sd_bus_message_set_sender(m, BOB) >= 0);
		assert_true(sd_bus_message_append(m, "sss", ALICE, ALICE, "") >= 0);
		assert_true(sd_bus_send(r->bus, m, NULL) >= 0);
		sd_bus_message_unref(m);
	}
	rig_expect(r, rig_call(r, ALICE, 0, "ListProfiles"), NULL, NULL);
	/* Only the driver's word about who is gone counts. */
	assert_int_equal(r->broker.callers.n, 1);
	call = rig_call(r, BOB, 0, "ListProfiles");
	assert_true(sd_bus_message_seal(call, 4711, 0) >= 0);
	assert_true(sd_bus_message_new_method_return(call, &m) >= 0);
	assert_true(sd_bus_message_set_sender(m, BOB) >= 0);
	assert_true(sd_bus_send(r->bus, m, NULL) >= 0);
	sd_bus_message_unref(m);
	sd_bus_message_unref(call);
	rig_expect(r, rig_call(r, ALICE, 0, "ListProfiles"), NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_member, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_no_reply, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_unasked, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests_name("bus robust", tests, NULL, NULL);
}
