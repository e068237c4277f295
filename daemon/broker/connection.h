/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One connection of the direct socket. sd-bus takes memory for whatever size a message's head announces, and
 * sets no bound to what it keeps for a peer that does not read. So it stands behind a gate: a socket pair,
 * and a relay that lets whole messages of a bounded size through that sd-bus takes for good ones, and nothing
 * more while answers are not taken.
 */

#include "base/cleanup.h"
#include "broker/caller.h"
#include "broker/direct.h"
#include "broker/inside.h"
#include "broker/relay.h"
#include "broker/sasl.h"
#include "broker/turns.h"

struct connection {
	struct seat seat; /* the first member; it waits in the line of direct's that is its user's */
	struct connection *next;
	struct direct *direct;
	bool listed;
	char name[INSIDE_NAME_MAX]; /* among callers; empty until the client has authenticated */
	char guid[SD_ID128_STRING_MAX];
	uid_t uid;
	struct identity identity; /* until the callers take it over */
	int fd;                   /* the client's */
	int inner;                /* the gate's end of the pair; bus has the other */
	sd_bus *bus;              /* NULL until the client has authenticated */
	sd_event_source *fd_source, *inner_source, *deadline;
	bool greeted; /* the byte before the first line came */
	bool wrote;   /* sd-bus has, since the last connection_push() */
	struct sasl sasl;
	struct relay relay;
};

/* Takes fd over, also when it fails. Waits for the client's first line. */
int connection_new(struct direct *d, int fd, struct connection **ret);
/* Of one that is not listed. Returns NULL. */
struct connection *connection_free(struct connection *c);
DEFINE_CLEANUP(struct connection *, connection_free);
/* Takes it out of the list, tells the broker that the client has gone, and frees. @error: why, for the log; 0
 * or -EPIPE: nothing wrong. Not from inside of a D-Bus handler. */
void connection_end(struct connection *c, int error);
/* Its turn: one message. */
int connection_serve(struct broker *b, struct seat *s);
/* Gives the client what sd-bus has written, as far as there is room; ends it if it does not read. Not from
 * inside of a D-Bus handler. */
void connection_push(struct connection *c);
/* Moves what is queued for the client as far as there is room. */
void connection_flush(struct connection *c);
/* Has the loop look at it soon, which ends it if it does not read. For use inside of handlers. */
void connection_look(struct connection *c);
/* Takes its answers. */
bool connection_reads(struct connection *c);
