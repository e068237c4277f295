/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Records on their way to the broker: sent at once when its queue has room, else kept in order. */

#include "base/buf.h"

#include <stdbool.h>
#include <sys/queue.h>

/* Kept records at most, in bytes: a broker that reads nothing for so long is broken. */
#define OUTBOX_FDS_MAX 2 /* of one record */
#define OUTBOX_MAX     (8U * 1024 * 1024)

struct outbox_record;
TAILQ_HEAD(outbox_list, outbox_record);

struct outbox {
	struct outbox_list records;
	size_t bytes;
};

void outbox_init(struct outbox *o);
/* Drops everything. */
void outbox_clear(struct outbox *o);
bool outbox_is_empty(const struct outbox *o);
/*
 * Sends b to channel, or keeps a copy of it and duplicates of its fds. b's own error is passed on.
 * -ENOBUFS when too much is kept; otherwise what sending said: the peer is gone or broken.
 */
int outbox_send(struct outbox *o, int channel, const struct buf *b, const int *fds, size_t n_fds);
/* Sends what is kept, as far as there is room. */
int outbox_flush(struct outbox *o, int channel);
