/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/outbox.h"
#include "base/error.h"
#include "base/fd.h"
#include "wire/channel.h"

#include <string.h>

struct outbox_record {
	TAILQ_ENTRY(outbox_record) next;
	int fds[OUTBOX_FDS_MAX];
	size_t n_fds, size;
	uint8_t data[];
};

void outbox_init(struct outbox *o)
{
	*o = (struct outbox){ 0 };
	TAILQ_INIT(&o->records);
}

bool outbox_is_empty(const struct outbox *o)
{
	return TAILQ_EMPTY(&o->records);
}

static struct outbox_record *record_free(struct outbox_record *r)
{
	if (r)
		fd_close_many(r->fds, r->n_fds);
	free(r);
	return NULL;
}
DEFINE_CLEANUP(struct outbox_record *, record_free);

static void drop_first(struct outbox *o)
{
	struct outbox_record *r = TAILQ_FIRST(&o->records);

	TAILQ_REMOVE(&o->records, r, next);
	o->bytes -= r->size;
	(void)record_free(r);
}

void outbox_clear(struct outbox *o)
{
	while (!outbox_is_empty(o))
		drop_first(o);
}

static int keep(struct outbox *o, const struct buf *b, const int *fds, size_t n_fds)
{
	_cleanup_(record_freep) struct outbox_record *r = NULL;

	if (o->bytes + b->size > OUTBOX_MAX)
		return -ENOBUFS;
	r = malloc(sizeof(*r) + b->size);
	if (!r)
		return -ENOMEM;
	*r = (struct outbox_record){ .size = b->size };
	for (; r->n_fds < n_fds; r->n_fds++) {
		int copy = fd_dup_above(fds[r->n_fds], 3);

		if (copy < 0)
			return copy;
		r->fds[r->n_fds] = copy;
	}
	memcpy(r->data, b->data, b->size);
	o->bytes += r->size;
	TAILQ_INSERT_TAIL(&o->records, r, next);
	r = NULL;
	return 0;
}

int outbox_send(struct outbox *o, int channel, const struct buf *b, const int *fds, size_t n_fds)
{
	int r = buf_error(b);

	if (r < 0)
		return r;
	if (n_fds > OUTBOX_FDS_MAX)
		return -E2BIG;
	if (!outbox_is_empty(o))
		return keep(o, b, fds, n_fds);
	r = wire_send(channel, b->data, b->size, fds, n_fds);
	return r == -EAGAIN ? keep(o, b, fds, n_fds) : r;
}

int outbox_flush(struct outbox *o, int channel)
{
	while (!outbox_is_empty(o)) {
		struct outbox_record *first = TAILQ_FIRST(&o->records);
		int r = wire_send(channel, first->data, first->size, first->fds, first->n_fds);

		if (r == -EAGAIN)
			return 0;
		if (r < 0)
			return r;
		drop_first(o);
	}
	return 0;
}
