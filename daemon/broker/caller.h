/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Who calls. The identity of a connection is what the bus recorded when it was made: uid and all gids out of
 * GetConnectionCredentials, asked once per unique name, kept until the name is gone. So is the security
 * label. None of these is ever read from /proc, and a caller whose uid or gids the bus does not tell
 * completely is refused. Over the direct socket the kernel says the same (direct.h). The unit is no part of
 * the identity: a process can be moved, so it is looked up for the launch that it decides (inquiry.h).
 *
 * callers_filter() stands before every object: it holds a call back until its sender is known and puts it
 * into the queue again then. So each handler, property and enumerator finds the identity ready, or is not
 * reached.
 */

#include "plan/plan.h"

#include <stdbool.h>
#include <systemd/sd-bus.h>

struct callers;

#define LOGINUID_UNSET UINT32_MAX

/* What the bus says of a connection. */
struct identity {
	uid_t uid;
	gid_t *gids;
	size_t n_gids;
	uint32_t pid; /* 0: not told, or of no use here */
	int pidfd;    /* stands for the process that connected; or -1 */
	char *label;  /* security label, or NULL */
};

struct caller {
	struct callers *callers;
	char *name;      /* unique name */
	sd_bus *bus;     /* its own connection, when it came over the direct socket; NULL: it is on the bus */
	bool known;      /* the identity is set */
	bool subscribed; /* to the signals of every sandbox that it may see */
	struct identity identity;
	uid_t uid; /* of it */
	gid_t *gids;
	size_t n_gids;
	/* of its process, when it was last looked at */
	bool looked;
	char *unit; /* NULL: not known */
	uint32_t loginuid;
	sd_bus_slot *query;    /* GetConnectionCredentials under way */
	sd_bus_message **held; /* calls that wait for it, in order */
	size_t n_held;
};

struct callers {
	sd_bus *bus;       /* the bus, or NULL; borrowed */
	struct caller **v; /* sorted by name */
	size_t n, allocated;
	size_t n_held;   /* of all callers together */
	size_t n_pidfds; /* the same */
	size_t n_subscribed;
	bool selinux; /* labels are SELinux': other security modules may let others choose theirs */
};

void callers_done(struct callers *c);
/*
 * A connection of the direct socket, with what the kernel recorded of it at connect. Its name must be the
 * description of bus (sd_bus_set_description(3)): that is how its messages are known, whatever sender they
 * state. Takes the identity over when it succeeds. -EDQUOT, -ENOMEM.
 */
int callers_add_direct(struct callers *c, const char *name, sd_bus *bus, struct identity *identity);
/* Where signals for this connection go; NULL when it has gone. */
sd_bus *callers_bus(const struct callers *c, const char *name);
/* Marks a known caller; ends with its connection. No harm when it is so already. -EDQUOT: max connections of
 * this user are. */
int callers_subscribe(struct callers *c, const char *name, size_t max);
void callers_unsubscribe(struct callers *c, const char *name);
/* Lets a call of a known sender pass (0) or takes it over (1). Only method calls are to be shown to it. */
int callers_filter(struct callers *c, sd_bus_message *m);
/* The known identity behind a message, or NULL. Also for a NULL message. */
const struct caller *callers_find(const struct callers *c, sd_bus_message *m);
/* The same of a message that came over this bus and states this sender, or none: NULL. */
const struct caller *callers_find_from(const struct callers *c, sd_bus *bus, const char *sender);
/* The connection is gone: its identity and the calls that waited for it are dropped. */
void callers_lost(struct callers *c, const char *name);

bool caller_is_administrator(const struct caller *c);
/* In the form that the plan takes; borrows the gids. */
struct plan_caller caller_for_plan(const struct caller *c);
/* By its unique name; NULL if it is not known, or not any more. */
struct caller *callers_find_name(const struct callers *c, const char *name);
/* Reads the answer to GetConnectionCredentials. -EBADMSG or -ENODATA when uid or gids are not told in full,
 * and for a key that is known and has another type than the specification gives it. */
int identity_read(sd_bus_message *reply, struct identity *ret);
/* The same of a connected socket, from what the kernel recorded at connect(2): nothing of it changes later.
 * Its pid is never told. */
int identity_of_socket(int fd, struct identity *ret);
void identity_done(struct identity *c);
#define IDENTITY_NULL ((struct identity){ .uid = (uid_t)-1, .pidfd = -1 })
