/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What kind of line of strace's it is, and what stands before and behind the part that matters. */

#include "learn/text.h"

#include <stdint.h>

enum strace_kind {
	STRACE_UNKNOWN,
	STRACE_NOTHING, /* blank, a signal, an exit, a message of strace's own, a stack frame */
	STRACE_CALL,    /* name(arguments) = result */
	STRACE_BEGUN,   /* name(arguments <unfinished ...> */
	STRACE_RESUMED, /* <... name resumed>arguments) = result, or begun again */
	STRACE_MODE,    /* a process runs in another mode */
};

struct strace_line {
	enum strace_kind kind;
	uint32_t pid; /* 0: the line has none */
	struct text name;
	struct text arguments; /* from behind the "(" or "resumed>", without "<unfinished ...>" */
	bool left;             /* STRACE_RESUMED that does not end either */
	struct text mode;      /* of STRACE_MODE: "32 bit", "64 bit", "x32" */
};

struct strace_line strace_line_split(struct text line);

/* Takes off a message that strace wrote into the middle of a line: "strace: Process 7 attached" at its end.
 */
bool strace_take_attached(struct text *line);
