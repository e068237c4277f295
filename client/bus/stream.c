/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Bytes to and from the socket, which never waits. */

#include "wire/stream.h"
#include "base/error.h"
#include "base/fd.h"
#include "bus/bus.h"

#include <string.h>

int stream_queue(sd_bus *bus, sd_bus_message *m, const uint8_t *data, size_t size)
{
	struct outgoing **end = &bus->out, *o = malloc(sizeof(*o));

	if (!o)
		return -ENOMEM;
	*o = (struct outgoing){ .message = sd_bus_message_ref(m), .data = data, .size = size };
	while (*end)
		end = &(*end)->next;
	*end = o;
	return 0;
}

static void drop_first(sd_bus *bus)
{
	struct outgoing *o = bus->out;

	bus->out = o->next;
	(void)sd_bus_message_unref(o->message);
	free(o);
}

void stream_drop(sd_bus *bus)
{
	while (bus->out)
		drop_first(bus);
}

/* The greeting goes first. Whether descriptors may follow it is not known before it was answered. */
bool stream_may_go(const sd_bus *bus)
{
	const struct outgoing *o = bus->out;

	return o && (bus->state == BUS_RUNNING || !o->message || o->message->n_fds == 0);
}

int stream_flush(sd_bus *bus)
{
	int r = 0;

	while (stream_may_go(bus)) {
		struct outgoing *o = bus->out;
		const bool first = o->sent == 0 && o->message;
		ssize_t n = stream_send(bus->fd, o->data + o->sent, o->size - o->sent,
			first ? o->message->fds : NULL, first ? o->message->n_fds : 0);

		if (n == -EAGAIN)
			return r;
		if (n < 0)
			return (int)n;
		r = 1;
		o->sent += (size_t)n;
		if (o->sent == o->size)
			drop_first(bus);
	}
	return r;
}

/* Of what has come, which is thrown away then. */
static int copy_message(const struct message_span *span, uint8_t **ret_data, int **ret_fds)
{
	uint8_t *data = malloc(span->size);
	int *fds = span->n_fds > 0 ? reallocarray(NULL, span->n_fds, sizeof(*fds)) : NULL;

	if (!data || (!fds && span->n_fds > 0)) {
		free(data);
		free(fds);
		return -ENOMEM;
	}
	memcpy(data, span->data, span->size);
	if (fds)
		memcpy(fds, span->fds, span->n_fds * sizeof(*fds));
	*ret_data = data;
	*ret_fds = fds;
	return 0;
}

int stream_take(sd_bus *bus, sd_bus_message **ret)
{
	struct message_span span;
	uint8_t *data;
	int *fds;
	int r = pump_read(&bus->in);

	if (r <= 0)
		return r;
	span = pump_get(&bus->in);
	r = copy_message(&span, &data, &fds);
	if (r < 0) {
		pump_drop(&bus->in);
		return r;
	}
	pump_pass(&bus->in);
	r = message_receive(data, span.size, fds, span.n_fds, ret);
	return r < 0 ? r : 1;
}
