/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A terminal never gets into a sandbox: who holds one may put back input that the shell then reads, and reads
 * what was meant for others. Its place is taken by a pipe, and bailiffctl carries the bytes.
 */

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

struct relay {
	int terminal;  /* borrowed */
	int pipe;      /* our end, non-blocking; -1: over */
	int child_end; /* until the launch, -1 afterwards */
	bool inward;
	size_t begin, end; /* what is on its way */
	char buffer[4096];
};

#define RELAY_INIT                                                                                           \
	{                                                                                                    \
		.terminal = -1, .pipe = -1, .child_end = -1                                                  \
	}

/* Makes the pipe that takes the place of terminal, one of 0, 1 and 2; 0 is read from. */
int relay_open(struct relay *r, int terminal);
void relay_close(struct relay *r);
/* What to poll for now. A negative fd: nothing. */
struct pollfd relay_wants(const struct relay *r);
/* The terminal is somebody else's at the moment, and nothing says when it is ours again. */
bool relay_is_in_background(const struct relay *r);
/* Moves what can be moved without blocking. Whatever ends it closes the pipe, as the program would see it
 * with the terminal itself: end of file, or a write that fails. */
void relay_serve(struct relay *r, short revents);
/* After the program's end: what it wrote last. */
void relay_drain(struct relay *r);
