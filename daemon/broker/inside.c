/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/inside.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/bus.h"
#include "broker/direct-driver.h"
#include "broker/gate.h"

#include <inttypes.h>
#include <stdio.h>

#define SPARE_USEC 3000 /* the launch that a client came for has begun by then */

void inside_done(struct inside *i)
{
	i->bus = sd_bus_close_unref(i->bus);
	i->inner = fd_close(i->inner);
}

static int make(struct direct *d, bool fds, struct inside *ret)
{
	_cleanup_(inside_done) struct inside i = INSIDE_NULL;
	int r;

	(void)snprintf(i.name, sizeof(i.name), ":direct.%" PRIu64, ++d->n_ever);
	r = gate_open(i.name, d->id, fds, &i.bus, &i.inner);
	if (r >= 0)
		r = direct_driver_add(i.bus);
	if (r >= 0)
		r = bus_add_objects(d->broker, i.bus);
	if (r < 0)
		return r;
	*ret = i;
	i = INSIDE_NULL;
	return 0;
}

/* Who comes finds out whether none can be made. */
static int on_time(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct direct *d = userdata;
	int r = d->spare.inside.bus ? 0 : make(d, true, &d->spare.inside);

	if (r < 0)
		(void)log_errno(LOG_INFO, r, "The direct socket: nothing can be made ahead");
	return 0;
}

static int make_later(struct spare *s)
{
	int r = sd_event_source_set_time(s->timer, now_boottime_usec() + SPARE_USEC);

	return r < 0 ? r : sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

int spare_begin(struct direct *d)
{
	struct spare *s = &d->spare;
	int r;

	*s = SPARE_NULL;
	r = sd_event_add_time(
		d->broker->event, &s->timer, CLOCK_BOOTTIME, now_boottime_usec() + SPARE_USEC, 1, on_time, d);
	return r < 0 ? r : sd_event_source_set_priority(s->timer, SD_EVENT_PRIORITY_IDLE);
}

void spare_end(struct spare *s)
{
	s->timer = sd_event_source_disable_unref(s->timer);
	inside_done(&s->inside);
}

int inside_get(struct direct *d, bool fds, struct inside *ret)
{
	struct spare *s = &d->spare;
	int r;

	if (!fds || !s->inside.bus)
		r = make(d, fds, ret);
	else {
		*ret = s->inside;
		s->inside = INSIDE_NULL;
		r = 0;
	}
	return r < 0 || s->inside.bus ? r : make_later(s);
}
