/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/terminal.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* For the handler below; set only while the terminal is raw. */
static const struct terminal *volatile entered;

/* What may end this process in between, but for those that the caller blocks or handles. */
static const int fatal[] = { SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGPROF, SIGSEGV, SIGSYS, SIGTRAP,
	SIGVTALRM, SIGXCPU, SIGXFSZ, SIGIO, SIGPWR, SIGSTKFLT, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE };

/* Nothing to be done when it fails, in a handler least of all. */
static void say_farewell(const struct terminal *t)
{
	if (t->farewell && write(STDOUT_FILENO, t->farewell, strlen(t->farewell)) < 0)
		return;
}

static void restore_and_die(int signal)
{
	const struct terminal *t = entered;

	if (t) {
		say_farewell(t);
		(void)tcsetattr(t->fd, TCSANOW, &t->before);
	}
	/* the action is the default one again (SA_RESETHAND); the signal waits until this returns */
	(void)raise(signal);
}

static void guard(bool on)
{
	const struct sigaction action = { .sa_handler = restore_and_die, .sa_flags = (int)SA_RESETHAND };

	for (size_t i = 0; i < ELEMENTSOF(fatal); i++) {
		struct sigaction now;

		if (sigaction(fatal[i], NULL, &now) < 0)
			continue;
		if (on && now.sa_handler == SIG_DFL)
			(void)sigaction(fatal[i], &action, NULL);
		else if (!on && now.sa_handler == restore_and_die)
			(void)signal(fatal[i], SIG_DFL);
	}
}

void terminal_init(struct terminal *t)
{
	*t = TERMINAL_NULL;
	if (isatty(STDIN_FILENO))
		t->fd = STDIN_FILENO;
}

bool terminal_is_others(const struct terminal *t)
{
	pid_t foreground = t->fd < 0 ? -1 : tcgetpgrp(t->fd);

	/* -1: not our controlling terminal, so there are no turns */
	return foreground >= 0 && foreground != getpgrp();
}

static int set_raw(const struct terminal *t)
{
	struct termios raw = t->before;

	if (t->keys) {
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		raw.c_cc[VMIN] = 1;
		raw.c_cc[VTIME] = 0;
	} else
		cfmakeraw(&raw);
	return RET_ERRNO(tcsetattr(t->fd, TCSANOW, &raw));
}

int terminal_enter(struct terminal *t)
{
	int r;

	if (t->fd < 0 || t->raw || terminal_is_others(t))
		return 0;
	/* once: a shell that continues us may have set what we had */
	if (!t->saved && tcgetattr(t->fd, &t->before) < 0)
		return errno_or_eio();
	t->saved = true;
	entered = t;
	guard(true);
	t->raw = true;
	r = set_raw(t);
	if (r < 0)
		terminal_leave(t);
	return r;
}

void terminal_again(struct terminal *t)
{
	if (t->raw && !terminal_is_others(t))
		(void)set_raw(t);
	else if (t->raw)
		terminal_leave(t);
}

void terminal_leave(struct terminal *t)
{
	if (!t->raw)
		return;
	t->raw = false;
	if (!terminal_is_others(t)) {
		say_farewell(t);
		(void)tcsetattr(t->fd, TCSANOW, &t->before);
	}
	guard(false);
	entered = NULL;
}

bool terminal_size(uint16_t *ret_rows, uint16_t *ret_columns)
{
	static const int streams[] = { STDOUT_FILENO, STDERR_FILENO, STDIN_FILENO };
	struct winsize size;

	for (size_t i = 0; i < ELEMENTSOF(streams); i++) {
		if (ioctl(streams[i], TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
			continue;
		*ret_rows = size.ws_row;
		*ret_columns = size.ws_col;
		return true;
	}
	return false;
}
