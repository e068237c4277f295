/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What outlives a launcher. keep.c: what is written down of a sandbox (wire/kept.h), and which of its fds the
 * keeper holds, while it lives. adopt.c: how the next launcher takes it over.
 */

#include "launcher/server.h"

/* Its program runs: all that there is for the keeper to hold, of a jail that was parked what it does not hold
 * yet. Before the record: what has none, or is not held, is killed when the next launcher begins. */
int keep_begun(struct server *server, struct sandbox *s);
/* Has the keeper hold those of these fds (bits of enum hold) that there are. */
int keep_hold(struct server *server, struct sandbox *s, uint32_t which);
/* Writes down how it is. What can not be written is logged: the record before counts then. */
void keep_sandbox(struct server *server, struct sandbox *s);
/* The keeper lets go of its fds. */
void keep_release(struct server *server, const struct sandbox *s);

/* WIRE_HELD, of which the fds are taken, and WIRE_ENDED. */
int adopt_held(struct server *server, const struct keeper_message *m, int fds[KEEPER_FDS_MAX]);
int adopt_ended(struct server *server, const struct keeper_message *m);
/* Adopts what lives of that of which there are both record and fds, retains what has ended, and ends the
 * rest. */
int adopt_all(struct server *server);
/* Forgets what was not adopted. */
void adopt_drop(struct server *server);
