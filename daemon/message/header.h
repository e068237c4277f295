/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The header of a D-Bus message: where its numbers stand, which fields it has, and how they are written. All
 * in this machine's byte order, into a buffer that begins with the message.
 */

#include "base/buf.h"

#include <stdint.h>

/* Of the head: byte order, type, flags, version, and where the numbers stand. */
#define MESSAGE_AT_ENDIAN      0
#define MESSAGE_AT_TYPE        1
#define MESSAGE_AT_FLAGS       2
#define MESSAGE_AT_VERSION     3
#define MESSAGE_AT_BODY_SIZE   4
#define MESSAGE_AT_SERIAL      8
#define MESSAGE_AT_FIELDS_SIZE 12

#define MESSAGE_NO_REPLY_EXPECTED 0x1U

enum message_field {
	FIELD_INVALID,
	FIELD_PATH,
	FIELD_INTERFACE,
	FIELD_MEMBER,
	FIELD_ERROR_NAME,
	FIELD_REPLY_SERIAL,
	FIELD_DESTINATION,
	FIELD_SENDER,
	FIELD_SIGNATURE,
	FIELD_UNIX_FDS,
	_FIELD_MAX,
};

void message_put_head(struct buf *b, uint8_t type, uint8_t flags, uint32_t serial);
/* Of the type s, o or g. NULL or "": there is no such field. */
void message_put_text(struct buf *b, enum message_field field, char type, const char *s);
/* Of the type u. 0: there is no such field. */
void message_put_number(struct buf *b, enum message_field field, uint32_t v);
/* The body is next, at a multiple of eight: where. */
size_t message_end_header(struct buf *b);
/* The message is whole, its body began there: 0, or what went wrong with the buffer. */
int message_end(struct buf *b, size_t body_at);
