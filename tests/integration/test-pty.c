/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Terminals over the bus: a real shell on one, its size, its end with the client; and the other streams that
 * the daemon makes. J5, J6, F16.
 */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MSEC    30000
#define INVALID_ARGS "org.freedesktop.DBus.Error.InvalidArgs"

static const char terminal_profile[] = "[Profile]\nTemplate=shell.profile\n"
				       "[Access]\nAllowUser=man\nAllowDetach=yes\nMaxPerUser=16\n";
static const char journal_profile[] = "[Profile]\nTemplate=tool.profile\n"
				      "[Exec]\nStandardOutput=journal\nStandardError=journal\n";

static int set_up(void **state)
{
	struct rig *rig;
	int r = rig_setup(state);

	rig = *state;
	rig_write(rig, "profiles/terminal.profile", terminal_profile);
	rig_write(rig, "profiles/logging.profile", journal_profile);
	rig_reload(rig);
	return r;
}

static void launch(GDBusConnection *c, const char *script, const char *options, struct rig_sandbox *ret)
{
	const char *const argv[] = { "bash", "--norc", "-c", script, NULL };
	const struct rig_launch l = {
		.profile = "terminal", .argv = argv, .options = g_variant_new_parsed(options)
	};

	rig_launch(c, &l, ret);
}

/* Reads the master until the text came; NULL: until its end. */
static void expect(int master, const char *text)
{
	g_autoptr(GString) seen = g_string_new(NULL);

	for (;;) {
		struct pollfd p = { .fd = master, .events = POLLIN };
		char data[512];
		ssize_t n;

		if (poll(&p, 1, WAIT_MSEC) != 1)
			fail_msg("no \"%s\" in: %s", text ? text : "end", seen->str);
		n = read(master, data, sizeof(data));
		g_string_append_len(seen, data, n > 0 ? n : 0);
		if (text && strstr(seen->str, text))
			return;
		if (n > 0)
			continue;
		if (text || errno != EIO)
			fail_msg("no \"%s\" in: %s", text ? text : "end", seen->str);
		return;
	}
}

static void resize(GDBusConnection *c, const struct rig_sandbox *s, guint16 rows, guint16 columns)
{
	g_variant_unref(
		rig_call_ok(c, s->path, RIG_SANDBOX, "ResizePty", g_variant_new("(qq)", rows, columns)));
}

static void test_shell(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *result = NULL;
	struct rig_sandbox s;
	int code;

	launch(c,
		"trap 'echo now $(stty size)' WINCH; tty; stty size; ls -1 /dev/pts; : >/dev/tty && echo "
		"opened; "
		/* a read whose time is over would drop what is typed, or a signal, in that moment */
		"while sleep 0.05; do if read -t 0; then read line; [ \"$line\" = end ] && exit 3; fi; done",
		"{'pty': <(uint16 24, uint16 80)>}", &s);
	assert_true(s.stream[0] >= 0);
	assert_int_equal(s.stream[1], -1);
	assert_int_equal(s.stream[2], -1);
	expect(s.stream[0], "/dev/pts/0\r\n24 80\r\n0\r\nptmx\r\nopened\r\n");
	resize(c, &s, 50, 132);
	expect(s.stream[0], "now 50 132\r\n");
	rig_kill_and_wait(rig, RIG_LAUNCHER);
	resize(c, &s, 40, 100);
	expect(s.stream[0], "now 40 100\r\n");
	assert_int_equal(write(s.stream[0], "end\n", 4), 4);
	expect(s.stream[0], NULL);
	result = rig_wait(c, &s, &code, NULL);
	assert_string_equal(result, "exit-code");
	assert_int_equal(code, 3);
	rig_call_fails(c, s.path, RIG_SANDBOX, "ResizePty", g_variant_new("(qq)", 1, 1),
		RIG_ERROR("NoSuchSandbox"), NULL);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

/* Typed characters that are signals. */
static void test_interrupt(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *result = NULL;
	struct rig_sandbox s;
	int code, signal;

	launch(c, "stty -echo; echo ready; sleep 1000; exit 1", "@a{sv} {}", &s);
	expect(s.stream[0], "ready");
	assert_int_equal(write(s.stream[0], "\3", 1), 1);
	result = rig_wait(c, &s, &code, &signal);
	assert_string_equal(result, "signal");
	assert_int_equal(signal, SIGINT);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

/* The master is the client's alone: whoever closes it, or dies with it, hangs up. */
static void test_hang_up(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *result = NULL;
	struct rig_sandbox s;
	int code, signal;

	launch(c, "echo ready; sleep 1000", "{'detach': <true>}", &s);
	expect(s.stream[0], "ready");
	(void)close(s.stream[0]);
	s.stream[0] = -1;
	result = rig_wait(c, &s, &code, &signal);
	assert_string_equal(result, "signal");
	assert_int_equal(signal, SIGHUP);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

static void test_hung_up_is_not_resized(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autoptr(GError) error = NULL;
	struct rig_sandbox s;

	launch(c, "trap '' HUP; echo ready; while :; do sleep 1; done", "@a{sv} {}", &s);
	expect(s.stream[0], "ready");
	(void)close(s.stream[0]);
	s.stream[0] = -1;
	/* soon: whom the answer passed through may have a copy for a moment */
	for (int i = 0; !error && i < RIG_TIMEOUT_MS / 20; i++) {
		g_autoptr(GVariant) v = rig_call(
			c, s.path, RIG_SANDBOX, "ResizePty", g_variant_new("(qq)", 1, 1), NULL, NULL, &error);

		if (v)
			g_usleep(20000);
	}
	assert_non_null(error);
	rig_check_error("ResizePty", error, RIG_ERROR("InvalidFd"), "closed");
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
	rig_wait_jailed(rig, 0);
}

static void test_broker_restart(void **state)
{
	struct rig *rig = *state;
	struct rig_sandbox s;
	GDBusConnection *c;

	c = rig_connect(rig, RIG_ALICE);
	launch(c, "trap 'echo now $(stty size)' WINCH; echo ready; while :; do sleep 0.1; done", "@a{sv} {}",
		&s);
	expect(s.stream[0], "ready");
	rig_kill_and_wait(rig, RIG_BROKER);
	resize(c, &s, 11, 22);
	expect(s.stream[0], "now 11 22\r\n");
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
	rig_wait_jailed(rig, 0);
}

static void test_strangers(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *alice = rig_connect(rig, RIG_ALICE), *bob = rig_connect(rig, RIG_BOB),
			*root = rig_connect(rig, 0);
	struct rig_sandbox s;

	launch(alice, "trap 'echo now $(stty size)' WINCH; echo ready; while :; do sleep 0.1; done",
		"@a{sv} {}", &s);
	expect(s.stream[0], "ready");
	rig_call_fails(bob, s.path, RIG_SANDBOX, "ResizePty", g_variant_new("(qq)", 1, 1),
		RIG_ERROR("NoSuchSandbox"), NULL);
	resize(root, &s, 33, 44);
	expect(s.stream[0], "now 33 44\r\n");
	rig_sandbox_done(&s);
	rig_disconnect(rig, alice);
	rig_disconnect(rig, bob);
	rig_disconnect(rig, root);
	rig_wait_jailed(rig, 0);
}

/* What a profile does not have, and what makes no sense. */
static const struct {
	const char *profile, *options, *error, *text;
} refused[] = {
	{ "tool", "{'stdio': <{uint32 0: 'pty'}>}", RIG_ERROR("OverrideDenied"), "StandardInput=pty" },
	{ "tool", "{'pty': <(uint16 24, uint16 80)>}", RIG_ERROR("OverrideDenied"),
		"no standard stream is a pty" },
	{ "tool", "{'stdio': <{uint32 1: 'journal'}>}", RIG_ERROR("OverrideDenied"),
		"StandardOutput=journal" },
	{ "tool", "{'stdio': <{uint32 0: 'journal'}>}", INVALID_ARGS, "journal" },
	{ "tool", "{'pty': <(24, 80)>}", INVALID_ARGS, "(qq)" },
	{ "tool", "{'pty': <uint16 24>}", INVALID_ARGS, "pty" },
	{ "shell", "@a{sv} {}", RIG_ERROR("AccessDenied"), NULL },
};

static void test_refused(void **state)
{
	static const char *const argv[] = { "dash", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);

	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		const struct rig_launch l = { .profile = refused[i].profile,
			.argv = argv,
			.options = g_variant_new_parsed(refused[i].options) };

		rig_launch_fails(c, &l, refused[i].error, refused[i].text);
	}
	rig_disconnect(rig, c);
}

static void test_sockets(void **state)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c",
		"read a; echo \"got $a\" >&0; echo err >&2", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	const struct rig_launch l = { .profile = "tool",
		.argv = argv,
		.options = g_variant_new_parsed("{'stdio': <{uint32 0: 'socket', 2: 'socket'}>}") };
	g_autofree char *out = NULL, *err = NULL;
	struct rig_sandbox s;

	rig_launch(c, &l, &s);
	assert_int_equal(write(s.stream[0], "this\n", 5), 5);
	out = rig_read_all(s.stream[0], NULL);
	assert_string_equal(out, "got this\n");
	err = rig_read_all(s.stream[2], NULL);
	assert_string_equal(err, "err\n");
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

/* Refused by the keeper's filter, whatever the profile says, and whatever it is asked of: /dev/null. */
static void test_line_discipline(void **state)
{
	static const char *const argv[] = { "/probe", "set-discipline", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *out = NULL;
	int code;

	out = rig_run_probe(c, "probe", argv, &code);
	assert_string_equal(out, "set-discipline EPERM\n");
	rig_disconnect(rig, c);
}

/* There is no journal on the machines that run this: the launch says so, and nothing is left. */
static void test_no_journal(void **state)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c", ":", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	const struct rig_launch l = { .profile = "logging", .argv = argv };

	if (access("/run/systemd/journal/stdout", F_OK) == 0)
		skip();
	rig_launch_fails(c, &l, RIG_ERROR("Setup.Fds"), "/run/systemd/journal/stdout");
	rig_disconnect(rig, c);
	rig_wait_jailed(rig, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_shell),
		rig_test(test_interrupt),
		rig_test(test_hang_up),
		rig_test(test_hung_up_is_not_resized),
		rig_test(test_broker_restart),
		rig_test(test_strangers),
		rig_test(test_refused),
		rig_test(test_sockets),
		rig_test(test_line_discipline),
		rig_test(test_no_journal),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	if (rig_is_direct())
		cmocka_set_skip_filter("test_broker_restart"); /* connections end with the broker, and what
								  was launched over them */
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("terminals", tests, set_up, rig_teardown);
}
