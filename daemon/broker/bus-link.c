/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/bus-link.h"
#include "base/error.h"
#include "base/fd.h"
#include "broker/broker.h"
#include "broker/quick.h"
#include "dbus/names.h"

#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define MESSAGE_MAX  (128 * 1024 * 1024) /* D-Bus' own; what a bus' daemon lets through is less */
#define BATCH_MAX    32                  /* messages each way before others get their turn */
#define BUFFER_BYTES (128 * 1024)        /* what is not taken is to be counted, message by message */
#define LINES        3                   /* sd-bus asks for identity, its word for it, and descriptors */
#define LINE_MAX     512

/* Both directions of the greeting. 1: it is over, 0: more is to come. */
static int greet(struct bus_link *l)
{
	char line[LINE_MAX + 2];
	ssize_t n;

	n = recv(l->inner, line, sizeof(line), MSG_DONTWAIT);
	if (n == 0)
		return -EPIPE;
	/* it comes at once, and into an empty socket */
	if (n > 0 && stream_send(l->fd, line, (size_t)n, NULL, 0) != n)
		return -EPROTO;
	while (l->n_lines < LINES) {
		n = stream_take_line(l->fd, line, LINE_MAX);
		if (n < 0)
			return n == -EAGAIN ? 0 : (int)n;
		if (n >= 8 && memcmp(line, "REJECTED", 8) == 0)
			return -EPERM;
		memcpy(line + n, "\r\n", 2);
		if (stream_send(l->inner, line, (size_t)n + 2, NULL, 0) != n + 2)
			return -EPROTO;
		l->n_lines++;
	}
	return 1;
}

/* The sender is who the bus says: its name has no other characters than names have. */
static void record(const struct bus_link *l)
{
	const struct message_fault *f = &l->relay.fault;
	struct broker *b = l->broker;
	const struct caller *c = callers_find_name(&b->callers, f->sender);
	const struct audit_record r = { .event = AUDIT_REFUSED,
		.caller = c,
		.uid = (uid_t)-1,
		.outcome = "Refused",
		.method = "connection" };

	audit_write(&b->audit, b->event, &r, "A message of %s over the bus is refused, as it %s",
		f->sender[0] != '\0' ? f->sender : "an unknown sender", f->why);
}

/* A call that waits for its user's turn. */
struct letter {
	struct seat seat;          /* the first member */
	struct letter *next, **at; /* of all, to be found when the bus goes */
	struct message_span span;
	int *fds;
	uint8_t data[];
};

_Static_assert(offsetof(struct letter, seat) == 0, "a seat is its letter");

static struct letter *letter_free(struct letter *m)
{
	if (!m)
		return NULL;
	fd_close_many(m->fds, m->span.n_fds);
	free(m->fds);
	*m->at = m->next;
	if (m->next)
		m->next->at = m->at;
	free(m);
	return NULL;
}

DEFINE_CLEANUP(struct letter *, letter_free);

/* Takes the message out of the pump. */
static int letter_new(struct bus_link *l, struct letter **ret)
{
	const struct message_span s = pump_get(&l->relay.in);
	_cleanup_free_ int *fds = s.n_fds > 0 ? calloc(s.n_fds, sizeof(*fds)) : NULL;
	struct letter *m = malloc(sizeof(*m) + s.size);

	if (!m || (s.n_fds > 0 && !fds)) {
		free(m);
		return -ENOMEM;
	}
	*m = (struct letter){ .seat = { .bytes = s.size, .fds = s.n_fds },
		.next = l->letters,
		.at = &l->letters,
		.fds = fds,
		.span = { .data = m->data, .size = s.size, .fds = fds, .n_fds = s.n_fds } };
	memcpy(m->data, s.data, s.size);
	if (fds)
		memcpy(steal_ptr(fds), s.fds, s.n_fds * sizeof(*fds));
	if (m->next)
		m->next->at = &m->next;
	l->letters = m;
	pump_pass(&l->relay.in);
	*ret = m;
	return 0;
}

/* Whose turn a message has to wait for; NULL: nobody's. Who leaves has left behind what was said before. */
static const struct caller *find_line(struct bus_link *l)
{
	const struct message_fault *f = &l->relay.fault;
	const struct message_span s = pump_get(&l->relay.in);
	struct callers *all = &l->broker->callers;
	const struct caller *c = NULL;
	const char *name;

	if (f->type == SD_BUS_MESSAGE_METHOD_CALL)
		c = callers_find_name(all, f->sender);
	else if (f->type == SD_BUS_MESSAGE_SIGNAL && strcmp(f->sender, "org.freedesktop.DBus") == 0) {
		name = message_first_text(s.data, s.size);
		c = name ? callers_find_name(all, name) : NULL;
		if (c && !turns_waits(&l->serving.turns, c->uid))
			c = NULL;
	}
	return c && !c->bus ? c : NULL;
}

static int move_out(struct bus_link *l)
{
	int r = relay_out(&l->relay);

	l->n_taken += r > 0 && l->blocked;
	l->blocked = r == 0 && relay_blocked(&l->relay);
	return r;
}

/* 1: the bus has taken all. */
static int flush(struct bus_link *l)
{
	int r;

	do
		r = move_out(l);
	while (r > 0);
	return r < 0 ? r : !l->blocked;
}

static int deliver(struct bus_link *l, const struct message_span *m)
{
	int r = quick_deliver(l->broker, &l->relay, l->broker->bus, m);

	return r < 0 ? r : flush(l);
}

/* Over a bound that is the sender's own doing: nothing is read, and nobody else waits longer for it. */
static int refuse(struct bus_link *l, const struct caller *c)
{
	const struct audit_record r = {
		.event = AUDIT_REFUSED, .caller = c, .outcome = "Busy", .method = "connection"
	};
	struct broker *b = l->broker;

	audit_write(
		&b->audit, b->event, &r, "uid %u is refused a call, as too many of this user's wait", c->uid);
	return relay_refuse(&l->relay, BAILIFF_ERROR_BUSY,
		"Too many calls of this user wait for their turn: wait for some to be answered");
}

/* The message that was read goes on, or waits. */
static int sort(struct bus_link *l)
{
	const struct caller *c = find_line(l);
	const struct message_span s = pump_get(&l->relay.in);
	const struct seat seat = { .bytes = s.size, .fds = s.n_fds };
	_cleanup_(letter_freep) struct letter *m = NULL;
	int r;

	if (!c) {
		r = deliver(l, &s);
		pump_drop(&l->relay.in);
		return r;
	}
	if (l->relay.fault.type == SD_BUS_MESSAGE_METHOD_CALL &&
		!turns_fits(&l->serving.turns, c->uid, &seat))
		return refuse(l, c);
	r = letter_new(l, &m);
	if (r >= 0)
		r = turns_add(&l->serving.turns, c->uid, &m->seat);
	if (r >= 0)
		(void)steal_ptr(m);
	return r;
}

static int on_again(sd_event_source *source, void *userdata);

/* A source for each time: one that is enabled again comes before all that came meanwhile, and who floods the
 * bus would have the loop for himself. */
static int look_again(struct bus_link *l)
{
	return l->again ? 0 : sd_event_add_defer(l->broker->event, &l->again, on_again, l);
}

/* Reads what there is. 1: something came. */
static int move_in(struct bus_link *l)
{
	int r = 0, moved = 0;

	for (unsigned i = 0; i < BATCH_MAX && !l->blocked && relay_wants_in(&l->relay); i++) {
		r = relay_read(&l->relay);
		if (r == -ENOMSG)
			record(l);
		else if (r > 0)
			r = sort(l);
		else
			break;
		/* an answer of ours; what sd-bus has said has gone already */
		if (r >= 0 || r == -ENOMSG)
			r = relay_blocked(&l->relay) ? flush(l) : 1;
		if (r < 0)
			return r;
		moved = 1;
	}
	/* more may be in our memory already, of which the loop knows nothing */
	if (moved && r != 0)
		r = look_again(l);
	return r < 0 ? r : moved;
}

static int watch_both(struct bus_link *l)
{
	return relay_watch(&l->relay, true, l->fd_source, l->inner_source);
}

static void lost(struct bus_link *l, int error)
{
	bus_lost(l->broker, error == -EPIPE ? -ECONNRESET : error);
}

/* A letter's turn; then those that came meanwhile are sorted, so that they have theirs before what waits. */
static int serve(struct broker *b, struct seat *s)
{
	struct bus_link *l = &b->link;
	struct letter *m = (struct letter *)s;
	int r;

	r = deliver(l, &m->span);
	(void)letter_free(m);
	if (r >= 0 && l->serving.turns.n > 0)
		r = move_in(l);
	if (r >= 0)
		r = watch_both(l);
	if (r < 0) {
		lost(l, r);
		return r;
	}
	return l->blocked ? -EAGAIN : 0;
}

/* 1: something moved. @out: sd-bus may have written something, or the bus have read. */
static int move(struct bus_link *l, bool out)
{
	int r = out || l->blocked ? flush(l) : 0, moved;

	if (r >= 0)
		r = move_in(l);
	if (r < 0)
		return r;
	moved = r;
	r = watch_both(l);
	return r < 0 ? r : moved;
}

void bus_link_push(struct bus_link *l)
{
	int r;

	l->wrote = false;
	if (!l->broker || l->n_lines < LINES)
		return;
	r = flush(l);
	if (r >= 0)
		r = watch_both(l);
	if (r < 0)
		lost(l, r);
}

static void look(struct bus_link *l, uint32_t events, bool out)
{
	const bool over = events & (EPOLLHUP | EPOLLERR);
	int r = 1;

	if (l->n_lines < LINES)
		r = greet(l);
	if (over)
		pump_look_again(&l->relay.in);
	if (r > 0 && l->n_lines == LINES)
		r = move(l, out);
	/* a hang-up is reported for ever, also to who waits for something else */
	if (r == 0 && over)
		r = -EPIPE;
	if (r < 0)
		lost(l, r);
	else if (!l->blocked)
		serving_run(&l->serving);
}

static int on_moving(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct bus_link *l = userdata;

	look(l, events, fd != l->fd);
	return 0;
}

static int on_again(sd_event_source *source, void *userdata)
{
	struct bus_link *l = userdata;

	l->again = sd_event_source_disable_unref(l->again);
	look(l, 0, true);
	return 0;
}

static int watch(struct bus_link *l, int fd, sd_event_source **ret)
{
	/* by edges: half a line stays in the socket */
	return sd_event_add_io(l->broker->event, ret, fd, EPOLLIN | EPOLLET, on_moving, l);
}

/* Takes fd over once the object has it. */
static int make_bus(int *fd, sd_bus **ret)
{
	_cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
	const int size = BUFFER_BYTES, other = *fd;
	int r;

	r = sd_bus_new(&bus);
	if (r >= 0)
		r = sd_bus_set_bus_client(bus, 1);
	if (r >= 0)
		r = sd_bus_negotiate_fds(bus, 1);
	if (r >= 0)
		r = sd_bus_set_connected_signal(bus, 1);
	/* it would wait, at the loop's end, for what only the loop can move: outflow_drain() is for that */
	if (r >= 0)
		r = sd_bus_set_close_on_exit(bus, 0);
	if (r >= 0)
		r = sd_bus_set_fd(bus, other, other);
	if (r < 0)
		return r;
	(void)steal_fd(*fd);
	r = sd_bus_start(bus);
	/* it asks for 8 MiB */
	if (r >= 0)
		r = RET_ERRNO(setsockopt(other, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
	if (r < 0)
		return r;
	*ret = steal_ptr(bus);
	return 0;
}

int bus_link_open(struct bus_link *l, struct broker *b, int fd, sd_bus **ret)
{
	_cleanup_close_ int other = -1;
	int pair[2], r;

	*l = (struct bus_link){ .broker = b, .fd = fd, .inner = -1 };
	*ret = NULL;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		r = errno_or_eio();
	else {
		l->inner = pair[0];
		other = pair[1];
		r = make_bus(&other, ret);
	}
	relay_init(&l->relay, fd, l->inner, MESSAGE_MAX, MESSAGE_MAX);
	l->relay.recall = &b->recall;
	l->relay.owner = recall_owner(&b->recall);
	if (r >= 0)
		r = serving_begin(&l->serving, b, serve);
	if (r >= 0)
		r = watch(l, fd, &l->fd_source);
	if (r >= 0)
		r = watch(l, l->inner, &l->inner_source);
	if (r < 0) {
		bus_link_close(l);
		*ret = sd_bus_close_unref(*ret);
	}
	return r;
}

void bus_link_close(struct bus_link *l)
{
	if (!l->broker)
		return;
	l->fd_source = sd_event_source_disable_unref(l->fd_source);
	l->inner_source = sd_event_source_disable_unref(l->inner_source);
	l->again = sd_event_source_disable_unref(l->again);
	serving_end(&l->serving);
	while (l->letters)
		(void)letter_free(l->letters);
	relay_done(&l->relay);
	l->inner = fd_close(l->inner);
	l->fd = fd_close(l->fd);
	l->broker = NULL;
}

int bus_link_flush(struct bus_link *l)
{
	return l->n_lines < LINES ? 0 : flush(l);
}

bool bus_link_is_unread(const struct bus_link *l)
{
	int unread = 0;

	return relay_blocked(&l->relay) || (ioctl(l->fd, SIOCOUTQ, &unread) >= 0 && unread > 0);
}
