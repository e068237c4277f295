/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/relay.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-bus.h>

#define ANSWER_MAX RECALL_ANSWER_MAX /* errors are far shorter */
#define TEXT_MAX   256
#define TRIES_MAX  100000 /* sd-bus reads something each time, unless it has given up */

/* Of an error's header, and what is in the head before it. */
#define FIELD_ERROR_NAME       4
#define FIELD_REPLY_SERIAL     5
#define FIELD_DESTINATION      6
#define FIELD_SENDER           7
#define FIELD_SIGNATURE        8
#define FLAG_NO_REPLY_EXPECTED 1
#define AT_BODY_SIZE           4
#define AT_FIELDS_SIZE         12
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

static void align(struct buf *b)
{
	while (b->size % 8 != 0)
		buf_put_u8(b, 0);
}

static void put_text(struct buf *b, char type, const char *s)
{
	if (type == 'g')
		buf_put_u8(b, (uint8_t)strlen(s));
	else
		buf_put_u32(b, (uint32_t)strlen(s));
	buf_put(b, s, strlen(s) + 1);
}

/* Code, and the signature of the value, which leave it at a multiple of four. */
static void put_field(struct buf *b, uint8_t code, char type)
{
	const uint8_t head[] = { code, 1, (uint8_t)type, 0 };

	align(b);
	buf_put(b, head, sizeof(head));
}

static void put_text_field(struct buf *b, uint8_t code, char type, const char *s)
{
	if (!s || s[0] == '\0')
		return;
	put_field(b, code, type);
	put_text(b, type, s);
}

static void put_head(struct buf *b)
{
	/* numbers are in this machine's order */
	const uint16_t one = 1;
	uint8_t first;

	memcpy(&first, &one, 1);
	buf_put_u8(b, first ? 'l' : 'B');
	buf_put_u8(b, SD_BUS_MESSAGE_METHOD_ERROR);
	buf_put_u8(b, FLAG_NO_REPLY_EXPECTED);
	buf_put_u8(b, 1);
	buf_put_u32(b, 0);
	buf_put_u32(b, SERIAL);
	buf_put_u32(b, 0);
}

/* An error, as sd-bus would send it. */
static int make_answer(struct relay *r, const char *error, const char *text)
{
	struct buf *b = &r->answer;
	uint32_t fields, body;

	put_head(b);
	put_field(b, FIELD_REPLY_SERIAL, 'u');
	buf_put_u32(b, r->fault.serial);
	put_text_field(b, FIELD_ERROR_NAME, 's', error);
	put_text_field(b, FIELD_SENDER, 's', r->sender);
	put_text_field(b, FIELD_DESTINATION, 's', r->fault.sender);
	put_text_field(b, FIELD_SIGNATURE, 'g', "s");
	fields = (uint32_t)b->size - MESSAGE_HEAD_SIZE;
	align(b);
	body = (uint32_t)b->size;
	put_text(b, 's', text);
	if (buf_error(b) < 0)
		return buf_error(b);
	body = (uint32_t)b->size - body;
	memcpy(b->data + AT_FIELDS_SIZE, &fields, sizeof(fields));
	memcpy(b->data + AT_BODY_SIZE, &body, sizeof(body));
	return 0;
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

/* What of its own sd-bus does before it reads: a step for each. */
static bool is_busy(sd_bus *bus)
{
	uint64_t n, usec;

	return (sd_bus_get_n_queued_write(bus, &n) >= 0 && n > 0) || sd_bus_get_timeout(bus, &usec) > 0;
}

/* All that it was given, so that nothing overtakes it. */
static int act(sd_bus *bus)
{
	bool more;
	int e;

	do {
		more = is_busy(bus);
		e = sd_bus_process(bus, NULL);
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
		e = act(bus);
		if (e >= 0 && sent == m->size)
			remember(r, m);
		if (e < 0 || sent == m->size)
			return e;
	}
	return -ECONNRESET;
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
	buf_done(&r->answer);
	r->answer = BUF_INIT(ANSWER_MAX);
	r->answer_sent = 0;
	return 1;
}

int relay_out(struct relay *r)
{
	int e;

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
