/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/style.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define GREY   "\033[90m"

static bool colors_wanted(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no && *no) && term && *term && strcmp(term, "dumb") != 0;
}

struct style style_get(enum color_mode mode, bool full)
{
	bool terminal = isatty(STDOUT_FILENO) == 1;
	struct style style = { .color = mode == COLOR_ALWAYS };
	struct winsize size;

	if (mode == COLOR_AUTO)
		style.color = terminal && colors_wanted();
	if (terminal && !full && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		style.width = size.ws_col;
	return style;
}

const char *style_state(const char *text)
{
	if (strcmp(text, "running") == 0 || strcmp(text, "ready") == 0)
		return GREEN;
	if (strcmp(text, "exited") == 0)
		return GREY;
	return YELLOW;
}

const char *style_allowed(const char *text)
{
	return strcmp(text, "yes") == 0 ? GREEN : GREY;
}
