/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The verbs of bailiffctl that look at sandboxes that live and change them, ask for reasons, follow events,
 * and reach other machines; as users run them, against the real daemon.
 */

#include "base/process.h"
#include "ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static char *launch_words(const char *tag, const char *script)
{
	struct ctl_said s = ctl_as(RIG_ALICE,
		(const char *const[]){ "launch", "--tag", tag, "tool", "dash", "-c", script, NULL });

	if (s.status != 0)
		fail_msg("launch: %s", s.err);
	g_free(s.err);
	return g_strchomp(s.out);
}

static char *launch(void)
{
	return launch_words("t", "while :; do sleep 0.1; done");
}

static void end(const char *id)
{
	EXPECT(0, "", NULL, "stop", "--timeout=0", id);
	EXPECT(137, "", NULL, "wait", "--release", id);
}

static void test_freeze_and_kill(void **state)
{
	g_autofree char *id = launch(), *other = launch();

	EXPECT(0, "", NULL, "freeze", id, other);
	EXPECT(0, "", NULL, "thaw", id, other);
	EXPECT(0, "", NULL, "freeze", id);
	ctl_expect_as(RIG_BOB, 1, "", "NoSuchSandbox", (const char *const[]){ "freeze", id, NULL });
	ctl_expect_as(RIG_BOB, 1, "", "NoSuchSandbox", (const char *const[]){ "thaw", id, NULL });
	ctl_expect_as(RIG_BOB, 1, "", "NoSuchSandbox", (const char *const[]){ "kill", id, NULL });
	EXPECT(0, "", NULL, "kill", id);
	EXPECT(137, "killed", NULL, "wait", "--release", id);
	EXPECT(1, "", "NoSuchSandbox", "freeze", id);
	EXPECT(2, "", "no signal", "kill", "--signal=X", other);
	/* kill(1)'s order of words is not ours: nobody gets the default signal instead */
	EXPECT(1, "", "TERM: not the id", "kill", other, "TERM");
	EXPECT(1, "", "TERM: not the id", "signal", other, "TERM");
	EXPECT(1, "", "now: not the id", "stop", "--timeout=0", other, "now");
	EXPECT(0, "State=running", NULL, "show", "--property=State", other);
	EXPECT(1, "", "AccessDenied", "kill", "--profile", "tool");
	EXPECT_ROOT(0, "tool: 1\n", NULL, "kill", "--profile", "--signal=TERM", "tool");
	EXPECT(143, "", NULL, "wait", "--release", other);
	EXPECT_ROOT(1, "", "ProfileUnknown", "kill", "--profile", "nosuch");
}

static void test_limits_and_usage(void **state)
{
	g_autofree char *id = launch();

	EXPECT(2, "", "which?", "limits", id);
	EXPECT(2, "", "number of bytes", "limits", "--memory-max=much", id);
	EXPECT(2, "", "percent", "limits", "--cpu-quota=0", id);
	EXPECT(2, "", "given already", "limits", "--tasks-max=5", "--tasks-max=6", id);
	EXPECT(1, "", "NoSuchSandbox", "limits", "--runtime-max=100", "99999999");
	EXPECT(0, "ID", NULL, "usage", id);
	EXPECT(0, "\"setup-usec\":", NULL, "--json=short", "usage", id);
	ctl_expect_as(RIG_BOB, 1, "", "NoSuchSandbox", (const char *const[]){ "usage", id, NULL });
	EXPECT(0, "", NULL, "limits", "--runtime-max=100s", id);
	EXPECT(1, "", "OverrideDenied", "limits", "--runtime-max=200s", id);
	EXPECT(0, "", NULL, "limits", "--runtime-max=1ms", id);
	EXPECT(143, "timeout", NULL, "wait", "--release", id);
}

static void test_show(void **state)
{
	g_autofree char *id = launch_words("a tag", "sleep 1000"), *line = g_strdup_printf("Id=%s\n", id);

	EXPECT(0, line, NULL, "show", id);
	EXPECT(0, "Tag=a tag\n", NULL, "show", "-p", "Tag", id);
	EXPECT(0, "\"Tag\":\"a tag\"", NULL, "--json=short", "show", id);
	EXPECT(1, "", "no property Nonsense", "show", "--property=Nonsense", id);
	EXPECT(0, "Name=tool\n", NULL, "show", "tool");
	EXPECT(0, "AllowDetach=yes\n", NULL, "show", "tool");
	EXPECT(0, "\"AllowDetach\":true", NULL, "--json=short", "show", "tool");
	/* Bob may not launch it: what everybody sees, and no more. */
	ctl_expect_as(RIG_BOB, 0, "Name=tool\n", NULL, (const char *const[]){ "show", "tool", NULL });
	ctl_expect_as(RIG_BOB, 1, "", "no property AllowDetach",
		(const char *const[]){ "show", "-p", "AllowDetach", "tool", NULL });
	EXPECT(1, "", "did you mean tool?", "show", "tol");
	end(id);
}

static void test_explain(void **state)
{
	EXPECT(0, "allowed: yes\n", NULL, "explain", "tool", "sleep", "1");
	EXPECT(0, "executable=/usr/bin/sleep\n", NULL, "explain", "tool", "--", "sleep", "1");
	EXPECT(0, "runtime-max-usec=infinity\n", NULL, "explain", "tool", "sleep", "1");
	EXPECT(0, "\"allowed\":true", NULL, "--json=short", "explain", "tool", "sleep", "1");
	EXPECT(126, "ArgvDenied", NULL, "explain", "tool", "nosuch");
	EXPECT(126, "EnvDenied", NULL, "explain", "--env=A=b", "tool", "sleep", "1");
	EXPECT(126, "AccessDenied", NULL, "explain", "closed", "sleep", "1");
	EXPECT(126, "rule: closed.profile", NULL, "explain", "closed", "sleep", "1");
	rig_write(ctl_stage.rig, "profiles/grouped.profile",
		"[Exec]\nExecutable=/usr/bin/sleep\n[Access]\nAllowGroup=video\n");
	EXPECT_ROOT(0, "generation", NULL, "reload");
	EXPECT(126, "video", NULL, "explain", "grouped", "sleep", "1");
	EXPECT(126, "", "video", "run", "grouped", "sleep", "1");
	rig_remove(ctl_stage.rig, "profiles/grouped.profile");
	EXPECT_ROOT(0, "generation", NULL, "reload");
	EXPECT(127, "ProfileUnknown", NULL, "explain", "nosuch", "sleep");
	EXPECT(125, "", "which program", "explain", "tool");
	EXPECT(125, "", "AccessDenied", "explain", "--user=root", "tool", "sleep", "1");
	EXPECT_ROOT(0, "allowed: yes\n", NULL, "explain", "--user=man", "tool", "sleep", "1");
	EXPECT_ROOT(126, "allowed: no\n", NULL, "explain", "--user=7", "tool", "sleep", "1");
	EXPECT(125, "", "no such user", "explain", "--user=no-such-user", "tool", "sleep");
	EXPECT(127, "", "did you mean tool?", "run", "tol", "sleep");
}

static void test_quota(void **state)
{
	EXPECT(0, "LIMIT", NULL, "quota");
	EXPECT(0, "\"limit\":", NULL, "--json=short", "quota");
}

static void test_violations(void **state)
{
	g_autofree char *id = launch_words("v", "exit 0");
	struct ctl_said said;

	EXPECT(0, "", NULL, "wait", id);
	EXPECT(0, "[]\n", NULL, "--json=short", "violations", id);
	EXPECT(0, "", NULL, "violations", id);
	EXPECT(1, "", "NoSuchSandbox", "violations", "99999999");
	EXPECT(0, "", NULL, "wait", "--release", id);
	rig_write(ctl_stage.rig, "profiles/named.profile",
		"[Access]\nAllowUser=man\nAllowDetach=yes\n[Exec]\nExecutable=/usr/bin/hostname\n"
		"[Seccomp]\nSystemCallFilter=~sethostname:kill seccomp:EPERM prctl:EPERM\n");
	EXPECT_ROOT(0, "generation", NULL, "reload");
	said = ctl_as(RIG_ALICE, (const char *const[]){ "launch", "named", "hostname", "other", NULL });
	assert_int_equal(said.status, 0);
	(void)g_strchomp(said.out);
	EXPECT(159, "violation", NULL, "wait", said.out);
	EXPECT(0, "sethostname", NULL, "violations", said.out);
	EXPECT(0, "\"what\":\"sethostname\"", NULL, "--json=short", "violations", said.out);
	EXPECT(159, "violation: sethostname", "system call that its seccomp policy forbids", "attach",
		said.out);
	EXPECT(159, "", NULL, "wait", "--release", said.out);
	ctl_said_done(&said);
	rig_remove(ctl_stage.rig, "profiles/named.profile");
	EXPECT_ROOT(0, "generation", NULL, "reload");
}

/* Its output on a pipe; returns once it wrote something. */
static pid_t begin(const char *const *argv, int *ret_out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), p[2];
	struct ctl_streams s = { null, -1, STDERR_FILENO };
	pid_t pid;

	assert_return_code(pipe2(p, O_CLOEXEC), errno);
	s.out = p[1];
	pid = ctl_start(RIG_ALICE, &s, argv);
	(void)close(p[1]);
	(void)close(null);
	*ret_out = p[0];
	return pid;
}

static void test_attach(void **state)
{
	g_autofree char *id = launch(), *other = launch();
	const char *const argv[] = { "attach", "--lifeline", other, NULL };
	int out;
	pid_t pid = begin(argv, &out);
	char byte;

	EXPECT(125, "", "not the id", "attach", "x");
	EXPECT(125, "", "NoSuchSandbox", "attach", "99999999");
	/* It says that it runs; then it is killed, and its lifeline ends. */
	assert_int_equal(read(out, &byte, 1), 1);
	assert_return_code(kill(pid, SIGKILL), errno);
	assert_int_equal(ctl_status_of(pid), 128 + SIGKILL);
	(void)close(out);
	EXPECT(143, "", NULL, "wait", "--release", other);
	EXPECT(0, "", NULL, "signal", "--signal=USR1", id);
	EXPECT(138, "exited\n", NULL, "attach", id);
	EXPECT(138, "\"event\":\"exited\"", NULL, "--json=short", "attach", id);
	EXPECT(138, "", NULL, "wait", "--release", id);
}

static void test_attach_is_interrupted(void **state)
{
	g_autofree char *id = launch();
	const char *const argv[] = { "attach", id, NULL };
	int out;
	pid_t pid = begin(argv, &out);
	char byte;

	assert_int_equal(read(out, &byte, 1), 1);
	assert_return_code(kill(pid, SIGINT), errno);
	assert_int_equal(ctl_status_of(pid), 0);
	(void)close(out);
	EXPECT(0, "State: running", NULL, "status", id);
	end(id);
}

static void test_top(void **state)
{
	static const char *const argv[] = { "top", "--batch", "--interval=100ms", NULL };
	g_autofree char *id = launch(), *json = g_strdup_printf("{\"id\":%s,\"profile\":\"tool\"", id);
	char byte;
	int out;
	pid_t pid;

	EXPECT(0, "1 sandbox\n", NULL, "top", "-b", "-n", "2", "-d", "100ms");
	EXPECT(0, "TASKS-PEAK", NULL, "top", "--sort=memory", "-b", "-n1");
	EXPECT(0, json, NULL, "--json=short", "top", "-n1");
	EXPECT(2, "", "must be cpu", "top", "--sort=x");
	EXPECT(2, "", "100ms or more", "top", "-d", "1ms");
	ctl_expect_as(RIG_BOB, 0, "0 sandboxes\n", NULL, (const char *const[]){ "top", "-n1", NULL });
	pid = begin(argv, &out);
	assert_int_equal(read(out, &byte, 1), 1);
	assert_return_code(kill(pid, SIGINT), errno);
	assert_int_equal(ctl_status_of(pid), 0);
	(void)close(out);
	end(id);
}

/* A pseudo terminal of 60 columns for standard output; what is written to it. */
static char *on_terminal(const char *const *argv, int *ret_status)
{
	const struct winsize size = { .ws_row = 24, .ws_col = 60 };
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC),
	    null = open("/dev/null", O_RDWR | O_CLOEXEC), slave;
	GString *text = g_string_new(NULL);
	struct ctl_streams s = { null, -1, null };
	char buffer[4096];
	ssize_t n;
	pid_t pid;

	assert_return_code(master, errno);
	assert_return_code(grantpt(master), errno);
	assert_return_code(unlockpt(master), errno);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_return_code(slave, errno);
	assert_return_code(ioctl(master, TIOCSWINSZ, &size), errno);
	s.out = slave;
	pid = ctl_start(RIG_ALICE, &s, argv);
	(void)close(slave);
	while ((n = read(master, buffer, sizeof(buffer))) > 0)
		g_string_append_len(text, buffer, n);
	*ret_status = ctl_status_of(pid);
	(void)close(master);
	(void)close(null);
	return g_string_free(text, FALSE);
}

static void test_terminal_output(void **state)
{
	static const char *const list[] = { "list", NULL }, *const full[] = { "--full", "list", NULL },
				 *const plain[] = { "--color=never", "list", NULL },
				 *const top[] = { "top", "-n1", NULL };
	g_autofree char *id = launch_words("a-tag-that-is-longer-than-all-that-is-left", "sleep 1000");
	g_autofree char *text = NULL, *whole = NULL, *colorless = NULL, *screen = NULL, *no_color = NULL;
	int status;

	(void)setenv("TERM", "xterm", 1);
	(void)unsetenv("NO_COLOR");
	text = on_terminal(list, &status);
	assert_int_equal(status, 0);
	assert_non_null(strstr(text, "\033[32mrunning\033[0m"));
	assert_non_null(strstr(text, "\xe2\x80\xa6"));
	whole = on_terminal(full, &status);
	assert_non_null(strstr(whole, "all-that-is-left"));
	colorless = on_terminal(plain, &status);
	assert_null(strchr(colorless, '\033'));
	(void)setenv("NO_COLOR", "1", 1);
	no_color = on_terminal(list, &status);
	assert_null(strchr(no_color, '\033'));
	(void)unsetenv("NO_COLOR");
	screen = on_terminal(top, &status);
	assert_int_equal(status, 0);
	assert_true(g_str_has_prefix(screen, "\033[?1049h"));
	assert_true(g_str_has_suffix(screen, "\033[?25h\033[?1049l"));
	EXPECT(0, "\033[32mrunning", NULL, "--color=always", "list");
	EXPECT(2, "", "must be auto", "--color=blue", "list");
	end(id);
}

/* In ssh's place: notes what it was asked, and leads to the rig's bus. */
static void fake_ssh(const char *text)
{
	g_autofree char *path = g_build_filename(ctl_stage.rig->dir, "ssh", NULL);
	g_autofree char *search = g_strdup_printf("%s:/usr/bin:/bin", ctl_stage.rig->dir);

	assert_true(g_file_set_contents(path, text, -1, NULL));
	assert_return_code(chmod(path, 0755), errno);
	(void)setenv("PATH", search, 1);
}

static void test_host(void **state)
{
	g_autofree char *before = g_strdup(g_getenv("PATH")), *id = launch(), *said = NULL, *script = NULL;
	g_autofree char *asked = g_build_filename(ctl_stage.rig->dir, "asked", NULL);

	assert_true(g_file_set_contents(asked, "", -1, NULL));
	assert_return_code(chmod(asked, 0666), errno);
	script = g_strdup_printf("#!/bin/sh\necho \"$@\" >%s\nexec systemd-stdio-bridge --bus-path='%s'\n",
		asked, ctl_stage.rig->address);
	fake_ssh(script);
	EXPECT(0, id, NULL, "-H", "joe@far.example:2200", "list");
	assert_true(g_file_get_contents(asked, &said, NULL, NULL));
	assert_string_equal(said, "-xT -p 2200 -- joe@far.example systemd-stdio-bridge\n");
	EXPECT(0, "State: running", NULL, "--host=far", "status", id);
	EXPECT(124, "", "not ended", "-Hfar", "wait", "--timeout=100ms", id);
	EXPECT(0, "Version", NULL, "-Hfar", "status");
	EXPECT(0, "allowed: yes", NULL, "-Hfar", "explain", "tool", "sleep", "1");
	EXPECT(125, "", "ssh does not carry", "-Hfar", "run", "tool", "sleep", "1");
	EXPECT(125, "", "ssh does not carry", "-Hfar", "launch", "tool", "sleep", "1");
	EXPECT(125, "", "ssh does not carry", "-Hfar", "attach", "--lifeline", id);
	EXPECT(2, "", "asks no broker", "-Hfar", "cat", "tool");
	EXPECT(2, "", "asks no broker", "-Mnear", "policy", "check", "/dev/null");
	EXPECT(2, "", "only one of", "-Hfar", "-Mnear", "list");
	EXPECT(1, "", "must be HOST", "-H", "-oProxyCommand=x", "list");
	EXPECT(1, "", "must be HOST", "-H", "a;b", "list");
	EXPECT(0, "", NULL, "-Hfar", "kill", id);
	EXPECT(137, "killed", NULL, "-Hfar", "wait", "--release", id);
	fake_ssh("#!/bin/sh\nexit 255\n");
	EXPECT(1, "", "can not reach the broker on far: ssh", "-Hfar", "list");
	EXPECT(1, "", "no name of a machine", "-Ma/b", "list");
	EXPECT(1, "", "can not reach the broker in no-such", "-Mno-such", "list");
	(void)setenv("PATH", before, 1);
}

/* Who types a password gets longer than a call: 90 seconds, of which this takes 27. */
static void test_slow_login(void **state)
{
	g_autofree char *before = g_strdup(getenv("PATH"));
	g_autofree char *script = g_strdup_printf(
		"#!/bin/sh\nsleep 27\nexec systemd-stdio-bridge --bus-path='%s'\n", ctl_stage.rig->address);

	fake_ssh(script);
	EXPECT(0, "Version", NULL, "-Hfar", "status");
	(void)setenv("PATH", before, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_freeze_and_kill),
		cmocka_unit_test(test_limits_and_usage),
		cmocka_unit_test(test_show),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_quota),
		cmocka_unit_test(test_violations),
		cmocka_unit_test(test_attach),
		cmocka_unit_test(test_attach_is_interrupted),
		cmocka_unit_test(test_top),
		cmocka_unit_test(test_terminal_output),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_slow_login),
	};

	(void)process_reset_signals();
	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, ctl_set_up, ctl_tear_down);
}
