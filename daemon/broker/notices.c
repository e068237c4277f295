/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The launcher sends one notice of a sandbox and then waits for our word. For those that bring nothing new
 * the word comes late when there were many: what a sandbox says without end waits in its socket, and the
 * program with it, and costs the others a few records a second.
 */

#include "broker/notices.h"
#include "base/error.h"
#include "base/io.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/lifetime.h"
#include "broker/sandbox-signals.h"

#include <inttypes.h>
#include <string.h>

#define INTERVAL_USEC 100000U /* between two, */
#define SLACK_USEC    1000U   /* sd-event's own would be two of these times */
#define BURST         16U     /* after so many at once: a program that reports its progress is not slowed */

static bool line_is(const char *line, size_t n, const char *assignment)
{
	return n == strlen(assignment) && memcmp(line, assignment, n) == 0;
}

void notice_read(const char *text, size_t size, struct notice *ret)
{
	*ret = (struct notice){ 0 };
	while (size > 0) {
		const char *end = memchr(text, '\n', size);
		size_t n = end ? (size_t)(end - text) : size;

		ret->ready |= line_is(text, n, "READY=1");
		ret->stopping |= line_is(text, n, "STOPPING=1");
		text += n;
		size -= n;
		if (size > 0) {
			text++;
			size--;
		}
	}
}

static int on_pause_over(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct sandbox *s = userdata;

	s->notices_pause = sd_event_source_disable_unref(s->notices_pause);
	lifetime_noted(s, &(struct noted_request){ .id = s->id });
	return 0;
}

/* How long the next one has to wait. */
static uint64_t pause_of(struct sandbox *s, uint64_t now)
{
	if (s->notices_usec < now)
		s->notices_usec = now;
	s->notices_usec += INTERVAL_USEC;
	return s->notices_usec - now > BURST * INTERVAL_USEC ? s->notices_usec - now - BURST * INTERVAL_USEC
							     : 0;
}

static void acknowledge(struct sandbox *s, const struct noted_request *noted)
{
	uint64_t pause = pause_of(s, now_boottime_usec());

	if (pause > 0 && !noted->ready && !noted->stopping && !s->notices_pause &&
		sd_event_add_time_relative(s->broker->event, &s->notices_pause, CLOCK_BOOTTIME, pause,
			SLACK_USEC, on_pause_over, s) >= 0)
		return;
	lifetime_noted(s, noted);
}

void notices_take(struct broker *b, const struct notice_event *event)
{
	struct sandbox *s = sandboxes_find(&b->sandboxes, event->id);
	struct notice notice;
	bool ready, stopping;

	if (!s || !sandbox_is_live(s))
		return;
	notice_read(event->text, event->size, &notice);
	ready = notice.ready && s->state == SANDBOX_RUNNING;
	stopping = notice.stopping && (s->state == SANDBOX_RUNNING || s->state == SANDBOX_READY);
	if (ready) {
		log_debug("Sandbox %" PRIu64 " (%s) is ready", s->id, s->profile);
		s->state = SANDBOX_READY;
		sandbox_emit_changed(s);
		sandbox_emit_ready(s);
	}
	if (stopping) {
		s->state = SANDBOX_STOPPING;
		sandbox_emit_changed(s);
	}
	acknowledge(s, &(struct noted_request){ .id = s->id, .ready = ready, .stopping = stopping });
}
