/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/between.h"
#include "base/error.h"
#include "base/io.h"
#include "broker/broker.h"
#include "broker/fd-channel.h"
#include "broker/inquiry.h"
#include "broker/launch-queue.h"
#include "dbus/names.h"

#include <time.h>

#define NONE_CAME "The launcher has ended, and the next one has not come: try again"
#define TOO_MANY  "The launcher has ended, and too many calls wait for the next one: try again"

static size_t count(const struct between *h)
{
	size_t n = 0;

	for (const struct deferred *d = h->calls.first; d; d = d->next)
		n++;
	return n;
}

static void record(struct broker *b, const struct deferred *d)
{
	const struct audit_record r = { .event = AUDIT_REFUSED,
		.caller = callers_find(&b->callers, d->message),
		.uid = d->uid,
		.generation = b->generation,
		.outcome = "Busy",
		.method = sd_bus_message_get_member(d->message) };

	audit_write(&b->audit, b->event, &r, "uid %u is refused a call of %s, as there is no launcher",
		d->uid, r.method);
}

/* What was learnt for a call is not kept longer than the call. */
static void forget(struct broker *b, sd_bus_message *m)
{
	inquiry_end(b, m);
	fd_channel_end(b, m);
}

static void refuse(struct broker *b, struct deferred *d, const char *why)
{
	record(b, d);
	forget(b, d->message);
	deferred_reply_failure(d, BAILIFF_ERROR_BUSY, why);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata);

/* For the first that has waited long enough. */
static int arm(struct broker *b)
{
	struct between *h = &b->between;
	uint64_t when = h->calls.first ? h->calls.first->until_usec : UINT64_MAX;
	int r;

	if (launch_queue_any(b) && h->away_until < when)
		when = h->away_until;
	if (when == UINT64_MAX)
		return h->timer ? sd_event_source_set_enabled(h->timer, SD_EVENT_OFF) : 0;
	if (!h->timer)
		return sd_event_add_time(b->event, &h->timer, CLOCK_BOOTTIME, when, 0, on_timer, b);
	r = sd_event_source_set_time(h->timer, when);
	return r < 0 ? r : sd_event_source_set_enabled(h->timer, SD_EVENT_ONESHOT);
}

static void arm_or_fail(struct broker *b)
{
	int r = b->stopping || b->launcher.ready ? 0 : arm(b);

	if (r < 0)
		broker_fail(b, r, "The calls that wait for a launcher can not be looked at");
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct broker *b = userdata;
	const uint64_t now = now_boottime_usec();

	if (b->launcher.ready)
		return 0;
	while (b->between.calls.first && b->between.calls.first->until_usec <= now)
		refuse(b, deferred_list_take(&b->between.calls), NONE_CAME);
	if (b->between.away_until <= now)
		launch_queue_refuse(b, NONE_CAME);
	arm_or_fail(b);
	return 0;
}

static const char *why_not(const struct broker *b)
{
	return b->stopping ? NONE_CAME : count(&b->between) >= BETWEEN_MAX ? TOO_MANY : NULL;
}

int between_add(struct broker *b, struct deferred *d, sd_bus_error *error)
{
	const char *why = why_not(b);

	if (why) {
		(void)deferred_free(d);
		return sd_bus_error_set(error, BAILIFF_ERROR_BUSY, why);
	}
	d->until_usec = now_boottime_usec() + b->between.usec;
	deferred_list_add(&b->between.calls, d);
	arm_or_fail(b);
	return BETWEEN_WAITS;
}

void between_add_or_refuse(struct broker *b, struct deferred *d)
{
	const char *why = why_not(b);

	if (why)
		refuse(b, d, why);
	else
		(void)between_add(b, d, NULL);
}

void between_begin(struct broker *b)
{
	b->between.away_until = now_boottime_usec() + b->between.usec;
	arm_or_fail(b);
}

/* Those that can not go back are refused by deferred_again(). */
void between_resume(struct broker *b)
{
	struct deferred *d;

	if (b->between.timer)
		(void)sd_event_source_set_enabled(b->between.timer, SD_EVENT_OFF);
	launch_queue_resume(b);
	while ((d = deferred_list_take(&b->between.calls))) {
		_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = sd_bus_message_ref(d->message);

		/* it counts anew when it waits again */
		if (!deferred_again(m))
			forget(b, m);
		(void)deferred_free(d);
	}
}

void between_refuse(struct broker *b)
{
	struct deferred *d;

	while ((d = deferred_list_take(&b->between.calls)))
		refuse(b, d, NONE_CAME);
	launch_queue_refuse(b, NONE_CAME);
}

void between_client_gone(struct broker *b, const char *name)
{
	deferred_list_drop(&b->between.calls, name);
}

void between_done(struct broker *b)
{
	between_refuse(b);
	b->between.timer = sd_event_source_disable_unref(b->between.timer);
}
