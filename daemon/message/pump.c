/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "message/pump.h"
#include "base/error.h"
#include "base/fd.h"
#include "message/check.h"

#include <stdlib.h>
#include <string.h>

#define READ_BYTES 4096U /* a dozen calls */
#define KEEP_BYTES 16384U

void pump_init(struct pump *p, int from, int to, size_t limit)
{
	*p = (struct pump){ .from = from, .to = to, .limit = limit, .need = MESSAGE_HEAD_SIZE };
}

void pump_done(struct pump *p)
{
	fd_close_many(p->fds, p->n_fds);
	free(p->data);
	pump_init(p, p->from, p->to, p->limit);
}

static size_t have(const struct pump *p)
{
	return p->end - p->start;
}

bool pump_full(const struct pump *p)
{
	return p->need > MESSAGE_HEAD_SIZE && have(p) >= p->need;
}

bool pump_middle(const struct pump *p)
{
	return p->sent > 0;
}

bool pump_empty(const struct pump *p)
{
	return have(p) == 0;
}

static bool has_fds(const struct pump *p)
{
	return p->n_fds > 0 && p->fds_at == p->start;
}

struct message_span pump_get(const struct pump *p)
{
	return (struct message_span){
		.data = p->data + p->start, .size = p->need, .fds = p->fds, .n_fds = has_fds(p) ? p->n_fds : 0
	};
}

void pump_pass(struct pump *p)
{
	if (has_fds(p))
		p->n_fds = 0;
	p->start += p->need;
	p->need = MESSAGE_HEAD_SIZE;
	p->sent = 0;
	if (have(p) > 0)
		return;
	p->start = p->end = 0;
	/* one large message must not keep its memory for the life of the connection */
	if (p->allocated > KEEP_BYTES) {
		free(p->data);
		p->data = NULL;
		p->allocated = 0;
	}
}

void pump_drop(struct pump *p)
{
	if (has_fds(p))
		fd_close_many(p->fds, p->n_fds);
	pump_pass(p);
}

/* The size of the message that begins there; just that of the head as long as that is not there. */
static int measure(const struct pump *p, size_t at, size_t *ret)
{
	uint64_t size;
	int r;

	*ret = MESSAGE_HEAD_SIZE;
	if (p->end - at < MESSAGE_HEAD_SIZE)
		return 0;
	r = message_measure(p->data + at, &size);
	if (r < 0)
		return r;
	if (size > p->limit)
		return -EMSGSIZE;
	*ret = (size_t)size;
	return 0;
}

/* Room for the message that is being read, and for what may be behind it. */
static int reserve(struct pump *p)
{
	const size_t size = p->need > READ_BYTES ? p->need : READ_BYTES;
	uint8_t *grown;

	if (p->start > 0) {
		memmove(p->data, p->data + p->start, have(p));
		if (p->n_fds > 0)
			p->fds_at -= p->start;
		p->end = have(p);
		p->start = 0;
	}
	if (p->allocated >= p->need && p->allocated > 0)
		return 0;
	grown = realloc(p->data, size);
	if (!grown)
		return -ENOMEM;
	p->data = grown;
	p->allocated = size;
	return 0;
}

/* New fds have come with the last of the bytes that are there. */
static int assign_fds(struct pump *p)
{
	size_t size;
	int r;

	for (size_t at = p->start;; at += size) {
		r = measure(p, at, &size);
		if (r < 0)
			return r;
		p->fds_at = at;
		if (p->end - at <= size)
			return 0;
	}
}

static int fill(struct pump *p)
{
	const size_t before = p->n_fds;
	size_t room;
	ssize_t n;
	int r;

	r = reserve(p);
	if (r < 0)
		return r;
	room = before > 0 ? p->need - have(p) : p->allocated - p->end;
	n = stream_receive(p->from, p->data + p->end, room, p->fds, &p->n_fds);
	if (n == -EAGAIN)
		return 0;
	if (n <= 0)
		return n == 0 || n == -ECONNRESET ? -EPIPE : (int)n;
	p->end += (size_t)n;
	p->drained = (size_t)n < room && p->n_fds == before;
	r = p->n_fds > before ? assign_fds(p) : 0;
	return r < 0 ? r : 1;
}

int pump_read(struct pump *p)
{
	int r;

	for (;;) {
		r = measure(p, p->start, &p->need);
		if (r < 0)
			return r;
		if (pump_full(p))
			return 1;
		if (p->drained) {
			p->drained = false;
			return 0;
		}
		r = fill(p);
		if (r <= 0)
			return r;
	}
}

void pump_look_again(struct pump *p)
{
	p->drained = false;
}

void pump_rest(struct pump *p)
{
	p->drained = true;
}

/* The message and those behind it, as far as they are whole and have no descriptors: bytes. */
static size_t measure_run(const struct pump *p)
{
	size_t end = p->start + p->need, size;

	if (has_fds(p))
		return p->need;
	while (measure(p, end, &size) == 0 && size > MESSAGE_HEAD_SIZE && p->end - end >= size &&
		(p->n_fds == 0 || p->fds_at != end))
		end += size;
	return end - p->start;
}

/* @sent: of the run. 1: the first message is gone, and maybe others; 0: not yet. */
static int pass_sent(struct pump *p, size_t sent)
{
	int r = 0;

	while (sent >= p->need) {
		sent -= p->need;
		pump_drop(p);
		r = 1;
		if (sent > 0 && measure(p, p->start, &p->need) < 0)
			return -EBADMSG;
	}
	p->sent = sent;
	return r;
}

int pump_write(struct pump *p)
{
	int r = 0;

	while (r == 0) {
		const struct message_span m = pump_get(p);
		const bool first = p->sent == 0;
		ssize_t n = stream_send(
			p->to, m.data + p->sent, measure_run(p) - p->sent, m.fds, first ? m.n_fds : 0);

		if (n == -EAGAIN)
			return 0;
		if (n < 0)
			return (int)n;
		r = pass_sent(p, p->sent + (size_t)n);
	}
	return r;
}
