/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bailiffctl as users meet it: the program itself, run by an ordinary user against the real daemon, with its
 * exit status and what it writes; on pipes, on closed streams and on a terminal.
 */

#include "base/process.h"
#include "ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static char *launch(void)
{
	struct ctl_said s =
		ctl_as(RIG_ALICE, (const char *const[]){ "launch", "tool", "sleep", "1000", NULL });

	assert_int_equal(s.status, 0);
	assert_string_equal(s.err, "");
	g_free(s.err);
	return g_strchomp(s.out);
}

/* bailiffctl opens what it binds, with its caller's rights. */
static void test_bind(void **state)
{
	static const char profile[] = "[Access]\nAllowUser=man\n[Exec]\nExecutable=/usr/bin/dash\n"
				      "[Filesystem]\nMountSlot=input ro\nMountSlot=out /srv/out idmap\n";
	g_autofree char *own = g_build_filename(ctl_stage.rig->dir, "own", NULL), *text = NULL;
	g_autofree char *bind = g_strdup_printf("--bind=out=%s", own);

	rig_write(ctl_stage.rig, "profiles/slots.profile", profile);
	EXPECT_ROOT(0, "generation", NULL, "reload");
	assert_true(g_file_set_contents(own, "mine\n", -1, NULL));
	assert_return_code(chown(own, RIG_ALICE, RIG_ALICE), errno);
	EXPECT(0, "root:x:0:0:", NULL, "run", "--bind=input=/etc/passwd", "slots", "dash", "-c",
		"cat /input");
	EXPECT(0, "\ndash\n", NULL, "run", "--bind", "input=/usr/share/../bin/:ro", "slots", "dash", "-c",
		"ls /input");
	EXPECT(0, "mine\n", NULL, "run", bind, "slots", "dash", "-c", "cat /srv/out; echo his >/srv/out");
	assert_true(g_file_get_contents(own, &text, NULL, NULL));
	assert_string_equal(text, "his\n");
	EXPECT(125, "", "must be SLOT=PATH", "run", "--bind=input", "slots", "dash");
	EXPECT(125, "", "is no name of a mount slot", "run", "--bind=/x=/etc", "slots", "dash");
	EXPECT(125, "", "filled by an earlier --bind=", "run", "--bind=a=/etc", "--bind=a=/etc", "slots",
		"dash");
	EXPECT(125, "", "/etc/shadow: Permission denied", "run", "--bind=input=/etc/shadow", "slots", "dash");
	EXPECT(125, "", "/nothing: No such file", "run", "--bind=input=/nothing:ro", "slots", "dash");
	EXPECT(126, "", "has no mount slot in; it has: input, out", "run", "--bind=in=/etc", "slots", "dash");
	EXPECT(126, "", "must be the caller's", "run", "--bind=out=/etc/passwd", "slots", "dash");
	rig_remove(ctl_stage.rig, "profiles/slots.profile");
	EXPECT_ROOT(0, "generation", NULL, "reload");
}

static void test_run_status(void **state)
{
	EXPECT(0, "hello\n", NULL, "run", "tool", "--", "dash", "-c", "echo hello");
	EXPECT(7, "", NULL, "run", "tool", "dash", "-c", "exit 7");
	EXPECT(137, "", NULL, "run", "tool", "dash", "-c", "kill -KILL $$");
	EXPECT(141, "", NULL, "run", "tool", "dash", "-c", "kill -PIPE $$");
	EXPECT(143, "", "time was up", "run", "--runtime-max=300ms", "tool", "sleep", "100");
	EXPECT(0, "\xff|\xc0\n", NULL, "run", "tool", "dash", "-c", "echo \"$1|$2\"", "x", "\xff", "\xc0");
}

static void test_run_refused(void **state)
{
	EXPECT(125, "", "is missing", "run");
	EXPECT(125, "", "which program", "run", "tool");
	EXPECT(125, "", "options stand before the profile", "run", "tool", "--no-stdin", "/tool");
	EXPECT(125, "", "unknown option --nosuch", "run", "--nosuch", "tool", "sleep");
	EXPECT(125, "", "not a name", "run", "../tool", "sleep");
	EXPECT(125, "", "not open here", "run", "--fd=3:77", "tool", "sleep");
	EXPECT(127, "", "ProfileUnknown", "run", "nosuch", "sleep");
	EXPECT(126, "", "AccessDenied", "run", "closed", "sleep", "1");
	EXPECT(126, "", "ArgvDenied", "run", "tool", "nosuch");
	EXPECT(126, "", "EnvDenied", "run", "--env=A=b", "tool", "sleep", "1");
	EXPECT(126, "", "OverrideDenied", "run", "--rlimit=NPROC=1000000", "tool", "sleep", "1");
	EXPECT(126, "", "AccessDenied", "launch", "closed", "sleep", "1");
}

/* All that is mapped, or nothing: a stream that there is no room for is not left out. */
static void test_no_room_for_streams(void **state)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(argv, g_strdup("run"));
	for (int child = 3; child < 3 + 64 - 2; child++)
		g_ptr_array_add(argv, g_strdup_printf("--fd=%d:0", child));
	g_ptr_array_add(argv, g_strdup("tool"));
	g_ptr_array_add(argv, g_strdup("sleep"));
	g_ptr_array_add(argv, g_strdup("1"));
	g_ptr_array_add(argv, NULL);
	ctl_expect_as(RIG_ALICE, 125, "", "no room for standard stream 2: one launch carries at most 64",
		(const char *const *)argv->pdata);
}

static void test_many_arguments(void **state)
{
	g_autofree char *long_word = g_strnfill(100 * 1024, 'x');

	EXPECT(0, "102400\n", NULL, "run", "tool", "dash", "-c", "echo ${#1}", "x", long_word);
	EXPECT(126, "", "QuotaExceeded", "run", "tool", "dash", "-c", "", long_word, long_word);
	EXPECT(126, "", "one message", "run", "tool", "sleep", long_word, long_word, long_word, long_word,
		long_word, long_word, long_word, long_word, long_word, long_word, long_word);
}

static void test_one_sandbox(void **state)
{
	g_autofree char *id = launch(), *other = launch();

	EXPECT(0, id, NULL, "list");
	EXPECT(0, "\"state\":\"running\"", NULL, "--json=short", "list");
	EXPECT(0, "\t\t\"profile\": \"tool\"", NULL, "list", "--json=pretty");
	EXPECT_ROOT(0, id, NULL, "list");
	ctl_expect_as(RIG_BOB, 1, "", "NoSuchSandbox", (const char *const[]){ "status", id, NULL });
	ctl_expect_as(RIG_BOB, 1, "", "NoSuchSandbox", (const char *const[]){ "stop", id, NULL });
	EXPECT(0, "State: running", NULL, "status", id);
	EXPECT(124, "", "not ended", "wait", "--timeout=50ms", id);
	EXPECT(0, "", NULL, "signal", "--signal=USR1", id);
	EXPECT(138, "signal", NULL, "wait", id);
	EXPECT(0, "Result: signal, signal 10", NULL, "status", id);
	EXPECT(0, "\"exit-signal\":10", NULL, "--json=short", "status", id);
	EXPECT(1, "", "NoSuchSandbox", "signal", id);
	EXPECT(0, "", NULL, "stop", other);
	EXPECT(143, "killed", NULL, "wait", id, other);
	EXPECT(138, "\"signal\":10", NULL, "--json=short", "wait", "--release", other, id);
	EXPECT(125, "", "NoSuchSandbox", "wait", id);
	EXPECT(1, "", "NoSuchSandbox", "status", id);
}

/* The id comes when the program is ready; one that ends before has its own status, and no id is printed. */
static void test_ready(void **state)
{
	static const char *const ready[] = { "launch", "--ready=notify", "tool", "dash", "-c",
		"sleep 0.2; systemd-notify --ready; sleep 1000", NULL };
	struct ctl_said s = ctl_as(RIG_ALICE, ready);

	assert_int_equal(s.status, 0);
	assert_string_equal(s.err, "");
	g_strchomp(s.out);
	EXPECT(0, "State: ready", NULL, "status", s.out);
	EXPECT(0, "", NULL, "stop", s.out);
	EXPECT(143, "killed", NULL, "wait", "--release", s.out);
	ctl_said_done(&s);
	EXPECT(9, "", "without having been ready", "launch", "--ready=notify", "tool", "dash", "-c",
		"exit 9");
	EXPECT(1, "", "without having been ready", "launch", "--ready=notify", "tool", "dash", "-c",
		"exit 0");
	EXPECT(7, "", NULL, "run", "--ready=notify", "tool", "dash", "-c",
		"systemd-notify --ready && exit 7");
	EXPECT(125, "", "must be exec or notify", "launch", "--ready=soon", "tool", "dash");
}

static void test_ids(void **state)
{
	static const char *const bad[] = { "", "abc", "-1", "+1", "1x", " 1", "01", "0x10", "1e3",
		"18446744073709551616", "99999999999999999999999" };
	static const char *const unknown[] = { "0", "18446744073709551615" };
	static const char *const verbs[] = { "status", "stop", "signal", "wait" };

	for (size_t v = 0; v < G_N_ELEMENTS(verbs); v++) {
		int status = strcmp(verbs[v], "wait") == 0 ? 125 : 1;

		for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
			EXPECT(status, "", "not the id", verbs[v], "--", bad[i]);
		for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++)
			EXPECT(status, "", "NoSuchSandbox", verbs[v], unknown[i]);
	}
	EXPECT(2, "", "is missing", "stop");
	EXPECT(2, "", "too many", "list", "x");
	EXPECT(2, "", "did you mean list", "lst");
	EXPECT(2, "", "must be short", "--json=long", "list");
	EXPECT(2, "", "no signal", "signal", "--signal=NOSUCH", "1");
}

static void expect_broken_reload(void)
{
	struct ctl_said s = ctl_as(0, (const char *const[]){ "--json=short", "reload", NULL });

	assert_int_equal(s.status, 1);
	assert_non_null(strstr(s.out, "\"errors\":[\""));
	assert_non_null(strstr(s.err, "bad.conf:2:1"));
	assert_non_null(strstr(s.err, "stays in force"));
	ctl_said_done(&s);
}

static void test_profiles(void **state)
{
	rig_write(ctl_stage.rig, "profiles/odd.profile",
		"[Profile]\nDescription=\"quoted\" \\back\xe2\x80\xae\tslash\n[Access]\nAllowUser=man\n"
		"[Exec]\nExecutable=/usr/bin/sleep\n");
	EXPECT_ROOT(0, "generation", NULL, "reload");
	EXPECT(0, "\"name\":\"tool\"", NULL, "--json=short", "profiles");
	/* What would turn the rest of the line around is shown, not done. */
	EXPECT(0, "\\xe2\\x80\\xae", NULL, "profiles");
	EXPECT(0, "\\\"quoted\\\" \\\\back\xe2\x80\xae\\tslash", NULL, "--json=short", "profiles");
	rig_write(ctl_stage.rig, "profiles/odd.profile.d/bad.conf", "[Exec]\nNoSuchKey=1\n");
	expect_broken_reload();
	rig_remove(ctl_stage.rig, "profiles/odd.profile.d/bad.conf");
	rig_remove(ctl_stage.rig, "profiles/odd.profile");
	EXPECT_ROOT(0, "generation", NULL, "reload");
	EXPECT(1, "", "administrators", "reload");
	EXPECT(0, "Version", NULL, "status");
	EXPECT(0, "\"landlock-abi\":", NULL, "--json=short", "status");
	EXPECT(0, "\"sanitized\":\"", NULL, "--json=short", "sanitize-username", "alice");
	EXPECT(1, "", "", "sanitize-username", "");
}

static void test_no_bus(void **state)
{
	static const char *const addresses[] = { "nonsense", "", "unix:path=/nonexistent",
		"unix:", "unix:path=/dev/null", "tcp:host=127.0.0.1,port=1" };

	for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
		EXPECT(1, "", "can not reach the broker", "--address", addresses[i], "list");
		EXPECT(125, "", "can not reach the broker", "--address", addresses[i], "run", "tool", "sleep",
			"1");
	}
}

static void test_closed_streams(void **state)
{
	static const char *const argv[] = { "run", "tool", "dash", "-c", "cat; exit 4", NULL },
				 *const list[] = { "list", NULL };
	const struct ctl_streams none = { -1, -1, -1 };

	assert_int_equal(ctl_status_of(ctl_start(RIG_ALICE, &none, argv)), 4);
	assert_int_equal(ctl_status_of(ctl_start(RIG_ALICE, &none, list)), 1);
}

#ifndef BAILIFF_SANITIZING
/* Closed streams that nothing can be put into: no file can be opened, as where /dev is empty. */
static void test_nothing_for_closed_streams(void **state)
{
	g_autofree char *command =
		g_strdup_printf("exec <&- >&-; ulimit -n 1; exec %s list", ctl_stage.program);
	char shell[] = "/bin/sh", option[] = "-c", *argv[] = { shell, option, command, NULL };
	g_autofree char *err = NULL;
	g_autoptr(GError) error = NULL;
	int status = -1;

	if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, &err, &status, &error))
		fail_msg("%s", error->message);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 125);
	if (!strstr(err, "bailiffctl: could not open /dev/null"))
		fail_msg("%s", err);
}
#endif

/* Whoever reads goes away: the program has SIGPIPE, as in any pipeline, and soon. */
static void test_broken_pipe(void **state)
{
	static const char *const argv[] = { "run", "tool", "cat", "/dev/zero", NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), p[2];
	struct ctl_streams s = { null, -1, null };
	pid_t pid;
	char byte;

	assert_return_code(pipe2(p, O_CLOEXEC), errno);
	s.out = p[1];
	pid = ctl_start(RIG_ALICE, &s, argv);
	(void)close(p[1]);
	assert_int_equal(read(p[0], &byte, 1), 1);
	(void)close(p[0]);
	(void)close(null);
	assert_int_equal(ctl_status_of(pid), 128 + SIGPIPE);
}

/* Starts argv with its output on a pipe and returns when it wrote its first byte. */
static pid_t start_and_hear(const char *const *argv, int *ret_out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), p[2];
	struct ctl_streams s = { null, -1, STDERR_FILENO };
	pid_t pid;
	char byte;

	assert_return_code(pipe2(p, O_CLOEXEC), errno);
	s.out = p[1];
	pid = ctl_start(RIG_ALICE, &s, argv);
	(void)close(p[1]);
	(void)close(null);
	assert_int_equal(read(p[0], &byte, 1), 1);
	*ret_out = p[0];
	return pid;
}

static void test_signals(void **state)
{
	static const char *const argv[] = { "run", "tool", "dash", "-c",
		"trap 'exit 5' USR1; trap 'exit 6' HUP; echo up; while :; do sleep 0.05; done", NULL };
	int out;
	pid_t pid = start_and_hear(argv, &out);

	assert_return_code(kill(pid, SIGUSR1), errno);
	assert_int_equal(ctl_status_of(pid), 5);
	(void)close(out);
	pid = start_and_hear(argv, &out);
	assert_return_code(kill(pid, SIGINT), errno);
	assert_int_equal(ctl_status_of(pid), 128 + SIGINT);
	(void)close(out);
	/* As nohup(1) does it: nobody is to hear of this signal. */
	(void)signal(SIGHUP, SIG_IGN);
	pid = start_and_hear(argv, &out);
	(void)signal(SIGHUP, SIG_DFL);
	assert_return_code(kill(pid, SIGHUP), errno);
	g_usleep(300000);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	assert_return_code(kill(pid, SIGTERM), errno);
	assert_int_equal(ctl_status_of(pid), 128 + SIGTERM);
	(void)close(out);
	/* Killed: the connection ends, and so does the sandbox. */
	pid = start_and_hear(argv, &out);
	assert_return_code(kill(pid, SIGKILL), errno);
	assert_int_equal(ctl_status_of(pid), 128 + SIGKILL);
	(void)close(out);
	rig_wait_jailed(ctl_stage.rig, 0);
}

/* The same, and the broker has answered the launch. */
static pid_t start_known(const char *const *argv, int *ret_out)
{
	pid_t pid = start_and_hear(argv, ret_out);

	for (int i = 0; i < RIG_TIMEOUT_MS / 20; i++) {
		struct ctl_said s = ctl_as(RIG_ALICE, (const char *const[]){ "list", NULL });
		bool running = strstr(s.out, "running") != NULL;

		ctl_said_done(&s);
		if (running)
			return pid;
		g_usleep(20000);
	}
	fail_msg("the sandbox does not get to run");
	return pid;
}

static void test_daemon_dies(void **state)
{
	static const char *const argv[] = { "run", "tool", "dash", "-c",
		"trap 'exit 5' USR1; echo up; while :; do sleep 0.05; done", NULL };
	int out;
	pid_t pid = start_known(argv, &out);

	rig_kill_and_wait(ctl_stage.rig, RIG_BROKER);
	assert_return_code(kill(pid, SIGUSR1), errno);
	assert_int_equal(ctl_status_of(pid), 5);
	(void)close(out);
	/* No broker at the moment of the signal: it has it when there is one again. */
	pid = start_known(argv, &out);
	assert_return_code(kill(rig_pid(ctl_stage.rig, RIG_BROKER), SIGKILL), errno);
	assert_return_code(kill(pid, SIGUSR1), errno);
	assert_int_equal(ctl_status_of(pid), 5);
	(void)close(out);
	rig_wait_ready(ctl_stage.rig);
	pid = start_known(argv, &out);
	rig_kill_and_wait(ctl_stage.rig, RIG_LAUNCHER);
	assert_return_code(kill(pid, SIGUSR1), errno);
	assert_int_equal(ctl_status_of(pid), 5);
	(void)close(out);
	rig_wait_jailed(ctl_stage.rig, 0);
}

struct terminal {
	int master;
	pid_t leader; /* of the session; ends with the program's status */
	int reports;  /* a byte whenever the program was stopped; a byte into it continues it */
};

/* What a shell does for a job in the foreground. */
_Noreturn static void lead_session(int slave, int reports, const char *const *argv)
{
	pid_t job;
	int status;
	char byte = 'S';

	(void)setsid();
	(void)ioctl(slave, TIOCSCTTY, 0);
	(void)signal(SIGTTOU, SIG_IGN);
	job = fork();
	if (job == 0) {
		(void)setpgid(0, 0);
		(void)tcsetpgrp(slave, getpid());
		(void)signal(SIGTTOU, SIG_DFL);
		for (int fd = 0; fd <= 2; fd++)
			(void)dup2(slave, fd);
		(void)alarm(CTL_LIMIT_S);
		ctl_become(RIG_ALICE, argv);
	}
	(void)alarm(CTL_LIMIT_S);
	while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status))
		if (write(reports, &byte, 1) != 1 || read(reports, &byte, 1) != 1 || kill(-job, SIGCONT) < 0)
			_exit(98);
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

static void on_terminal(struct terminal *t, const char *const *argv)
{
	int slave, reports[2];

	t->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_return_code(t->master, errno);
	assert_return_code(grantpt(t->master), errno);
	assert_return_code(unlockpt(t->master), errno);
	slave = ioctl(t->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_return_code(slave, errno);
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, reports), errno);
	t->leader = fork();
	assert_return_code(t->leader, errno);
	if (t->leader == 0)
		lead_session(slave, reports[1], argv);
	(void)close(slave);
	(void)close(reports[1]);
	t->reports = reports[0];
}

static void type(const struct terminal *t, const char *text)
{
	assert_int_equal(write(t->master, text, strlen(text)), strlen(text));
}

/* Reads until text was seen. */
static void see(const struct terminal *t, const char *text)
{
	g_autoptr(GString) seen = g_string_new(NULL);

	while (!strstr(seen->str, text)) {
		struct pollfd p = { .fd = t->master, .events = POLLIN };
		char buffer[512];
		ssize_t n = -1;

		if (poll(&p, 1, RIG_TIMEOUT_MS) == 1)
			n = read(t->master, buffer, sizeof(buffer));
		if (n <= 0)
			fail_msg("no \"%s\" on the terminal, only \"%s\"", text, seen->str);
		g_string_append_len(seen, buffer, n);
	}
}

static void leave(struct terminal *t, int status)
{
	assert_int_equal(ctl_status_of(t->leader), status);
	(void)close(t->master);
	(void)close(t->reports);
}

static void test_terminal(void **state)
{
	static const char *const argv[] = { "run", "tool", "dash", "-c",
		"for i in 0 1 2; do test -t $i && echo terminal; done; read x; echo \"got $x\" >&2; cat; "
		"echo end; exit 3",
		NULL },
				 *const two[] = { "run", "tool", "dash", "-c", "cat; :", NULL };
	struct terminal t;

	on_terminal(&t, argv);
	type(&t, "line\n");
	see(&t, "got line");
	type(&t, "more\n");
	see(&t, "more\r\nmore\r\n");
	type(&t, "\4"); /* end of file */
	see(&t, "end");
	leave(&t, 3);
	on_terminal(&t, two);
	type(&t, "up\n");
	see(&t, "up\r\nup\r\n");
	type(&t, "\3"); /* to the shell alone it would mean: when cat has ended */
	leave(&t, 128 + SIGINT);
	rig_wait_jailed(ctl_stage.rig, 0);
}

static char process_state(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid), *text = NULL;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return strrchr(text, ')')[2];
}

static pid_t listed_pid(void)
{
	struct ctl_said s = ctl_as(RIG_ALICE, (const char *const[]){ "--json=short", "list", NULL });
	pid_t pid = 0;

	for (const char *at = s.out; (at = strstr(at, "\"pid\":")); at++) {
		pid_t found = (pid_t)g_ascii_strtoll(at + strlen("\"pid\":"), NULL, 10);

		pid = found > 0 ? found : pid;
	}
	ctl_said_done(&s);
	assert_true(pid > 0);
	return pid;
}

static void test_stop_and_continue(void **state)
{
	static const char *const argv[] = { "run", "tool", "cat", NULL };
	struct terminal t;
	char byte;
	pid_t pid;

	on_terminal(&t, argv);
	type(&t, "one\n");
	see(&t, "one\r\none\r\n");
	pid = listed_pid();
	type(&t, "\x1a");
	assert_int_equal(read(t.reports, &byte, 1), 1);
	for (int i = 0; i < RIG_TIMEOUT_MS / 10 && process_state(pid) != 'T'; i++)
		g_usleep(10000);
	assert_int_equal(process_state(pid), 'T');
	assert_int_equal(write(t.reports, &byte, 1), 1);
	type(&t, "two\n");
	see(&t, "two\r\ntwo\r\n");
	type(&t, "\4");
	leave(&t, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bind),
		cmocka_unit_test(test_run_status),
		cmocka_unit_test(test_run_refused),
		cmocka_unit_test(test_no_room_for_streams),
		cmocka_unit_test(test_many_arguments),
		cmocka_unit_test(test_one_sandbox),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_no_bus),
		cmocka_unit_test(test_closed_streams),
#ifndef BAILIFF_SANITIZING
		cmocka_unit_test(test_nothing_for_closed_streams),
#endif
		cmocka_unit_test(test_broken_pipe),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_daemon_dies),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_stop_and_continue),
	};

	/* or what whoever runs this ignores (nohup) would be ignored by bailiffctl, too */
	(void)process_reset_signals();
	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, ctl_set_up, ctl_tear_down);
}
