/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/screen.h"
#include "base/error.h"
#include "cli/watch.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The other screen; no cursor; lines that are too long are cut by the terminal. */
#define BEGIN       "\033[?1049h\033[?25l\033[?7l"
#define END         "\033[?7h\033[?25h\033[?1049l"
#define HOME        "\033[H"
#define CLEAR_LINE  "\033[K"
#define CLEAR_BELOW "\033[J"

static int take(struct screen *s)
{
	int r;

	if (s->terminal.raw)
		return 0;
	r = terminal_enter(&s->terminal);
	if (r < 0 || !s->terminal.raw)
		return r;
	return fputs(BEGIN, stdout) < 0 || fflush(stdout) != 0 ? -EPIPE : 0;
}

int screen_enter(struct screen *s)
{
	*s = (struct screen){ .deaf = false };
	terminal_init(&s->terminal);
	if (s->terminal.fd < 0)
		s->terminal.fd = STDOUT_FILENO;
	s->terminal.keys = true;
	s->terminal.farewell = END;
	return take(s);
}

void screen_leave(struct screen *s)
{
	terminal_leave(&s->terminal);
}

int screen_write(const char *text)
{
	(void)fputs(HOME, stdout);
	while (*text) {
		size_t n = strcspn(text, "\n");

		(void)printf("%.*s" CLEAR_LINE, (int)n, text);
		text += n;
		if (*text == '\n') {
			(void)putchar('\n');
			text++;
		}
	}
	(void)fputs(CLEAR_BELOW, stdout);
	return fflush(stdout) == 0 ? 0 : -EPIPE;
}

/* ^Z, or its signal: whoever continues us finds the terminal as the shell wants it until then. */
static int stop(struct screen *s)
{
	screen_leave(s);
	(void)raise(SIGSTOP);
	return take(s);
}

static int read_key(struct screen *s, char *ret_key)
{
	ssize_t n = read(s->terminal.fd, ret_key, 1);

	if (n > 0)
		return SCREEN_KEY;
	if (n == 0 || errno == EIO)
		return SCREEN_END;
	if (errno != EINTR && errno != EAGAIN)
		s->deaf = true;
	return SCREEN_REDRAW;
}

int screen_wait(struct screen *s, uint64_t until_usec, char *ret_key)
{
	struct pollfd p = { .fd = s->terminal.raw && !s->deaf ? s->terminal.fd : -1, .events = POLLIN };
	enum watch_news news;
	int r = watch_poll(&p, 1, until_usec);

	if (r < 0)
		return r;
	if (watch_ended())
		return SCREEN_END;
	news = watch_news();
	if (news & WATCH_STOP)
		r = stop(s);
	else if (news & WATCH_CONTINUED) {
		terminal_again(&s->terminal);
		r = take(s);
	}
	if (r < 0 || news)
		return r < 0 ? r : SCREEN_REDRAW;
	return p.revents ? read_key(s, ret_key) : SCREEN_TIME;
}
