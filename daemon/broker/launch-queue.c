/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/launch-queue.h"
#include "base/error.h"
#include "base/fd.h"
#include "broker/broker.h"
#include "broker/errors.h"
#include "broker/fd-channel.h"
#include "dbus/names.h"

#include <stdlib.h>

void parcel_done(struct parcel *p)
{
	buf_done(&p->record);
	fd_close_many(p->made, STREAMS);
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

static size_t count_at_launcher(const struct broker *b, uid_t uid)
{
	size_t n = 0;

	for (const struct launch *l = b->launches; l; l = l->next)
		n += l->uid == uid && !launch_queue_waits(l);
	return n;
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

static int send_parcel(struct launch *l, const struct parcel *p, sd_bus_error *error)
{
	int r;

	r = launcher_submit(
		&l->broker->launcher, p->serial, &p->record, p->fds, p->n, true, launch_answer, l);
	if (r == -EPIPE || r == -ECONNRESET) /* its end has not been read yet */
		r = -ENOTCONN;
	if (r == -EAGAIN)
		return sd_bus_error_set(
			error, BAILIFF_ERROR_BUSY, "Too many launches at this moment: try again");
	return error_not_sent(error, r);
}

static int wait_in_line(struct launch *l, struct parcel *p)
{
	l->parcel = malloc(sizeof(*l->parcel));
	if (!l->parcel)
		return -ENOMEM;
	*l->parcel = *p;
	*p = PARCEL_INIT;
	return 0;
}

int launch_queue_submit(struct launch *l, struct parcel *p, sd_bus_error *error)
{
	struct broker *b = l->broker;

	if (b->launcher.fd < 0)
		return error_not_sent(error, -ENOTCONN);
	return count_at_launcher(b, l->uid) < LAUNCHES_AT_ONCE ? send_parcel(l, p, error)
							       : wait_in_line(l, p);
}

/* One that can not be sent is answered; the next is tried, and told the same if the launcher has gone. */
void launch_queue_next(struct broker *b, uid_t uid)
{
	struct launch *l;

	while (count_at_launcher(b, uid) < LAUNCHES_AT_ONCE && (l = oldest_waiting(b, uid))) {
		_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
		int r = send_parcel(l, l->parcel, &error);

		launch_queue_drop(l);
		if (r < 0)
			launch_fail(l, r, &error);
	}
}
