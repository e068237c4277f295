/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The socket beside the bus: the same objects without a bus daemon. There is no bus policy either, so nothing
 * but the handlers' own checks stands between a caller and an object.
 *
 * Who connects is what the kernel recorded at connect(2): uid and primary group of SO_PEERCRED, the others of
 * SO_PEERGROUPS. A connection is one sd-bus object behind a gate (connection.h). Everything is bounded for
 * each user and altogether, and what a connection does wrong ends that connection and nothing else.
 */

#include "broker/inside.h"
#include "broker/serving.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

struct broker;
struct connection;

struct direct {
	struct broker *broker;
	int fd; /* listens; -1 without */
	sd_event_source *source, *pause;
	struct connection *first; /* in the order of their arrival */
	size_t n;
	bool wrote;             /* one of them has, see output.h */
	uint64_t n_ever;        /* for their names */
	struct serving serving; /* of those that have said something */
	sd_id128_t id;          /* what a bus' id would be */
	struct spare spare;
};

/* Takes the listening socket over; nothing is accepted yet. */
int direct_open(struct direct *d, struct broker *b, int fd);
/* Accepts from now on. Nothing to do without a socket. */
int direct_begin(struct direct *d);
void direct_close(struct direct *d);
/* Sends what is queued as far as there is room. */
void direct_drain(struct direct *d);
/* Somebody has to read before what he said himself is heard. */
bool direct_waits(const struct direct *d);
/* The relay of the connection that has this sd-bus object; NULL: there is none. */
struct relay *direct_relay(const struct direct *d, const sd_bus *bus);
/* Something was written to this one's. Ends it, when the loop comes to it, if it does not read that. */
void direct_wrote(struct direct *d, const sd_bus *bus);
/* Moves what was written since. Not from inside of a D-Bus handler. */
void direct_push(struct direct *d);
/* For each connection that speaks D-Bus already. */
void direct_broadcast(struct direct *d, int (*emit)(struct broker *b, sd_bus *bus));
