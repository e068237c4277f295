/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the bus takes from us. Callers can ask faster than the bus takes the answers: past a bound nothing
 * more is read from it, so the queue stays short and the callers wait. And a bus can stop taking anything for
 * the sake of one client: dbus-daemon reads nothing more from a service of which 64 descriptors lie unread
 * with others. So the bus is asked for a sign of life soon after descriptors were sent; without one, and if
 * it takes nothing either, the connection is given up: the next broker has a fresh one.
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

struct broker;

struct outflow {
	struct broker *broker;
	sd_event_source *timer;
	sd_event_source *writable; /* set while nothing is read */
	sd_bus_slot *ping;         /* set while the bus owes an answer */
	uint64_t n_taken;          /* messages that the bus had made room for, when last looked */
	bool moved;                /* since then it took more */
};

/* The bus must be attached to the event loop already. */
int outflow_begin(struct outflow *o, struct broker *b);
void outflow_end(struct outflow *o);
/* Descriptors were sent over the bus. */
void outflow_doubt(struct outflow *o);
/* Writes what is queued, for half a second at most. sd_bus_flush(3) would wait as long as the bus likes. */
void outflow_drain(struct broker *b);
