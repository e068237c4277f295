/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/bus-link.h"
#include "base/error.h"
#include "base/fd.h"
#include "broker/broker.h"

#include <linux/sockios.h>
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

static int move_in(struct bus_link *l)
{
	int r = 1;

	if (!pump_full(&l->relay.in)) {
		if (!relay_wants_in(&l->relay))
			return 0;
		r = relay_read(&l->relay);
	}
	if (r == -ENOMSG) {
		record(l);
		return 1;
	}
	return r > 0 ? relay_write(&l->relay) : r;
}

static int move_out(struct bus_link *l)
{
	int r = relay_out(&l->relay);

	l->n_taken += r > 0 && l->blocked;
	l->blocked = r == 0 && pump_full(&l->relay.out);
	return r;
}

/* 1: something moved. */
static int move(struct bus_link *l)
{
	int in = 1, out = 1, moved = 0;

	for (unsigned i = 0; i < BATCH_MAX && (in > 0 || out > 0); i++) {
		out = move_out(l);
		in = out < 0 ? out : move_in(l);
		if (in < 0)
			return in;
		moved |= in > 0 || out > 0;
	}
	in = relay_watch(&l->relay, true, l->fd_source, l->inner_source);
	return in < 0 ? in : moved;
}

static int on_moving(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct bus_link *l = userdata;
	int r = 1;

	if (l->n_lines < LINES)
		r = greet(l);
	if (r > 0 && l->n_lines == LINES)
		r = move(l);
	/* a hang-up is reported for ever, also to who waits for something else */
	if (r == 0 && (events & (EPOLLHUP | EPOLLERR)))
		r = -EPIPE;
	if (r < 0)
		bus_lost(l->broker, r == -EPIPE ? -ECONNRESET : r);
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
	relay_done(&l->relay);
	l->inner = fd_close(l->inner);
	l->fd = fd_close(l->fd);
	l->broker = NULL;
}

int bus_link_flush(struct bus_link *l)
{
	int r;

	if (l->n_lines < LINES)
		return 0;
	do
		r = move_out(l);
	while (r > 0);
	return r < 0 ? r : pump_idle(&l->relay.out) && l->relay.answer.size == 0;
}

bool bus_link_is_unread(const struct bus_link *l)
{
	int unread = 0;

	return !pump_idle(&l->relay.out) || (ioctl(l->fd, SIOCOUTQ, &unread) >= 0 && unread > 0);
}
