/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A sandbox's life after its jail was cloned: report, run, stop, end. */

#include "launcher/server.h"
#include "registry/record.h"

/* The jail has been started and everything recorded: watch it and let it go on. @timeout_usec: for the
 * set-up. */
int sandbox_begin(
	struct server *server, struct sandbox *s, const struct jail_spec *spec, uint64_t timeout_usec);
/* Kills a sandbox that is STARTING; its launch will be answered with this stage and reason. @why: static. */
void sandbox_break_off(struct server *server, struct sandbox *s, enum jail_stage stage, const char *why);
/* The broker that asked for this STARTING sandbox is gone. An adoptable one goes on: its program may run
 * already. The others are broken off, nobody would own them. */
void sandbox_forsake(struct server *server, struct sandbox *s);
/* The client that asked for this STARTING sandbox is gone: it is broken off. */
void sandbox_abandon(struct server *server, struct sandbox *s);
/* -ESRCH unless it runs. SIGKILL makes the result RESULT_KILLED. */
int sandbox_signal(struct server *server, struct sandbox *s, int sig, bool all);
/* Sends the stop signal and kills after the grace; at once with 0, never with USEC_INFINITY. A sandbox that
 * is being stopped already may be given less time, not more, and keeps its reason. */
void sandbox_stop(struct server *server, struct sandbox *s, uint64_t grace_usec, enum sandbox_result reason);
/* One more lifeline; takes fd over, also on failure. -EDQUOT: it has LIFELINES_MAX already. */
int sandbox_attach(struct server *server, struct sandbox *s, int fd);
/* It said that it is; TimeoutStartSec= is met. */
void sandbox_ready(struct server *server, struct sandbox *s);
/* It said that it ends by itself: it gets its grace for that, and no signal before the kill. */
void sandbox_leaving(struct server *server, struct sandbox *s);
/* Its timer ran out. */
void sandbox_due(struct server *server, struct sandbox *s);
/* Its process has ended like this: kills what is left, tells the broker, retains it. */
void sandbox_end(struct server *server, struct sandbox *s, const siginfo_t *si);
/* The same for one whose end is known already, and needs no telling. */
void sandbox_retain(struct server *server, struct sandbox *s);
/* Kills what is left, frees everything, in any state. */
void sandbox_discard(struct server *server, struct sandbox *s);

/* RuntimeMaxSec= is this from now on, counted from the start. */
void sandbox_set_runtime(struct server *server, struct sandbox *s, uint64_t usec);

int answer_done(struct server *server, uint32_t serial, int error);
/* Answers with a refusal or a failed stage (the other is 0). rule may be NULL. All return 0. */
int answer_refused(struct server *server, uint32_t serial, const struct refused *refused);
int answer_setup_failed(struct server *server, uint32_t serial, const struct jail_error *e);
