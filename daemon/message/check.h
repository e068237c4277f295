/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What sd-bus takes for a D-Bus message. It drops what it takes for invalid without a word, and leaves the
 * descriptors that came with it open (-EBADMSG from bus_message_from_malloc() in libsystemd's bus-message.c):
 * so nothing may come to it that it would drop. The check covers each way to that error: the head, the array
 * of header fields, what each kind of message has to have, the number of descriptors. It is stricter where
 * D-Bus is, and where sd-bus has faults of its own: it takes no field of a kind that D-Bus does not know yet
 * unless its value is of a basic type. Bodies are not looked at: sd-bus reads them when a handler does, and a
 * handler that fails is answered, and the message freed. Pure: no input or output here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_HEAD_SIZE 16U /* up to the length of the header's fields */
#define MESSAGE_NAME_MAX  255

/* Of a message: whose it is, what is wrong with it, and what is needed to tell its sender. */
struct message_fault {
	const char *why; /* a sentence's end, in a word of ours; NULL: nothing is wrong */
	uint8_t type;    /* SD_BUS_MESSAGE_METHOD_CALL, … */
	uint32_t serial;
	bool readable;                     /* its header fields can be told apart */
	bool answer;                       /* it is a call that wants an answer, and is readable */
	char sender[MESSAGE_NAME_MAX + 1]; /* as it states; "" without */
};

/* The size of the whole message, from its first MESSAGE_HEAD_SIZE bytes. -EBADMSG: that is no head. */
int message_measure(const uint8_t head[MESSAGE_HEAD_SIZE], uint64_t *ret_size);
/* The serial in that head. */
uint32_t message_serial(const uint8_t head[MESSAGE_HEAD_SIZE]);
/* Of a whole message, as message_measure() has it. -EBADMSG with *ret set, or 0. */
int message_check(const uint8_t *data, size_t size, size_t n_fds, struct message_fault *ret);
/* What a message that passed says of itself; all texts lie in it, NULL: it does not say so. */
struct message_head {
	uint8_t type; /* SD_BUS_MESSAGE_METHOD_CALL, … */
	uint32_t serial, reply_serial;
	const char *path, *interface, *member, *error_name, *sender, *signature;
	bool little; /* the least significant byte of numbers comes first */
	bool wants_answer;
	size_t body_at;
};

/* The same check, and what it has read. */
int message_open(const uint8_t *data, size_t size, size_t n_fds, struct message_head *ret);
/* The first argument of a message that passed, when it is a text; otherwise NULL, or what looks like one. */
const char *message_first_text(const uint8_t *data, size_t size);
/* Are these complete types, as D-Bus and sd-bus permit them? */
bool message_signature_is_valid(const char *s, size_t size);
