/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/outflow.h"
#include "base/error.h"
#include "base/io.h"
#include "broker/broker.h"

#include <poll.h>
#include <sys/epoll.h>
#include <time.h>

#define QUEUED_MAX  64                       /* messages */
#define DOUBT_USEC  (1 * UINT64_C(1000000))  /* one question for all that is sent meanwhile */
#define ANSWER_USEC (10 * UINT64_C(1000000)) /* a bus may be busy for some seconds */
#define DRAIN_USEC  (UINT64_C(500) * 1000)

static void fail(struct outflow *o, int error)
{
	broker_fail(o->broker, error, "The bus' connection can not be watched");
}

static int attach(struct broker *b)
{
	return sd_bus_attach_event(b->bus, b->event, SD_EVENT_PRIORITY_NORMAL);
}

static int on_writable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct outflow *o = userdata;
	uint64_t n = 0;
	int r;

	/* With something queued and room for it, this only writes. */
	r = sd_bus_process(o->broker->bus, NULL);
	if (r >= 0)
		r = sd_bus_get_n_queued_write(o->broker->bus, &n);
	if (r >= 0 && n > QUEUED_MAX / 2)
		return 0;
	/* One fd is in an event loop once. A bus that has gone is noticed there. */
	o->writable = sd_event_source_disable_unref(o->writable);
	r = attach(o->broker);
	if (r < 0)
		fail(o, r);
	return 0;
}

/* Without the event loop nothing is read; what is queued goes out when the socket has room again. */
static int stop_reading(struct outflow *o)
{
	struct broker *b = o->broker;
	int fd, r;

	fd = sd_bus_get_fd(b->bus);
	if (fd < 0)
		return fd;
	r = sd_bus_detach_event(b->bus);
	if (r < 0)
		return r;
	return sd_event_add_io(b->event, &o->writable, fd, EPOLLOUT, on_writable, o);
}

/* Before each wait of the loop. As a source of its own, for what comes after others, it would cost each call
 * a round of the loop. */
static int look(sd_event_source *source, void *userdata)
{
	const struct bus_link *l = userdata;
	struct outflow *o = &l->broker->outflow;
	uint64_t n = 0;
	int r;

	if (o->broker->stopping)
		return 0;
	r = sd_bus_get_n_queued_write(o->broker->bus, &n);
	if (o->broker->link.n_taken != o->n_taken)
		o->moved = true;
	o->n_taken = o->broker->link.n_taken;
	if (r >= 0 && n > 0)
		outflow_doubt(o);
	if (r >= 0 && n > QUEUED_MAX && !o->writable)
		r = stop_reading(o);
	if (r < 0)
		fail(o, r);
	return 0;
}

static int arm(struct outflow *o, uint64_t usec)
{
	int r = sd_event_source_set_time(o->timer, now_boottime_usec() + usec);

	return r < 0 ? r : sd_event_source_set_enabled(o->timer, SD_EVENT_ONESHOT);
}

/* Any answer will do, an error too. */
static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct outflow *o = userdata;

	o->ping = sd_bus_slot_unref(o->ping);
	(void)sd_event_source_set_enabled(o->timer, SD_EVENT_OFF);
	return 1;
}

static int ask(struct outflow *o)
{
	int r = sd_bus_call_method_async(o->broker->bus, &o->ping, "org.freedesktop.DBus",
		"/org/freedesktop/DBus", "org.freedesktop.DBus.Peer", "Ping", on_answer, o, NULL);

	o->moved = false;
	return r < 0 ? r : arm(o, ANSWER_USEC);
}

/* The answer may only be far behind in a long queue of calls. What counts is that the bus takes something. */
static bool is_stuck(struct outflow *o)
{
	const bool stuck = !o->moved && bus_link_is_unread(&o->broker->link);

	if (!stuck)
		o->moved = false;
	return stuck;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct outflow *o = userdata;
	int r;

	if (o->broker->stopping)
		return 0;
	if (o->ping && is_stuck(o)) {
		broker_fail(o->broker, -ETIMEDOUT,
			"The bus takes no more messages, it seems for a client that does not read its own: "
			"leaving it, to come back with a new connection");
		return 0;
	}
	r = o->ping ? arm(o, ANSWER_USEC) : ask(o);
	if (r < 0)
		fail(o, r);
	return 0;
}

void outflow_doubt(struct outflow *o)
{
	int enabled, r;

	/* no bus, no doubt: they went over the direct socket */
	if (!o->timer)
		return;
	r = sd_event_source_get_enabled(o->timer, &enabled);
	if (r >= 0 && enabled == SD_EVENT_OFF)
		r = arm(o, DOUBT_USEC);
	if (r < 0)
		fail(o, r);
}

int outflow_begin(struct outflow *o, struct broker *b)
{
	int r;

	*o = (struct outflow){ .broker = b };
	r = sd_event_source_set_prepare(b->link.fd_source, look);
	if (r >= 0)
		r = sd_event_add_time(b->event, &o->timer, CLOCK_BOOTTIME, UINT64_MAX, 0, on_timer, o);
	if (r >= 0)
		r = sd_event_source_set_enabled(o->timer, SD_EVENT_OFF);
	return r;
}

void outflow_end(struct outflow *o)
{
	if (o->broker && o->broker->link.fd_source)
		(void)sd_event_source_set_prepare(o->broker->link.fd_source, NULL);
	o->timer = sd_event_source_disable_unref(o->timer);
	o->writable = sd_event_source_disable_unref(o->writable);
	o->ping = sd_bus_slot_unref(o->ping);
}

/* As long as something is queued and there is room for it, this writes and does nothing else. */
static int write_queued(sd_bus *bus, uint64_t *ret_n)
{
	struct pollfd p = { .fd = sd_bus_get_fd(bus), .events = POLLOUT };
	int r = sd_bus_get_n_queued_write(bus, ret_n);

	if (r < 0 || *ret_n == 0)
		return r;
	r = poll(&p, 1, 0);
	return r == 0 ? 0 : r < 0 || p.revents != POLLOUT ? -EPIPE : sd_bus_process(bus, NULL);
}

void outflow_drain(struct broker *b)
{
	const uint64_t until = now_boottime_usec() + DRAIN_USEC;
	struct pollfd p = { .fd = b->link.fd, .events = POLLOUT };
	uint64_t n, now;
	int r;

	while (b->link.broker && (now = now_boottime_usec()) < until) {
		if (write_queued(b->bus, &n) < 0)
			return;
		r = bus_link_flush(&b->link);
		if (r < 0 || (r > 0 && n == 0))
			return;
		if (r == 0 && poll(&p, 1, (int)((until - now) / 1000) + 1) < 0)
			return;
	}
}
