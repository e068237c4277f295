/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/outgoing.h"
#include "base/error.h"
#include "broker/broker.h"
#include "broker/output.h"
#include "message/header.h"

#define SIZE_MAX_SENT RECALL_ANSWER_MAX
/* sd-bus counts its own from 1 on; nobody answers a signal or an answer */
#define SERIAL (UINT32_MAX - 2)

static void begin(struct outgoing *o, struct broker *b, sd_bus *bus)
{
	struct relay *relay = output_relay(b, bus);

	*o = (struct outgoing){ .broker = b, .bus = bus, .bytes = BUF_INIT(SIZE_MAX_SENT) };
	if (relay && relay_may_post(relay, bus))
		o->relay = relay;
}

static void end_header(struct outgoing *o, const char *destination, const char *signature, size_t n_fds)
{
	struct buf *b = &o->bytes;

	message_put_text(b, FIELD_DESTINATION, 's', destination);
	message_put_text(b, FIELD_SENDER, 's', o->relay->sender);
	message_put_text(b, FIELD_SIGNATURE, 'g', signature);
	message_put_number(b, FIELD_UNIX_FDS, (uint32_t)n_fds);
	o->body_at = message_end_header(b);
	o->w = (struct writer){ .bytes = b };
}

int outgoing_signal(struct outgoing *o, struct broker *b, sd_bus *bus, const struct outgoing_signal *s)
{
	int r;

	begin(o, b, bus);
	if (o->relay) {
		message_put_head(&o->bytes, SD_BUS_MESSAGE_SIGNAL, MESSAGE_NO_REPLY_EXPECTED, SERIAL);
		message_put_text(&o->bytes, FIELD_PATH, 'o', s->path);
		message_put_text(&o->bytes, FIELD_INTERFACE, 's', s->interface);
		message_put_text(&o->bytes, FIELD_MEMBER, 's', s->member);
		end_header(o, s->destination, s->signature, 0);
		return 0;
	}
	r = sd_bus_message_new_signal(bus, &o->message, s->path, s->interface, s->member);
	if (r >= 0 && s->destination)
		r = sd_bus_message_set_destination(o->message, s->destination);
	o->w = (struct writer){ .message = o->message };
	return r;
}

int outgoing_answer(struct outgoing *o, struct broker *b, sd_bus_message *call, bool quick,
	const char *signature, size_t n_fds)
{
	uint64_t serial;
	int r;

	begin(o, b, sd_bus_message_get_bus(call));
	/* who takes no descriptors is told so by sd-bus' way */
	if (quick && (!o->relay || (n_fds > 0 && sd_bus_can_send(o->bus, SD_BUS_TYPE_UNIX_FD) <= 0)))
		return -EAGAIN;
	if (!quick) {
		o->relay = NULL;
		r = sd_bus_message_new_method_return(call, &o->message);
		o->w = (struct writer){ .message = o->message };
		return r;
	}
	r = sd_bus_message_get_cookie(call, &serial);
	if (r < 0)
		return r;
	message_put_head(&o->bytes, SD_BUS_MESSAGE_METHOD_RETURN, MESSAGE_NO_REPLY_EXPECTED, SERIAL);
	message_put_number(&o->bytes, FIELD_REPLY_SERIAL, (uint32_t)serial);
	end_header(o, sd_bus_message_get_sender(call), signature, n_fds);
	return 0;
}

int outgoing_send(struct outgoing *o)
{
	struct message_span m;
	int r = writer_error(&o->w);

	if (r >= 0 && !o->relay)
		return sd_bus_send(NULL, o->message, NULL);
	if (r >= 0)
		r = message_end(&o->bytes, o->body_at);
	if (r < 0)
		return r;
	m = (struct message_span){
		.data = o->bytes.data, .size = o->bytes.size, .fds = o->w.fds, .n_fds = o->w.n_fds
	};
	r = relay_post(o->relay, &m);
	return r == 0 ? -EAGAIN : r;
}

void outgoing_done(struct outgoing *o)
{
	buf_done(&o->bytes);
	o->message = sd_bus_message_unref(o->message);
}
