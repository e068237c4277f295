/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The library in a caller's event loop: what to poll for, and what is told to functions of the caller's:
 * answers of calls, and signals. What arrives is noted while the bus is read, and told by
 * bailiff_connection_process() alone, when nothing is being read: so a handler may use the whole library.
 * Nothing here waits.
 */

#include "lib/internal.h"
#include "lib/operation.h"

#include "dbus/names.h"

#include <string.h>
#include <unistd.h>

struct operation *operation_free(struct operation *o)
{
	if (!o)
		return NULL;
	(void)sd_bus_slot_unref(o->slot);
	(void)sd_bus_message_unref(o->message);
	if (o->kind == OPERATION_LAUNCH)
		(void)bailiff_sandbox_free(o->sandbox);
	free(o->destination);
	free(o);
	return NULL;
}

void operation_append(struct operation **list, struct operation *o)
{
	while (*list)
		list = &(*list)->next;
	o->next = NULL;
	*list = o;
}

static void take_out(struct operation **list, const struct operation *o)
{
	while (*list && *list != o)
		list = &(*list)->next;
	if (*list)
		*list = o->next;
}

void operations_free(struct operation **list)
{
	while (*list) {
		struct operation *o = *list;

		*list = o->next;
		(void)operation_free(o);
	}
}

/* One by one, as a sandbox that is freed with its launch may hold the last reference of the connection. */
void operations_drop(bailiff_connection *c)
{
	bailiff_connection *held = connection_ref(c);

	operations_free(&held->operations);
	operations_free(&held->due);
	(void)connection_unref(held);
}

static void forget(struct operation **list, const bailiff_sandbox *s)
{
	while (*list) {
		struct operation *o = *list;

		if (o->kind != OPERATION_LAUNCH && o->sandbox == s) {
			*list = o->next;
			(void)operation_free(o);
		} else
			list = &o->next;
	}
}

void operations_forget(bailiff_sandbox *s)
{
	forget(&s->connection->operations, s);
	forget(&s->connection->due, s);
}

/* What was answered or failed. For a launch, the handle knows its object from now on, so that signals find
 * it; whatever follows from that waits. */
static void finish(struct operation *o, int error)
{
	bailiff_connection *c = o->connection;

	take_out(&c->operations, o);
	o->slot = sd_bus_slot_unref(o->slot);
	o->error = error;
	if (o->kind == OPERATION_WATCH) {
		watch_finish(o);
		return;
	}
	if (o->kind == OPERATION_LAUNCH && error == 0 && reply_verdict(o->destination, o->message) == 0)
		o->taken = launch_read_reply(o->sandbox, o->message);
	operation_append(&c->due, o);
}

void operations_fail(bailiff_connection *c, int error)
{
	while (c->operations)
		finish(c->operations, error);
}

static int on_reply(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr_error)
{
	struct operation *o = userdata;
	bailiff_connection *c = o->connection;

	o->message = sd_bus_message_ref(reply);
	/* one that closes answers what is pending itself */
	finish(o, c->bus && sd_bus_is_open(c->bus) > 0 ? 0 : c->direct ? -ECONNRESET : -ENOTCONN);
	return 1;
}

static int judge(struct operation *o)
{
	connection_forget_error(o->connection);
	return o->error == 0 ? judge_reply(o->connection, o->destination, o->message)
			     : connection_fail(o->connection, o->error, NULL, "the connection was closed");
}

CALLS_HANDLER static void tell_launch(struct operation *o)
{
	bailiff_sandbox *s = NULL;
	int r = judge(o);

	if (r == 0)
		r = launch_conclude(o->connection, o->sandbox, o->taken);
	if (r == 0)
		s = steal_ptr(o->sandbox);
	o->handler.launched(r, s, o->userdata);
}

CALLS_HANDLER static void tell_end(const struct operation *o, int error)
{
	const bailiff_sandbox *s = o->sandbox;
	const bailiff_exit e = { .result = s->result, .code = s->exit_code, .signal = s->exit_signal };

	o->handler.ended(error, error < 0 ? NULL : &e, o->userdata);
}

static void tell_wait(struct operation *o)
{
	int r = judge(o);

	tell_end(o, r == 0 ? sandbox_take_result(o->sandbox, o->message) : r);
}

CALLS_HANDLER static void tell_ready(const struct operation *o)
{
	o->handler.ready(o->sandbox, o->userdata);
}

static void tell(struct operation *o)
{
	switch (o->kind) {
	case OPERATION_LAUNCH:
		tell_launch(o);
		break;
	case OPERATION_WAIT:
		tell_wait(o);
		break;
	case OPERATION_EXIT:
		tell_end(o, o->error);
		break;
	case OPERATION_READY:
		tell_ready(o);
		break;
	case OPERATION_VIOLATION:
		violation_tell(o);
		break;
	case OPERATION_RELOAD:
		reload_tell(o);
		break;
	case OPERATION_EVENT:
		event_tell(o);
		break;
	case OPERATION_WATCH: /* is never due */
		break;
	}
}

int operation_new(bailiff_connection *c, enum operation_kind kind, bailiff_sandbox *s, struct operation **ret)
{
	struct operation *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	o->connection = c;
	o->kind = kind;
	o->sandbox = s;
	*ret = o;
	return 0;
}

/* The broker has to be known. */
static int send_to_owner(struct operation *o, const struct call *call)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	bailiff_connection *c = o->connection;
	int r;

	o->destination = strdup(c->owner);
	if (!o->destination)
		return -ENOMEM;
	r = sd_bus_message_new_method_call(
		c->bus, &m, o->destination, call->path, call->interface, call->member);
	if (r >= 0 && call->fill)
		r = call->fill(m, call->data);
	if (r >= 0)
		r = sd_bus_call_async(c->bus, &o->slot, m, on_reply, o, call->timeout_usec);
	return r < 0 ? r : 0;
}

/* Takes *o over when it succeeds. */
static int submit(struct operation **o, const struct call *call)
{
	bailiff_connection *c = (*o)->connection;
	int r = send_to_owner(*o, call);

	if (r < 0)
		return connection_failf(c, r, "could not send %s: %s", call->member, strerror(-r));
	operation_append(&c->operations, steal_ptr(*o));
	return 0;
}

int operation_watch(bailiff_sandbox *s)
{
	const struct call call = { s->path, BAILIFF_SANDBOX_INTERFACE, "Wait", NULL, NULL, UINT64_MAX };
	_cleanup_(operation_freep) struct operation *o = NULL;
	int r = operation_new(s->connection, OPERATION_WATCH, s, &o);

	if (r == 0)
		r = send_to_owner(o, &call);
	if (r < 0)
		return r;
	operation_append(&s->connection->operations, steal_ptr(o));
	return 0;
}

static int check(bailiff_connection *c)
{
	int r = connection_check(c);

	return r == 0 && !c->owner ? connection_find_broker(c) : r;
}

EXPORT int bailiff_launch_async(
	bailiff_connection *c, const bailiff_request *r, bailiff_launch_handler handler, void *userdata)
{
	bailiff_request prepared;
	const struct call call = { BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, "LaunchSandboxed",
		request_marshal, &prepared, launch_timeout(r) };
	_cleanup_(operation_freep) struct operation *o = NULL;
	int k;

	if (!c || !r || !handler)
		return -EINVAL;
	k = check(c);
	if (k == 0)
		k = operation_new(c, OPERATION_LAUNCH, NULL, &o);
	if (k == 0)
		k = launch_prepare(c, r, &prepared);
	if (k < 0)
		return k;
	o->handler.launched = handler;
	o->userdata = userdata;
	k = sandbox_new(c, &o->sandbox);
	if (k == 0)
		k = submit(&o, &call);
	launch_sent(&prepared);
	return k;
}

EXPORT int bailiff_sandbox_wait_async(bailiff_sandbox *s, bailiff_wait_handler handler, void *userdata)
{
	struct call call = { NULL, BAILIFF_SANDBOX_INTERFACE, "Wait", NULL, NULL, UINT64_MAX };
	_cleanup_(operation_freep) struct operation *o = NULL;
	int r;

	if (!s || !handler)
		return -EINVAL;
	r = check(s->connection);
	if (r == 0)
		r = operation_new(s->connection, OPERATION_WAIT, s, &o);
	if (r < 0)
		return r;
	o->handler.ended = handler;
	o->userdata = userdata;
	call.path = s->path;
	return submit(&o, &call);
}

EXPORT int bailiff_connection_get_fd(bailiff_connection *c)
{
	int r = c ? connection_check(c) : -EINVAL;

	return r < 0 ? r : sd_bus_get_fd(c->bus);
}

EXPORT int bailiff_connection_get_events(bailiff_connection *c)
{
	if (!c)
		return -EINVAL;
	if (!c->bus || sd_bus_is_open(c->bus) <= 0)
		return -ENOTCONN;
	return sd_bus_get_events(c->bus);
}

EXPORT int bailiff_connection_get_timeout(bailiff_connection *c, uint64_t *ret)
{
	int r;

	if (!c || !ret)
		return -EINVAL;
	if (c->due) { /* noted by a call that has read the bus meanwhile */
		*ret = 0;
		return 0;
	}
	if (!c->bus || sd_bus_is_open(c->bus) <= 0)
		return -ENOTCONN;
	r = sd_bus_get_timeout(c->bus, ret);
	return r < 0 ? r : 0;
}

EXPORT int bailiff_connection_process(bailiff_connection *c)
{
	_cleanup_(connection_unrefp) bailiff_connection *held = NULL;
	_cleanup_(operation_freep) struct operation *o = NULL; /* gone before what it may hold on to */
	int r;

	if (!c)
		return -EINVAL;
	if (c->pid != getpid())
		return -ECHILD;
	if (!c->due && !c->bus)
		return -ENOTCONN;
	held = connection_ref(c); /* a handler may free it */
	o = c->due;
	if (o) {
		c->due = o->next;
		tell(o);
		return 1;
	}
	r = connection_process(c);
	if (r < 0)
		return held->due ? 1 : r;
	return r > 0 || sd_bus_is_open(c->bus) > 0 ? r > 0 : -ENOTCONN;
}
