/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A private dbus-daemon, and on it a process that answers as the broker would, or as it never would. Needs
 * root, as the library trusts only root's broker.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define STAND_IN_ID 7 /* of the one sandbox that it has, once it was launched */

/* Shared with the stand-in: what it is to do, what it has seen. */
struct stand_in_state {
	/* profiles: "ok"; "denied"; "garbled": a reply of another form; "ended": before it was asked for, it
	 * seems */
	volatile unsigned launches, waits, stops, finds, signal, fds, releases;
	volatile unsigned deaths_at_launch; /* likewise, of LaunchSandboxed */
	volatile unsigned tokens;           /* launches with another token than the one before */
	char token[65];
	volatile unsigned deaths_at_wait; /* this many calls of Wait() end it instead */
	volatile bool forgets;            /* it knows the sandbox no more */
	volatile bool emits_when_started; /* and at each Signal(): what emit() lists */
	volatile unsigned n_emit;         /* so often */
	volatile bool tells_end;          /* that it has exited with 5, behind the answer to Signal() */
	volatile pid_t payload;
	char client[64]; /* who launched */
};

struct stand_in {
	char directory[64], address[128];
	pid_t bus, broker;
	struct stand_in_state *state;
};

/* Starts the bus. */
void stand_in_open(struct stand_in *s);
void stand_in_close(struct stand_in *s);
/* Starts a broker as this user, after delay; it is there on return unless delay_ms > 0. A broker that ends at
 * Wait() has another one started in its place. */
void stand_in_broker(struct stand_in *s, uid_t uid, unsigned delay_ms);
void stand_in_end_broker(struct stand_in *s);
void stand_in_end_bus(struct stand_in *s);
/* Ends the payload with this exit status. */
void stand_in_end_payload(struct stand_in *s);
