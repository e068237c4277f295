/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Calls that came while there was no launcher, or before its table was complete. They wait here, and go back
 * into their bus' queue in the order of their arrival when it is: their handlers begin anew, with the caller,
 * the profile and the rights as they are by then. Nothing that a launcher was asked is among them: whether it
 * was done nobody knows. Launches that wait for their turn (launch-queue.h) wait on meanwhile.
 *
 * Each counts as a call in flight of its user, with what it carries. When no launcher has come for a while
 * they are refused as Busy.
 */

#include "broker/deferred.h"

#include <stdint.h>
#include <systemd/sd-event.h>

#define BETWEEN_USEC (10 * UINT64_C(1000000)) /* below what clients wait for an answer, 25 s */
#define BETWEEN_MAX  512                      /* of all users: bounds descriptors and memory */

struct between {
	struct deferred_list calls;
	sd_event_source *timer;
	uint64_t usec;       /* BETWEEN_USEC, but for tests */
	uint64_t away_until; /* when launches do not wait for their turn any longer */
};

/* Handlers return it as it is: the call is taken over. */
#define BETWEEN_WAITS 1

/* For when launcher.ready is not set, or launcher_submit() says -ENOTCONN. Takes d over, whatever comes of
 * it: BETWEEN_WAITS, or a negative errno and Busy in error. */
int between_add(struct broker *b, struct deferred *d, sd_bus_error *error);
/* The same for who has no error to return: d is answered. */
void between_add_or_refuse(struct broker *b, struct deferred *d);
/* The launcher has gone. */
void between_begin(struct broker *b);
/* The next one's table is complete. */
void between_resume(struct broker *b);
/* None will come: Busy to all. */
void between_refuse(struct broker *b);
/* A connection is gone. */
void between_client_gone(struct broker *b, const char *name);
/* At the end. */
void between_done(struct broker *b);
