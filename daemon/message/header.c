/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "message/header.h"
#include "message/check.h"

#include <string.h>

static void align(struct buf *b, size_t alignment)
{
	const size_t n = -b->size % alignment;
	uint8_t *at = buf_extend(b, n);

	if (at && n > 0)
		memset(at, 0, n);
}

static void put_u32_at(struct buf *b, size_t at, uint32_t v)
{
	if (buf_error(b) >= 0)
		memcpy(b->data + at, &v, sizeof(v));
}

void message_put_head(struct buf *b, uint8_t type, uint8_t flags, uint32_t serial)
{
	const uint16_t one = 1;
	uint8_t head[MESSAGE_HEAD_SIZE] = { [MESSAGE_AT_ENDIAN] = *(const uint8_t *)&one == 1 ? 'l' : 'B',
		[MESSAGE_AT_TYPE] = type,
		[MESSAGE_AT_FLAGS] = flags,
		[MESSAGE_AT_VERSION] = 1 };

	memcpy(head + MESSAGE_AT_SERIAL, &serial, sizeof(serial));
	buf_put(b, head, sizeof(head));
}

/* Code, and the signature of the value, which leave it at a multiple of four. */
static void put_field(struct buf *b, enum message_field field, char type)
{
	const uint8_t head[] = { (uint8_t)field, 1, (uint8_t)type, 0 };

	align(b, 8);
	buf_put(b, head, sizeof(head));
}

void message_put_text(struct buf *b, enum message_field field, char type, const char *s)
{
	const size_t n = s ? strlen(s) : 0;

	if (n == 0)
		return;
	put_field(b, field, type);
	if (type == 'g')
		buf_put_u8(b, (uint8_t)n);
	else
		buf_put_u32(b, (uint32_t)n);
	buf_put(b, s, n + 1);
}

void message_put_number(struct buf *b, enum message_field field, uint32_t v)
{
	if (v == 0)
		return;
	put_field(b, field, 'u');
	buf_put_u32(b, v);
}

size_t message_end_header(struct buf *b)
{
	put_u32_at(b, MESSAGE_AT_FIELDS_SIZE, (uint32_t)(b->size - MESSAGE_HEAD_SIZE));
	align(b, 8);
	return b->size;
}

int message_end(struct buf *b, size_t body_at)
{
	put_u32_at(b, MESSAGE_AT_BODY_SIZE, (uint32_t)(b->size - body_at));
	return buf_error(b);
}
