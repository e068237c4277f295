/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/caller.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "broker/answer.h"
#include "broker/bus.h"
#include "dbus/names.h"

#include <stdlib.h>
#include <string.h>

#define HELD_PER_CALLER_MAX 8    /* a client that pipelines more before its first answer is refused */
#define PIDFDS_MAX          2048 /* connections that a stock bus takes, and far below our limit of fds */
#define HELD_MAX            4096 /* of all: more than one user's connections (256 on a stock bus) can hold */
#define CALLERS_MAX         8192 /* above what buses accept as connections (2048 on a stock dbus-daemon) */

static struct caller *caller_free(struct caller *c)
{
	sd_bus_slot_unref(c->query);
	for (size_t i = 0; i < c->n_held; i++)
		sd_bus_message_unref(c->held[i]);
	c->callers->n_held -= c->n_held;
	free(c->held);
	if (c->identity.pidfd >= 0)
		c->callers->n_pidfds--;
	if (c->subscribed)
		c->callers->n_subscribed--;
	identity_done(&c->identity);
	free(c->unit);
	free(c->name);
	free(c);
	return NULL;
}

void callers_done(struct callers *c)
{
	for (size_t i = 0; i < c->n; i++)
		c->v[i] = caller_free(c->v[i]);
	free(c->v);
	*c = (struct callers){ .bus = c->bus };
}

/* The place where name is, or would be inserted. */
static size_t position(const struct callers *c, const char *name, bool *ret_there)
{
	size_t low = 0, high = c->n;

	*ret_there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(c->v[middle]->name, name);

		if (order == 0) {
			*ret_there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct caller *find_name(const struct callers *c, const char *name)
{
	bool there;
	size_t i = position(c, name, &there);

	return there ? c->v[i] : NULL;
}

void callers_lost(struct callers *c, const char *name)
{
	bool there;
	size_t i = position(c, name, &there);

	if (!there)
		return;
	(void)caller_free(c->v[i]);
	memmove(&c->v[i], &c->v[i + 1], (--c->n - i) * sizeof(struct caller *));
}

static int callers_add(struct callers *c, const char *name, struct caller **ret)
{
	struct caller *caller;
	bool there;
	size_t i;

	if (c->n >= CALLERS_MAX)
		return -EDQUOT;
	if (c->n == c->allocated) {
		size_t n = c->allocated > 0 ? 2 * c->allocated : 16;
		struct caller **grown = reallocarray(c->v, n, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		c->v = grown;
		c->allocated = n;
	}
	caller = calloc(1, sizeof(*caller));
	if (!caller)
		return -ENOMEM;
	*caller = (struct caller){ .callers = c, .identity = IDENTITY_NULL, .loginuid = LOGINUID_UNSET };
	caller->name = strdup(name);
	if (!caller->name) {
		(void)caller_free(caller);
		return -ENOMEM;
	}
	i = position(c, name, &there);
	memmove(&c->v[i + 1], &c->v[i], (c->n++ - i) * sizeof(struct caller *));
	c->v[i] = caller;
	*ret = caller;
	return 0;
}

sd_bus *callers_bus(const struct callers *c, const char *name)
{
	const struct caller *caller = find_name(c, name);

	return caller && caller->bus ? caller->bus : c->bus;
}

/*
 * Who sent this. On the bus its daemon says so; on the direct socket the connection does, and what the
 * message states is not looked at.
 */
static struct caller *find_from(const struct callers *c, sd_bus *bus, const char *sender)
{
	struct caller *caller;
	const char *name;

	if (bus == c->bus) {
		caller = sender ? find_name(c, sender) : NULL;
		return caller && !caller->bus ? caller : NULL;
	}
	if (sd_bus_get_description(bus, &name) < 0 || !name)
		return NULL;
	caller = find_name(c, name);
	return caller && caller->bus == bus ? caller : NULL;
}

static struct caller *find_sender(const struct callers *c, sd_bus_message *m)
{
	return find_from(c, sd_bus_message_get_bus(m), sd_bus_message_get_sender(m));
}

/* Refuses what was held back and forgets the connection; its next call asks the bus again. */
static void refuse_held(struct caller *c, const char *message)
{
	for (size_t i = 0; i < c->n_held; i++)
		(void)answer_refuse(c->held[i], BAILIFF_ERROR_ACCESS_DENIED, message);
	callers_lost(c->callers, c->name);
}

static void release_held(struct caller *c)
{
	int r;

	for (size_t i = 0; i < c->n_held; i++) {
		r = sd_bus_enqueue_for_read(sd_bus_message_get_bus(c->held[i]), c->held[i]);
		if (r < 0)
			(void)answer_refuse(
				c->held[i], BAILIFF_ERROR_BUSY, "Too many calls are waiting: try again");
		c->held[i] = sd_bus_message_unref(c->held[i]);
	}
	c->callers->n_held -= c->n_held;
	c->n_held = 0;
}

/* A pidfd that can not be kept leaves no number to be asked for either: that could be somebody else's by
 * then. */
static void take_identity(struct caller *c, struct identity *fresh)
{
	struct callers *all = c->callers;

	if (fresh->pidfd >= 0 && all->n_pidfds >= PIDFDS_MAX) {
		fresh->pidfd = fd_close(fresh->pidfd);
		fresh->pid = 0;
	}
	all->n_pidfds += fresh->pidfd >= 0;
	c->identity = *fresh;
	*fresh = IDENTITY_NULL;
	c->uid = c->identity.uid;
	c->gids = c->identity.gids;
	c->n_gids = c->identity.n_gids;
	c->known = true;
}

int callers_add_direct(struct callers *c, const char *name, sd_bus *bus, struct identity *identity)
{
	struct caller *caller;
	int r;

	r = callers_add(c, name, &caller);
	if (r < 0)
		return r;
	caller->bus = bus;
	take_identity(caller, identity);
	return 0;
}

static int on_credentials(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
	_cleanup_(identity_done) struct identity fresh = IDENTITY_NULL;
	struct caller *c = userdata;
	const sd_bus_error *error;
	int r;

	c->query = sd_bus_slot_unref(c->query);
	error = sd_bus_message_get_error(reply);
	if (error) {
		log_info("The bus does not say who %s is: %s", c->name, error->name);
		refuse_held(c, "The bus does not say who you are");
		return 1;
	}
	r = bus_is_from_driver(reply) ? identity_read(reply, &fresh) : -EPERM;
	if (r < 0) {
		(void)log_errno(LOG_INFO, r, "The bus does not tell uid and groups of %s", c->name);
		refuse_held(c, "The bus does not tell your user and groups");
		return 1;
	}
	take_identity(c, &fresh);
	release_held(c);
	return 1;
}

static int ask(struct caller *c, sd_bus *bus)
{
	return sd_bus_call_method_async(bus, &c->query, "org.freedesktop.DBus", "/org/freedesktop/DBus",
		"org.freedesktop.DBus", "GetConnectionCredentials", on_credentials, c, "s", c->name);
}

static int hold(struct caller *c, sd_bus_message *m)
{
	sd_bus_message **grown;

	if (c->n_held >= HELD_PER_CALLER_MAX || c->callers->n_held >= HELD_MAX)
		return -EDQUOT;
	grown = reallocarray(c->held, c->n_held + 1, sizeof(sd_bus_message *));
	if (!grown)
		return -ENOMEM;
	c->held = grown;
	c->held[c->n_held++] = sd_bus_message_ref(m);
	c->callers->n_held++;
	return 0;
}

static int hold_and_ask(struct callers *callers, const char *sender, sd_bus_message *m)
{
	struct caller *c = find_name(callers, sender);
	bool fresh = c == NULL;
	int r;

	if (fresh) {
		r = callers_add(callers, sender, &c);
		if (r < 0)
			return r;
	}
	r = hold(c, m);
	if (r >= 0 && fresh)
		r = ask(c, sd_bus_message_get_bus(m));
	if (r < 0 && fresh)
		callers_lost(callers, sender);
	return r;
}

int callers_filter(struct callers *callers, sd_bus_message *m)
{
	const char *sender = sd_bus_message_get_sender(m);
	const struct caller *c;
	int r;

	c = find_sender(callers, m);
	if (c && c->known)
		return 0;
	/* Only a bus can say who sent something; its unique names begin with a colon. */
	if (sd_bus_message_get_bus(m) != callers->bus || !sender || sender[0] != ':')
		return answer_refuse(
			m, BAILIFF_ERROR_ACCESS_DENIED, "Only calls over a message bus are answered");
	r = hold_and_ask(callers, sender, m);
	if (r == -EDQUOT)
		return answer_refuse(m, BAILIFF_ERROR_QUOTA_EXCEEDED,
			"Too many calls before the first answer: wait for it, then try again");
	if (r < 0)
		return answer_refuse(m, BAILIFF_ERROR_FAILED, "The bus can not be asked who you are");
	return 1;
}

const struct caller *callers_find(const struct callers *c, sd_bus_message *m)
{
	const struct caller *caller = m ? find_sender(c, m) : NULL;

	return caller && caller->known ? caller : NULL;
}

const struct caller *callers_find_from(const struct callers *c, sd_bus *bus, const char *sender)
{
	const struct caller *caller = find_from(c, bus, sender);

	return caller && caller->known ? caller : NULL;
}

struct caller *callers_find_name(const struct callers *c, const char *name)
{
	struct caller *caller = find_name(c, name);

	return caller && caller->known ? caller : NULL;
}

int callers_subscribe(struct callers *c, const char *name, size_t max)
{
	struct caller *caller = callers_find_name(c, name);
	size_t n = 0;

	if (!caller)
		return -ESRCH;
	if (caller->subscribed)
		return 0;
	for (size_t i = 0; i < c->n; i++)
		n += c->v[i]->subscribed && c->v[i]->uid == caller->uid;
	if (n >= max)
		return -EDQUOT;
	caller->subscribed = true;
	c->n_subscribed++;
	return 0;
}

void callers_unsubscribe(struct callers *c, const char *name)
{
	struct caller *caller = callers_find_name(c, name);

	if (!caller || !caller->subscribed)
		return;
	caller->subscribed = false;
	c->n_subscribed--;
}

bool caller_is_administrator(const struct caller *c)
{
	return c->known && c->uid == 0;
}

struct plan_caller caller_for_plan(const struct caller *c)
{
	return (struct plan_caller){ .uid = c->uid,
		.gids = c->gids,
		.n_gids = c->n_gids,
		.administrator = caller_is_administrator(c),
		.label = c->callers->selinux ? c->identity.label : NULL,
		.unit = c->unit };
}
