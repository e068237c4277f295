/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Deadlines, one per sandbox, in a binary heap: setting, moving and taking one costs O(log n). Knows no
 * sandbox; the room is fixed, so that setting a deadline can not fail.
 */

#include "base/bounds.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer {
	uint64_t deadline; /* microseconds of CLOCK_BOOTTIME; meaningful while armed */
	size_t slot;       /* place in the heap, plus one; 0 while not armed */
};

struct timers {
	struct timer *heap[SANDBOXES_MAX];
	size_t n;
};

/* Arms, or moves, a timer. USEC_INFINITY disarms it. At most SANDBOXES_MAX timers may be armed. */
void timers_set(struct timers *t, struct timer *timer, uint64_t deadline);
/* Harmless for a timer that is not armed. */
void timers_cancel(struct timers *t, struct timer *timer);
/* The earliest deadline, USEC_INFINITY if none is armed. */
uint64_t timers_next(const struct timers *t);
/* Takes out the earliest timer whose deadline is not after now; NULL if there is none. */
struct timer *timers_take_due(struct timers *t, uint64_t now);
/* Sets a timerfd of CLOCK_BOOTTIME when the earliest deadline is before *armed, what it is set to. One that
 * is no more can wait, as each launch has one, until somebody wants it set @exactly: to the earliest, or
 * disarmed. Negative: as it was. */
int timers_arm(const struct timers *t, int fd, uint64_t *armed, bool exactly);
