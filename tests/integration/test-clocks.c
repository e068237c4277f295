/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Q20: with the deadlines of a sandbox in wait, each timer that is set in any of the processes is of the
 * clock that nobody can set, and that goes on while the machine sleeps. It is the kernel that says so.
 */

#include "rig.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#define POLL_USEC 20000

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

/* sd-bus has some of CLOCK_MONOTONIC in the broker, and sets them while it waits for an answer itself, which
 * does not take long: that of a deadline would stay. */
static unsigned check_timers(struct rig *rig, enum rig_process which, const char *name)
{
	const int tries = which == RIG_BROKER ? RIG_TIMEOUT_MS * 1000 / POLL_USEC : 1;

	for (int i = 0;; i++) {
		g_autofree char *other = NULL;
		const unsigned n = look_at_timers(rig_pid(rig, which), &other);

		if (!other)
			return n;
		if (i + 1 >= tries)
			fail_msg("%s has a timer of another clock: %s", name, other);
		g_usleep(POLL_USEC);
	}
}

static void test_timers(void **state)
{
	static const char *const argv[] = { "/usr/bin/sleep", "1000", NULL };
	struct rig_launch l = { .profile = "timed", .argv = argv };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s;
	unsigned n = 0;

	rig_write(rig, "profiles/timed.profile",
		"[Access]\nAllowUser=man\n[Exec]\nExecutable=/usr/bin/sleep\n"
		"[Resources]\nRuntimeMaxSec=600s\nTimeoutStopSec=60s\n");
	rig_reload(rig);
	l.options = g_variant_new_parsed("{'runtime-max-usec': <@t 500000000>}");
	rig_launch(c, &l, &s);
	n += check_timers(rig, RIG_LAUNCHER, "launcher");
	n += check_timers(rig, RIG_BROKER, "broker");
	n += check_timers(rig, RIG_KEEPER, "keeper");
	n += check_timers(rig, RIG_STUB, "stub");
	/* that of the sandbox, at least: there was something to look at */
	assert_true(n > 0);
	g_variant_unref(rig_call_ok(c, s.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)60000000)));
	(void)check_timers(rig, RIG_LAUNCHER, "launcher");
	(void)check_timers(rig, RIG_BROKER, "broker");
	g_free(rig_wait(c, &s, NULL, NULL));
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = { rig_test(test_timers) };

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests_name("clocks", tests, rig_setup, rig_teardown);
}
