/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One process of the daemon, one of its system calls, one error: a process that traces (ptrace(2)) stands in
 * for the kernel. Unlike strace(1) it can be told which process, also one that is yet to be started, and from
 * its first instruction; and what it makes of a call passes the filters of all: they permit close(2).
 */

#include <stdbool.h>
#include <sys/types.h>

#define INJECT_CALLS 1024 /* numbers of system calls are below */
#define INJECT_DEPTH 3

struct inject_plan {
	pid_t root;                /* traced from now on, with what it starts */
	unsigned at[INJECT_DEPTH]; /* whose calls: {0} the root's; {n} its nth child's; {n, m} that one's
				      mth's, and so on */
	bool from_exec;            /* of the root: not what it does before it is the daemon */
	bool count;                /* nothing fails, all are counted */
	int call;                  /* fails … */
	unsigned nth, last;        /* … this time, and on until the last; 0: no further */
	int error;                 /* with this errno */
};

struct inject;

/* Whether this processor is known, and tracing is permitted. */
bool inject_possible(void);
/* The root runs on when this returns, and is traced. */
struct inject *inject_begin(const struct inject_plan *plan);
/* Whether the process that is meant has been started. */
bool inject_met(struct inject *inject);
/* Lets go of all that still runs. Whether there was such a call. Counts, by number, if counts
 * is not NULL, of what can fail: see inject.c. */
bool inject_end(struct inject *inject, unsigned counts[INJECT_CALLS]);
