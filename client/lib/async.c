/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The library in a caller's event loop: what to poll for, and calls whose answers come to a function of the
 * caller's out of bailiff_connection_process(). Nothing here waits.
 */

#include "lib/internal.h"

#include "dbus/names.h"

#include <string.h>
#include <unistd.h>

struct operation {
	struct operation *next;
	bailiff_connection *connection;
	sd_bus_slot *slot;
	bailiff_sandbox *sandbox; /* of a launch: owned; of Wait: the caller's */
	bailiff_launch_handler launched;
	bailiff_wait_handler ended;
	void *userdata;
	char *destination;
};

static struct operation *operation_free(struct operation *o)
{
	if (!o)
		return NULL;
	(void)sd_bus_slot_unref(o->slot);
	if (o->launched)
		(void)bailiff_sandbox_free(o->sandbox);
	free(o->destination);
	free(o);
	return NULL;
}
DEFINE_CLEANUP(struct operation *, operation_free);

static void unlink_operation(struct operation *o)
{
	struct operation **at = &o->connection->operations;

	while (*at && *at != o)
		at = &(*at)->next;
	if (*at)
		*at = o->next;
}

/* From the head, as a sandbox that is freed with its launch may hold the last reference of the connection. */
void operations_drop(bailiff_connection *c)
{
	bailiff_connection *held = connection_ref(c);

	while (held->operations) {
		struct operation *o = held->operations;

		held->operations = o->next;
		(void)operation_free(o);
	}
	(void)connection_unref(held);
}

struct operation *operations_detach(bailiff_connection *c)
{
	struct operation *all = steal_ptr(c->operations);

	for (struct operation *o = all; o; o = o->next)
		o->slot = sd_bus_slot_unref(o->slot);
	return all;
}

void operations_fail(struct operation *all, int error)
{
	while (all) {
		_cleanup_(operation_freep) struct operation *o = all;

		all = o->next;
		if (o->launched)
			o->launched(error, NULL, o->userdata);
		else
			o->ended(error, NULL, o->userdata);
	}
}

void operations_forget(bailiff_sandbox *s)
{
	struct operation **at = &s->connection->operations;

	while (*at) {
		struct operation *o = *at;

		if (o->ended && o->sandbox == s) {
			*at = o->next;
			(void)operation_free(o);
		} else
			at = &o->next;
	}
}

static void finish_launch(struct operation *o, sd_bus_message *reply, int r)
{
	bailiff_sandbox *s = NULL;

	if (r == 0)
		r = launch_take_reply(o->connection, o->sandbox, reply);
	if (r == 0)
		s = steal_ptr(o->sandbox);
	o->launched(r, s, o->userdata);
}

static void finish_wait(struct operation *o, sd_bus_message *reply, int r)
{
	bailiff_sandbox *s = o->sandbox;
	bailiff_exit e;

	if (r == 0)
		r = sandbox_take_result(s, reply);
	if (r < 0) {
		o->ended(r, NULL, o->userdata);
		return;
	}
	e = (bailiff_exit){ .result = s->result, .code = s->exit_code, .signal = s->exit_signal };
	o->ended(0, &e, o->userdata);
}

static int on_reply(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr_error)
{
	_cleanup_(operation_freep) struct operation *o = userdata;
	_cleanup_(connection_unrefp) bailiff_connection *c = connection_ref(o->connection);
	int r;

	unlink_operation(o);
	connection_forget_error(c);
	/* one that closes answers what is pending itself */
	r = c->bus && sd_bus_is_open(c->bus) > 0 ? judge_reply(c, o->destination, reply)
						 : connection_fail(c, c->direct ? -ECONNRESET : -ENOTCONN,
							   NULL, "the connection was closed");
	if (o->launched)
		finish_launch(o, reply, r);
	else
		finish_wait(o, reply, r);
	return 1;
}

static int operation_new(bailiff_connection *c, void *userdata, struct operation **ret)
{
	_cleanup_(operation_freep) struct operation *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return -ENOMEM;
	r = connection_check(c);
	if (r == 0 && !c->owner)
		r = connection_find_broker(c);
	if (r < 0)
		return r;
	o->connection = c;
	o->userdata = userdata;
	o->destination = strdup(c->owner);
	if (!o->destination)
		return -ENOMEM;
	*ret = steal_ptr(o);
	return 0;
}

/* Takes o over when it succeeds. */
static int submit(struct operation *o, const struct call *call)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	bailiff_connection *c = o->connection;
	int r;

	r = sd_bus_message_new_method_call(
		c->bus, &m, o->destination, call->path, call->interface, call->member);
	if (r >= 0 && call->fill)
		r = call->fill(m, call->data);
	if (r >= 0)
		r = sd_bus_call_async(c->bus, &o->slot, m, on_reply, o, call->timeout_usec);
	if (r < 0)
		return connection_failf(c, r, "could not send %s: %s", call->member, strerror(-r));
	o->next = c->operations;
	c->operations = o;
	return 0;
}

EXPORT int bailiff_launch_async(
	bailiff_connection *c, const bailiff_request *r, bailiff_launch_handler handler, void *userdata)
{
	bailiff_request prepared;
	const struct call call = { BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, "LaunchSandboxed",
		request_marshal, &prepared, LAUNCH_TIMEOUT_USEC };
	_cleanup_(operation_freep) struct operation *o = NULL;
	int k;

	if (!c || !r || !handler)
		return -EINVAL;
	k = operation_new(c, userdata, &o);
	if (k == 0)
		k = launch_prepare(c, r, &prepared);
	if (k < 0)
		return k;
	o->launched = handler;
	k = sandbox_new(c, &o->sandbox);
	if (k == 0)
		k = submit(o, &call);
	launch_sent(&prepared);
	if (k < 0)
		return k;
	(void)steal_ptr(o);
	return 0;
}

EXPORT int bailiff_sandbox_wait_async(bailiff_sandbox *s, bailiff_wait_handler handler, void *userdata)
{
	_cleanup_(operation_freep) struct operation *o = NULL;
	int r;

	if (!s || !handler)
		return -EINVAL;
	r = operation_new(s->connection, userdata, &o);
	if (r < 0)
		return r;
	o->sandbox = s;
	o->ended = handler;
	{
		const struct call call = { s->path, BAILIFF_SANDBOX_INTERFACE, "Wait", NULL, NULL,
			UINT64_MAX };

		r = submit(o, &call);
	}
	if (r < 0)
		return r;
	(void)steal_ptr(o);
	return 0;
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
	if (!c->bus || sd_bus_is_open(c->bus) <= 0)
		return -ENOTCONN;
	r = sd_bus_get_timeout(c->bus, ret);
	return r < 0 ? r : 0;
}

EXPORT int bailiff_connection_process(bailiff_connection *c)
{
	_cleanup_(connection_unrefp) bailiff_connection *held = NULL;
	int r;

	if (!c || !c->bus)
		return c ? -ENOTCONN : -EINVAL;
	if (c->pid != getpid())
		return -ECHILD;
	held = connection_ref(c); /* a handler may free it */
	r = sd_bus_process(c->bus, NULL);
	if (r < 0)
		return r;
	return r > 0 || (held->bus && sd_bus_is_open(held->bus) > 0) ? r > 0 : -ENOTCONN;
}
