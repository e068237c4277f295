/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Method calls. sd_bus_call() would do but for two things: it hides who sent an error, and it leaves
 * everything else that arrives in a queue that fills up in the end. So calls are asynchronous ones that are
 * waited for here, and what comes between is taken off the queue.
 */

#include "lib/internal.h"

#include "dbus/names.h"

#include <string.h>

static int on_reply(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr_error)
{
	sd_bus_message **reply = userdata;

	*reply = sd_bus_message_ref(m);
	return 1;
}

static int bus_lost(bailiff_connection *c)
{
	/* on the direct socket that is the broker's end, and there will be another one */
	if (c->direct)
		return connection_fail(c, -ECONNRESET, NULL, "the broker ended before it answered");
	return connection_fail(c, -ENOTCONN, NULL, "the connection to the bus is closed");
}

/* A stream that can not be read any more is closed, and whoever has a call under way on it is told: else it
 * would be readable for ever, and every call would find the same. */
int connection_process(bailiff_connection *c)
{
	int r = sd_bus_process(c->bus, NULL);

	if (r >= 0 || r == -EINTR || r == -ENOMEM || r == -EBUSY) {
		if (sd_bus_is_open(c->bus) <= 0)
			loop_unwatch(c);
		return r;
	}
	loop_unwatch(c);
	sd_bus_close(c->bus);
	operations_fail(c, c->direct ? -ECONNRESET : -ENOTCONN);
	return r;
}

static uint64_t call_deadline(const struct call *call)
{
	return call->until > 0 ? call->until : deadline_after(CALL_TIMEOUT_USEC);
}

static int await_reply(bailiff_connection *c, sd_bus_message **reply, uint64_t deadline)
{
	while (!*reply) {
		uint64_t left = deadline_left(deadline);
		int r = connection_process(c);

		if (r == 0 && left > 0)
			r = sd_bus_wait(c->bus, left);
		if (r < 0 && r != -EINTR)
			return sd_bus_is_open(c->bus) > 0 ? connection_fail(c, r, NULL, strerror(-r))
							  : bus_lost(c);
		if (left == 0 && !*reply)
			return connection_fail(
				c, -ETIMEDOUT, NULL, "the broker or the bus did not answer in time");
	}
	/* A closing connection answers its pending calls itself. */
	return sd_bus_is_open(c->bus) > 0 ? 0 : bus_lost(c);
}

static int from_driver(sd_bus_message *reply, const sd_bus_error *e)
{
	const char *sender = sd_bus_message_get_sender(reply);

	if (!sender || strcmp(sender, BUS_DRIVER) != 0)
		return 0;
	if (strcmp(e->name, SD_BUS_ERROR_SERVICE_UNKNOWN) == 0 ||
		strcmp(e->name, SD_BUS_ERROR_NAME_HAS_NO_OWNER) == 0)
		return -EHOSTUNREACH;
	if (strcmp(e->name, SD_BUS_ERROR_NO_REPLY) == 0)
		return -ECONNRESET;
	return error_to_errno(e);
}

static bool is_from(sd_bus_message *m, const char *name)
{
	const char *sender = sd_bus_message_get_sender(m);

	return sender && strcmp(sender, name) == 0;
}

/* Who else than the callee could have sent this? The bus may send errors; nobody else may send anything. */
int reply_verdict(const char *destination, sd_bus_message *reply)
{
	const sd_bus_error *e = sd_bus_message_get_error(reply);
	int r = e ? from_driver(reply, e) : 0;

	if (r < 0)
		return r;
	if (!is_from(reply, destination))
		return -EBADMSG;
	return e ? error_to_errno(e) : 0;
}

int judge_reply(bailiff_connection *c, const char *destination, sd_bus_message *reply)
{
	const char *sender = sd_bus_message_get_sender(reply);
	const sd_bus_error *e = sd_bus_message_get_error(reply);
	int r = reply_verdict(destination, reply);

	if (r == 0)
		return 0;
	if (e && (is_from(reply, destination) || is_from(reply, BUS_DRIVER)))
		return connection_fail(c, r, e->name, e->message);
	return connection_failf(c, r, "%s came from %s instead of %s", e ? "an error reply" : "a reply",
		sender ? sender : "nobody", destination);
}

int call_begin(
	bailiff_connection *c, const char *destination, const struct call *call, struct call_pending *ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	int r;

	r = sd_bus_message_new_method_call(
		c->bus, &m, destination, call->path, call->interface, call->member);
	if (r >= 0 && call->fill)
		r = call->fill(m, call->data);
	if (r >= 0)
		r = sd_bus_call_async(c->bus, &ret->slot, m, on_reply, &ret->reply, UINT64_MAX);
	if (r < 0)
		return sd_bus_is_open(c->bus) > 0
			       ? connection_failf(c, r, "could not send %s: %s", call->member, strerror(-r))
			       : bus_lost(c);
	return 0;
}

int call_end(bailiff_connection *c, const char *destination, const struct call *call,
	struct call_pending *pending, sd_bus_message **ret)
{
	int r = await_reply(c, &pending->reply, call_deadline(call));

	if (r == 0)
		r = judge_reply(c, destination, pending->reply);
	if (r == 0 && ret)
		*ret = steal_ptr(pending->reply);
	return r;
}

void call_pending_done(struct call_pending *p)
{
	p->slot = sd_bus_slot_unref(p->slot);
	p->reply = sd_bus_message_unref(p->reply);
}

int call_peer(bailiff_connection *c, const char *destination, const struct call *call, sd_bus_message **ret)
{
	_cleanup_(call_pending_done) struct call_pending pending = { 0 };
	int r = call_begin(c, destination, call, &pending);

	return r < 0 ? r : call_end(c, destination, call, &pending, ret);
}

/* The owner may become another one while the answer is awaited. */
static int call_owner(bailiff_connection *c, const struct call *call, sd_bus_message **ret)
{
	_cleanup_(freep) char *owner = strdup(c->owner);
	int r = owner ? call_peer(c, owner, call, ret) : -ENOMEM;

	if (r == -EHOSTUNREACH && c->owner && !c->direct && strcmp(c->owner, owner) == 0)
		free(steal_ptr(c->owner));
	return r;
}

int call_broker(bailiff_connection *c, const struct call *call, sd_bus_message **ret)
{
	struct call once = *call;
	int r;

	once.until = call_deadline(call);
	/* The owner that is on record may have ended long ago. The bus then says that it could not deliver
	 * the call, so nobody acted on it, and to send it to the successor is no repetition, not even for a
	 * launch. */
	for (unsigned attempt = 0;; attempt++) {
		r = connection_check(c, once.until);
		if (r == 0 && !c->owner)
			r = connection_find_broker(c, once.until);
		if (r < 0)
			return r;
		r = call_owner(c, &once, ret);
		if (r != -EHOSTUNREACH || c->direct || attempt > 0)
			return r;
	}
}

int reply_malformed(bailiff_connection *c, const char *member)
{
	return connection_failf(c, -EBADMSG,
		"the broker's reply to %s has another form than this library knows; do their versions "
		"differ?",
		member);
}
