/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Turns in the event loop: some at once, then whatever else there is comes first. The bus and the direct
 * socket have one each.
 */

#include "broker/turns.h"

#include <systemd/sd-event.h>

/* A user who was refused for being at a limit is served again after that: who asks on without a pause would
 * else keep bus, broker and processors busy with refusals. */
#define SERVING_PAUSE_USEC 1000

struct broker;

struct serving {
	struct broker *broker; /* NULL: it has not begun, or ended */
	struct turns turns;
	sd_event_source *go; /* NULL: nobody is to be served before something happens */
	sd_event_source *later;
	/* One seat's turn, which it does not wait in any more. Negative: no other may be served now; who says
	 * so ends the serving, or calls serving_run() when one may. */
	int (*serve)(struct broker *b, struct seat *s);
};

int serving_begin(struct serving *s, struct broker *b, int (*serve)(struct broker *b, struct seat *s));
/* Also of a zeroed one. Seats that wait are their owner's. */
void serving_end(struct serving *s);
/* Serves some, and goes on in the event loop when more wait. */
void serving_run(struct serving *s);
/* This user was refused just now. */
void serving_pause(struct broker *b, uid_t uid);
