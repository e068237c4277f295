/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a call costs under a filter: each filter has a process of its own, and these take turns. */

#include "policy-rules.h"
#include "stats.h"

#include <linux/filter.h>
#include <sys/types.h>

struct subject {
	pid_t pid;
	int request, answer;            /* ours of the two pipes */
	struct samples took[_CALL_MAX]; /* picoseconds for one call */
};

/* Starts a process with the filter loaded; with none when @filter is NULL. */
int subject_start(struct subject *s, const struct sock_filter *filter, size_t n, size_t rounds);
/* One turn: each of the calls many times. */
int subject_turn(struct subject *s);
/* Ends the process; after that the samples are sorted. */
void subject_end(struct subject *s);
void subject_done(struct subject *s);
/* Nanoseconds for one call, at a fraction of the samples. */
double subject_nsec(const struct subject *s, enum bench_call call, double fraction);
