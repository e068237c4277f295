/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/relay.h"
#include "base/error.h"
#include "broker/body.h"
#include "message/header.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-bus.h>

#define ANSWER_MAX RECALL_ANSWER_MAX /* errors are far shorter */
#define POSTED_MAX                                                                                           \
	(ANSWER_MAX / 2) /* bytes that wait; what comes then is sd-bus' to keep, and counted there */
#define KEPT_MAX  2048   /* bytes of memory for the next one */
#define TEXT_MAX  256
#define TRIES_MAX 100000 /* sd-bus reads something each time, unless it has given up */

/* sd-bus counts its own from 1 on; nobody answers an error */
#define SERIAL UINT32_MAX

void relay_init(struct relay *r, int fd, int inner, size_t in_max, size_t out_max)
{
	*r = (struct relay){ .inner = inner, .answer = BUF_INIT(ANSWER_MAX) };
	pump_init(&r->in, fd, -1, in_max);
	pump_init(&r->out, inner, fd, out_max);
}

void relay_done(struct relay *r)
{
	pump_done(&r->in);
	pump_done(&r->out);
	buf_done(&r->answer);
}

bool relay_wants_in(const struct relay *r)
{
	return !pump_full(&r->in) && r->answer.size == 0;
}

/* An error, as sd-bus would send it. */
static int make_answer(struct relay *r, const char *error, const char *text)
{
	struct buf *b = &r->answer;
	struct writer w = { .bytes = b };
	size_t body_at;

	message_put_head(b, SD_BUS_MESSAGE_METHOD_ERROR, MESSAGE_NO_REPLY_EXPECTED, SERIAL);
	message_put_number(b, FIELD_REPLY_SERIAL, r->fault.serial);
	message_put_text(b, FIELD_ERROR_NAME, 's', error);
	message_put_text(b, FIELD_SENDER, 's', r->sender);
	message_put_text(b, FIELD_DESTINATION, 's', r->fault.sender);
	message_put_text(b, FIELD_SIGNATURE, 'g', "s");
	body_at = message_end_header(b);
	writer_text(&w, text);
	return message_end(b, body_at);
}

int relay_refuse(struct relay *r, const char *error, const char *text)
{
	pump_drop(&r->in);
	return r->fault.answer ? make_answer(r, error, text) : 0;
}

int relay_read(struct relay *r)
{
	struct message_span m;
	char text[TEXT_MAX];
	int e;

	e = pump_read(&r->in);
	if (e <= 0)
		return e;
	m = pump_get(&r->in);
	if (r->recall && recall_check(r->recall, r->owner, &m, &r->fault))
		return 1;
	e = message_check(m.data, m.size, m.n_fds, &r->fault);
	if (e == 0)
		return 1;
	(void)snprintf(text, sizeof(text), "The broker can not take this message: it %s", r->fault.why);
	e = relay_refuse(r, SD_BUS_ERROR_INVALID_ARGS, text);
	return e < 0 ? e : -ENOMSG;
}

/* The answer that sd-bus has just written is what comes next from it, unless others wait. */
static void remember(struct relay *r, const struct message_span *m)
{
	struct message_span answer;

	if (!r->recall || (!r->recall->wanted && r->recall->form == FORM_NONE))
		return;
	if (r->recall->form == FORM_LAUNCH)
		recall_keep(r->recall, r->owner, m, NULL);
	else if (pump_read(&r->out) > 0) {
		answer = pump_get(&r->out);
		recall_keep(r->recall, r->owner, m, &answer);
	}
	recall_begin(r->recall);
}

int relay_recall(struct relay *r, const struct message_span *m)
{
	int known = 0;

	if (r->recall && r->answer.size == 0)
		known = recall_find(r->recall, r->owner, m, &r->answer);
	if (known > 0)
		pump_rest(&r->out); /* sd-bus has not been asked */
	return known;
}

bool relay_is_idle(struct relay *r, sd_bus *bus)
{
	uint64_t in, out;

	if (r->answer.size > 0 || sd_bus_get_n_queued_read(bus, &in) < 0 || in > 0 ||
		sd_bus_get_n_queued_write(bus, &out) < 0 || out > 0)
		return false;
	pump_look_again(&r->out);
	return pump_read(&r->out) == 0 && pump_empty(&r->out);
}

static int write_answer(struct relay *r)
{
	const struct buf *b = &r->answer;
	ssize_t n;

	n = stream_send(r->out.to, b->data + r->answer_sent, b->size - r->answer_sent, NULL, 0);
	if (n < 0)
		return n == -EAGAIN ? 0 : (int)n;
	r->answer_sent += (size_t)n;
	if (r->answer_sent < b->size)
		return 0;
	if (b->allocated > KEPT_MAX)
		buf_done(&r->answer);
	r->answer.size = 0;
	r->answer_sent = 0;
	return 1;
}

bool relay_may_post(struct relay *r, sd_bus *bus)
{
	uint64_t out;

	if (r->answer.size > POSTED_MAX || pump_middle(&r->out) || !pump_empty(&r->out) ||
		sd_bus_get_n_queued_write(bus, &out) < 0 || out > 0)
		return false;
	pump_look_again(&r->out);
	return pump_read(&r->out) == 0 && pump_empty(&r->out);
}

static int post_with_fds(struct relay *r, const struct message_span *m)
{
	ssize_t n;

	if (r->answer.size > 0 && write_answer(r) <= 0)
		return 0;
	n = stream_send(r->out.to, m->data, m->size, m->fds, m->n_fds);
	if (n <= 0)
		return 0;
	/* the descriptors went with the first byte */
	buf_put(&r->answer, m->data + n, m->size - (size_t)n);
	return buf_error(&r->answer) < 0 ? buf_error(&r->answer) : 1;
}

int relay_post(struct relay *r, const struct message_span *m)
{
	if (m->n_fds > 0)
		return post_with_fds(r, m);
	if (m->size > ANSWER_MAX - POSTED_MAX)
		return 0;
	buf_put(&r->answer, m->data, m->size);
	return buf_error(&r->answer) < 0 ? buf_error(&r->answer) : 1;
}

/* What of its own sd-bus does before it reads: a step for each. */
static bool is_busy(sd_bus *bus)
{
	uint64_t n, usec;

	return (sd_bus_get_n_queued_write(bus, &n) >= 0 && n > 0) || sd_bus_get_timeout(bus, &usec) > 0;
}

/* A call that has waited, and is acted on anew, before anything is read. */
static bool has_waiting(sd_bus *bus)
{
	uint64_t n;

	return sd_bus_get_n_queued_read(bus, &n) >= 0 && n > 0;
}

/* All that it was given, so that nothing overtakes it. What came back to it before that has been asked for
 * by others, or of others. */
static int act(struct relay *r, sd_bus *bus)
{
	bool more, before;
	int e;

	do {
		before = has_waiting(bus);
		more = before || is_busy(bus);
		e = sd_bus_process(bus, NULL);
		if (before && r->recall)
			recall_begin(r->recall);
	} while (more && e > 0);
	return e;
}

int relay_deliver(struct relay *r, sd_bus *bus, const struct message_span *m)
{
	size_t sent = 0;

	if (r->recall)
		recall_begin(r->recall);
	for (unsigned i = 0; i < TRIES_MAX; i++) {
		ssize_t n = stream_send(
			r->inner, m->data + sent, m->size - sent, m->fds, sent == 0 ? m->n_fds : 0);
		int e;

		if (n < 0 && n != -EAGAIN)
			return (int)n;
		sent += n > 0 ? (size_t)n : 0;
		e = act(r, bus);
		if (e >= 0 && sent == m->size)
			remember(r, m);
		if (e < 0 || sent == m->size)
			return e;
	}
	return -ECONNRESET;
}

int relay_out(struct relay *r)
{
	int e;

	/* half a message has gone out, then, or one that others are told of has not */
	if (buf_error(&r->answer) < 0)
		return buf_error(&r->answer);
	if (r->answer.size > 0 && !pump_middle(&r->out))
		return write_answer(r);
	e = pump_read(&r->out);
	return e > 0 ? pump_write(&r->out) : e;
}

bool relay_blocked(const struct relay *r)
{
	return r->answer.size > 0 || pump_full(&r->out);
}

int relay_watch(const struct relay *r, bool may_read, sd_event_source *outer, sd_event_source *inner)
{
	const bool out = relay_blocked(r);
	int e;

	e = sd_event_source_set_io_events(
		outer, (may_read && relay_wants_in(r) ? EPOLLIN : 0) | (out ? EPOLLOUT : 0));
	return e < 0 ? e : sd_event_source_set_io_events(inner, out ? 0 : EPOLLIN);
}
