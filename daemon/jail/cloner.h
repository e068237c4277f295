/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Payloads that share the launcher's memory until their exec; see cloner.c. For this folder only. */

#include "jail/steps.h"
#include "jail/template.h"

/* What a payload looks at until its exec. */
struct jail_shared {
	struct jail_setup setup;
	struct jail_spec spec;   /* a copy; it owns nothing until jail_keep_spec(), but these two */
	char *working_directory; /* which may be the request's, */
	gid_t *caller_gids;      /* as these are */
	struct template template;
};

/* What of the bounding set profiles may keep: cloners do without the rest, from their next launch on. */
void cloners_keep(struct jail_context *c, uint64_t capabilities);
/* Those that were given up, and are over. */
void cloners_collect(const struct jail_context *c);
/* Whether this payload may be one of them, and a cloner is free for it. */
bool cloner_takes(const struct jail_setup *s);
/*
 * Parent: the payload, in place of process_clone(). In the PID namespace @pidns_fd, or where this is -1 and
 * the setup wants one, as process 1 of a new one, which is the jail's then. What the setup owns of memory is
 * the jail's from here on, as long as the payload looks at it. Returns its pid, or a negative errno: of
 * clone3(2), or if *ret_entered is false of setns(2) or unshare(2). -ECHILD: it was killed before it could
 * say in which namespace it is. -ETIMEDOUT: neither cloner nor payload has said anything.
 */
pid_t cloner_start(struct jail_setup *s, uint64_t flags, int pidns_fd, struct jail *j, bool *ret_entered);
/* Parent: a payload's process that is made ahead, in the jail's PID namespace, or where there is none as
 * process 1 of a new one; it is the jail's. -EAGAIN: no cloner can be had for it. -ETIMEDOUT: as above, and
 * the jail is of no use. */
int ahead_start(const struct jail_context *context, struct jail *j);
/* Whether a launch of this spec can go on with it, and it is there to go on. */
bool ahead_fits(const struct jail *j, const struct jail_spec *spec);
/* It becomes the payload. What the setup owns of memory is the jail's, as with cloner_start(). */
int ahead_begin(struct jail_setup *s, struct jail *j);
/* A copy of the setup, with what it borrows; or NULL. What it owns both own then. */
struct jail_shared *shared_make(const struct jail_setup *s);
/* The payload has run its program, or has ended, or does nothing but end. */
void shared_release(struct jail *j);
/* keyed.c: the payload that had this thread's memory has run its program, or has ended. */
void keyed_forget(void);
/* Where a payload stands still before its exec, its cloner ends with the process. */
void cloners_close(struct jail_context *c);
