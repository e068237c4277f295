/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The user's terminal while a pseudo terminal in a sandbox stands in for it: raw, so that every key goes
 * there, or while keys are read one by one; and as it was before whenever this process does not read it: at
 * the end, while stopped, and when a signal ends it.
 */

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

struct terminal {
	int fd; /* borrowed; -1: standard input is none */
	bool raw, saved;
	bool keys;            /* not quite raw: ^C and ^Z are signals, and output is left alone */
	const char *farewell; /* written to standard output when it is left, however that comes; or NULL */
	struct termios before;
};

#define TERMINAL_NULL ((struct terminal){ .fd = -1 })

/* One for standard input, if that is a terminal. */
void terminal_init(struct terminal *t);
/* Raw from here on, unless somebody else has the terminal now; harmless to repeat. */
int terminal_enter(struct terminal *t);
/* After a stop that was not announced: whoever had the terminal meanwhile has set it as they like. */
void terminal_again(struct terminal *t);
/* As it was; leaves it alone when it is somebody else's now. */
void terminal_leave(struct terminal *t);
/* Another process group's turn: to read would stop us, for input that is not ours. */
bool terminal_is_others(const struct terminal *t);
/* Of the first standard stream that is a terminal. False: none is, or its size is not known. */
bool terminal_size(uint16_t *ret_rows, uint16_t *ret_columns);
