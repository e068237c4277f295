/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Between a socket of somebody else's and one end of a socket pair, of which sd-bus has the other: two pumps,
 * and message_check() before what goes in. What it refuses goes no further, and its descriptors are closed;
 * a call gets an error for an answer, which goes out between two of sd-bus' messages. While one waits to go
 * out, nothing more is taken in. What goes in is read by sd-bus, and answered, at once: it is in one thread
 * with us, and the loop has nothing to find out.
 */

#include "broker/recall.h"
#include "message/check.h"
#include "message/pump.h"

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

struct relay {
	int inner;                  /* our end of the pair; borrowed */
	struct pump in, out;        /* borrow the sockets */
	const char *sender;         /* of its answers, in their headers; NULL: a bus daemon writes that */
	struct buf answer;          /* to what was refused; empty: none */
	size_t answer_sent;         /* of it */
	struct message_fault fault; /* of the last message that was read */
	struct recall *recall;      /* borrowed; NULL: every call goes to sd-bus */
	uint64_t owner;             /* in it */
};

/* @in_max, @out_max: bytes of a message. */
void relay_init(struct relay *r, int fd, int inner, size_t in_max, size_t out_max);
void relay_done(struct relay *r);
/* May read: has neither a message nor an answer that wait. */
bool relay_wants_in(const struct relay *r);
/* Reads as pump_read() does. -ENOMSG: what came was refused, r->fault tells why, and nothing is to be written
 * for it; it goes on. */
int relay_read(struct relay *r);
/* Throws away the message that was read; a call that wants an answer is told so, by an error of this name. */
int relay_refuse(struct relay *r, const char *error, const char *text);
/* 1: the answer is known from before, and waits to go out. 0: it is not. Negative: the connection is over. */
int relay_recall(struct relay *r, const struct message_span *m);
/* Whatever was said before has been acted on by sd-bus, and its answers and signals are out. What is not out
 * yet may have been read by this: relay_out() is to follow. */
bool relay_is_idle(struct relay *r, sd_bus *bus);
/* A message of ours can go out without sd-bus: all that it has said is out, or about to be read by nobody but
 * us, and what of ours waits is little. What is not out yet may have been read by this. */
bool relay_may_post(struct relay *r, sd_bus *bus);
/* Puts it behind what waits of ours; one with descriptors goes out at once, after that. 1; 0: there is no
 * room for its descriptors, and it is not taken. The connection's troubles are for relay_out() to find. */
int relay_post(struct relay *r, const struct message_span *m);
/* A message to sd-bus, which acts on it. Does not close the fds. Negative: the connection is over. */
int relay_deliver(struct relay *r, sd_bus *bus, const struct message_span *m);
/* One message, or an answer, from sd-bus or to be given out: 1 when one went out, 0 when none is there or
 * there is no room. */
int relay_out(struct relay *r);
/* Something waits until the other side reads. */
bool relay_blocked(const struct relay *r);
/* Sets what the loop waits for on both sockets. @may_read: as far as the owner is concerned. */
int relay_watch(const struct relay *r, bool may_read, sd_event_source *outer, sd_event_source *inner);
