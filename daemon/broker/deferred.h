/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A call that is answered later. It counts against its caller's quota until it is freed. */

#include "base/cleanup.h"
#include "broker/caller.h"
#include "broker/quota.h"

struct broker;

struct deferred {
	struct deferred *next;
	struct broker *broker;
	sd_bus_message *message;
	char *sender; /* the caller's name among callers */
	uid_t uid;
	uint64_t about;         /* id of the sandbox that it is about, where the answer needs that */
	struct carried carried; /* given back with it */
	uint64_t until_usec;    /* it waits for a launcher: between.h */
};

struct deferred_list {
	struct deferred *first;
};

/* Calls that control a sandbox have these to themselves: who fills the quota with Wait() can still stop. */
#define DEFERRED_CONTROL_RESERVE 16

/* Refers to m. Sets error (QuotaExceeded) and returns a negative errno when the caller has too many: the
 * configured number, and @reserve more. */
int deferred_new(struct broker *b, const struct caller *c, sd_bus_message *m, uint32_t reserve,
	sd_bus_error *error, struct deferred **ret);
/* The same refusal before anything is made: who asks without a pause must not cost more than the asking. */
int deferred_check(const struct broker *b, const struct caller *c, sd_bus_error *error);
struct deferred *deferred_free(struct deferred *d); /* returns NULL */
DEFINE_CLEANUP(struct deferred *, deferred_free);

const char *deferred_sender(const struct deferred *d);
/* Send the answer and free. @error: what a handler would have returned. */
void deferred_reply(struct deferred *d);
void deferred_reply_error(struct deferred *d, const sd_bus_error *error);
void deferred_reply_failure(struct deferred *d, const char *name, const char *message);
/* Sends a message made for it, and frees. */
void deferred_send(struct deferred *d, sd_bus_message *reply);
/* The answer has been sent otherwise, or none was wanted: frees. */
void deferred_answered(struct deferred *d);

/* Puts a call back into its bus' queue: all checks are made once more. False: it was refused instead. */
bool deferred_again(sd_bus_message *m);

/* Takes d over. */
void deferred_list_add(struct deferred_list *l, struct deferred *d);
struct deferred *deferred_list_take(struct deferred_list *l); /* the first, or NULL */
/* Frees, unanswered, those of a connection that is gone. */
void deferred_list_drop(struct deferred_list *l, const char *sender);
void deferred_list_clear(struct deferred_list *l);
