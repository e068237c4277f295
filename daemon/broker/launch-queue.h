/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The way of launches to the launcher. It takes them in the order in which they come, and builds what it has
 * taken all at once; so of each user only a few are there at a time (launch-turns.h), and the others wait
 * here, in their order. Nobody's launch waits for another user's. Where the launcher's socket is full all
 * wait, and users take turns when there is room. MaxCallsPerUser= bounds how many wait.
 */

#include "broker/launch-turns.h"
#include "broker/launch.h"
#include "wire/channel.h"

/* A request with its fds, in the protocol's order. Only the record and the ends that we made are owned. */
struct parcel {
	struct buf record;
	uint32_t serial;
	int fds[WIRE_FDS_MAX];
	size_t n;
	int made[STREAMS];
	bool fleeting; /* the borrowed fds are closed when the call has been read: who waits has copies */
	int copies[WIRE_FDS_MAX]; /* owned */
	size_t n_copies;
};

#define PARCEL_INIT ((struct parcel){ .record = BUF_INIT(WIRE_RECORD_MAX), .made = { -1, -1, -1 } })

void parcel_done(struct parcel *p);

/*
 * Sends the launch, or makes it wait; then the parcel's contents are l's. The borrowed fds must be the call's
 * or its fd channel's, which is kept then, or fleeting. Without a launcher, or without room in its socket, it
 * waits.
 */
int launch_queue_submit(struct launch *l, struct parcel *p);
static inline bool launch_queue_waits(const struct launch *l)
{
	return l->parcel != NULL;
}
/* Anything that waits. */
bool launch_queue_any(const struct broker *b);
/* There is a launcher again, or room in its socket. */
void launch_queue_resume(struct broker *b);
/* There will be none: Busy to all that wait. */
void launch_queue_refuse(struct broker *b, const char *why);
/* One of this user's was at the launcher for that long. While others launch, who has more waiting leaves the
 * processors to them for a multiple of that. */
void launch_queue_rest(struct broker *b, uid_t uid, uint64_t took_usec);
/* One of this user's has left the launcher: the next takes its place. */
void launch_queue_next(struct broker *b, uid_t uid);
/* What still waits is not launched; l is unlinked and ended by its owner. */
void launch_queue_drop(struct launch *l);
