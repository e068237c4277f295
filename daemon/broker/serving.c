/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/serving.h"
#include "base/error.h"
#include "base/io.h"
#include "broker/broker.h"

#include <time.h>

#define BATCH_MAX 8 /* turns, before launcher, keeper and timers get theirs */

static void fail(struct broker *b, int error)
{
	broker_fail(b, error, "Who is to be served next can not be told");
}

/* A source for one go: one that is enabled again comes before all that came meanwhile, and nobody else's turn
 * would come before all who wait had theirs. */
static int on_go(sd_event_source *source, void *userdata)
{
	struct serving *s = userdata;

	s->go = sd_event_source_disable_unref(s->go);
	serving_run(s);
	return 0;
}

static int go_on(struct serving *s)
{
	return s->go ? 0 : sd_event_add_defer(s->broker->event, &s->go, on_go, s);
}

static int on_later(sd_event_source *source, uint64_t usec, void *userdata)
{
	serving_run(userdata);
	return 0;
}

int serving_begin(struct serving *s, struct broker *b, int (*serve)(struct broker *b, struct seat *s))
{
	int r;

	*s = (struct serving){ .broker = b, .serve = serve };
	r = sd_event_add_time(b->event, &s->later, CLOCK_BOOTTIME, UINT64_MAX, 1, on_later, s);
	if (r >= 0)
		r = sd_event_source_set_enabled(s->later, SD_EVENT_OFF);
	return r;
}

void serving_end(struct serving *s)
{
	s->go = sd_event_source_disable_unref(s->go);
	s->later = sd_event_source_disable_unref(s->later);
	turns_done(&s->turns);
	s->broker = NULL;
}

static int wait_until(struct serving *s, uint64_t until)
{
	int r = sd_event_source_set_time(s->later, until);

	return r < 0 ? r : sd_event_source_set_enabled(s->later, SD_EVENT_ONESHOT);
}

void serving_run(struct serving *s)
{
	uint64_t until = UINT64_MAX;
	struct seat *seat = NULL;
	int r = 0;

	for (unsigned i = 0; i < BATCH_MAX && s->turns.n > 0; i++) {
		seat = turns_next(&s->turns, now_boottime_usec(), &until);
		if (!seat)
			break;
		r = s->serve(s->broker, seat);
		if (r < 0)
			break;
	}
	if (!s->broker)
		return;
	if (r >= 0 && seat && s->turns.n > 0)
		r = go_on(s);
	else {
		s->go = sd_event_source_disable_unref(s->go);
		r = 0;
	}
	if (r >= 0 && until != UINT64_MAX)
		r = wait_until(s, until);
	if (r < 0)
		fail(s->broker, r);
}

/* Without memory for a line that is not there it goes without. */
void serving_pause(struct broker *b, uid_t uid)
{
	const uint64_t until = now_boottime_usec() + SERVING_PAUSE_USEC;

	if (b->link.serving.broker)
		(void)turns_pause(&b->link.serving.turns, uid, until);
	if (b->direct.serving.broker)
		(void)turns_pause(&b->direct.serving.turns, uid, until);
}
