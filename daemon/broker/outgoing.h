/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Messages of which each launch has some, and their way out: as bytes behind what went out last, or, where
 * something of sd-bus' is still on its way, by sd-bus behind that. What is in them is written once, by a
 * writer.
 */

#include "broker/body.h"

#include <systemd/sd-bus.h>

struct broker;
struct relay;

struct outgoing {
	struct broker *broker;
	sd_bus *bus;         /* borrowed */
	struct relay *relay; /* NULL: by sd-bus */
	struct buf bytes;
	size_t body_at;
	sd_bus_message *message; /* owned */
	struct writer w;         /* for the body */
};

#define OUTGOING_INIT ((struct outgoing){ 0 })

/* A signal with a body of this signature. @destination: NULL: who the connection belongs to. */
struct outgoing_signal {
	const char *destination, *path, *interface, *member, *signature;
};
int outgoing_signal(struct outgoing *o, struct broker *b, sd_bus *bus, const struct outgoing_signal *s);
/* The answer to a call. @quick: -EAGAIN where it has to go by sd-bus. */
int outgoing_answer(struct outgoing *o, struct broker *b, sd_bus_message *call, bool quick,
	const char *signature, size_t n_fds);
/* Sends it, or returns the first error of the writer. -EAGAIN: a quick one that there is no room for now. */
int outgoing_send(struct outgoing *o);
void outgoing_done(struct outgoing *o);
