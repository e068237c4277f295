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
