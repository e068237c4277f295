/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The connection to the bus. sd-bus does not speak with the bus itself, but over a socket pair, for the
 * reason that relay.h gives. The greeting goes through as it is: the bus' daemon takes who we are from its
 * own socket. What the bus takes from us is counted here, for outflow.h.
 *
 * All that has come is read at once, and sorted: calls of senders that are known wait for their user's turn
 * (turns.h), above a bound they are refused; everything else goes on as it came, answers and signals, and the
 * first calls of a sender, which wait in caller.h until the bus has said who that is.
 */

#include "broker/relay.h"
#include "broker/serving.h"

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

struct broker;
struct letter;

struct bus_link {
	struct broker *broker;
	int fd;    /* the bus'; -1 without one */
	int inner; /* the pair's end that is not sd-bus' */
	sd_event_source *fd_source, *inner_source;
	sd_event_source *again; /* to look at what was read already; NULL: there is nothing */
	unsigned n_lines;       /* of the greeting, that the bus has sent */
	struct relay relay;
	struct serving serving;
	struct letter *letters; /* that wait in it */
	bool blocked;           /* there was no room for a message to the bus */
	uint64_t n_taken;       /* of such, that the bus has made room for */
	bool wrote;             /* sd-bus has, see output.h */
};

/* Takes fd over, also when it fails: a socket that is connected to a bus, where nothing was said yet. Makes
 * the object that speaks over it; nothing is read before the event loop runs. */
int bus_link_open(struct bus_link *l, struct broker *b, int fd, sd_bus **ret);
/* Also of a zeroed one. */
void bus_link_close(struct bus_link *l);
/* Moves what sd-bus has written to the bus, as far as there is room. 1: it has all, 0: it has not. */
int bus_link_flush(struct bus_link *l);
/* The same, for what was noted in wrote; the bus may be lost by it. Not from inside of a D-Bus handler. */
void bus_link_push(struct bus_link *l);
/* Something of ours has not been read by the bus. */
bool bus_link_is_unread(const struct bus_link *l);
