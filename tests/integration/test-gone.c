/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Callers that leave at any moment between their request and the program's first instruction (A3, A4): no
 * jail is ever left without an owner. And callers whose ids are unusual (A10, A15): what the bus lets in is
 * an ordinary user, never more.
 */

#include "rig-raw.h"
#include "rig.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS    300
#define STEP_USEC 97 /* a launch takes a few milliseconds: the rounds end all over it */
#define SPAN_USEC 12000

static GVariant *launch_args(void)
{
	return g_variant_new_parsed("('tool', ['/usr/bin/sleep', '1000'], @a{ss} {}, @a{uh} {}, @a{sv} {})");
}

static size_t count_live(GDBusConnection *root)
{
	g_autoptr(GVariant) v = rig_call_ok(root, RIG_PATH, RIG_MANAGER, "ListSandboxes", NULL);
	g_autoptr(GVariantIter) i = NULL;
	const char *state;
	size_t n = 0;

	g_variant_get(v, "(a(otssuus))", &i);
	while (g_variant_iter_loop(i, "(otssuu&s)", NULL, NULL, NULL, NULL, NULL, NULL, &state))
		n += strcmp(state, "exited") != 0;
	return n;
}

/* The broker hears of an end a little after the process is gone. */
static void await_none_live(GDBusConnection *root)
{
	for (int i = 0; count_live(root) > 0 && i < RIG_TIMEOUT_MS; i++)
		(void)usleep(1000);
	assert_int_equal(count_live(root), 0);
}

static guint64 count_launched(GDBusConnection *root)
{
	g_autoptr(GVariant) v = rig_property(root, RIG_PATH, RIG_MANAGER, "NLaunched");

	return g_variant_get_uint64(v);
}

static void test_gone_at_any_time(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *root = rig_connect(rig, 0);
	guint64 launched = count_launched(root);

	for (useconds_t i = 0; i < ROUNDS; i++) {
		int fd = raw_connect(rig->address, RIG_ALICE);

		assert_true(
			raw_call(fd, RIG_PATH, RIG_MANAGER, "LaunchSandboxed", launch_args(), i % 7 == 0));
		if (i % 50 == 49)
			(void)usleep(200000);
		else if (i % 4 != 0)
			(void)usleep(i * STEP_USEC % SPAN_USEC);
		(void)close(fd);
	}
	rig_wait_ready(rig);
	rig_wait_jailed(rig, 0);
	await_none_live(root);
	/* some were early enough to see a launch through, or the rounds prove nothing */
	assert_true(count_launched(root) > launched);
	assert_true(count_launched(root) < launched + ROUNDS);
	rig_disconnect(rig, root);
}

/* Several requests of one connection, which goes in the middle of them. */
static void test_gone_with_many(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *root = rig_connect(rig, 0);

	for (useconds_t i = 0; i < 20; i++) {
		int fd = raw_connect(rig->address, RIG_ALICE);

		for (int k = 0; k < 8; k++)
			assert_true(
				raw_call(fd, RIG_PATH, RIG_MANAGER, "LaunchSandboxed", launch_args(), false));
		(void)usleep(i * 1000);
		(void)close(fd);
	}
	rig_wait_ready(rig);
	rig_wait_jailed(rig, 0);
	await_none_live(root);
	rig_disconnect(rig, root);
}

/* As rig_connect(), but the bus may refuse. */
static GDBusConnection *try_connect(struct rig *rig, uid_t uid)
{
	g_autoptr(GError) error = NULL;
	GDBusConnection *c;

	assert_return_code(setgroups(0, NULL), errno);
	assert_return_code(setegid(uid), errno);
	assert_return_code(seteuid(uid), errno);
	c = g_dbus_connection_new_for_address_sync(rig->address,
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
			G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, &error);
	assert_return_code(seteuid(0), errno);
	assert_return_code(setegid(0), errno);
	if (c) {
		g_dbus_connection_set_exit_on_close(c, FALSE);
		g_ptr_array_add(rig->connections, c);
	}
	return c;
}

static void test_unusual_ids(void **state)
{
	static const uid_t uids[] = { 54321, 65535, 0x7fffffff, 0x80000000, 0xfffffffe };
	static const char *const argv[] = { "/usr/bin/sleep", "1", NULL };
	const struct rig_launch l = { .profile = "tool", .argv = argv };
	struct rig *rig = *state;
	size_t n = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(uids); i++) {
		GDBusConnection *c = try_connect(rig, uids[i]);
		g_autoptr(GVariant) list = NULL;

		if (!c)
			continue;
		n++;
		list = rig_call_ok(c, RIG_PATH, RIG_MANAGER, "ListProfiles", NULL);
		rig_launch_fails(c, &l, RIG_ERROR("AccessDenied"), NULL);
		rig_call_fails(c, RIG_PATH, RIG_MANAGER, "Reload", NULL, RIG_ERROR("AccessDenied"), NULL);
		rig_disconnect(rig, c);
	}
	print_message("%zu of %zu unusual ids have a connection\n", n, G_N_ELEMENTS(uids));
	rig_wait_jailed(rig, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gone_at_any_time),
		cmocka_unit_test(test_gone_with_many),
		cmocka_unit_test(test_unusual_ids),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests_name("gone", tests, rig_setup, rig_teardown);
}
