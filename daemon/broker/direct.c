/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/direct.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/connection.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

#define CONNECTIONS_MAX 1024 /* of all; bounds descriptors and memory */
#define RESERVED        16   /* of them for root, who has to be able to look what goes on */
#define PER_UID_MAX     64   /* a program needs one */
#define UNKNOWN_MAX     16   /* of them that have not said whom they are yet: the oldest makes room */
#define ACCEPT_BATCH    16   /* before others get their turn */
#define PAUSE_USEC      (1 * UINT64_C(1000000))

static void resume(struct direct *d)
{
	int r = d->source ? sd_event_source_set_enabled(d->source, SD_EVENT_ON) : 0;

	if (r < 0)
		broker_fail(d->broker, r, "The direct socket can not be watched");
}

static int on_pause_over(sd_event_source *source, uint64_t usec, void *userdata)
{
	resume(userdata);
	return 0;
}

/* Out of descriptors or memory: who waits in the queue is served when something has become free. */
static int pause_accepting(struct direct *d, int error)
{
	int r;

	(void)log_errno(
		LOG_WARNING, error, "The direct socket: no connection can be accepted for the moment");
	r = sd_event_source_set_time(d->pause, now_boottime_usec() + PAUSE_USEC);
	if (r >= 0)
		r = sd_event_source_set_enabled(d->pause, SD_EVENT_ONESHOT);
	if (r >= 0)
		r = sd_event_source_set_enabled(d->source, SD_EVENT_OFF);
	return r;
}

struct census {
	size_t n, n_unknown;
	struct connection *oldest_unknown;
};

static struct census count(const struct direct *d, uid_t uid)
{
	struct census census = { 0 };

	for (struct connection *c = d->first; c; c = c->next) {
		if (c->uid != uid)
			continue;
		census.n++;
		if (c->bus)
			continue;
		census.n_unknown++;
		if (!census.oldest_unknown)
			census.oldest_unknown = c;
	}
	return census;
}

/* Takes fd over. A user who is at the limit loses own connections, and no other user's. */
static int admit(struct direct *d, int fd)
{
	_cleanup_(connection_freep) struct connection *c = NULL;
	struct connection **end = &d->first;
	struct census census;
	int r;

	r = connection_new(d, fd, &c);
	if (r < 0)
		return r;
	census = count(d, c->uid);
	if (census.oldest_unknown && (census.n_unknown >= UNKNOWN_MAX || census.n >= PER_UID_MAX)) {
		connection_end(census.oldest_unknown, -EDQUOT);
		census.n--;
	}
	if (census.n >= PER_UID_MAX || d->n >= CONNECTIONS_MAX - (c->uid == 0 ? 0 : RESERVED))
		return -EDQUOT;
	while (*end)
		end = &(*end)->next;
	*end = steal_ptr(c);
	(*end)->listed = true;
	d->n++;
	return 0;
}

/* Nobody is known behind it yet. */
static void record_refusal(struct broker *b, int error)
{
	const struct audit_record r = {
		.event = AUDIT_REFUSED, .uid = (uid_t)-1, .outcome = "Refused", .method = "connection"
	};

	audit_write(&b->audit, b->event, &r, "A connection to the direct socket is refused: %s",
		strerror(-error));
}

static int on_connect(sd_event_source *source, int listener, uint32_t events, void *userdata)
{
	struct direct *d = userdata;
	int fd, r;

	for (unsigned i = 0; i < ACCEPT_BATCH; i++) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0 && (errno == ECONNABORTED || errno == EINTR))
			continue;
		if (fd < 0) {
			r = errno == EAGAIN ? 0 : pause_accepting(d, errno_or_eio());
			if (r < 0)
				broker_fail(d->broker, r, "The direct socket can not be watched");
			return 0;
		}
		r = admit(d, fd);
		if (r < 0)
			record_refusal(d->broker, r);
	}
	return 0;
}

int direct_open(struct direct *d, struct broker *b, int fd)
{
	*d = (struct direct){ .broker = b, .fd = fd, .spare = SPARE_NULL };
	return getrandom(&d->id, sizeof(d->id), 0) == sizeof(d->id) ? 0 : -EIO;
}

int direct_begin(struct direct *d)
{
	int r;

	if (d->fd < 0 || d->source)
		return 0;
	r = sd_event_add_time(d->broker->event, &d->pause, CLOCK_BOOTTIME, UINT64_MAX, 0, on_pause_over, d);
	if (r >= 0)
		r = sd_event_source_set_enabled(d->pause, SD_EVENT_OFF);
	if (r >= 0)
		r = serving_begin(&d->serving, d->broker, connection_serve);
	if (r >= 0)
		r = spare_begin(d);
	if (r >= 0)
		r = sd_event_add_io(d->broker->event, &d->source, d->fd, EPOLLIN, on_connect, d);
	return r;
}

void direct_close(struct direct *d)
{
	while (d->first)
		connection_end(d->first, 0);
	serving_end(&d->serving);
	spare_end(&d->spare);
	d->source = sd_event_source_disable_unref(d->source);
	d->pause = sd_event_source_disable_unref(d->pause);
	d->fd = fd_close(d->fd);
}

void direct_drain(struct direct *d)
{
	for (struct connection *c = d->first, *next; c; c = next) {
		next = c->next;
		connection_flush(c);
	}
}

bool direct_waits(const struct direct *d)
{
	const struct connection *c = d->first;

	while (c && !(c->bus && relay_blocked(&c->relay)))
		c = c->next;
	return c != NULL;
}

static struct connection *find(const struct direct *d, const sd_bus *bus)
{
	struct connection *c = d->first;

	while (c && c->bus != bus)
		c = c->next;
	return c;
}

struct relay *direct_relay(const struct direct *d, const sd_bus *bus)
{
	struct connection *c = bus ? find(d, bus) : NULL;

	return c ? &c->relay : NULL;
}

void direct_wrote(struct direct *d, const sd_bus *bus)
{
	struct connection *c = find(d, bus);

	if (!c)
		return;
	c->wrote = d->wrote = true;
	if (!connection_reads(c))
		connection_look(c);
}

void direct_push(struct direct *d)
{
	d->wrote = false;
	for (struct connection *c = d->first, *next; c; c = next) {
		next = c->next;
		if (c->wrote)
			connection_push(c);
	}
}

void direct_broadcast(struct direct *d, int (*emit)(struct broker *b, sd_bus *bus))
{
	for (struct connection *c = d->first, *next; c; c = next) {
		int r = 0;

		next = c->next;
		if (c->bus)
			r = connection_reads(c) ? emit(d->broker, c->bus) : -ENOBUFS;
		if (r < 0)
			connection_end(c, r);
	}
}
