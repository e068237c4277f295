/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Questions whose answers hold until the next reload are often asked again: which profiles there are, what a
 * user's name becomes. The last few are kept as they were sent and answered, byte for byte, and one that
 * comes again, with nothing but its serial changed, is answered by the same bytes, before sd-bus sees it.
 *
 * What makes that right: the handler says of each answer whether it depends on anything but the message, who
 * sent it, and the catalog (recall_wanted()). Who sent it is the bus' word, which is in the bytes, or the
 * direct connection, and that can not change: a unique name and a connection have one owner. Each connection
 * to a bus and each direct one has a number, and recalls what was asked over itself. A reload forgets all, as
 * does the end of the broker's service. Messages with descriptors are not kept, nor errors.
 */

#include "base/buf.h"
#include "broker/message-check.h"
#include "broker/pump.h"

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#define RECALL_MAX          32    /* of all callers; the oldest makes room */
#define RECALL_QUESTION_MAX 1024  /* bytes */
#define RECALL_ANSWER_MAX   16384 /* bytes */

struct recalled {
	uint64_t owner;
	uint8_t *data; /* owned: the question, then the answer */
	size_t question, answer;
};

struct recall {
	uint64_t n_owners;
	/* The call whose answer is being made, and is to be kept. */
	bool wanted;
	uint32_t serial;
	char sender[MESSAGE_NAME_MAX + 1];
	size_t next;
	struct recalled v[RECALL_MAX];
};

/* A number for a connection; never 0. */
uint64_t recall_owner(struct recall *r);
/* The answer that a handler is about to give to it is the same as long as the catalog is. */
void recall_wanted(struct recall *r, sd_bus_message *m);
/* What is delivered next has not been asked for yet. */
void recall_begin(struct recall *r);
/* Puts the answer into @ret: 1, or 0: it is not known. -ENOMEM. */
int recall_find(const struct recall *r, uint64_t owner, const struct message_span *question, struct buf *ret);
/* Keeps it, if it is the answer to that question, and wanted. Without memory for it, it does not. */
void recall_keep(struct recall *r, uint64_t owner, const struct message_span *question,
	const struct message_span *answer);
void recall_forget(struct recall *r);
