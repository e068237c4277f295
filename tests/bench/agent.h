/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A process that launches in one of the ways, on orders. Each way has one of its own (or several, as clients
 * that work at the same time), so that what one needs, memory, connections or a mount namespace, is no burden
 * to another.
 */

#include "way.h"

#include <sys/types.h>

#define AGENT_BLOCK_MAX 64

struct agent {
	pid_t pid;
	int fd;
};

/* What was done in a block, or until a point in time. */
struct agent_report {
	int error; /* of the first that failed */
	unsigned done, failed;
	struct timing timings[AGENT_BLOCK_MAX]; /* of a block alone */
};

/* Returns when the way is open. Negative errno: it can not be used here. */
int agent_start(struct way *w, struct agent *ret);
/* A block of n launches, each after a pause. */
int agent_block(const struct agent *a, unsigned n, uint64_t gap_usec, struct agent_report *ret);
/* One after the other until then, by CLOCK_MONOTONIC; the report comes by agent_collect(). */
int agent_run_until(const struct agent *a, uint64_t nsec);
int agent_collect(const struct agent *a, struct agent_report *ret);
void agent_end(struct agent *a);
