/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/connection.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/quick.h"
#include "dbus/names.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define AUTHENTICATE_USEC (10 * UINT64_C(1000000)) /* a client on a machine that swaps needs some seconds */
#define QUEUED_MAX        64                       /* messages; then nothing more is read of this client */
#define UNREAD_MAX        1024                     /* with signals; then the client is given up */
#define LAST_MAX          16                       /* messages of one that has left */
#define MESSAGE_MAX       (2 * 1024 * 1024) /* the largest arguments that are refused with an answer, and more */
#define REPLY_MAX         (32 * 1024 * 1024) /* ours; what D-Bus permits a list of all sandboxes is far below */
/* What a user may hold in messages that have not come to their end. */
#define HELD_BYTES_MAX (8 * 1024 * 1024)
#define HELD_FDS_MAX   512
#define SMALL_BYTES    16384 /* what every connection may have does not count */

struct connection *connection_free(struct connection *c)
{
	if (!c)
		return NULL;
	sd_event_source_disable_unref(c->deadline);
	sd_event_source_disable_unref(c->fd_source);
	sd_event_source_disable_unref(c->inner_source);
	sd_bus_close_unref(c->bus);
	relay_done(&c->relay);
	(void)fd_close(c->inner);
	(void)fd_close(c->fd);
	identity_done(&c->identity);
	free(c);
	return NULL;
}

/* What a connection did wrong. */
static void record(const struct connection *c, const char *outcome, const char *what, const char *why)
{
	const struct audit_record r = {
		.event = AUDIT_REFUSED, .uid = c->uid, .outcome = outcome, .method = "connection"
	};
	struct broker *b = c->direct->broker;

	audit_write(&b->audit, b->event, &r, "The connection %s of uid %u to the direct socket %s%s",
		c->bus ? c->name : "without a name", c->uid, what, why);
}

void connection_end(struct connection *c, int error)
{
	struct connection **at = &c->direct->first;
	struct broker *b = c->direct->broker;

	if (error < 0 && error != -EPIPE)
		record(c, "Closed", "is closed: ", strerror(-error));
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->direct->n--;
	if (c->seat.line)
		turns_remove(&c->direct->serving.turns, &c->seat);
	if (c->bus)
		broker_client_gone(b, c->name);
	(void)connection_free(c);
}

bool connection_reads(struct connection *c)
{
	uint64_t n;

	return sd_bus_get_n_queued_write(c->bus, &n) >= 0 && n <= UNREAD_MAX;
}

static bool may_ask(const struct connection *c)
{
	uint64_t n;

	return sd_bus_get_n_queued_write(c->bus, &n) >= 0 && n <= QUEUED_MAX;
}

/* Half a message takes memory and descriptors as long as its sender likes. */
static int check_held(const struct connection *c)
{
	size_t bytes = 0, fds = 0;

	if (c->relay.in.allocated <= SMALL_BYTES && c->relay.in.n_fds == 0)
		return 0;
	for (const struct connection *i = c->direct->first; i; i = i->next)
		if (i->uid == c->uid) {
			bytes += i->relay.in.allocated;
			fds += i->relay.in.n_fds;
		}
	return bytes > HELD_BYTES_MAX || fds > HELD_FDS_MAX ? -EDQUOT : 0;
}

/* One message, which waits for its turn then; so does one that was refused, for what is behind it. */
static int move_in(struct connection *c)
{
	int r = 1;

	if (c->seat.line || !may_ask(c))
		return 0;
	if (!pump_full(&c->relay.in)) {
		if (!relay_wants_in(&c->relay))
			return 0;
		r = relay_read(&c->relay);
		if (r == 0)
			r = check_held(c);
	}
	if (r == -ENOMSG) {
		record(c, "Refused", "sent a message that is refused, as it ", c->relay.fault.why);
		r = c->relay.fault.readable ? 1 : -EBADMSG;
	}
	return r > 0 ? turns_add(&c->direct->serving.turns, c->uid, &c->seat) : r;
}

/* @out: sd-bus may have written something, or the client have read. */
static int move(struct connection *c, bool out)
{
	const bool waited = c->seat.line != NULL;
	int r = out;

	while (r > 0)
		r = relay_out(&c->relay);
	if (r >= 0)
		r = move_in(c);
	if (r < 0)
		return r;
	if (!connection_reads(c))
		return -ENOBUFS;
	/* its turn may come at once: then nothing is to be changed there and back */
	if (!waited && c->seat.line)
		return 0;
	return relay_watch(&c->relay, may_ask(c), c->fd_source, c->inner_source);
}

void connection_push(struct connection *c)
{
	int r = 1;

	c->wrote = false;
	while (r > 0)
		r = relay_out(&c->relay);
	if (r >= 0 && !connection_reads(c))
		r = -ENOBUFS;
	if (r >= 0)
		r = relay_watch(&c->relay, may_ask(c), c->fd_source, c->inner_source);
	if (r < 0)
		connection_end(c, r);
}

_Static_assert(offsetof(struct connection, seat) == 0, "a seat is its connection");

int connection_serve(struct broker *b, struct seat *s)
{
	struct connection *c = (struct connection *)s;
	int r = 0;

	if (pump_full(&c->relay.in)) {
		const struct message_span m = pump_get(&c->relay.in);

		r = quick_deliver(b, &c->relay, c->bus, &m);
		pump_drop(&c->relay.in);
	}
	if (r >= 0)
		r = move(c, true);
	if (r < 0)
		connection_end(c, r);
	return 0;
}

void connection_look(struct connection *c)
{
	/* One of the two is always so. */
	(void)sd_event_source_set_io_events(c->inner_source, EPOLLIN | EPOLLOUT);
}

/* What a client said before it left counts, as it does on a bus: it may not have wanted an answer. */
static void hear_out(struct connection *c)
{
	for (unsigned i = 0; i < LAST_MAX; i++)
		if (sd_bus_process(c->bus, NULL) <= 0)
			return;
}

static int on_moving(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct connection *c = userdata;
	struct serving *s = &c->direct->serving;
	int r = move(c, fd == c->inner || relay_blocked(&c->relay));

	/* a hang-up is reported for ever, to whoever waits for something else as well */
	if (r >= 0 && (events & (EPOLLHUP | EPOLLERR)) && !may_ask(c))
		r = -EPIPE;
	if (r == -EPIPE)
		hear_out(c);
	if (r < 0)
		connection_end(c, r);
	serving_run(s);
	return 0;
}

void connection_flush(struct connection *c)
{
	if (!c->bus)
		return;
	for (unsigned i = 0; i < UNREAD_MAX; i++) {
		pump_look_again(&c->relay.out);
		if (sd_bus_process(c->bus, NULL) < 0 || relay_out(&c->relay) <= 0)
			return;
	}
}

static int begin_messages(struct connection *c)
{
	struct direct *d = c->direct;
	struct broker *b = d->broker;
	struct inside inside;
	int r;

	c->deadline = sd_event_source_disable_unref(c->deadline);
	r = inside_get(d, c->sasl.fds, &inside);
	if (r < 0)
		return r;
	memcpy(c->name, inside.name, sizeof(c->name));
	c->bus = steal_ptr(inside.bus);
	c->inner = steal_fd(inside.inner);
	relay_init(&c->relay, c->fd, c->inner, MESSAGE_MAX, REPLY_MAX);
	c->relay.sender = BAILIFF_BUS_NAME;
	c->relay.recall = &b->recall;
	c->relay.owner = recall_owner(&b->recall);
	r = callers_add_direct(&b->callers, c->name, c->bus, &c->identity);
	if (r >= 0)
		r = sd_bus_attach_event(c->bus, b->event, SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0)
		r = sd_event_add_io(b->event, &c->inner_source, c->inner, EPOLLIN, on_moving, c);
	if (r < 0)
		return r;
	c->fd_source = sd_event_source_disable_unref(c->fd_source);
	return sd_event_add_io(b->event, &c->fd_source, c->fd, EPOLLIN, on_moving, c);
}

static int say(const struct connection *c, const char *reply)
{
	const size_t size = strlen(reply);
	ssize_t n = size > 0 ? stream_send(c->fd, reply, size, NULL, 0) : 0;

	/* such few bytes always fit, unless the client plays */
	return n < 0 ? (int)n : (size_t)n == size ? 0 : -EPROTO;
}

static int take_line(struct connection *c)
{
	char line[SASL_LINE_MAX], reply[SASL_REPLY_MAX];
	ssize_t n;
	int r;

	if (!c->greeted) {
		n = recv(c->fd, line, 1, MSG_DONTWAIT);
		c->greeted = n == 1;
		return n < 0 ? errno_or_eio() : n == 0 ? -EPIPE : line[0] == '\0' ? 0 : -EPROTO;
	}
	n = stream_take_line(c->fd, line, sizeof(line));
	if (n < 0)
		return (int)n;
	r = sasl_line(&c->sasl, line, (size_t)n, reply);
	if (r != 0)
		return r;
	return say(c, reply);
}

static int on_line(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct connection *c = userdata;
	int r;

	do
		r = take_line(c);
	while (r == 0);
	if (r > 0)
		r = begin_messages(c);
	/* of a line that has not come to its end: it is looked at again when there is more */
	if (r == -EAGAIN && (events & (EPOLLHUP | EPOLLERR)))
		r = -EPIPE;
	if (r < 0 && r != -EAGAIN)
		connection_end(c, r);
	return 0;
}

static int on_too_late(sd_event_source *source, uint64_t usec, void *userdata)
{
	connection_end(userdata, -ETIMEDOUT);
	return 0;
}

int connection_new(struct direct *d, int fd, struct connection **ret)
{
	_cleanup_(connection_freep) struct connection *c = calloc(1, sizeof(*c));
	sd_event *event = d->broker->event;
	int r;

	if (!c) {
		(void)fd_close(fd);
		return -ENOMEM;
	}
	c->direct = d;
	c->fd = fd;
	c->inner = -1;
	c->identity = IDENTITY_NULL;
	r = identity_of_socket(fd, &c->identity);
	if (r < 0)
		return r;
	c->uid = c->identity.uid;
	c->sasl = (struct sasl){ .uid = c->uid, .guid = sd_id128_to_string(d->id, c->guid) };
	/* by edges: half a line stays in the socket, and would wake us up for as long as it lies there */
	r = sd_event_add_io(event, &c->fd_source, fd, EPOLLIN | EPOLLET, on_line, c);
	if (r >= 0)
		r = sd_event_add_time(event, &c->deadline, CLOCK_BOOTTIME,
			now_boottime_usec() + AUTHENTICATE_USEC, 0, on_too_late, c);
	if (r < 0)
		return r;
	*ret = steal_ptr(c);
	return 0;
}
