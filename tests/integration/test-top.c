/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl top on a real terminal: its keys, another size, and the terminal after each way out. */

#include "console.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#define ARGS(...)                                                                                            \
	(const char *const[])                                                                                \
	{                                                                                                    \
		__VA_ARGS__, NULL                                                                            \
	}
#define SLOWLY     ARGS("top", "-d1h") /* what is seen is what a key or a signal brought */
#define TAKE       "\033[?1049h"
#define GIVE_BACK  "\033[?25h\033[?1049l"
#define FRAME_DONE "\033[J"
#define SANDBOXES  3

static void start(struct console *c, struct rig *rig, const char *const *args)
{
	console_start(c, rig, 24, 80, args);
	console_expect(c, TAKE);
	console_expect(c, "by cpu");
	console_expect(c, FRAME_DONE);
	assert_int_equal(console_modes(c).c_lflag & (ICANON | ECHO), 0);
	assert_int_equal(console_modes(c).c_lflag & ISIG, ISIG);
}

static void expect_restored(struct console *c)
{
	console_expect(c, GIVE_BACK);
	assert_true(console_is_restored(c));
	console_done(c);
}

static void expect_end(struct console *c, int code)
{
	int status = console_wait(c);

	if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
		fail_msg("wanted exit status %d, got %#x: %s", code, (unsigned)status, c->seen->str);
	expect_restored(c);
}

static void test_keys(void **state)
{
	static const char *const rows[][2] = { { "m", "by memory" }, { "t", "by tasks" },
		{ "p", "by profile" }, { "T", "by time" }, { "i", "by id" }, { "c", "by cpu" },
		{ "?", "by cpu" }, { " ", "by cpu" } };
	struct console c;

	start(&c, *state, SLOWLY);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		console_type(&c, rows[i][0]);
		console_expect(&c, rows[i][1]);
		console_expect(&c, FRAME_DONE);
	}
	console_type(&c, "q");
	expect_end(&c, 0);
}

/* No frame clears what is there before it is written. */
static void test_no_flicker(void **state)
{
	struct console c;
	int status;

	console_start(&c, *state, 24, 80, ARGS("top", "-d100ms", "-n3"));
	status = console_wait(&c);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_null(strstr(c.seen->str, "\033[H\033[J"));
	assert_null(strstr(c.seen->str, "\033[2J"));
	for (int i = 0; i < 3; i++) {
		console_expect(&c, "\033[H0 sandboxes, by cpu");
		console_expect(&c, "\033[K\r\n");
		console_expect(&c, FRAME_DONE);
	}
	expect_restored(&c);
}

static void test_size(void **state)
{
	static const char *const argv[] = { "sleep", "1000", NULL };
	struct rig *rig = *state;
	GDBusConnection *alice = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s[SANDBOXES];
	const struct winsize smaller = { .ws_row = 4, .ws_col = 70 };
	struct console c;
	GString *row = g_string_new(NULL);

	for (size_t i = 0; i < SANDBOXES; i++)
		rig_launch(alice, &(struct rig_launch){ .profile = "tool", .argv = argv }, &s[i]);
	start(&c, rig, ARGS("top", "-d1h", "--sort=cpu"));
	assert_return_code(ioctl(c.master, TIOCSWINSZ, &smaller), errno);
	console_expect(&c, "3 sandboxes");
	g_string_printf(row, "%" G_GUINT64_FORMAT " ", s[0].id);
	console_expect(&c, row->str);
	g_string_printf(row, "%" G_GUINT64_FORMAT "  tool", s[1].id);
	console_type(&c, "i");
	console_expect(&c, "by id");
	console_expect(&c, FRAME_DONE);
	assert_null(strstr(c.seen->str, row->str));
	console_type(&c, "q");
	expect_end(&c, 0);
	g_string_free(row, TRUE);
	for (size_t i = 0; i < SANDBOXES; i++) {
		g_variant_unref(
			rig_call_ok(alice, s[i].path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0)));
		rig_sandbox_done(&s[i]);
	}
	rig_disconnect(rig, alice);
}

/* ^C and what ends a process from outside. */
static void test_ends(void **state)
{
	static const struct {
		int signal;
		bool kills;
	} rows[] = { { SIGTERM, false }, { SIGHUP, false }, { SIGQUIT, true }, { SIGUSR1, true },
		{ SIGALRM, true }, { SIGABRT, true } };
	struct console c;

	start(&c, *state, SLOWLY);
	console_type(&c, "\003");
	expect_end(&c, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		int status;

		start(&c, *state, SLOWLY);
		assert_return_code(kill(c.job, rows[i].signal), errno);
		if (!rows[i].kills) {
			expect_end(&c, 0);
			continue;
		}
		status = console_wait(&c);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != rows[i].signal)
			fail_msg("signal %d: status %#x", rows[i].signal, (unsigned)status);
		expect_restored(&c);
	}
}

static void test_stop_and_continue(void **state)
{
	struct console c;

	start(&c, *state, SLOWLY);
	console_type(&c, "\032");
	assert_true(WIFSTOPPED(console_wait(&c)));
	assert_true(console_is_restored(&c));
	console_expect(&c, GIVE_BACK);
	assert_return_code(kill(c.job, SIGCONT), errno);
	console_expect(&c, TAKE);
	console_expect(&c, FRAME_DONE);
	console_type(&c, "m");
	console_expect(&c, "by memory");
	console_type(&c, "q");
	expect_end(&c, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_keys),
		rig_test(test_no_flicker),
		rig_test(test_size),
		rig_test(test_ends),
		rig_test(test_stop_and_continue),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
