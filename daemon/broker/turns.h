/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Whose turn it is: a line for each user, served one seat a turn, so that what one user has waiting costs
 * another the time of one seat and not of all. A seat is what waits: a message that came over the bus, or a
 * connection of the direct socket that has said something. What one line holds is bounded; a line can be
 * made to wait. Knows no clock and no socket.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Of one line: well above what clients ask at once that wait for their answers. */
#define TURNS_SEATS_MAX 512
#define TURNS_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define TURNS_FDS_MAX   256

struct line;

struct seat {
	struct seat *next;
	struct line *line; /* NULL: it does not wait */
	size_t bytes, fds; /* what it holds while it waits */
};

/* All zero: nobody waits. */
struct turns {
	struct line *lines; /* the first is the next to be served */
	size_t n;           /* seats of all */
};

/* Forgets all lines; the seats are their owner's. */
void turns_done(struct turns *t);
/* Is there room in this user's line? One seat always fits. */
bool turns_fits(const struct turns *t, uid_t uid, const struct seat *s);
/* Somebody of this user's waits. */
bool turns_waits(const struct turns *t, uid_t uid);
/* Puts it at the end of the user's line, whether it fits or not. -ENOMEM */
int turns_add(struct turns *t, uid_t uid, struct seat *s);
/* Of one that waits. */
void turns_remove(struct turns *t, struct seat *s);
/* Takes the next seat out; NULL when none may go now. Then *ret_until says when one may, UINT64_MAX: none
 * waits. */
struct seat *turns_next(struct turns *t, uint64_t now, uint64_t *ret_until);
/* Nothing of this user's line is served before then; of one that is not there too. -ENOMEM */
int turns_pause(struct turns *t, uid_t uid, uint64_t until);
