/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/pump.h"
#include "base/error.h"
#include "base/fd.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_SIZE  16U /* up to the length of the header's fields */
#define KEEP_BYTES 16384U

/* Of the head: byte order, version, and where the two lengths stand. */
#define AT_ENDIAN      0
#define AT_VERSION     3
#define AT_BODY_SIZE   4
#define AT_FIELDS_SIZE 12

void pump_init(struct pump *p, int from, int to, size_t limit)
{
	*p = (struct pump){ .from = from, .to = to, .limit = limit, .need = HEAD_SIZE };
}

static void empty(struct pump *p)
{
	fd_close_many(p->fds, p->n_fds);
	p->n_fds = p->have = p->sent = 0;
	p->need = HEAD_SIZE;
	/* one large message must not keep its memory for the life of the connection */
	if (p->allocated > KEEP_BYTES) {
		free(p->data);
		p->data = NULL;
		p->allocated = 0;
	}
}

void pump_done(struct pump *p)
{
	empty(p);
	free(p->data);
	p->data = NULL;
	p->allocated = 0;
}

bool pump_full(const struct pump *p)
{
	return p->have > HEAD_SIZE && p->have == p->need;
}

static uint32_t get_u32(const uint8_t *at, bool little)
{
	return little ? at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24
		      : at[3] | (uint32_t)at[2] << 8 | (uint32_t)at[1] << 16 | (uint32_t)at[0] << 24;
}

/* The whole message's size, from its head. */
static int measure(struct pump *p)
{
	const bool little = p->data[AT_ENDIAN] == 'l';
	uint64_t fields, size;

	if ((!little && p->data[AT_ENDIAN] != 'B') || p->data[AT_VERSION] != 1)
		return -EBADMSG;
	fields = get_u32(p->data + AT_FIELDS_SIZE, little);
	size = HEAD_SIZE + ((fields + 7) & ~UINT64_C(7)) + get_u32(p->data + AT_BODY_SIZE, little);
	/* each kind of message has fields that must be there */
	if (size == HEAD_SIZE)
		return -EBADMSG;
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
		r = p->have == HEAD_SIZE ? measure(p) : 0;
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
	empty(p);
	return 1;
}
