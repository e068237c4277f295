/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Who calls. The identity of a connection is what the bus recorded when it was made: uid and all gids out of
 * GetConnectionCredentials, asked once per unique name, kept until the name is gone. Nothing is ever read
 * from /proc, and a caller whose identity the bus does not tell completely is refused.
 *
 * callers_filter() stands before every object: it holds a call back until its sender is known and puts it
 * into the queue again then. So each handler, property and enumerator finds the identity ready, or is not
 * reached.
 */

#include "plan/plan.h"

#include <stdbool.h>
#include <systemd/sd-bus.h>

struct callers;

struct caller {
	struct callers *callers;
	char *name; /* unique name */
	bool known; /* the fields below are set */
	uid_t uid;
	gid_t *gids;
	size_t n_gids;
	sd_bus_slot *query;    /* GetConnectionCredentials under way */
	sd_bus_message **held; /* calls that wait for it, in order */
	size_t n_held;
};

struct callers {
	struct caller **v; /* sorted by name */
	size_t n, allocated;
	size_t n_held; /* of all callers together */
};

void callers_done(struct callers *c);
/* Lets a call of a known sender pass (0) or takes it over (1). Only method calls are to be shown to it. */
int callers_filter(struct callers *c, sd_bus_message *m);
/* The known identity behind a message, or NULL. Also for a NULL message. */
const struct caller *callers_find(const struct callers *c, sd_bus_message *m);
/* The connection is gone: its identity and the calls that waited for it are dropped. */
void callers_lost(struct callers *c, const char *name);

bool caller_is_administrator(const struct caller *c);
/* In the form that the plan takes; borrows the gids. */
struct plan_caller caller_for_plan(const struct caller *c);
/* Reads the answer to GetConnectionCredentials. -EBADMSG or -ENODATA when uid or gids are not told in full.
 */
int caller_read_credentials(sd_bus_message *reply, uid_t *ret_uid, gid_t **ret_gids, size_t *ret_n_gids);
