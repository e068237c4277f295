/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What programs were seen to do: for each system call how often, and with which values of the one argument
 * that is tracked. Filled from logs by strace.h and audit.h, turned into policy text by write.h. Knows no
 * format of either.
 */

#include "base/cleanup.h"
#include "seccomp/architecture.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Distinct values kept of one argument. What a program asks of ioctl(2) is a few dozen; a policy that lists
 * thousands would say nothing, and would not fit into a filter.
 */
#define LEARN_VALUES_MAX 256
/* Problems kept with their text. Who has more made one mistake many times. */
#define LEARN_PROBLEMS_MAX 100
/* Programs kept by name, for the reader of the policy. */
#define LEARN_PROGRAMS_MAX 16

struct tracked_call;

struct learn_value {
	uint64_t value;
	uint64_t count;
	/*
	 * The log has the low 32 bits only, as strace decodes an int. With the highest of them set, the
	 * program may have passed it with the upper half clear or, from a signed variable, set.
	 */
	bool low_half;
};

struct learn_call {
	uint32_t number; /* seccomp_data.nr */
	uint64_t count;
	uint64_t unfinished;                /* begun, and not yet seen to return */
	const struct tracked_call *tracked; /* NULL: none of its arguments is looked at */
	uint64_t without_argument;          /* the log did not say the tracked one */
	uint64_t dropped;                   /* the value came past LEARN_VALUES_MAX */
	struct learn_value *values;         /* ascending */
	size_t n_values, allocated;
};

/* A line that was not understood. */
struct learn_problem {
	char *file;
	uint64_t line; /* from 1; 0: the whole file */
	char *text;    /* one line, fit for terminals */
};

struct learning {
	const struct architecture *architecture;
	struct learn_call *calls; /* ascending by number */
	size_t n_calls, allocated;
	char **files; /* names as given, in order */
	char **programs;
	bool more_programs;
	uint64_t n_lines, n_events; /* read; of them such that told of a call */
	uint64_t n_processes;
	uint64_t n_starts;  /* executions that strace made to start the program, not counted as calls */
	uint64_t n_foreign; /* calls through another architecture's interface, left out */
	uint64_t n_others;  /* records of other programs, left out */
	struct learn_problem *problems;
	size_t n_problems, problems_allocated;
	uint64_t n_more_problems; /* not kept */
};

/* @architecture: NULL is that built for. -EOPNOTSUPP where there are no tables. */
int learning_init(struct learning *ret, const struct architecture *architecture);
void learning_done(struct learning *l);

/* The entry of a call, made when there is none; NULL when out of memory. Valid until the next one is made. */
struct learn_call *learn_call(struct learning *l, uint32_t number);
/* The entry, or NULL. */
const struct learn_call *learning_find(const struct learning *l, uint32_t number);
/* Adds a value of the tracked argument, seen once. */
int learn_value(struct learn_call *call, uint64_t value, bool low_half);
/* Notes a program by name, once. */
int learn_program(struct learning *l, const char *name, size_t length);
/*
 * Notes a line that was not understood. @line_text (may be NULL): shown shortened, control characters
 * escaped. Returns 0; -ENOMEM; -E2BIG when there are so many problems that reading on makes no sense.
 */
int learn_problem(struct learning *l, const char *file, uint64_t line, const char *line_text, size_t size,
	const char *format, ...) __attribute__((format(printf, 6, 7)));
