/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/quick.h"
#include "base/error.h"
#include "broker/body.h"
#include "broker/broker.h"
#include "broker/explain-call.h"
#include "broker/launch-call.h"
#include "broker/manager-bus.h"
#include "broker/sanitize-call.h"

static const struct {
	/* The body of the answer, from what of the question it depends on, all of which it reads. 1: it is
	 * there, 0: this question is sd-bus', whatever was written. */
	int (*answer)(struct broker *b, const struct caller *c, struct cursor *question, struct writer *w);
	bool of_now; /* its answer depends on more than the catalog: nothing that came before may be behind it
		      */
	bool keep;   /* it takes longer to make than to recall */
} handlers[_FORM_MAX] = {
	[FORM_SANDBOXES] = { manager_bus_list_sandboxes, true, false },
	[FORM_SANITIZE] = { sanitize_quickly, false, false },
	[FORM_EXPLAIN] = { explain_quickly, false, true },
};

static int write_answer(struct broker *b, const struct recalled_form *f, const struct caller *c,
	const struct message_span *m, struct buf *ret)
{
	struct cursor question = CURSOR_INIT(m->data + f->question, m->size - f->question);
	struct writer w = { .bytes = ret };
	int r;

	recall_begin_answer(f, ret);
	r = handlers[f->form].answer(b, c, &question, &w);
	if (r <= 0 || writer_error(&w) < 0)
		return 0;
	recall_end_answer(f, m, ret);
	if (handlers[f->form].keep)
		recall_add(&b->recall, f->owner, m,
			&(struct message_span){ .data = ret->data, .size = ret->size });
	return 1;
}

/* 1: the launch has begun, or its refusal is out. */
static int launch(struct broker *b, struct relay *r, sd_bus *bus, const struct recalled_form *f,
	const struct caller *c, const struct message_span *m)
{
	struct cursor question = CURSOR_INIT(m->data + f->question, m->size - f->question);
	struct reader reader = { .bytes = &question, .fds = m->fds, .n_fds = m->n_fds };
	const struct quick_call call = { .bus = bus, .sender = f->sender, .serial = message_serial(m->data) };
	uint64_t n;
	int k;

	if (sd_bus_get_n_queued_read(bus, &n) < 0 || n > 0)
		return 0;
	k = launch_quickly(b, c, &reader, &call);
	if (k == 1)
		pump_rest(&r->out);
	if (k > 0)
		return 1;
	/* what is refused again and again is not to be read twice each time */
	recall_drop_form(r->recall, f);
	return 0;
}

/* 1: it waits to go out, or will come. */
static int answer(struct broker *b, struct relay *r, sd_bus *bus, const struct message_span *m)
{
	const struct recalled_form *f;
	const struct caller *c;

	if (!b->ready || !r->recall || r->answer.size > 0)
		return 0;
	f = recall_find_form(r->recall, r->owner, m);
	c = f ? callers_find_from(&b->callers, bus, f->sender) : NULL;
	if (c && f->form == FORM_LAUNCH)
		return launch(b, r, bus, f, c, m);
	if (!c || !handlers[f->form].answer || (handlers[f->form].of_now && !relay_is_idle(r, bus)))
		return 0;
	if (write_answer(b, f, c, m, &r->answer) == 0) {
		buf_done(&r->answer);
		return 0;
	}
	pump_rest(&r->out);
	return 1;
}

int quick_deliver(struct broker *b, struct relay *r, sd_bus *bus, const struct message_span *m)
{
	int known = relay_recall(r, m);

	if (known == 0)
		known = answer(b, r, bus, m);
	if (known != 0)
		return known < 0 ? known : 0;
	return relay_deliver(r, bus, m);
}
