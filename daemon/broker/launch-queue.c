/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/launch-queue.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "broker/broker.h"
#include "broker/errors.h"
#include "broker/fd-channel.h"
#include "dbus/names.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>

void parcel_done(struct parcel *p)
{
	buf_done(&p->record);
	fd_close_many(p->made, STREAMS);
	fd_close_many(p->copies, p->n_copies);
	p->n_copies = 0;
}

void launch_queue_drop(struct launch *l)
{
	if (!l->parcel)
		return;
	parcel_done(l->parcel);
	free(l->parcel);
	l->parcel = NULL;
	fd_channel_end(l->broker, l->call->message);
}

/* The list begins with the youngest. */
static struct launch *oldest_waiting(const struct broker *b, uid_t uid)
{
	struct launch *oldest = NULL;

	for (struct launch *l = b->launches; l; l = l->next)
		if (l->uid == uid && launch_queue_waits(l))
			oldest = l;
	return oldest;
}

static bool may_go(const struct broker *b, uid_t uid)
{
	const uint64_t now = now_boottime_usec();
	const struct launch *first = oldest_waiting(b, uid);
	unsigned n = 0, n_quick = 0;

	if (!b->launcher.ready || b->launcher.full_since > 0 || (first && first->rest_until > now))
		return false;
	for (const struct launch *l = b->launches; l; l = l->next)
		if (l->uid == uid && !launch_queue_waits(l)) {
			n++;
			n_quick += now - l->sent_usec < b->launch_turns.slow_usec;
		}
	return n < LAUNCHES_AT_ONCE && n_quick < launch_turns_share(&b->launch_turns, uid, now);
}

/* -EAGAIN, -ENOTCONN: it is still to be sent. */
static int send_parcel(struct launch *l, const struct parcel *p)
{
	l->sent_usec = now_boottime_usec();
	l->serial = p->serial;
	return launcher_submit(
		&l->broker->launcher, p->serial, &p->record, p->fds, p->n, true, launch_answer, l);
}

static bool is_still_to_be_sent(int r)
{
	return r == -EAGAIN || r == -ENOTCONN;
}

/* 1: the first of this user's has left the queue. One that can not be sent is answered. */
static int send_first(struct broker *b, uid_t uid)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	struct launch *l = oldest_waiting(b, uid);
	int r;

	if (!l || !may_go(b, uid))
		return 0;
	r = send_parcel(l, l->parcel);
	if (is_still_to_be_sent(r))
		return 0;
	launch_queue_drop(l);
	if (r < 0)
		launch_fail(l, r, &error);
	return 1;
}

/* Users take turns, in the order of their numbers, so that where there is room for one launch only nobody
 * waits for all of another's. */
static const struct launch *find_next(const struct broker *b)
{
	const uid_t after = b->launch_turns.served + 1;
	const struct launch *next = NULL;

	for (const struct launch *l = b->launches; l; l = l->next)
		if (launch_queue_waits(l) && (!next || l->uid - after < next->uid - after) &&
			may_go(b, l->uid))
			next = l;
	return next;
}

static int on_again(sd_event_source *source, uint64_t usec, void *userdata);

/* When one at the launcher may have become a slow one, or somebody has rested. */
static uint64_t next_look(const struct broker *b)
{
	const uint64_t now = now_boottime_usec();
	uint64_t when = now + LAUNCHES_SLOW_USEC;

	for (const struct launch *l = b->launches; l; l = l->next)
		if (launch_queue_waits(l) && l->rest_until > now && l->rest_until < when)
			when = l->rest_until;
	return when;
}

static int look_again(struct broker *b)
{
	struct launch_turns *t = &b->launch_turns;
	const uint64_t when = next_look(b);
	uint64_t before = 0;
	int r, enabled;

	if (!t->again)
		return sd_event_add_time(b->event, &t->again, CLOCK_BOOTTIME, when, 1, on_again, b);
	r = sd_event_source_get_enabled(t->again, &enabled);
	if (r >= 0 && enabled != SD_EVENT_OFF)
		r = sd_event_source_get_time(t->again, &before);
	if (r < 0 || (before > 0 && before <= when))
		return r;
	r = sd_event_source_set_time(t->again, when);
	return r < 0 ? r : sd_event_source_set_enabled(t->again, SD_EVENT_ONESHOT);
}

void launch_queue_resume(struct broker *b)
{
	const struct launch *l;
	int r = 0;

	while ((l = find_next(b))) {
		const uid_t uid = l->uid;

		if (send_first(b, uid) == 0)
			break;
		b->launch_turns.served = uid;
	}
	if (b->launcher.ready && launch_queue_any(b))
		r = look_again(b);
	if (r < 0)
		broker_fail(b, r, "The launches that wait can not be looked at");
}

static int on_again(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct broker *b = userdata;
	const uint64_t since = b->launcher.full_since;

	if (since > 0 && now_boottime_usec() - since >= b->between.usec)
		launch_queue_refuse(b, "The launcher has taken no launch for too long: try again");
	launch_queue_resume(b);
	return 0;
}

bool launch_queue_any(const struct broker *b)
{
	const struct launch *l = b->launches;

	while (l && !launch_queue_waits(l))
		l = l->next;
	return l != NULL;
}

void launch_queue_refuse(struct broker *b, const char *why)
{
	for (struct launch *l = b->launches, *next; l; l = next) {
		_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

		next = l->next;
		if (!launch_queue_waits(l))
			continue;
		(void)sd_bus_error_set(&error, BAILIFF_ERROR_BUSY, why);
		launch_queue_drop(l);
		launch_fail(l, -ENOTCONN, &error);
	}
}

static bool is_made(const struct parcel *p, int fd)
{
	for (size_t i = 0; i < STREAMS; i++)
		if (p->made[i] == fd)
			return true;
	return false;
}

static int copy_fds(struct parcel *p)
{
	for (size_t i = 0; i < p->n; i++) {
		int fd;

		if (is_made(p, p->fds[i]))
			continue;
		fd = fcntl(p->fds[i], F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			return errno_or_eio();
		p->fds[i] = p->copies[p->n_copies++] = fd;
	}
	return 0;
}

static int wait_in_line(struct launch *l, struct parcel *p)
{
	int r;

	r = p->fleeting ? copy_fds(p) : 0;
	if (r >= 0)
		r = look_again(l->broker);
	if (r < 0)
		return r;
	l->parcel = malloc(sizeof(*l->parcel));
	if (!l->parcel)
		return -ENOMEM;
	*l->parcel = *p;
	*p = PARCEL_INIT;
	return 0;
}

int launch_queue_submit(struct launch *l, struct parcel *p)
{
	struct broker *b = l->broker;
	int r = -ENOTCONN;

	launch_turns_note(&b->launch_turns, l->uid, now_boottime_usec());
	if (!oldest_waiting(b, l->uid) && may_go(b, l->uid))
		r = send_parcel(l, p);
	return is_still_to_be_sent(r) ? wait_in_line(l, p) : r;
}

void launch_queue_rest(struct broker *b, uid_t uid, uint64_t took_usec)
{
	const struct launch_turns *t = &b->launch_turns;
	const uint64_t now = now_boottime_usec();
	bool any = false;
	int r;

	if (took_usec >= t->slow_usec || launch_turns_share(t, uid, now) >= LAUNCHES_AT_ONCE)
		return;
	/* all: the first may be given up meanwhile */
	for (struct launch *l = b->launches; l; l = l->next)
		if (l->uid == uid && launch_queue_waits(l)) {
			l->rest_until = now + LAUNCHES_REST * took_usec;
			any = true;
		}
	r = any ? look_again(b) : 0;
	if (r < 0)
		broker_fail(b, r, "The launches that wait can not be looked at");
}

void launch_queue_next(struct broker *b, uid_t uid)
{
	while (send_first(b, uid) > 0)
		;
}
