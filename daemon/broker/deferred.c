/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/deferred.h"
#include "base/error.h"
#include "broker/answer.h"
#include "broker/broker.h"
#include "broker/errors.h"
#include "broker/output.h"
#include "dbus/names.h"

#include <stdlib.h>
#include <string.h>

static int refuse(uint32_t limit, sd_bus_error *error)
{
	return sd_bus_error_setf(error, BAILIFF_ERROR_QUOTA_EXCEEDED,
		"This user has %u calls waiting already (MaxCallsPerUser=): wait for one to end", limit);
}

int deferred_check(const struct broker *b, const struct caller *c, sd_bus_error *error)
{
	const uint32_t limit = b->catalog->config.max_calls_per_user;

	return quota_used(&b->quota, c->uid, QUOTA_CALLS) < limit ? 0 : refuse(limit, error);
}

int deferred_new(struct broker *b, const struct caller *c, sd_bus_message *m, uint32_t reserve,
	sd_bus_error *error, struct deferred **ret)
{
	uint32_t limit = b->catalog->config.max_calls_per_user;
	_cleanup_free_ char *sender = NULL;
	struct deferred *d;
	int r;

	d = calloc(1, sizeof(*d));
	sender = strdup(c->name);
	if (!d || !sender) {
		free(d);
		return -ENOMEM;
	}
	r = quota_take(
		&b->quota, c->uid, QUOTA_CALLS, 1, limit > UINT32_MAX - reserve ? limit : limit + reserve);
	if (r < 0) {
		free(d);
		return r == -EDQUOT ? refuse(limit, error) : r;
	}
	*d = (struct deferred){
		.broker = b, .message = sd_bus_message_ref(m), .sender = steal_ptr(sender), .uid = c->uid
	};
	*ret = d;
	return 0;
}

struct deferred *deferred_free(struct deferred *d)
{
	if (d) {
		carried_give(&d->broker->quota, &d->carried);
		quota_give(&d->broker->quota, d->uid, QUOTA_CALLS, 1);
		sd_bus_message_unref(d->message);
		free(d->sender);
		free(d);
	}
	return NULL;
}

const char *deferred_sender(const struct deferred *d)
{
	return d->sender;
}

static void finish(struct deferred *d, int r)
{
	if (r < 0)
		answer_error(d->message, r, NULL);
	output_note(d->broker, sd_bus_message_get_bus(d->message));
	(void)deferred_free(d);
}

void deferred_reply(struct deferred *d)
{
	finish(d, sd_bus_reply_method_return(d->message, NULL));
}

void deferred_reply_error(struct deferred *d, const sd_bus_error *error)
{
	answer_error(d->message, 0, error);
	finish(d, 0);
}

void deferred_reply_failure(struct deferred *d, const char *name, const char *message)
{
	(void)answer_refuse(d->message, name, message);
	finish(d, 0);
}

void deferred_send(struct deferred *d, sd_bus_message *reply)
{
	/* A caller that said NO_REPLY_EXPECTED gets none. */
	finish(d, sd_bus_message_get_expect_reply(d->message) > 0 ? sd_bus_send(NULL, reply, NULL) : 0);
}

void deferred_answered(struct deferred *d)
{
	finish(d, 0);
}

bool deferred_again(sd_bus_message *m)
{
	int r = sd_bus_message_rewind(m, 1);

	if (r >= 0)
		r = sd_bus_enqueue_for_read(sd_bus_message_get_bus(m), m);
	if (r >= 0)
		return true;
	(void)answer_refuse(m, BAILIFF_ERROR_BUSY, "Too many calls are waiting: try again");
	return false;
}

void deferred_list_add(struct deferred_list *l, struct deferred *d)
{
	struct deferred **end = &l->first;

	while (*end)
		end = &(*end)->next;
	d->next = NULL;
	*end = d;
}

struct deferred *deferred_list_take(struct deferred_list *l)
{
	struct deferred *d = l->first;

	if (d)
		l->first = d->next;
	return d;
}

void deferred_list_drop(struct deferred_list *l, const char *sender)
{
	struct deferred **at = &l->first;

	while (*at) {
		struct deferred *d = *at;

		if (strcmp(deferred_sender(d), sender) == 0) {
			*at = d->next;
			(void)deferred_free(d);
		} else
			at = &d->next;
	}
}

void deferred_list_clear(struct deferred_list *l)
{
	struct deferred *d;

	while ((d = deferred_list_take(l)))
		(void)deferred_free(d);
}
