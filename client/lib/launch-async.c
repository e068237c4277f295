/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * bailiff_launch_async(). As bailiff_launch() does, a launch whose answer was lost with the broker is asked
 * for again by its token, when there is a broker, with a copy of the request; nothing starts twice. It waits
 * for that in a list of its own, and bailiff_connection_process() looks after it. What the caller does not
 * get, because it is spoilt or no longer wanted, is stopped first.
 */

#include "lib/internal.h"
#include "lib/operation.h"

#include "dbus/names.h"

#include <string.h>

struct look {
	uint64_t id;
	uint32_t pid;
};

static int send_launch(struct operation *o)
{
	bailiff_request prepared;
	const struct call call = { BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, "LaunchSandboxed",
		request_marshal, &prepared, o->until };
	int r = launch_prepare(o->connection, o->request, &prepared);

	if (r < 0)
		return r;
	r = operation_send(o, &call);
	launch_sent(&prepared);
	return r;
}

static int fill_interface(sd_bus_message *m, _unused_ const void *data)
{
	return sd_bus_message_append(m, "s", BAILIFF_SANDBOX_INTERFACE);
}

static int fill_at_once(sd_bus_message *m, _unused_ const void *data)
{
	return sd_bus_message_append(m, "t", (uint64_t)0);
}

static int send_phase(struct operation *o)
{
	struct call look = { o->sandbox->path, "org.freedesktop.DBus.Properties", "GetAll", fill_interface,
		NULL, 0 };
	struct call stop = { o->sandbox->path, BAILIFF_SANDBOX_INTERFACE, "Stop", fill_at_once, NULL, 0 };

	o->until = deadline_after(o->phase == PHASE_LAUNCH ? launch_timeout(o->request) : CALL_TIMEOUT_USEC);
	if (o->lost && o->retry.deadline < o->until)
		o->until = o->retry.deadline;
	look.until = stop.until = o->until;
	if (o->phase == PHASE_LAUNCH)
		return send_launch(o);
	return operation_send(o, o->phase == PHASE_LOOK ? &look : &stop);
}

/* For bailiff_connection_process(), which is to look at once. */
static void go_on(struct operation *o, enum launch_phase phase)
{
	o->phase = phase;
	o->message = sd_bus_message_unref(o->message);
	o->error = 0;
	o->retry = (struct retry){ .deadline = o->retry.deadline };
	operation_append(&o->connection->waiting, o);
}

/* For good: nothing of the request is held any longer when the handler is called. */
static void conclude(struct operation *o, int error)
{
	o->error = error;
	o->request = bailiff_request_free(o->request);
	operation_append(&o->connection->due, o);
}

/* No broker has come, or none that answers. */
static void give_up(struct operation *o, int error)
{
	o->message = sd_bus_message_unref(o->message);
	conclude(o, error == -EHOSTUNREACH && o->lost ? -ECONNRESET : error);
}

static void ask_again(struct operation *o, int error)
{
	bailiff_connection *c = o->connection;

	if (!c->direct && c->owner && o->destination && strcmp(c->owner, o->destination) == 0 &&
		broker_is_away(error))
		free(steal_ptr(c->owner));
	if (!o->lost)
		o->retry.deadline = deadline_after(launch_timeout(o->request));
	o->lost = o->lost || error != -EHOSTUNREACH;
	if (!retry_plan(&o->retry)) {
		give_up(o, error);
		return;
	}
	o->message = sd_bus_message_unref(o->message);
	o->error = 0;
	operation_append(&c->waiting, o);
}

/* @r: 0, or why it was not launched. */
static void launch_answered(struct operation *o, int r)
{
	if (r == -ESRCH && launch_set_path(o->sandbox, o->request->token) == 0) {
		go_on(o, PHASE_LOOK);
		return;
	}
	if (r == 0)
		o->taken = launch_take_reply(o->sandbox, o->message, o->own_token);
	if (r == 0 && o->sandbox->path && (o->taken < 0 || !o->handler.launched))
		go_on(o, PHASE_STOP);
	else
		conclude(o, o->error);
}

static void looked(struct operation *o, int r)
{
	static const struct dict_field fields[] = {
		{ "Id", 't', offsetof(struct look, id) },
		{ "Pid", 'u', offsetof(struct look, pid) },
	};
	struct look look = { 0 };

	if (r == 0) {
		o->taken = dict_read(o->message, fields, ELEMENTSOF(fields), &look);
		o->sandbox->id = look.id;
		o->sandbox->pid = (pid_t)look.pid;
	}
	conclude(o, o->error);
}

void launch_finish(struct operation *o)
{
	int r = o->error < 0 ? o->error : reply_verdict(o->destination, o->message);

	/* sd-bus says of its own timeout what a bus says of a peer that ended */
	if (r == -ECONNRESET && deadline_left(o->until) == 0) {
		o->message = sd_bus_message_unref(o->message);
		r = o->error = -ETIMEDOUT;
	}
	if (broker_is_away(r) || (r == -EBUSY && o->lost && o->phase == PHASE_LAUNCH))
		ask_again(o, r);
	else if (o->phase == PHASE_LAUNCH)
		launch_answered(o, r);
	else if (o->phase == PHASE_LOOK)
		looked(o, r);
	else {
		/* whether that was there to be stopped or not */
		o->message = sd_bus_message_unref(o->message);
		conclude(o, 0);
	}
}

CALLS_HANDLER void launch_tell(struct operation *o)
{
	bailiff_sandbox *s = NULL;
	int r;

	if (!o->handler.launched)
		return;
	r = operation_judge(o);
	if (r == 0 && o->taken < 0)
		r = launch_spoilt(o->connection, o->taken);
	if (r == 0)
		s = steal_ptr(o->sandbox);
	o->handler.launched(r, s, o->userdata);
}

/* Takes o over, which is in no list. */
static void begin_phase(struct operation *o)
{
	bailiff_connection *c = o->connection;
	int r = send_phase(o);

	if (r == 0)
		operation_append(&c->operations, o);
	else if (!connection_usable(c))
		ask_again(o, -EHOSTUNREACH);
	else
		conclude(o, r);
}

int launches_repeat(bailiff_connection *c)
{
	struct operation *o = c->waiting;

	while (o && deadline_left(o->retry.next) > 0)
		o = o->next;
	if (!o)
		return 0;
	operation_take_out(&c->waiting, o);
	if (connection_usable(c) && c->owner)
		begin_phase(o);
	else {
		if (connection_usable(c))
			signals_ask_owner(c);
		ask_again(o, -EHOSTUNREACH);
	}
	return 1;
}

uint64_t launches_next(const bailiff_connection *c)
{
	uint64_t next = BAILIFF_TIMEOUT_INFINITE;

	for (const struct operation *o = c->waiting; o; o = o->next)
		if (o->retry.next < next)
			next = o->retry.next;
	return next;
}

void launches_hurry(bailiff_connection *c)
{
	for (struct operation *o = c->waiting; o; o = o->next)
		o->retry.next = 0;
}

void launches_fail(bailiff_connection *c, int error)
{
	while (c->waiting) {
		struct operation *o = c->waiting;

		operation_take_out(&c->waiting, o);
		give_up(o, error);
	}
}

/* The request with its token, as the operation's own. */
static int keep_request(struct operation *o, const bailiff_request *r)
{
	char token[TOKEN_SIZE];
	bailiff_request named;
	int k = launch_name(r, &named, token);

	o->own_token = !r->token;
	return k < 0 ? k : request_copy(&named, &o->request);
}

EXPORT int bailiff_launch_async(
	bailiff_connection *c, const bailiff_request *r, bailiff_launch_handler handler, void *userdata)
{
	_cleanup_(operation_freep) struct operation *o = NULL;
	int k;

	if (!c || !r || !handler)
		return -EINVAL;
	k = operations_begin(c);
	if (k < 0)
		return k;
	k = operation_new(c, OPERATION_LAUNCH, NULL, &o);
	if (k == 0)
		k = sandbox_new(c, &o->sandbox);
	if (k == 0)
		k = keep_request(o, r);
	if (k < 0)
		return connection_fail(c, k, NULL, strerror(-k));
	o->handler.launched = handler;
	o->userdata = userdata;
	k = send_phase(o);
	if (k == 0)
		operation_append(&c->operations, steal_ptr(o));
	/* the broker has ended since the connection was looked at, and heard nothing of it */
	else if (c->direct && !connection_usable(c))
		ask_again(steal_ptr(o), -EHOSTUNREACH);
	else
		return connection_failf(c, k, "could not send LaunchSandboxed: %s", strerror(-k));
	return 0;
}

static unsigned cancel(struct operation *list, const void *userdata)
{
	unsigned n = 0;

	for (struct operation *o = list; o; o = o->next)
		if (o->kind == OPERATION_LAUNCH && o->handler.launched && o->userdata == userdata) {
			o->handler.launched = NULL;
			n++;
		}
	return n;
}

/* What was launched, and its handler would have been told of. */
static void stop_due(bailiff_connection *c)
{
	struct operation **at = &c->due;

	while (*at) {
		struct operation *o = *at;

		if (o->kind == OPERATION_LAUNCH && !o->handler.launched && o->phase == PHASE_LAUNCH &&
			o->error == 0 && o->taken == 0 && o->sandbox->path) {
			*at = o->next;
			o->next = NULL;
			go_on(o, PHASE_STOP);
		} else
			at = &o->next;
	}
}

EXPORT int bailiff_launch_cancel(bailiff_connection *c, const void *userdata)
{
	unsigned n;

	if (!c)
		return -EINVAL;
	n = cancel(c->operations, userdata) + cancel(c->waiting, userdata) + cancel(c->due, userdata);
	stop_due(c);
	return n > 0 ? 0 : -ESRCH;
}
