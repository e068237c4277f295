/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Whether the broker needs a bus. Without one, early at boot, in a container, or while the bus is down, it
 * serves the direct socket alone; one that comes later is joined without a restart, over a socket that the
 * keeper connects: sandboxes and connections of the direct socket stay.
 */

struct broker;

enum bus_mode {
	BUS_REQUIRED, /* no start without one, and an end with it */
	BUS_OPTIONAL, /* joined when it is there */
	BUS_NONE,
};

/* -EINVAL for any other word than the three. */
int bus_mode_from_string(const char *s, enum bus_mode *ret);
/* Asks the keeper for the bus until there is one. */
void bus_await(struct broker *b);
/* Takes the keeper's socket over. */
int bus_arrived(struct broker *b, int fd);
/* The connection has ended. Everything that came over it is over: calls, and sandboxes of its clients unless
 * they are detached. Not from inside of a D-Bus handler. */
void bus_lost(struct broker *b, int error);
