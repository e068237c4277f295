/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Q20: with the deadlines of a sandbox in wait, each timer that is set in any of the processes is of the
 * clock that nobody can set, and that goes on while the machine sleeps. It is the kernel that says so.
 */

#include "rig.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#define TRIES 10

/* How many timers of a process are set; and one that is of another clock, or NULL. */
static unsigned look_at_timers(pid_t pid, char **ret_other)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/fdinfo", pid);
	g_autoptr(GDir) d = g_dir_open(path, 0, NULL);
	const char *fd;
	unsigned n = 0;

	*ret_other = NULL;
	assert_non_null(d);
	while (!*ret_other && (fd = g_dir_read_name(d))) {
		g_autofree char *file = g_build_filename(path, fd, NULL), *text = NULL;
		const char *clock;

		if (!g_file_get_contents(file, &text, NULL, NULL))
			continue;
		clock = strstr(text, "clockid: ");
		if (!clock || strstr(text, "it_value: (0, 0)"))
			continue;
		n++;
		if (g_ascii_strtoll(clock + strlen("clockid: "), NULL, 10) != CLOCK_BOOTTIME)
			*ret_other = g_steal_pointer(&text);
	}
	return n;
}

/* The broker's bus, for whoever its clients are on. */
static GDBusConnection *connect_to_bus(struct rig *rig)
{
	g_autoptr(GError) error = NULL;
	GDBusConnection *c = g_dbus_connection_new_for_address_sync(rig->address,
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
			G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, &error);

	if (!c)
		fail_msg("%s", error->message);
	g_dbus_connection_set_exit_on_close(c, FALSE);
	return c;
}

static void ping(GDBusConnection *bus)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) v =
		g_dbus_connection_call_sync(bus, RIG_NAME, RIG_PATH, "org.freedesktop.DBus.Peer", "Ping",
			NULL, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, RIG_TIMEOUT_MS, NULL, &error);

	if (!v)
		fail_msg("%s", error->message);
}

/*
 * sd-bus has a timer of CLOCK_MONOTONIC in the broker, which is set while it waits for an answer of the bus.
 * That is how it is told from one of ours: a bus reads what the broker writes, and the broker what the bus
 * writes, in order. So what the broker had asked before it answered one ping, it has an answer to before it
 * gets the next, and it asks nothing for them. It may not have come to its loop yet, where the timer goes.
 */
static unsigned check_timers(struct rig *rig, GDBusConnection *bus, enum rig_process which, const char *name)
{
	const int tries = which == RIG_BROKER ? TRIES : 1;

	for (int i = 0;; i++) {
		g_autofree char *other = NULL;
		unsigned n;

		for (int k = 0; which == RIG_BROKER && k < 2; k++)
			ping(bus);
		n = look_at_timers(rig_pid(rig, which), &other);
		if (!other)
			return n;
		if (i + 1 >= tries)
			fail_msg("%s has a timer of another clock: %s", name, other);
	}
}

static void test_timers(void **state)
{
	static const char *const argv[] = { "/usr/bin/sleep", "1000", NULL };
	struct rig_launch l = { .profile = "timed", .argv = argv };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE), *bus = connect_to_bus(rig);
	struct rig_sandbox s;
	unsigned n = 0;

	rig_write(rig, "profiles/timed.profile",
		"[Access]\nAllowUser=man\n[Exec]\nExecutable=/usr/bin/sleep\n"
		"[Resources]\nRuntimeMaxSec=600s\nTimeoutStopSec=60s\n");
	rig_reload(rig);
	l.options = g_variant_new_parsed("{'runtime-max-usec': <@t 500000000>}");
	rig_launch(c, &l, &s);
	n += check_timers(rig, bus, RIG_LAUNCHER, "launcher");
	n += check_timers(rig, bus, RIG_BROKER, "broker");
	n += check_timers(rig, bus, RIG_KEEPER, "keeper");
	n += check_timers(rig, bus, RIG_STUB, "stub");
	/* that of the sandbox, at least: there was something to look at */
	assert_true(n > 0);
	g_variant_unref(rig_call_ok(c, s.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)60000000)));
	(void)check_timers(rig, bus, RIG_LAUNCHER, "launcher");
	(void)check_timers(rig, bus, RIG_BROKER, "broker");
	g_free(rig_wait(c, &s, NULL, NULL));
	rig_sandbox_done(&s);
	(void)g_dbus_connection_close_sync(bus, NULL, NULL);
	g_object_unref(bus);
	rig_disconnect(rig, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = { rig_test(test_timers) };

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests_name("clocks", tests, rig_setup, rig_teardown);
}
