/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#define ARGS_MAX  16
#define LIMIT_S   120
#define WAIT_MSEC 30000
#define POLL_USEC 20000
#define CHUNK     4096

void console_exec(struct rig *rig, const char *const *args)
{
	g_autofree char *program =
		g_build_filename(g_getenv("BAILIFF_BUILD_ROOT"), "client", "bailiffctl", NULL);
	const char *argv[ARGS_MAX + 2] = { program };

	for (size_t i = 0; args[i] && i < ARGS_MAX; i++)
		argv[i + 1] = args[i];
	(void)alarm(LIMIT_S);
	/* whoever runs the tests may ignore it (nohup), and bailiffctl would, too */
	(void)signal(SIGHUP, SIG_DFL);
	(void)close_range(3, ~0U, 0);
	(void)setenv("BAILIFF_ADDRESS", rig->address, 1);
	(void)setenv("TERM", "vt100", 1);
	(void)execv(program, (char *const *)(uintptr_t)argv);
	_exit(99);
}

/* The leader of the terminal's session. */
_Noreturn static void lead(struct rig *rig, int reports, const char *const *args)
{
	pid_t job = fork();
	int status;

	if (job == 0) {
		(void)setpgid(0, 0);
		(void)signal(SIGTTOU, SIG_IGN);
		(void)tcsetpgrp(0, getpid());
		(void)signal(SIGTTOU, SIG_DFL);
		console_exec(rig, args);
	}
	if (write(reports, &job, sizeof(job)) != (ssize_t)sizeof(job))
		_exit(1);
	while (waitpid(job, &status, WUNTRACED) == job) {
		if (write(reports, &status, sizeof(status)) != (ssize_t)sizeof(status) || !WIFSTOPPED(status))
			break;
	}
	/* the terminal is looked at before it goes */
	(void)pause();
	_exit(0);
}

/* Its modes are read before there is anybody who might change them. */
void console_start(struct console *c, struct rig *rig, unsigned short rows, unsigned short columns,
	const char *const *args)
{
	const struct winsize size = { .ws_row = rows, .ws_col = columns };
	int reports[2], slave;

	*c = (struct console){ .seen = g_string_new(NULL) };
	assert_return_code(pipe2(reports, O_CLOEXEC), errno);
	assert_return_code(openpty(&c->master, &slave, NULL, NULL, &size), errno);
	c->before = console_modes(c);
	c->leader = fork();
	assert_return_code(c->leader, errno);
	if (c->leader == 0) {
		(void)close(c->master);
		if (login_tty(slave) < 0)
			_exit(1);
		lead(rig, reports[1], args);
	}
	(void)close(slave);
	(void)close(reports[1]);
	c->reports = reports[0];
	assert_int_equal(read(c->reports, &c->job, sizeof(c->job)), sizeof(c->job));
}

void console_type(struct console *c, const char *keys)
{
	assert_int_equal(write(c->master, keys, strlen(keys)), strlen(keys));
}

/* Some of what is written to the terminal. False: time is over, or the report came. */
static bool read_some(struct console *c, bool until_report)
{
	struct pollfd p[] = { { .fd = c->master, .events = POLLIN }, { .fd = c->reports, .events = POLLIN } };
	char data[CHUNK];
	ssize_t n;

	if (poll(p, until_report ? 2 : 1, WAIT_MSEC) <= 0)
		return false;
	if (!(p[0].revents & POLLIN))
		return !until_report;
	n = read(c->master, data, sizeof(data));
	if (n > 0)
		g_string_append_len(c->seen, data, n);
	return n > 0;
}

void console_expect(struct console *c, const char *text)
{
	const char *found;

	while (!(found = strstr(c->seen->str, text)))
		if (!read_some(c, false))
			fail_msg("no \"%s\" on the terminal: %s", text, c->seen->str);
	g_string_erase(c->seen, 0, found + strlen(text) - c->seen->str);
}

int console_wait(struct console *c)
{
	int status;

	while (read_some(c, true))
		;
	assert_int_equal(read(c->reports, &status, sizeof(status)), sizeof(status));
	return status;
}

struct termios console_modes(struct console *c)
{
	struct termios modes;

	assert_return_code(tcgetattr(c->master, &modes), errno);
	return modes;
}

bool console_is_restored(struct console *c)
{
	const struct termios now = console_modes(c);

	return now.c_iflag == c->before.c_iflag && now.c_oflag == c->before.c_oflag &&
	       now.c_lflag == c->before.c_lflag && now.c_cflag == c->before.c_cflag &&
	       memcmp(now.c_cc, c->before.c_cc, sizeof(now.c_cc)) == 0;
}

void console_await_raw(struct console *c)
{
	for (int i = 0; i < WAIT_MSEC * 1000 / POLL_USEC; i++) {
		if (!(console_modes(c).c_lflag & (ICANON | ECHO | ISIG)))
			return;
		g_usleep(POLL_USEC);
	}
	fail_msg("the terminal is not raw");
}

void console_done(struct console *c)
{
	(void)kill(c->leader, SIGKILL);
	assert_int_equal(waitpid(c->leader, NULL, 0), c->leader);
	(void)close(c->master);
	(void)close(c->reports);
	g_string_free(c->seen, TRUE);
}
