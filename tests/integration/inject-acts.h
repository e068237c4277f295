/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What is done with a daemon one of whose calls may fail: each call of its clients is answered, what is
 * denied stays denied, and a program that runs is confined as ever. */

#include "rig.h"

#define POLL_USEC 5000

struct scenario;

struct run {
	struct rig *rig;
	const struct scenario *scenario;
	char *what;      /* which call fails */
	char *healthy;   /* what the probe sees when nothing fails */
	goffset log_end; /* of the log, when the daemon was started */
	pid_t broker, launcher;
	unsigned n, n_done, n_replaced, n_ends, replaced;
};

/* What the daemon has said since it was started. */
char *inject_log(const struct run *run);
void inject_note_log_end(struct run *run);
void inject_fail_with_log(struct run *run, const char *why);

/* What the probe sees; NULL if it did not run to its end. */
char *inject_look(struct run *run, GDBusConnection *c);
void inject_reload(struct run *run);
void inject_expect_no_jails(struct run *run);
/* @sandbox: a path, or NULL. */
void inject_expect_denied(struct run *run, const char *sandbox);

/* Launches, control, denials, a client that leaves. */
void act_serve(struct run *run);
void act_reload(struct run *run);
void act_serve_and_reload(struct run *run);
void act_park(struct run *run);
void act_next_broker(struct run *run);
void act_next_launcher(struct run *run);
void act_keep(struct run *run);
