/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Calls whose answer is told to a function of the caller's. What arrives is noted while the bus is read, and
 * told later, when nothing is being read: so a handler may use the whole library. Nothing here waits.
 */

#include "lib/internal.h"
#include "lib/operation.h"

#include "dbus/names.h"

#include <string.h>

struct operation *operation_free(struct operation *o)
{
	if (!o)
		return NULL;
	(void)sd_bus_slot_unref(o->slot);
	(void)sd_bus_message_unref(o->message);
	if (o->kind == OPERATION_LAUNCH)
		(void)bailiff_sandbox_free(o->sandbox);
	(void)bailiff_request_free(o->request);
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

void operation_take_out(struct operation **list, const struct operation *o)
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
	operations_free(&held->waiting);
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

/* What was answered or failed. Whatever follows from that waits. */
static void finish(struct operation *o, int error)
{
	bailiff_connection *c = o->connection;

	operation_take_out(&c->operations, o);
	o->slot = sd_bus_slot_unref(o->slot);
	o->error = error;
	if (o->kind == OPERATION_WATCH) {
		watch_finish(o);
		return;
	}
	if (o->kind == OPERATION_LAUNCH)
		launch_finish(o);
	else
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

static const char *why(int error)
{
	switch (error) {
	case -ECONNRESET:
		return "the broker ended before it answered";
	case -EHOSTUNREACH:
		return "no broker has come";
	case -ETIMEDOUT:
		return "the broker did not answer in time";
	default:
		return "the connection was closed";
	}
}

/* Without either the answer was looked at before. */
int operation_judge(struct operation *o)
{
	connection_forget_error(o->connection);
	if (o->error < 0)
		return connection_fail(o->connection, o->error, NULL, why(o->error));
	return o->message ? judge_reply(o->connection, o->destination, o->message) : 0;
}

CALLS_HANDLER static void tell_end(const struct operation *o, int error)
{
	const bailiff_sandbox *s = o->sandbox;
	const bailiff_exit e = { .result = s->result, .code = s->exit_code, .signal = s->exit_signal };

	o->handler.ended(error, error < 0 ? NULL : &e, o->userdata);
}

static void tell_wait(struct operation *o)
{
	int r = operation_judge(o);

	tell_end(o, r == 0 ? sandbox_take_result(o->sandbox, o->message) : r);
}

CALLS_HANDLER static void tell_ready(const struct operation *o)
{
	o->handler.ready(o->sandbox, o->userdata);
}

void operation_tell(struct operation *o)
{
	switch (o->kind) {
	case OPERATION_LAUNCH:
		launch_tell(o);
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

int operation_send(struct operation *o, const struct call *call)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	bailiff_connection *c = o->connection;
	uint64_t left = deadline_left(call->until);
	int r;

	r = replace_str(&o->destination, c->owner);
	if (r < 0)
		return r;
	r = sd_bus_message_new_method_call(
		c->bus, &m, o->destination, call->path, call->interface, call->member);
	if (r >= 0 && call->fill)
		r = call->fill(m, call->data);
	if (r >= 0)
		r = sd_bus_call_async(c->bus, &o->slot, m, on_reply, o, left > 0 ? left : 1);
	return r < 0 ? r : 0;
}

/* Takes *o over when it succeeds. */
static int submit(struct operation **o, const struct call *call)
{
	bailiff_connection *c = (*o)->connection;
	int r = operation_send(*o, call);

	if (r < 0)
		return connection_failf(c, r, "could not send %s: %s", call->member, strerror(-r));
	operation_append(&c->operations, steal_ptr(*o));
	return 0;
}

int operation_watch(bailiff_sandbox *s)
{
	const struct call call = { s->path, BAILIFF_SANDBOX_INTERFACE, "Wait", NULL, NULL,
		BAILIFF_TIMEOUT_INFINITE };
	_cleanup_(operation_freep) struct operation *o = NULL;
	int r = operation_new(s->connection, OPERATION_WATCH, s, &o);

	if (r == 0)
		r = operation_send(o, &call);
	if (r < 0)
		return r;
	operation_append(&s->connection->operations, steal_ptr(o));
	return 0;
}

int operations_begin(bailiff_connection *c)
{
	const uint64_t until = deadline_after(CALL_TIMEOUT_USEC);
	int r = connection_check(c, until);

	return r == 0 && !c->owner ? connection_find_broker(c, until) : r;
}

EXPORT int bailiff_sandbox_wait_async(bailiff_sandbox *s, bailiff_wait_handler handler, void *userdata)
{
	struct call call = { NULL, BAILIFF_SANDBOX_INTERFACE, "Wait", NULL, NULL, BAILIFF_TIMEOUT_INFINITE };
	_cleanup_(operation_freep) struct operation *o = NULL;
	int r;

	if (!s || !handler)
		return -EINVAL;
	r = operations_begin(s->connection);
	if (r == 0)
		r = operation_new(s->connection, OPERATION_WAIT, s, &o);
	if (r < 0)
		return r;
	o->handler.ended = handler;
	o->userdata = userdata;
	call.path = s->path;
	return submit(&o, &call);
}
