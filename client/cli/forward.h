/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Between our standard streams and the master of a pseudo terminal. Bytes go through as they are, each way
 * with one buffer: who reads slowly makes the writer wait, and nothing is dropped.
 */

#include "cli/terminal.h"

#include <poll.h>
#include <stddef.h>

#define FORWARD_POLLS 3

struct forward_buffer {
	size_t begin, end;
	char data[4096];
};

struct forward {
	int master; /* owned, non-blocking; -1: over */
	struct terminal terminal;
	bool reads;        /* standard input has not ended */
	bool disconnected; /* the user typed the escape, or our end of the line is gone */
	bool quiet;        /* nobody inside has it open at the moment: to be looked at again in a while */
	bool ending;       /* the program has ended: what it wrote is still to come */
	struct forward_buffer inward, outward;
	char last;        /* byte read, for the end of file */
	unsigned escapes; /* ^] in a row */
	uint64_t escape_at;
};

#define FORWARD_NULL ((struct forward){ .master = -1, .terminal = TERMINAL_NULL })

/* Takes master over. @reads: pass standard input on. */
int forward_open(struct forward *f, int master, bool reads);
/* Hangs up: the program gets SIGHUP, unless it has ended. The terminal is as it was. */
void forward_close(struct forward *f);
/* The master is told our terminal's size; the program gets SIGWINCH. */
void forward_resize(const struct forward *f);
/* What to wait for now. */
void forward_wants(const struct forward *f, struct pollfd polls[FORWARD_POLLS]);
/* Moves what can be moved without waiting. */
void forward_serve(struct forward *f, const struct pollfd polls[FORWARD_POLLS]);
/* The program has ended: reads what is left, and nothing of the user's any more. */
void forward_end(struct forward *f);
/* Looks again whether somebody inside has opened it. */
void forward_retry(struct forward *f);
/* Some of what was written inside waits for our standard output. */
bool forward_has_output(const struct forward *f);
/* All that was written inside has been written outside, and nobody is left who could write more. */
bool forward_is_over(const struct forward *f);
