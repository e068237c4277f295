/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the broker says by itself. A signal counts only if it comes from the connection that owns the broker's
 * name and passed the check of who it is: anybody on the bus can send the same to us. A new owner is asked
 * about when the bus tells of it, and what it says meanwhile is held back until the bus has answered.
 */

#include "lib/internal.h"
#include "lib/operation.h"

#include "dbus/names.h"

#include <string.h>

#define MATCH_OWNER                                                                                          \
	"type='signal',sender='" BUS_DRIVER "',path='" BUS_DRIVER_PATH "',interface='" BUS_DRIVER            \
	"',member='NameOwnerChanged',arg0='" BAILIFF_BUS_NAME "'"
#define MATCH_RELOADS                                                                                        \
	"type='signal',sender='" BAILIFF_BUS_NAME "',path='" BAILIFF_OBJECT_PATH                             \
	"',interface='" BAILIFF_MANAGER_INTERFACE "',member='ProfilesReloaded'"

/* The launching connection does; but not over another socket than it launched over. */
bool signals_told(const bailiff_sandbox *s)
{
	return s->incarnation == s->connection->incarnation;
}

static void make_due(struct operation *o, int error)
{
	o->error = error;
	operation_append(&o->connection->due, o);
}

void signals_ended(bailiff_sandbox *s)
{
	if (s->on_exit)
		make_due(steal_ptr(s->on_exit), 0);
}

void watch_finish(struct operation *o)
{
	bailiff_sandbox *s = o->sandbox;
	int r = o->error;

	s->watched = false;
	if (r == 0)
		r = reply_verdict(o->destination, o->message);
	if (r == 0 && !s->ended)
		r = sandbox_read_result(s, o->message);
	if (r == -ESRCH)
		r = sandbox_ask_kernel(s);
	/* a broker that went away will be asked when it is back */
	if (r < 0 && r != -ECONNRESET && r != -EHOSTUNREACH && s->on_exit)
		make_due(steal_ptr(s->on_exit), r);
	(void)operation_free(o);
}

/* Sees to it that on_exit is told. The broker is known, or will be looked after when it is. */
static void look_after(bailiff_sandbox *s)
{
	int r;

	if (!s->on_exit || s->ended || s->watched || !s->connection->owner ||
		(signals_told(s) && !sandbox_program_ended(s)))
		return;
	r = operation_watch(s);
	if (r < 0)
		make_due(steal_ptr(s->on_exit), r);
	else
		s->watched = true;
}

bool signals_want_all(const bailiff_connection *c)
{
	for (const bailiff_sandbox *s = c->sandboxes; s; s = s->next)
		if (!signals_told(s) && (s->on_ready || s->on_violation))
			return true;
	return false;
}

void signals_renew(bailiff_connection *c)
{
	c->listener.subscribed = false;
	launches_hurry(c);
	if (c->listener.event || signals_want_all(c))
		events_renew(c);
	for (bailiff_sandbox *s = c->sandboxes; s; s = s->next)
		look_after(s);
}

static void add_violation(bailiff_sandbox *s, sd_bus_message *m)
{
	struct operation *o;

	/* what gets lost here GetViolations has all the same */
	if (sd_bus_message_has_signature(m, "sss") <= 0 || (!s->on_violation && s->n_early >= EARLY_MAX) ||
		operation_new(s->connection, OPERATION_VIOLATION, s, &o) < 0)
		return;
	o->message = sd_bus_message_ref(m);
	if (s->on_violation)
		make_due(o, 0);
	else {
		operation_append(&s->early, o);
		s->n_early++;
	}
}

CALLS_HANDLER void violation_tell(const struct operation *o)
{
	const bailiff_sandbox *s = o->sandbox;
	const char *layer, *what, *detail;

	if (s->on_violation && sd_bus_message_rewind(o->message, 1) >= 0 &&
		sd_bus_message_read(o->message, "sss", &layer, &what, &detail) > 0)
		s->on_violation(o->sandbox, layer, what, detail, s->on_violation_userdata);
}

static void take_sandbox_signal(bailiff_sandbox *s, sd_bus_message *m)
{
	(void)sd_bus_message_rewind(m, 1);
	if (sd_bus_message_is_signal(m, NULL, "Exited") && !s->ended)
		(void)sandbox_read_result(s, m);
	else if (sd_bus_message_is_signal(m, NULL, "Violation"))
		add_violation(s, m);
	else if (sd_bus_message_is_signal(m, NULL, "Ready") && !s->ready) {
		s->ready = true;
		if (s->on_ready)
			make_due(steal_ptr(s->on_ready), 0);
	}
}

/* Of several that were not told yet, the last one says it all. */
static void add_reload(bailiff_connection *c, sd_bus_message *m)
{
	struct operation *o = c->due;

	if (!c->listener.reloaded || sd_bus_message_has_signature(m, "uas") <= 0)
		return;
	while (o && o->kind != OPERATION_RELOAD)
		o = o->next;
	if (!o) {
		if (operation_new(c, OPERATION_RELOAD, NULL, &o) < 0)
			return;
		make_due(o, 0);
	}
	(void)sd_bus_message_unref(o->message);
	o->message = sd_bus_message_ref(m);
}

CALLS_HANDLER void reload_tell(const struct operation *o)
{
	const struct listener *l = &o->connection->listener;
	_cleanup_(bailiff_strv_freep) char **files = NULL;
	static char *const none[] = { NULL };
	uint32_t generation;

	if (l->reloaded && sd_bus_message_read_basic(o->message, 'u', &generation) > 0 &&
		sd_bus_message_read_strv(o->message, &files) >= 0)
		l->reloaded(generation, (const char *const *)(files ? files : none), l->userdata);
}

static void take_signal(bailiff_connection *c, sd_bus_message *m)
{
	const char *path = sd_bus_message_get_path(m);

	if (!path)
		return;
	(void)events_take(c, m, path);
	if (sd_bus_message_is_signal(m, BAILIFF_MANAGER_INTERFACE, "ProfilesReloaded") &&
		strcmp(path, BAILIFF_OBJECT_PATH) == 0)
		add_reload(c, m);
	else if (sd_bus_message_is_signal(m, BAILIFF_SANDBOX_INTERFACE, NULL))
		for (bailiff_sandbox *s = c->sandboxes; s; s = s->next)
			if (s->path && strcmp(path, s->path) == 0)
				take_sandbox_signal(s, m);
}

static void forget_candidate(struct listener *l)
{
	l->asking = sd_bus_slot_unref(l->asking);
	free(steal_ptr(l->candidate));
	for (size_t i = 0; i < l->n_held; i++)
		(void)sd_bus_message_unref(l->held[i]);
	l->n_held = 0;
}

static int on_candidate(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr_error)
{
	bailiff_connection *c = userdata;
	struct listener *l = &c->listener;
	uint32_t uid;

	if (reply_verdict(BUS_DRIVER, reply) == 0 && sd_bus_message_read_basic(reply, 'u', &uid) > 0 &&
		connection_trusts(c, uid)) {
		free(c->owner);
		c->owner = steal_ptr(l->candidate);
		for (size_t i = 0; i < l->n_held; i++)
			take_signal(c, l->held[i]);
		signals_renew(c);
	}
	forget_candidate(l);
	return 1;
}

/* A broker that can not be asked about is found, and checked, by the next call. */
static void consider(bailiff_connection *c, const char *name)
{
	struct listener *l = &c->listener;

	l->candidate = strdup(name);
	if (!l->candidate || sd_bus_call_method_async(c->bus, &l->asking, BUS_DRIVER, BUS_DRIVER_PATH,
				     BUS_DRIVER, "GetConnectionUnixUser", on_candidate, c, "s", name) < 0)
		forget_candidate(l);
}

static void owner_changed(bailiff_connection *c, sd_bus_message *m)
{
	struct listener *l = &c->listener;
	const char *name, *old, *new;

	if (sd_bus_message_read(m, "sss", &name, &old, &new) <= 0 || strcmp(name, BAILIFF_BUS_NAME) != 0)
		return;
	forget_candidate(l);
	if (c->owner && strcmp(c->owner, new) == 0) {
		signals_renew(c); /* a call has found it before us */
		return;
	}
	free(steal_ptr(c->owner));
	l->subscribed = false;
	if (*new)
		consider(c, new);
}

static int on_name_owner(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr_error)
{
	bailiff_connection *c = userdata;
	int r = reply_verdict(BUS_DRIVER, reply);
	const char *name;

	c->listener.asking = sd_bus_slot_unref(c->listener.asking);
	if (r == 0 && !c->owner && sd_bus_message_read_basic(reply, 's', &name) > 0)
		consider(c, name);
	else if (r == -EHOSTUNREACH) /* who comes is found when it is asked for next */
		(void)sd_bus_call_method_async(c->bus, NULL, BUS_DRIVER, BUS_DRIVER_PATH, BUS_DRIVER,
			"StartServiceByName", NULL, NULL, "su", BAILIFF_BUS_NAME, (uint32_t)0);
	return 1;
}

void signals_ask_owner(bailiff_connection *c)
{
	if (!c->listener.asking)
		(void)sd_bus_call_method_async(c->bus, &c->listener.asking, BUS_DRIVER, BUS_DRIVER_PATH,
			BUS_DRIVER, "GetNameOwner", on_name_owner, c, "s", BAILIFF_BUS_NAME);
}

static int on_message(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr_error)
{
	bailiff_connection *c = userdata;
	struct listener *l = &c->listener;
	const char *sender = sd_bus_message_get_sender(m);

	if (!sender || sd_bus_message_is_signal(m, NULL, NULL) <= 0)
		return 0;
	if (l->candidate && strcmp(sender, l->candidate) == 0) {
		if (l->n_held < HELD_MAX)
			l->held[l->n_held++] = sd_bus_message_ref(m);
	} else if (c->owner && strcmp(sender, c->owner) == 0)
		take_signal(c, m);
	else if (!c->direct && strcmp(sender, BUS_DRIVER) == 0 &&
		 sd_bus_message_is_signal(m, BUS_DRIVER, "NameOwnerChanged") > 0)
		owner_changed(c, m);
	return 0;
}

int signals_open(bailiff_connection *c)
{
	int r = sd_bus_add_filter(c->bus, NULL, on_message, c);

	c->incarnation++;
	return r < 0 ? r : 0;
}

void signals_close(bailiff_connection *c)
{
	forget_candidate(&c->listener);
	events_close(c);
}

static int fill_match(sd_bus_message *m, const void *data)
{
	const char *match = data;

	return sd_bus_message_append_basic(m, 's', match);
}

/* The broker's own socket sends everything unasked. */
static int ask_for(bailiff_connection *c, const char *match, uint64_t until, bool *done)
{
	const struct call call = { BUS_DRIVER_PATH, BUS_DRIVER, "AddMatch", fill_match, match, until };
	int r = c->direct || *done ? 0 : call_peer(c, BUS_DRIVER, &call, NULL);

	if (r == 0)
		*done = true;
	return r;
}

int listen_to_broker(bailiff_connection *c, uint64_t until)
{
	bool first = !c->listener.sees_owner;
	int r = connection_check(c, until);

	if (r == 0)
		r = ask_for(c, MATCH_OWNER, until, &c->listener.sees_owner);
	/* who was known before may have been followed by another one unseen */
	return r == 0 && (first || !c->owner) ? connection_find_broker(c, until) : r;
}

/* Signals of s that can not be asked for. A new owner knows of no subscription. */
static int listen_to_sandbox(bailiff_sandbox *s, uint64_t until)
{
	int r = listen_to_broker(s->connection, until);

	return r == 0 && !signals_told(s) ? events_subscribe(s->connection, until) : r;
}

/* Whether s has said so before it was listened to. */
static int look_for_ready(bailiff_sandbox *s, uint64_t until)
{
	_cleanup_(bailiff_sandbox_status_freep) bailiff_sandbox_status *status = NULL;
	int r = signals_told(s) || s->ready ? 0 : sandbox_status(s, until, &status);

	if (status && strcmp(status->state, "ready") == 0)
		s->ready = true;
	return r;
}

/* No more of this kind, neither what waits nor what is due. */
static void stop(bailiff_sandbox *s, enum operation_kind kind, struct operation **waiting)
{
	struct operation **at = &s->connection->due;

	(void)operation_free(steal_ptr(*waiting));
	while (*at) {
		struct operation *o = *at;

		if (o->sandbox == s && o->kind == kind) {
			*at = o->next;
			(void)operation_free(o);
		} else
			at = &o->next;
	}
}

EXPORT int bailiff_sandbox_on_exit(bailiff_sandbox *s, bailiff_wait_handler handler, void *userdata)
{
	const uint64_t until = deadline_after(CALL_TIMEOUT_USEC);
	struct operation *o = NULL;
	int r;

	if (!s)
		return -EINVAL;
	r = handler ? listen_to_broker(s->connection, until) : 0;
	if (r == 0 && handler)
		r = operation_new(s->connection, OPERATION_EXIT, s, &o);
	if (r < 0)
		return r;
	stop(s, OPERATION_EXIT, &s->on_exit);
	if (!o)
		return 0;
	o->handler.ended = handler;
	o->userdata = userdata;
	s->on_exit = o;
	if (s->ended)
		signals_ended(s);
	else
		look_after(s);
	return 0;
}

EXPORT int bailiff_sandbox_on_ready(bailiff_sandbox *s, bailiff_ready_handler handler, void *userdata)
{
	const uint64_t until = deadline_after(CALL_TIMEOUT_USEC);
	struct operation *o = NULL;
	int r;

	if (!s)
		return -EINVAL;
	r = handler ? listen_to_sandbox(s, until) : 0;
	if (r == 0 && handler)
		r = look_for_ready(s, until);
	if (r == 0 && handler)
		r = operation_new(s->connection, OPERATION_READY, s, &o);
	if (r < 0)
		return r;
	stop(s, OPERATION_READY, &s->on_ready);
	if (!o)
		return 0;
	o->handler.ready = handler;
	o->userdata = userdata;
	s->on_ready = o;
	if (s->ready)
		make_due(steal_ptr(s->on_ready), 0);
	return 0;
}

EXPORT int bailiff_sandbox_on_violation(bailiff_sandbox *s, bailiff_violation_handler handler, void *userdata)
{
	int r;

	if (!s)
		return -EINVAL;
	r = handler ? listen_to_sandbox(s, deadline_after(CALL_TIMEOUT_USEC)) : 0;
	if (r < 0)
		return r;
	s->on_violation = handler;
	s->on_violation_userdata = userdata;
	while (handler && s->early) {
		struct operation *o = s->early;

		s->early = o->next;
		make_due(o, 0);
	}
	s->n_early = s->early ? s->n_early : 0;
	return 0;
}

EXPORT int bailiff_connection_on_reload(bailiff_connection *c, bailiff_reload_handler handler, void *userdata)
{
	const uint64_t until = deadline_after(CALL_TIMEOUT_USEC);
	int r;

	if (!c)
		return -EINVAL;
	r = handler ? listen_to_broker(c, until) : 0;
	if (r == 0 && handler)
		r = ask_for(c, MATCH_RELOADS, until, &c->listener.sees_reloads);
	if (r < 0)
		return r;
	c->listener.reloaded = handler;
	c->listener.userdata = userdata;
	return 0;
}
