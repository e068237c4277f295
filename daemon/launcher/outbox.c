/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/outbox.h"
#include "base/error.h"
#include "base/fd.h"
#include "wire/channel.h"

#include <string.h>

struct outbox_record {
	TAILQ_ENTRY(outbox_record) next;
	int fd;
	size_t size;
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

static void drop_first(struct outbox *o)
{
	struct outbox_record *r = TAILQ_FIRST(&o->records);

	TAILQ_REMOVE(&o->records, r, next);
	o->bytes -= r->size;
	(void)fd_close(r->fd);
	free(r);
}

void outbox_clear(struct outbox *o)
{
	while (!outbox_is_empty(o))
		drop_first(o);
}

static int keep(struct outbox *o, const struct buf *b, int fd)
{
	_cleanup_close_ int copy = -1;
	struct outbox_record *r;

	if (o->bytes + b->size > OUTBOX_MAX)
		return -ENOBUFS;
	if (fd >= 0) {
		copy = fd_dup_above(fd, 3);
		if (copy < 0)
			return copy;
	}
	r = malloc(sizeof(*r) + b->size);
	if (!r)
		return -ENOMEM;
	*r = (struct outbox_record){ .fd = steal_fd(copy), .size = b->size };
	memcpy(r->data, b->data, b->size);
	TAILQ_INSERT_TAIL(&o->records, r, next);
	o->bytes += r->size;
	return 0;
}

int outbox_send(struct outbox *o, int channel, const struct buf *b, int fd)
{
	int r = buf_error(b);

	if (r < 0)
		return r;
	if (!outbox_is_empty(o))
		return keep(o, b, fd);
	r = wire_send(channel, b->data, b->size, &fd, fd >= 0 ? 1 : 0);
	return r == -EAGAIN ? keep(o, b, fd) : r;
}

int outbox_flush(struct outbox *o, int channel)
{
	while (!outbox_is_empty(o)) {
		struct outbox_record *first = TAILQ_FIRST(&o->records);
		int r = wire_send(channel, first->data, first->size, &first->fd, first->fd >= 0 ? 1 : 0);

		if (r == -EAGAIN)
			return 0;
		if (r < 0)
			return r;
		drop_first(o);
	}
	return 0;
}
