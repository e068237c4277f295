/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Q7 for what a program says of itself: one call of the launcher fails, each that watches, reads or drops in
 * turn, while a sandbox says something and then that it is ready. It is heard, if the launcher ends by it by
 * the next one.
 */

#include "inject.h"
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define POLL_USEC   5000
#define HEARD_SEC   15
#define CALLS_MAX   100 /* of a kind; there are few */
#define LIVED_LEAST 6   /* failures that end no launcher: watching, reading and dropping, each twice */

static const char *const says[] = { "/usr/bin/dash", "-c",
	"read x <&3; systemd-notify --no-block --status=a; systemd-notify --no-block --ready; exec sleep "
	"1000",
	NULL };
static const int errors[] = { ENOMEM, EIO, ENOSPC, EPERM };

static void launch(GDBusConnection *c, struct rig_sandbox *ret, int *ret_line)
{
	int pair[2];
	struct rig_launch l = { .profile = "tool",
		.argv = says,
		.n_fds = 1,
		.options = g_variant_new_parsed("{'ready': <'notify'>}") };

	assert_return_code(pipe2(pair, O_CLOEXEC), errno);
	l.fds[0] = 3;
	l.fds[1] = pair[0];
	rig_launch(c, &l, ret);
	(void)close(pair[0]);
	*ret_line = pair[1];
}

/* The broker may be being replaced. */
static bool is_ready(GDBusConnection *c, const struct rig_sandbox *s)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) v = rig_call(c, s->path, "org.freedesktop.DBus.Properties", "Get",
		g_variant_new("(ss)", RIG_SANDBOX, "State"), NULL, NULL, &error);
	g_autoptr(GVariant) state = NULL;

	if (!v)
		return false;
	g_variant_get(v, "(v)", &state);
	return g_str_equal(g_variant_get_string(state, NULL), "ready");
}

/* By the next launcher, if this one ends. */
static void await_ready(GDBusConnection *c, const struct rig_sandbox *s)
{
	for (int i = 0; i < HEARD_SEC * 1000000 / POLL_USEC; i++) {
		if (is_ready(c, s))
			return;
		g_usleep(POLL_USEC);
	}
	fail_msg("what a program says is not heard");
}

/* False: there is no such call. */
static bool fail_once(struct rig *rig, int call, unsigned nth, int error, unsigned *n_lived)
{
	const struct inject_plan plan = {
		.root = rig_pid(rig, RIG_LAUNCHER), .call = call, .nth = nth, .error = error
	};
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s;
	struct inject *inject;
	bool lives, done;
	int line;

	launch(c, &s, &line);
	inject = inject_begin(&plan);
	assert_int_equal(write(line, "\n", 1), 1);
	await_ready(c, &s);
	lives = rig_pid(rig, RIG_LAUNCHER) == plan.root;
	done = inject_end(inject, NULL);
	(void)close(line);
	/* its client leaves */
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
	rig_wait_ready(rig);
	rig_wait_jailed(rig, 0);
	*n_lived += done && lives;
	return done;
}

static void test_calls(void **state)
{
	static const int calls[] = { SYS_epoll_ctl, SYS_recvmsg, SYS_recvfrom };
	unsigned n = 0, lived = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(calls); i++)
		for (unsigned nth = 1;
			fail_once(*state, calls[i], nth, errors[(i + nth) % G_N_ELEMENTS(errors)], &lived);
			nth++, n++)
			assert_true(nth < CALLS_MAX);
	print_message("%u calls failed, and %u times the launcher lived on\n", n, lived);
	assert_true(lived >= LIVED_LEAST);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_calls) };

	if (!rig_can_run() || !inject_possible())
		return RIG_SKIPPED;
	return cmocka_run_group_tests_name("inject-notices", tests, rig_setup, rig_teardown);
}
