/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Verbs that go on until they are told to end. */

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/* From here on SIGINT, SIGTERM and SIGHUP do not end the process, but watch_pause(). */
void watch_begin(void);
/* Sleeps; false when it was told to end, before or meanwhile. */
bool watch_pause(uint64_t usec);
/* poll(2) until a point of CLOCK_MONOTONIC in microseconds, UINT64_MAX for none; 0 also when it was told to
 * end. */
int watch_poll(struct pollfd *fds, nfds_t n, uint64_t until_usec);
bool watch_ended(void);

/* What came since watch_news() was asked last, for those that have a terminal's screen. */
enum watch_news {
	WATCH_RESIZED = 1 << 0,
	WATCH_STOP = 1 << 1, /* SIGTSTP; the process does not stop by itself */
	WATCH_CONTINUED = 1 << 2,
};
/* From here on these end watch_poll(). For after watch_begin(). */
void watch_terminal(void);
enum watch_news watch_news(void);
