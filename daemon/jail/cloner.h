/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Payloads that share the launcher's memory until their exec; see cloner.c. For this folder only. */

#include "jail/steps.h"

/* What of the bounding set profiles may keep: cloners do without the rest, from their next launch on. */
void cloners_keep(struct jail_context *c, uint64_t capabilities);
/* Whether this payload may be one of them, and a cloner is free for it. */
bool cloner_takes(const struct jail_setup *s);
/*
 * Parent: the payload, in place of process_clone(). In the PID namespace @pidns_fd, or where this is -1 and
 * the setup wants one, as process 1 of a new one, which is the jail's then. What the setup owns of memory is
 * the jail's from here on, as long as the payload looks at it. Returns its pid, or a negative errno: of
 * clone3(2), or if *ret_entered is false of setns(2) or unshare(2). -ECHILD: it was killed before it could
 * say in which namespace it is.
 */
pid_t cloner_start(struct jail_setup *s, uint64_t flags, int pidns_fd, struct jail *j, bool *ret_entered);
/* The payload has run its program, or has ended, or does nothing but end. */
void shared_release(struct jail *j);
/* keyed.c: the payload that had this thread's memory has run its program, or has ended. */
void keyed_forget(void);
/* Where a payload stands still before its exec, its cloner ends with the process. */
void cloners_close(struct jail_context *c);
