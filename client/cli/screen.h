/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The whole terminal as one page that is written anew again and again, and keys that are read one by one. As
 * it was before at the end, while stopped, and when a signal ends the process. For after watch_begin().
 */

#include "cli/terminal.h"

struct screen {
	struct terminal terminal;
	bool deaf; /* keys can not be read */
};

enum screen_event {
	SCREEN_END,    /* told to end, or nobody is left to read it */
	SCREEN_TIME,   /* it is time */
	SCREEN_REDRAW, /* another size, or somebody else had the terminal meanwhile */
	SCREEN_KEY,
};

/* Standard output is a terminal. */
int screen_enter(struct screen *s);
void screen_leave(struct screen *s);
/* Writes lines over what is there: nothing is cleared before, so that nothing flickers. */
int screen_write(const char *text);
/* Waits for something until a point of CLOCK_MONOTONIC in microseconds. An enum screen_event, or an error. */
int screen_wait(struct screen *s, uint64_t until_usec, char *ret_key);
