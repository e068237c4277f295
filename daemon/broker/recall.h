/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Questions whose answers hold until the next reload are often asked again: which profiles there are, what a
 * user's name becomes. The last few are kept as they were sent and answered, byte for byte, and one that
 * comes again, with nothing but its serial changed, is answered by the same bytes, before sd-bus sees it.
 *
 * What makes that right: the handler says of each answer whether it depends on anything but the message, who
 * sent it, and the catalog (recall_wanted()). Who sent it is the bus' word, which is in the bytes, or the
 * direct connection, and that can not change: a unique name and a connection have one owner. Each connection
 * to a bus and each direct one has a number, and recalls what was asked over itself. A reload forgets all, as
 * does the end of the broker's service. Messages with descriptors are not kept, nor errors.
 *
 * Of these, and of questions whose answers are made without sd-bus (quick.h), the form is kept: the header of
 * the question, for which sd-bus has found handler and sender once, and the header of its answer. What comes
 * with the same header is the same question, of the same sender, about something else; the body is the
 * handler's to read and to write.
 */

#include "base/buf.h"
#include "message/check.h"
#include "message/pump.h"

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#define RECALL_MAX          32    /* of all callers; the oldest makes room */
#define RECALL_QUESTION_MAX 1024  /* bytes */
#define RECALL_ANSWER_MAX   16384 /* bytes */
#define FORMS_MAX           64    /* likewise */

struct recalled {
	uint64_t owner;
	uint8_t *data; /* owned: the question, then the answer */
	size_t question, answer;
	uint64_t sum; /* of the question: another's is another, nearly always */
};

enum form {
	FORM_NONE,
	FORM_RECALLED,  /* answers are kept, and none is made otherwise */
	FORM_SANDBOXES, /* ListSandboxes */
	FORM_SANITIZE,  /* GetSanitizedUsername */
	FORM_EXPLAIN,
	FORM_LAUNCH, /* LaunchSandboxed, which is not answered at once, and may bring descriptors */
	_FORM_MAX,
};

struct recalled_form {
	enum form form;
	uint64_t owner;
	uint8_t *data;           /* owned: the question's header, then the answer's */
	size_t question, answer; /* bytes, a multiple of eight; no answer of FORM_LAUNCH */
	size_t n_fds;            /* that the question says to have */
	char *sender;            /* owned; as the question states it, "" without */
};

struct recall {
	uint64_t n_owners;
	/* The call whose answer is being made, and is to be kept, or the form of both. */
	bool wanted;
	enum form form;
	uint32_t serial;
	char sender[MESSAGE_NAME_MAX + 1];
	size_t next, next_form;
	struct recalled v[RECALL_MAX];
	struct recalled_form forms[FORMS_MAX];
};

/* A number for a connection; never 0. */
uint64_t recall_owner(struct recall *r);
/* The answer that a handler is about to give to it is the same as long as the catalog is. */
void recall_wanted(struct recall *r, sd_bus_message *m);
/* Questions with this header may be answered, or acted on, without sd-bus, as long as the catalog is the
 * same. */
void recall_form(struct recall *r, sd_bus_message *m, enum form form);
/* What is delivered next has not been asked for yet. */
void recall_begin(struct recall *r);
/* Puts the answer into @ret: 1, or 0: it is not known. -ENOMEM. */
int recall_find(const struct recall *r, uint64_t owner, const struct message_span *question, struct buf *ret);
/* Keeps it, or the form, if it is the answer to that question, and wanted. Without memory for it, it does
 * not. NULL: no answer is to be kept.
 */
void recall_keep(struct recall *r, uint64_t owner, const struct message_span *question,
	const struct message_span *answer);
/* The form of a question; NULL: it is not known. Until the next call of another function here. */
const struct recalled_form *recall_find_form(
	const struct recall *r, uint64_t owner, const struct message_span *question);
/* The next question like it is sd-bus' again. */
void recall_drop_form(struct recall *r, const struct recalled_form *f);
/* What message_check() says of it, if it has that form: its header is one that was checked before. */
bool recall_check(const struct recall *r, uint64_t owner, const struct message_span *question,
	struct message_fault *ret);
/* The header of the answer, for its body to be put behind; then, what the header says of body and question.
 */
void recall_begin_answer(const struct recalled_form *f, struct buf *ret);
void recall_end_answer(
	const struct recalled_form *f, const struct message_span *question, struct buf *answer);
/* Keeps an answer that was made so. */
void recall_add(struct recall *r, uint64_t owner, const struct message_span *question,
	const struct message_span *answer);
void recall_forget(struct recall *r);
