/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Logs of strace(1), with -f or one file a process (-ff), with or without times, paths, comments and numbers.
 * Nothing is guessed: a line that is not one of strace's is a problem.
 */

#include "learn/learn.h"
#include "learn/processes.h"

struct strace_options {
	bool ignore_unknown; /* do not stop at many problems */
};

struct strace_reader {
	struct learning *learning;
	struct strace_options options;
	struct processes processes;
	/*
	 * The processes of the files whose first call is an execution, 0 where that is not known. strace made
	 * it to start the program, unless the process turns out to be a child of another.
	 */
	uint32_t *starts;
	size_t n_starts, starts_allocated;
};

void strace_reader_init(
	struct strace_reader *r, struct learning *learning, const struct strace_options *options);
void strace_reader_done(struct strace_reader *r);
/*
 * Reads a log to its end. @name: as messages have it; a number behind its last "." is the process of a log
 * made with -ff. Returns 0, also with problems (in the learning); -E2BIG when they are too many to go on;
 * -EFBIG for a line past LOG_LINE_MAX; the error of read(2); -ENOMEM.
 */
int strace_read(struct strace_reader *r, int fd, const char *name);
/* After all files: tells the executions that began a trace from those that programs made. -ENOMEM. */
int strace_finish(struct strace_reader *r);
