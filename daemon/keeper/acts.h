/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the keeper can do: start, tell and kill its helpers, and decide how a start or a reload ends. */

#include "keeper/keeper.h"

#define MSEC UINT64_C(1000)

/* For everything, when told to stop: a service manager's own patience is longer. */
#define STOP_PATIENCE_USEC (10000 * MSEC)
/* Until a helper says that it is ready. */
#define START_PATIENCE_USEC (30000 * MSEC)
/* To answer what waits and to go, once there is no more to do. */
#define LEAVE_PATIENCE_USEC (2000 * MSEC)

static inline bool is_running(const struct keeper *k, enum helper which)
{
	return k->children[which].pid != 0;
}

/* The next look is due at *next at the latest. */
static inline void wake_by(uint64_t *next, uint64_t at)
{
	if (at < *next)
		*next = at;
}

int send_to(
	struct keeper *k, enum helper which, const struct keeper_message *m, const int *fds, size_t n_fds);
/* @why: logged; NULL where it is expected. */
void kill_helper(struct keeper *k, enum helper which, const char *why);
void tell_stub(struct keeper *k, char c);

void start_compiler(struct keeper *k);
void start_launcher(struct keeper *k);
/* Gives a launcher what it is to take over, and then the catalog; later the ends of jails that it can not see
 * itself. False: it has to read first. */
bool brief_launcher(struct keeper *k);
void start_broker(struct keeper *k);
/* A channel between launcher and broker. */
void introduce(struct keeper *k);
void start_auditor(struct keeper *k);
/* No more records: it writes those that it has, and goes. */
void dismiss_auditor(struct keeper *k);

/* The stop, once begun, keeps the exit status that it was begun with. */
void begin_stop(struct keeper *k, int status);
/* Until everything was up once, a failure is the caller's to see and to mend: no second try. */
void fail_start(struct keeper *k, const char *what);

/* Asks the launcher to take the catalog that was compiled. */
void offer_catalog(struct keeper *k);
void tell_broker_catalog(struct keeper *k);
/* Where its records for the kernel's log go, if they are wanted. */
void tell_broker_auditor(struct keeper *k);
/* The end of a reload, either way. */
void reload_over(struct keeper *k);
/* @report: a catalog whose errors say why, borrowed. Where there is none (-1: the compiler itself failed) the
 * one in force stands in, with value 1: the log has the reason. */
void reload_failed(struct keeper *k, int report);
