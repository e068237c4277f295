/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/launcher-client.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "broker/broker.h"
#include "broker/launch-queue.h"
#include "broker/lifetime.h"
#include "broker/notices.h"
#include "broker/output.h"
#include "broker/violations.h"
#include "wire/messages.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define UNSENT_MAX        16384 /* a few for each sandbox; past it the launcher is taken for stuck */
#define RECORDS_PER_EVENT 64    /* then the bus gets its turn */

struct launcher_call {
	struct launcher_call *next;
	uint32_t serial;
	launcher_handler handler;
	void *userdata;
};

struct launcher_packet {
	struct launcher_packet *next;
	int fd; /* to go with it, or -1 */
	size_t size;
	uint8_t data[];
};

uint32_t launcher_next_serial(struct launcher_client *l)
{
	/* 0 marks events. */
	if (++l->last_serial == 0)
		l->last_serial = 1;
	return l->last_serial;
}

static int watch(struct launcher_client *l)
{
	const bool full = l->unsent || l->full_since > 0;

	return sd_event_source_set_io_events(l->source, EPOLLIN | (full ? EPOLLOUT : 0U));
}

static void packet_free(struct launcher_packet *p)
{
	(void)fd_close(p->fd);
	free(p);
}

/* Takes the fd over. */
static int enqueue(struct launcher_client *l, const struct buf *request, int fd)
{
	_cleanup_close_ int own = fd;
	struct launcher_packet *p;

	if (l->n_unsent >= UNSENT_MAX)
		return -ENOBUFS;
	p = malloc(sizeof(*p) + request->size);
	if (!p)
		return -ENOMEM;
	p->next = NULL;
	p->fd = steal_fd(own);
	p->size = request->size;
	memcpy(p->data, request->data, request->size);
	*l->unsent_end = p;
	l->unsent_end = &p->next;
	l->n_unsent++;
	return watch(l);
}

/* There was no room for what has clients' descriptors. */
static int note_full(struct launcher_client *l)
{
	int r;

	l->full_since = now_boottime_usec();
	r = watch(l);
	return r < 0 ? r : -EAGAIN;
}

/* The caller may close its fd before it is sent. That fails for nothing but the launcher's end: the kernel
 * refuses to send some sockets, which a client could have made. */
static int send_later(struct launcher_client *l, const struct buf *request, const int *fds, size_t n_fds)
{
	int fd = -1;

	if (n_fds > 1)
		return -EINVAL;
	if (n_fds == 1) {
		fd = fd_dup_above(*fds, 0);
		if (fd < 0)
			return fd;
	}
	return enqueue(l, request, fd);
}

static int send_now_or_later(
	struct launcher_client *l, const struct buf *request, const int *fds, size_t n_fds, bool now)
{
	int r = -EAGAIN;

	/* What waits already goes first. */
	if (!l->unsent)
		r = wire_send(l->fd, request->data, request->size, fds, n_fds);
	if (r != -EAGAIN)
		return r;
	return now ? note_full(l) : send_later(l, request, fds, n_fds);
}

int launcher_submit(struct launcher_client *l, uint32_t serial, const struct buf *request, const int *fds,
	size_t n_fds, bool now, launcher_handler handler, void *userdata)
{
	_cleanup_free_ struct launcher_call *call = NULL;
	int r;

	if (l->fd < 0)
		return -ENOTCONN;
	r = buf_error(request);
	if (r < 0)
		return r;
	if (serial != 0) {
		call = calloc(1, sizeof(*call));
		if (!call)
			return -ENOMEM;
	}
	r = send_now_or_later(l, request, fds, n_fds, now);
	if (r == -EPIPE || r == -ECONNRESET) { /* its end has not been read yet */
		l->ready = false;
		return -ENOTCONN;
	}
	if (r < 0 || !call)
		return r;
	call->serial = serial;
	call->handler = handler;
	call->userdata = userdata;
	call->next = l->calls;
	l->calls = steal_ptr(call);
	return 0;
}

static int flush(struct launcher_client *l)
{
	while (l->unsent) {
		struct launcher_packet *p = l->unsent;
		int r = wire_send(l->fd, p->data, p->size, &p->fd, p->fd >= 0);

		if (r == -EAGAIN)
			return 0;
		if (r < 0)
			return r;
		l->unsent = p->next;
		if (!l->unsent)
			l->unsent_end = &l->unsent;
		l->n_unsent--;
		packet_free(p);
	}
	l->full_since = 0;
	return watch(l);
}

static struct launcher_call **find_call(struct launcher_client *l, uint32_t serial)
{
	struct launcher_call **at = &l->calls;

	while (*at && (*at)->serial != serial)
		at = &(*at)->next;
	return at;
}

static int dispatch_answer(struct launcher_client *l, uint32_t serial, const struct launcher_answer *answer)
{
	struct launcher_call **at = find_call(l, serial);
	_cleanup_free_ struct launcher_call *call = NULL;

	if (!*at)
		return -EBADMSG;
	if (answer->type == WIRE_ENTRY)
		return (*at)->handler(l->broker, answer, (*at)->userdata);
	call = *at;
	*at = call->next;
	return call->handler(l->broker, answer, call->userdata);
}

static int dispatch_event(struct launcher_client *l, uint32_t type, struct cursor *c)
{
	struct violation_event violation;
	struct notice_event notice;
	struct sandbox_exit ended;
	uint64_t id;
	int r;

	switch (type) {
	case WIRE_EXITED:
		r = decode_sandbox_exit(c, &ended);
		if (r >= 0)
			lifetime_exited(l->broker, &ended);
		return r;
	case WIRE_STOPPING:
		r = decode_id(c, &id);
		if (r >= 0)
			lifetime_stopping(l->broker, id);
		return r;
	case WIRE_VIOLATION:
		r = decode_violation_event(c, &violation);
		if (r >= 0)
			violations_add(l->broker, &violation);
		return r;
	case WIRE_NOTICE:
		r = decode_notice_event(c, &notice);
		if (r >= 0)
			notices_take(l->broker, &notice);
		return r;
	default:
		return -EBADMSG;
	}
}

static int dispatch(struct launcher_client *l, struct wire_record *record)
{
	struct cursor c = CURSOR_INIT(record->data, record->size);
	struct launcher_answer answer = { .body = &c, .record = record };
	uint32_t serial;
	int r;

	r = wire_head(&c, &answer.type, &serial);
	if (r < 0)
		return r;
	if (serial != 0)
		return dispatch_answer(l, serial, &answer);
	return record->n_fds > 0 ? -EBADMSG : dispatch_event(l, answer.type, &c);
}

/* 1: go on. 0: nothing more now. Negative: the launcher is gone or broken. */
static int receive_one(struct launcher_client *l)
{
	_cleanup_(wire_record_done) struct wire_record record;
	int r;

	wire_record_init(&record);
	r = wire_receive(l->fd, &record);
	if (r == -EAGAIN)
		return 0;
	if (r <= 0)
		return r < 0 ? r : -EPIPE;
	r = dispatch(l, &record);
	return r < 0 ? r : 1;
}

static int make_use_of_room(struct launcher_client *l)
{
	const bool launches_wait = l->full_since > 0;
	int r = flush(l);

	if (r >= 0 && launches_wait && l->full_since == 0)
		launch_queue_resume(l->broker);
	return r;
}

static int on_launcher(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct launcher_client *l = userdata;
	int r = 0;

	if (events & EPOLLOUT)
		r = make_use_of_room(l);
	for (size_t i = 0; r >= 0 && i < RECORDS_PER_EVENT && l->fd >= 0; i++) {
		output_begin(l->broker);
		r = receive_one(l);
		output_push(l->broker);
		if (r == 0)
			break;
	}
	if (r < 0) {
		if (r == -EPIPE || r == -ECONNRESET)
			broker_launcher_gone(l->broker);
		else
			broker_launcher_broken(l->broker, r);
	}
	return 0;
}

int launcher_client_open(struct launcher_client *l, struct broker *b, int fd)
{
	int r;

	/* launches that wait for their turn have their serials already */
	*l = (struct launcher_client){ .broker = b, .fd = -1, .last_serial = l->last_serial };
	l->unsent_end = &l->unsent;
	r = sd_event_add_io(b->event, &l->source, fd, EPOLLIN, on_launcher, l);
	if (r >= 0)
		l->fd = fd;
	return r;
}

void launcher_client_drain(struct launcher_client *l)
{
	int r = 1;

	while (l->fd >= 0 && r > 0)
		r = receive_one(l);
}

void launcher_client_close(struct launcher_client *l)
{
	struct launcher_call *calls = steal_ptr(l->calls);

	l->source = sd_event_source_disable_unref(l->source);
	l->fd = fd_close(l->fd);
	l->ready = false;
	while (l->unsent) {
		struct launcher_packet *p = l->unsent;

		l->unsent = p->next;
		packet_free(p);
	}
	l->n_unsent = 0;
	l->full_since = 0;
	while (calls) {
		_cleanup_free_ struct launcher_call *call = calls;

		calls = call->next;
		(void)call->handler(l->broker, NULL, call->userdata);
	}
}
