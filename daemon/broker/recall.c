/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/recall.h"
#include "base/error.h"
#include "message/header.h"

#include <stdlib.h>
#include <string.h>

/* Of a message's head beside header.h; and of an answer by sd-bus, which writes the field of the call's
 * serial first, then that of whom it is for, which there is when the call has a sender. */
#define AFTER_SERIAL    12
#define AT_REPLY_FIELD  16
#define AT_REPLY_SERIAL 20
#define AT_FOR_FIELD    24
#define AT_FOR_SIZE     28
#define AT_FOR          32
/* sd-bus counts its own from 1 on; nobody answers an answer */
#define SERIAL      UINT32_MAX
#define SERIAL_FORM (UINT32_MAX - 1)

uint64_t recall_owner(struct recall *r)
{
	return ++r->n_owners;
}

void recall_begin(struct recall *r)
{
	r->wanted = false;
	r->form = FORM_NONE;
}

/* Which call it is. */
static bool note(struct recall *r, sd_bus_message *m)
{
	const char *sender = sd_bus_message_get_sender(m);
	uint64_t serial;

	if (sd_bus_message_get_cookie(m, &serial) < 0 || serial > UINT32_MAX ||
		(sender && strlen(sender) >= sizeof(r->sender)))
		return false;
	r->serial = (uint32_t)serial;
	(void)memset(r->sender, 0, sizeof(r->sender));
	if (sender)
		memcpy(r->sender, sender, strlen(sender));
	return true;
}

void recall_wanted(struct recall *r, sd_bus_message *m)
{
	r->wanted = note(r, m);
}

void recall_form(struct recall *r, sd_bus_message *m, enum form form)
{
	r->form = note(r, m) ? form : FORM_NONE;
}

static void form_done(struct recalled_form *f)
{
	free(f->data);
	free(f->sender);
	*f = (struct recalled_form){ 0 };
}

void recall_forget(struct recall *r)
{
	for (size_t i = 0; i < RECALL_MAX; i++) {
		free(r->v[i].data);
		r->v[i] = (struct recalled){ 0 };
	}
	for (size_t i = 0; i < FORMS_MAX; i++)
		form_done(&r->forms[i]);
	recall_begin(r);
}

/* Of all but the serial: most of those that are kept differ from a question in a few bytes near their end. */
static uint64_t sum(const struct message_span *m)
{
	uint64_t s = m->size, word = 0;
	size_t at = AFTER_SERIAL;

	for (; at + sizeof(word) <= m->size; at += sizeof(word)) {
		memcpy(&word, m->data + at, sizeof(word));
		s = (s ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	}
	word = 0;
	memcpy(&word, m->data + at, m->size - at);
	return (s ^ word) * UINT64_C(0x9e3779b97f4a7c15);
}

/* All but the serials. */
static bool is_same(
	const struct recalled *known, uint64_t owner, const struct message_span *m, uint64_t question_sum)
{
	return known->sum == question_sum && known->owner == owner && known->question == m->size &&
	       memcmp(known->data, m->data, MESSAGE_AT_SERIAL) == 0 &&
	       memcmp(known->data + AFTER_SERIAL, m->data + AFTER_SERIAL, m->size - AFTER_SERIAL) == 0;
}

static const struct recalled *find(const struct recall *r, uint64_t owner, const struct message_span *m)
{
	const uint64_t question_sum = sum(m);

	for (size_t i = 0; i < RECALL_MAX; i++)
		if (r->v[i].data && is_same(&r->v[i], owner, m, question_sum))
			return &r->v[i];
	return NULL;
}

static bool fits(const struct message_span *question)
{
	return question->n_fds == 0 && question->size >= MESSAGE_HEAD_SIZE &&
	       question->size <= RECALL_QUESTION_MAX;
}

int recall_find(const struct recall *r, uint64_t owner, const struct message_span *question, struct buf *ret)
{
	const struct recalled *known = fits(question) ? find(r, owner, question) : NULL;
	const uint32_t serial = SERIAL;

	if (!known)
		return 0;
	buf_put(ret, known->data + known->question, known->answer);
	if (buf_error(ret) < 0)
		return buf_error(ret);
	memcpy(ret->data + MESSAGE_AT_SERIAL, &serial, sizeof(serial));
	/* in the byte order of the question, as sd-bus answers in ours and none is kept of another */
	memcpy(ret->data + AT_REPLY_SERIAL, question->data + MESSAGE_AT_SERIAL, sizeof(serial));
	return 1;
}

/* sd-bus may have had others to act on, and others' answers to give. */
static bool is_wanted(const struct recall *r, const struct message_span *question)
{
	struct message_fault told;

	return (r->wanted || r->form != FORM_NONE) &&
	       message_check(question->data, question->size, question->n_fds, &told) == 0 &&
	       told.serial == r->serial && strcmp(told.sender, r->sender) == 0;
}

static bool is_for(const struct message_span *answer, const char *sender)
{
	static const uint8_t field[] = { 6, 1, 's', 0 };
	const uint32_t size = (uint32_t)strlen(sender);

	return size == 0 || (answer->size > AT_FOR + size &&
				    memcmp(answer->data + AT_FOR_FIELD, field, sizeof(field)) == 0 &&
				    memcmp(answer->data + AT_FOR_SIZE, &size, sizeof(size)) == 0 &&
				    memcmp(answer->data + AT_FOR, sender, size) == 0);
}

/* A good answer in the question's byte order, and to this question. */
static bool answers(const struct message_span *answer, const struct message_span *question)
{
	static const uint8_t field[] = { 5, 1, 'u', 0 };

	return answer->n_fds == 0 && answer->size >= AT_FOR && answer->size <= RECALL_ANSWER_MAX &&
	       answer->data[0] == question->data[0] &&
	       answer->data[MESSAGE_AT_TYPE] == SD_BUS_MESSAGE_METHOD_RETURN &&
	       memcmp(answer->data + AT_REPLY_FIELD, field, sizeof(field)) == 0 &&
	       memcmp(answer->data + AT_REPLY_SERIAL, question->data + MESSAGE_AT_SERIAL, sizeof(uint32_t)) ==
		       0;
}

/* Head and fields, and what is left out behind them; 0: it is no such message, or not in our byte order. */
static size_t header_size(const struct message_span *m)
{
	const uint16_t one = 1;
	uint32_t fields;
	size_t size;

	if (m->size < MESSAGE_HEAD_SIZE ||
		m->data[MESSAGE_AT_ENDIAN] != (*(const uint8_t *)&one == 1 ? 'l' : 'B'))
		return 0;
	memcpy(&fields, m->data + MESSAGE_AT_FIELDS_SIZE, sizeof(fields));
	size = MESSAGE_HEAD_SIZE + (((size_t)fields + 7) & ~(size_t)7);
	return size <= m->size ? size : 0;
}

/* All but the serial, and how long the body is. */
const struct recalled_form *recall_find_form(
	const struct recall *r, uint64_t owner, const struct message_span *m)
{
	const size_t size = header_size(m);

	if (size == 0)
		return NULL;
	for (size_t i = 0; i < FORMS_MAX; i++) {
		const struct recalled_form *f = &r->forms[i];

		if (f->owner == owner && f->question == size && f->n_fds == m->n_fds &&
			memcmp(f->data, m->data, MESSAGE_AT_BODY_SIZE) == 0 &&
			memcmp(f->data + AFTER_SERIAL, m->data + AFTER_SERIAL, size - AFTER_SERIAL) == 0)
			return f;
	}
	return NULL;
}

void recall_drop_form(struct recall *r, const struct recalled_form *f)
{
	form_done(&r->forms[f - r->forms]);
}

bool recall_check(
	const struct recall *r, uint64_t owner, const struct message_span *m, struct message_fault *ret)
{
	const struct recalled_form *f = recall_find_form(r, owner, m);
	uint32_t serial;

	if (!f)
		return false;
	memcpy(&serial, m->data + MESSAGE_AT_SERIAL, sizeof(serial));
	if (serial == 0)
		return false;
	*ret = (struct message_fault){
		.type = SD_BUS_MESSAGE_METHOD_CALL, .serial = serial, .answer = true, .readable = true
	};
	memcpy(ret->sender, f->sender, strlen(f->sender) + 1);
	return true;
}

void recall_begin_answer(const struct recalled_form *f, struct buf *ret)
{
	buf_put(ret, f->data + f->question, f->answer);
}

void recall_end_answer(const struct recalled_form *f, const struct message_span *question, struct buf *answer)
{
	const uint32_t serial = SERIAL_FORM, body = (uint32_t)(answer->size - f->answer);

	memcpy(answer->data + MESSAGE_AT_BODY_SIZE, &body, sizeof(body));
	memcpy(answer->data + MESSAGE_AT_SERIAL, &serial, sizeof(serial));
	memcpy(answer->data + AT_REPLY_SERIAL, question->data + MESSAGE_AT_SERIAL, sizeof(serial));
}

/* @answer: of one without, nothing. */
static void keep_form(struct recall *r, uint64_t owner, const struct message_span *question,
	const struct message_span *answer)
{
	struct recalled_form f = { .form = r->form == FORM_NONE ? FORM_RECALLED : r->form,
		.owner = owner,
		.n_fds = question->n_fds };

	f.question = header_size(question);
	f.answer = header_size(answer);
	if (f.question == 0 || f.question > RECALL_QUESTION_MAX || recall_find_form(r, owner, question))
		return;
	f.data = malloc(f.question + f.answer);
	f.sender = strdup(r->sender);
	if (!f.data || !f.sender) {
		form_done(&f);
		return;
	}
	memcpy(f.data, question->data, f.question);
	if (f.answer > 0)
		memcpy(f.data + f.question, answer->data, f.answer);
	form_done(&r->forms[r->next_form]);
	r->forms[r->next_form] = f;
	r->next_form = (r->next_form + 1) % FORMS_MAX;
}

void recall_add(struct recall *r, uint64_t owner, const struct message_span *question,
	const struct message_span *answer)
{
	struct recalled *place = &r->v[r->next];
	uint8_t *data;

	if (!fits(question) || answer->size > RECALL_ANSWER_MAX)
		return;
	data = malloc(question->size + answer->size);
	if (!data)
		return;
	memcpy(data, question->data, question->size);
	memcpy(data + question->size, answer->data, answer->size);
	free(place->data);
	*place = (struct recalled){ .owner = owner,
		.data = data,
		.question = question->size,
		.answer = answer->size,
		.sum = sum(question) };
	r->next = (r->next + 1) % RECALL_MAX;
}

void recall_keep(struct recall *r, uint64_t owner, const struct message_span *question,
	const struct message_span *answer)
{
	static const struct message_span none = { 0 };

	if (!is_wanted(r, question))
		return;
	if (!answer) {
		keep_form(r, owner, question, &none);
		return;
	}
	if (question->n_fds > 0 || !answers(answer, question) || !is_for(answer, r->sender) ||
		header_size(answer) == 0)
		return;
	if (r->wanted)
		recall_add(r, owner, question, answer);
	keep_form(r, owner, question, answer);
}
