/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/pump.h"
#include "base/error.h"
#include "base/fd.h"
#include "broker/message-check.h"

#include <stdlib.h>
#include <string.h>

#define KEEP_BYTES 16384U

void pump_init(struct pump *p, int from, int to, size_t limit)
{
	*p = (struct pump){ .from = from, .to = to, .limit = limit, .need = MESSAGE_HEAD_SIZE };
}

void pump_drop(struct pump *p)
{
	fd_close_many(p->fds, p->n_fds);
	p->n_fds = p->have = p->sent = 0;
	p->need = MESSAGE_HEAD_SIZE;
	/* one large message must not keep its memory for the life of the connection */
	if (p->allocated > KEEP_BYTES) {
		free(p->data);
		p->data = NULL;
		p->allocated = 0;
	}
}

void pump_done(struct pump *p)
{
	pump_drop(p);
	free(p->data);
	p->data = NULL;
	p->allocated = 0;
}

bool pump_full(const struct pump *p)
{
	return p->have > MESSAGE_HEAD_SIZE && p->have == p->need;
}

bool pump_idle(const struct pump *p)
{
	return p->have == 0;
}

void pump_put(struct pump *p, struct buf *message)
{
	assert(pump_idle(p));
	free(p->data);
	p->data = steal_ptr(message->data);
	p->allocated = message->allocated;
	p->have = p->need = message->size;
	buf_done(message);
}

/* The whole message's size, from its head. */
static int measure(struct pump *p)
{
	uint64_t size;
	int r;

	r = message_measure(p->data, &size);
	if (r < 0)
		return r;
	if (size > p->limit)
		return -EMSGSIZE;
	p->need = (size_t)size;
	return 0;
}

static int reserve(struct pump *p)
{
	size_t size = p->need > 1024 ? p->need : 1024;
	uint8_t *grown;

	if (p->allocated >= p->need)
		return 0;
	grown = realloc(p->data, size);
	if (!grown)
		return -ENOMEM;
	p->data = grown;
	p->allocated = size;
	return 0;
}

int pump_read(struct pump *p)
{
	while (p->have < p->need) {
		ssize_t n;
		int r = reserve(p);

		if (r < 0)
			return r;
		n = stream_receive(p->from, p->data + p->have, p->need - p->have, p->fds, &p->n_fds);
		if (n == -EAGAIN)
			return 0;
		if (n <= 0)
			return n == 0 || n == -ECONNRESET ? -EPIPE : (int)n;
		p->have += (size_t)n;
		r = p->have == MESSAGE_HEAD_SIZE ? measure(p) : 0;
		if (r < 0)
			return r;
	}
	return 1;
}

int pump_write(struct pump *p)
{
	while (p->sent < p->have) {
		ssize_t n = stream_send(p->to, p->data + p->sent, p->have - p->sent, p->fds, p->n_fds);

		if (n == -EAGAIN)
			return 0;
		if (n < 0)
			return (int)n;
		/* they went with the first byte */
		fd_close_many(p->fds, p->n_fds);
		p->n_fds = 0;
		p->sent += (size_t)n;
	}
	pump_drop(p);
	return 1;
}
