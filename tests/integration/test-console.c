/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bailiffctl run --pty as people use it: a real bash of the shipped profile "shell" on a real terminal, with
 * job control and resize; and without a terminal, with data that must come through unchanged and whole.
 */

#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define BULK 100000 /* bytes; lines of the large output */
#define ARGS(...)                                                                                            \
	(const char *const[])                                                                                \
	{                                                                                                    \
		__VA_ARGS__, NULL                                                                            \
	}
#define ON_PTY        "run", "--pty", "--env=TERM", "shell", "--", "bash", "--norc"
#define SCRIPT(text)  ARGS(ON_PTY, "-c", text)
#define WAITS_FOREVER "while :; do sleep 0.1; done"

static void assert_exited(int status, int code)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
		fail_msg("wanted exit status %d, got %#x", code, (unsigned)status);
}

/* A prompt that is not in what is typed. */
static void start_shell(struct console *c, struct rig *rig)
{
	console_start(c, rig, 30, 100, ARGS(ON_PTY, "-i"));
	console_type(c, "PS1='[''ready] '\r");
	console_expect(c, "[ready] ");
}

static void test_terminal(void **state)
{
	struct console c;

	start_shell(&c, *state);
	console_await_raw(&c);
	console_type(&c, "tty; stty size; echo $TERM $-\r");
	console_expect(&c, "/dev/pts/0\r\n30 100\r\nvt100 ");
	console_expect(&c, "[ready] ");
	/* what answers a new size now is the loop, not the line editor */
	console_type(
		&c, "echo lo''op; until [ \"$(stty size)\" = '41 99' ]; do sleep 0.1; done; echo si''zed\r");
	console_expect(&c, "loop\r\n");
	assert_return_code(
		ioctl(c.master, TIOCSWINSZ, &(struct winsize){ .ws_row = 41, .ws_col = 99 }), errno);
	console_expect(&c, "sized");
	console_expect(&c, "[ready] ");
	console_type(&c, "exit 7\r");
	assert_exited(console_wait(&c), 7);
	assert_true(console_is_restored(&c));
	console_done(&c);
}

static void test_window_change_signal(void **state)
{
	struct console c;

	console_start(&c, *state, 30, 100,
		SCRIPT("trap 'echo now $(stty size); exit 4' WINCH; echo ready; " WAITS_FOREVER));
	console_expect(&c, "ready\r\n");
	assert_return_code(ioctl(c.master, TIOCSWINSZ, &(struct winsize){ .ws_row = 5, .ws_col = 6 }), errno);
	console_expect(&c, "now 5 6\r\n");
	assert_exited(console_wait(&c), 4);
	console_done(&c);
}

/* ^C, ^Z, fg, ^\: all in the sandbox, the shell outside has no part in it. */
static void test_job_control(void **state)
{
	struct console c;

	start_shell(&c, *state);
	console_type(&c, "dash -c 'echo job; exec sleep 1000'\r");
	console_expect(&c, "job\r\n");
	console_type(&c, "\003");
	console_expect(&c, "[ready] ");
	console_type(&c, "echo st=$?\r");
	console_expect(&c, "st=130\r\n");
	console_type(&c, "dash -c 'echo job; exec sleep 1000'\r");
	console_expect(&c, "job\r\n");
	console_type(&c, "\032");
	console_expect(&c, "Stopped");
	console_expect(&c, "[ready] ");
	console_type(&c, "jobs -s; fg\r");
	console_expect(&c, "Stopped");
	console_expect(&c, "sleep 1000");
	console_type(&c, "\003");
	console_expect(&c, "[ready] ");
	console_type(&c, "\004");
	assert_exited(console_wait(&c), 130);
	assert_true(console_is_restored(&c));
	console_done(&c);
}

/* Three times within a second; twice is data. */
static void test_escape(void **state)
{
	struct console c;

	console_start(&c, *state, 30, 100, SCRIPT("stty -echo raw; echo ready; head -c 3; " WAITS_FOREVER));
	console_expect(&c, "ready");
	console_type(&c, "\035\035x");
	console_expect(&c, "\035\035x");
	console_type(&c, "\035\035\035");
	assert_exited(console_wait(&c), 128 + SIGHUP);
	assert_non_null(strstr(c.seen->str, "disconnected"));
	assert_true(console_is_restored(&c));
	console_done(&c);
}

/* The ways out that are not the program's: each leaves the terminal as it was. */
static void test_signals_from_outside(void **state)
{
	static const struct {
		int signal, status;
		bool kills;
	} rows[] = {
		{ SIGTERM, 15, false },
		{ SIGINT, 2, false },
		{ SIGHUP, 1, false },
		{ SIGUSR1, 10, false },
		{ SIGALRM, SIGALRM, true },
		{ SIGABRT, SIGABRT, true },
#ifndef __SANITIZE_ADDRESS__ /* which takes this one itself */
		{ SIGSEGV, SIGSEGV, true },
#endif
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct console c;
		int status;

		console_start(&c, rig, 30, 100,
			SCRIPT("for i in 1 2 10 15; do trap \"exit $i\" $i; done; echo "
			       "ready; " WAITS_FOREVER));
		console_expect(&c, "ready\r\n");
		console_await_raw(&c);
		assert_return_code(kill(c.job, rows[i].signal), errno);
		status = console_wait(&c);
		if (!rows[i].kills)
			assert_exited(status, rows[i].status);
		else
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == rows[i].status);
		assert_true(console_is_restored(&c));
		console_done(&c);
	}
	rig_wait_jailed(rig, 0);
}

/* Nobody is left to restore the terminal then; the sandbox ends all the same. */
static void test_killed(void **state)
{
	struct rig *rig = *state;
	struct console c;
	int status;

	console_start(&c, rig, 30, 100, SCRIPT("trap '' HUP; echo ready; " WAITS_FOREVER));
	console_expect(&c, "ready\r\n");
	assert_return_code(kill(c.job, SIGKILL), errno);
	status = console_wait(&c);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	rig_wait_jailed(rig, 0);
	console_done(&c);
}

/* Stopped from outside it gives the terminal back, and takes it again. The program goes on. */
static void test_stop_and_continue(void **state)
{
	struct console c;

	console_start(&c, *state, 30, 100, SCRIPT("echo ready; read a; echo got $a $(stty size); exit 6"));
	console_expect(&c, "ready\r\n");
	console_await_raw(&c);
	assert_return_code(kill(c.job, SIGTSTP), errno);
	assert_true(WIFSTOPPED(console_wait(&c)));
	assert_true(console_is_restored(&c));
	assert_return_code(ioctl(c.master, TIOCSWINSZ, &(struct winsize){ .ws_row = 5, .ws_col = 6 }), errno);
	assert_return_code(kill(c.job, SIGCONT), errno);
	console_await_raw(&c);
	/* nobody can give it back before this one: it is taken again all the same */
	assert_return_code(kill(c.job, SIGSTOP), errno);
	assert_true(WIFSTOPPED(console_wait(&c)));
	assert_return_code(tcsetattr(c.master, TCSANOW, &c.before), errno);
	assert_return_code(kill(c.job, SIGCONT), errno);
	console_await_raw(&c);
	console_type(&c, "word\r");
	console_expect(&c, "got word 5 6\r\n");
	assert_exited(console_wait(&c), 6);
	assert_true(console_is_restored(&c));
	console_done(&c);
}

/* A program that dies by a signal, one that lets go of its terminal for a while, a launch that is refused. */
static void test_ends(void **state)
{
	static const struct {
		const char *script;
		int status;
	} rows[] = { { "kill -9 $$", 137 },
		{ "exec 0<&- 1>&- 2>&-; sleep 1.5; echo back >/dev/tty; exit 3", 3 },
		{ "sleep 1000 & exit 2", 2 } };
	struct rig *rig = *state;
	struct console c;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		console_start(&c, rig, 30, 100, SCRIPT(rows[i].script));
		assert_exited(console_wait(&c), rows[i].status);
		if (i == 1)
			assert_non_null(strstr(c.seen->str, "back"));
		assert_true(console_is_restored(&c));
		console_done(&c);
	}
	console_start(&c, rig, 30, 100, ARGS("run", "--pty", "decoder", "--", "xz", "-dc"));
	assert_exited(console_wait(&c), 126);
	assert_non_null(strstr(c.seen->str, "StandardInput=pty"));
	assert_true(console_is_restored(&c));
	console_done(&c);
}

/* --pty and --pipe together: what the streams are. */
static void test_either(void **state)
{
	struct console c;

	console_start(&c, *state, 30, 100, ARGS("run", "--pty", "-P", "shell", "--", "dash", "-c", "tty"));
	console_expect(&c, "/dev/pts/0");
	assert_exited(console_wait(&c), 0);
	console_done(&c);
	console_start(&c, *state, 30, 100, ARGS("run", "--pipe", "shell", "--", "dash", "-c", "tty"));
	console_expect(&c, "not a tty");
	assert_exited(console_wait(&c), 1);
	console_done(&c);
}

/* Without a terminal. */
struct plain {
	pid_t pid;
	int in, out;
};

static struct plain start_plain(struct rig *rig, const char *const *args)
{
	struct plain p;
	int in[2], out[2];

	assert_return_code(pipe2(in, O_CLOEXEC), errno);
	assert_return_code(pipe2(out, O_CLOEXEC), errno);
	p.pid = fork();
	assert_return_code(p.pid, errno);
	if (p.pid == 0) {
		(void)dup2(in[0], 0);
		(void)dup2(out[1], 1);
		(void)dup2(out[1], 2);
		console_exec(rig, args);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	p.in = in[1];
	p.out = out[0];
	return p;
}

static void finish_plain(struct plain *p, int code)
{
	int status;

	if (p->in >= 0)
		(void)close(p->in);
	(void)close(p->out);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	assert_exited(status, code);
}

/* The end of the input is an end of file there, after a line and in the middle of one. */
static void test_end_of_input(void **state)
{
	static const struct {
		const char *script, *input;
		int status;
	} rows[] = { { NULL, "", 0 }, { NULL, "exit 5\n", 5 }, { NULL, "(exit 9)\n", 9 },
		{ "cat; exit 8", "a\npart", 8 } };
	struct rig *rig = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *option = rows[i].script ? "-c" : NULL;
		struct plain p =
			start_plain(rig, ARGS("run", "--pty", "shell", "--", "dash", option, rows[i].script));
		g_autofree char *out = NULL;
		size_t n = strlen(rows[i].input);

		assert_int_equal(write(p.in, rows[i].input, n), n);
		(void)close(p.in);
		p.in = -1;
		out = rig_read_all(p.out, NULL);
		if (rows[i].script)
			assert_non_null(strstr(out, "part"));
		finish_plain(&p, rows[i].status);
	}
}

/* All bytes, both ways, as soon as the program's terminal is raw. */
static void test_binary(void **state)
{
	struct plain p = start_plain(*state, ARGS("run", "--pty", "shell", "--", "dash", "-c",
						     "stty raw -echo; printf ready; exec head -c 100000"));
	g_autofree char *sent = g_malloc(BULK), *back = NULL;
	char ready[5];
	size_t size;
	pid_t writer;

	for (size_t i = 0; i < BULK; i++)
		sent[i] = (char)(i * 7 + i / 256);
	assert_int_equal(read(p.out, ready, sizeof(ready)), sizeof(ready));
	writer = fork();
	assert_return_code(writer, errno);
	if (writer == 0) {
		for (ssize_t n, at = 0; at < BULK; at += n)
			if ((n = write(p.in, sent + at, (size_t)(BULK - at))) <= 0)
				_exit(1);
		(void)pause();
	}
	back = rig_read_all(p.out, &size);
	assert_int_equal(size, BULK);
	assert_memory_equal(back, sent, BULK);
	assert_return_code(kill(writer, SIGKILL), errno);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	finish_plain(&p, 0);
}

/* More than any buffer holds, to a reader that takes its time; and the last line, with the program long gone.
 */
static void test_large_output(void **state)
{
	struct plain p = start_plain(
		*state, ARGS("run", "--pty", "shell", "--", "dash", "-c", "stty -opost; exec seq 1 100000"));
	g_autoptr(GString) all = g_string_new(NULL);
	char data[1024];
	ssize_t n;
	int reads = 0;

	while ((n = read(p.out, data, sizeof(data))) > 0) {
		g_string_append_len(all, data, n);
		if (++reads % 32 == 0)
			g_usleep(1000);
	}
	assert_int_equal(all->len, 588895);
	assert_true(g_str_has_prefix(all->str, "1\n2\n3\n"));
	assert_true(g_str_has_suffix(all->str, "\n99999\n100000\n"));
	finish_plain(&p, 0);
}

/* A reader that takes nothing: the program has ended, and a signal ends the wait for what it wrote last. */
static void test_stuck_reader(void **state)
{
	struct plain p = start_plain(*state, ARGS("run", "--pty", "shell", "--", "dash", "-c",
						     "stty -opost; seq 1 20000 & sleep 1; kill -9 $$"));
	struct pollfd begun = { .fd = p.out, .events = POLLIN };
	struct rig *rig = *state;

	assert_int_equal(poll(&begun, 1, RIG_TIMEOUT_MS), 1);
	rig_wait_jailed(rig, 0);
	assert_return_code(kill(p.pid, SIGTERM), errno);
	finish_plain(&p, 128 + SIGKILL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_terminal),
		rig_test(test_window_change_signal),
		rig_test(test_job_control),
		rig_test(test_escape),
		rig_test(test_signals_from_outside),
		rig_test(test_killed),
		rig_test(test_stop_and_continue),
		rig_test(test_ends),
		rig_test(test_either),
		rig_test(test_end_of_input),
		rig_test(test_binary),
		rig_test(test_large_output),
		rig_test(test_stuck_reader),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_DFL); /* under nohup(1), too */
	return cmocka_run_group_tests_name("bailiffctl on a pty", tests, rig_setup, rig_teardown);
}
