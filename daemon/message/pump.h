/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * D-Bus messages from one socket to another: read as many at once as there are, and written whole, one by one
 * where some have descriptors. So no message is larger than its reader expects, whatever its head announces,
 * and a side that does not read holds up a few messages of ours and nothing else.
 *
 * Descriptors come with the first byte of their message, and the kernel ends a read behind the bytes that
 * some came with: they are the last message's of which that read has the beginning. While there are some,
 * nothing beyond their message is read.
 */

#include "base/buf.h"
#include "wire/stream.h"

#include <stdbool.h>
#include <stdint.h>

/* A whole message; all borrowed. */
struct message_span {
	const uint8_t *data;
	size_t size;
	const int *fds;
	size_t n_fds;
};

struct pump {
	int from, to;            /* borrowed */
	size_t limit;            /* bytes of a message */
	uint8_t *data;           /* owned */
	size_t allocated;        /* of it; start to end is read and not yet written */
	size_t start, end;       /* a message begins at start */
	size_t need;             /* of that message, as far as its head is known */
	size_t sent;             /* of that message */
	bool drained;            /* the last read had all there was */
	int fds[STREAM_FDS_MAX]; /* owned */
	size_t n_fds, fds_at;    /* of the message that begins there */
};

void pump_init(struct pump *p, int from, int to, size_t limit);
void pump_done(struct pump *p);
/* Has a whole message that waits to be written, or a part of one to. */
bool pump_full(const struct pump *p);
/* A part of a message is written. */
bool pump_middle(const struct pump *p);
/* Has nothing at all. */
bool pump_empty(const struct pump *p);
/* The whole message that it has; until the next call. */
struct message_span pump_get(const struct pump *p);
/* Throws away the message that it has, with its fds. */
void pump_drop(struct pump *p);
/* The same, but the fds are the caller's now. */
void pump_pass(struct pump *p);
/* 1: full. 0: nothing more there. -EPIPE: end of file. -EBADMSG: no D-Bus. -EMSGSIZE: above the limit. After
 * 0 something more may have come: the next event says so. */
int pump_read(struct pump *p);
/* Something may have come since the last event: an end of file, or what sd-bus has just written. */
void pump_look_again(struct pump *p);
/* Nothing has come since the last event that was acted on: the next pump_read() need not look. */
void pump_rest(struct pump *p);
/* 1: the message is written, and with it of those behind it what was whole and had no fds, as far as there
 * was room: pump_middle() then, or not. 0: no room there. */
int pump_write(struct pump *p);
