/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Between the two halves of the reader: strace.c has files and lines, strace-call.c what a line says of a
 * call. */

#include "learn/strace-line.h"
#include "learn/strace.h"

/* One file while it is read. */
struct strace_file {
	struct strace_reader *reader;
	struct learning *learning;
	const char *name;
	uint32_t pid; /* of lines that have none */
	uint64_t line;
	struct text text; /* the line, for messages */
	bool called;      /* a call was seen in it */
	char *carried;    /* the front of a line that goes on in the next one */
	size_t n_carried;
};

#define strace_problem(f, ...)                                                                               \
	learn_problem((f)->learning, (f)->name, (f)->line, (f)->text.at, (f)->text.n, __VA_ARGS__)

/* Both return 0, also when a problem was noted; -E2BIG; -ENOMEM. */
int strace_read_call(struct strace_file *f, struct process *process, const struct strace_line *line);
int strace_read_resumed(struct strace_file *f, struct process *process, const struct strace_line *line);
