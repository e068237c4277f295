/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * How many launches one user may have at the launcher at a time. Alone, enough that the launcher never waits
 * for us while it builds one. While another user launches too, both compete for the processors: then half of
 * them, and at least one, so that what one has asked for does not stand beside each launch of the other; and
 * who has more waiting rests after each, since what clients do with it and the end of a sandbox take
 * processors as well.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#define LAUNCHES_AT_ONCE 4
/* Another user counts as one that launches for that long after it has. */
#define LAUNCHES_REMEMBERED_USEC 1000000
/* A launch is taken to wait for something else than a processor after that long: then it takes no share. */
#define LAUNCHES_SLOW_USEC 100000
/* So many times as long as a launch took its user rests after it: a third of the time remains to launch in.
 */
#define LAUNCHES_REST 2

struct launch_turns {
	unsigned n_shared; /* of one user while others launch */
	/* the two from above, but for tests */
	uint64_t remembered_usec, slow_usec;
	/* who launched last, and who did of all others */
	struct {
		uid_t uid;
		uint64_t usec; /* 0: nobody */
	} last[2];
	uid_t served;           /* whose turn was the last, of those that waited */
	sd_event_source *again; /* when a launch may have become a slow one */
};

/* Counts the processors. */
void launch_turns_init(struct launch_turns *t);
/* This user launches. */
void launch_turns_note(struct launch_turns *t, uid_t uid, uint64_t now);
/* How many of this user's there may be, that are not slow. */
unsigned launch_turns_share(const struct launch_turns *t, uid_t uid, uint64_t now);
