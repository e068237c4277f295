/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * D-Bus messages from one socket to another, one at a time: read whole, with its fds, then written whole. So
 * no message is larger than its reader expects, whatever its head announces, and a side that does not read
 * holds up one message of ours and nothing else.
 */

#include "base/buf.h"
#include "wire/stream.h"

#include <stdbool.h>
#include <stdint.h>

struct pump {
	int from, to;           /* borrowed */
	size_t limit;           /* bytes of a message */
	uint8_t *data;          /* owned */
	size_t allocated, need; /* need: of the message at hand, as far as its head is known */
	size_t have, sent;
	int fds[STREAM_FDS_MAX]; /* owned */
	size_t n_fds;
};

void pump_init(struct pump *p, int from, int to, size_t limit);
void pump_done(struct pump *p);
/* Has a whole message that waits to be written. */
bool pump_full(const struct pump *p);
/* Has nothing, nor a part of something. */
bool pump_idle(const struct pump *p);
/* Throws away what it has, with its fds. */
void pump_drop(struct pump *p);
/* A message of ours, which is taken over: to be written next. The pump is idle. */
void pump_put(struct pump *p, struct buf *message);
/* 1: full. 0: nothing more there. -EPIPE: end of file. -EBADMSG: no D-Bus. -EMSGSIZE: above the limit. */
int pump_read(struct pump *p);
/* 1: empty again. 0: no room there. */
int pump_write(struct pump *p);
