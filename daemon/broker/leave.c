/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/leave.h"
#include "base/error.h"
#include "base/io.h"
#include "broker/broker.h"
#include "broker/bus.h"

#include <stdlib.h>
#include <time.h>

/* A bus that is stuck, or clients who go on and on; the keeper waits for some time longer. */
#define LEAVE_USEC (UINT64_C(500) * 1000)
#define LOOK_USEC  2000 /* between two looks whether a client has read */

bool leave_has_begun(const struct broker *b)
{
	return b->leave.patience != NULL;
}

void leave_now(struct broker *b)
{
	(void)sd_event_exit(b->event, EXIT_SUCCESS);
}

static int on_patience(sd_event_source *source, uint64_t usec, void *userdata)
{
	leave_now(userdata);
	return 0;
}

static int on_later(sd_event_source *source, uint64_t usec, void *userdata)
{
	leave_in_silence(userdata);
	return 0;
}

/* A client that has not read its answers has maybe said more. */
static int on_silence(sd_event_source *source, void *userdata)
{
	struct broker *b = userdata;

	b->leave.later = sd_event_source_disable_unref(b->leave.later);
	if (!direct_waits(&b->direct) || sd_event_add_time(b->event, &b->leave.later, CLOCK_BOOTTIME,
						 now_boottime_usec() + LOOK_USEC, 1, on_later, b) < 0)
		leave_now(b);
	return 0;
}

/* After everything else that the loop knows of. */
void leave_in_silence(struct broker *b)
{
	int r;

	b->leave.silence = sd_event_source_disable_unref(b->leave.silence);
	r = sd_event_add_defer(b->event, &b->leave.silence, on_silence, b);
	if (r >= 0)
		r = sd_event_source_set_priority(b->leave.silence, SD_EVENT_PRIORITY_IDLE);
	if (r < 0)
		leave_now(b);
}

void leave_begin(struct broker *b)
{
	int r = sd_event_add_time(b->event, &b->leave.patience, CLOCK_BOOTTIME,
		now_boottime_usec() + LEAVE_USEC, 0, on_patience, b);

	if (r >= 0)
		r = bus_give_name_back(b);
	if (r < 0)
		leave_now(b);
	else if (r == 0)
		leave_in_silence(b);
}

void leave_done(struct broker *b)
{
	b->leave.patience = sd_event_source_disable_unref(b->leave.patience);
	b->leave.silence = sd_event_source_disable_unref(b->leave.silence);
	b->leave.later = sd_event_source_disable_unref(b->leave.later);
}
