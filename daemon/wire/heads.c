/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Heads, records that are little more than a head, and the checked fields that several messages share. */

#include "base/error.h"
#include "wire/messages.h"
#include "wire/ranges.h"

#include <string.h>

void put_head(struct buf *b, uint32_t type, uint32_t serial)
{
	buf_put_u32(b, type);
	buf_put_u32(b, serial);
}

int wire_head(struct cursor *c, uint32_t *ret_type, uint32_t *ret_serial)
{
	uint32_t type = cursor_get_u32(c), serial = cursor_get_u32(c);

	if (c->error < 0)
		return c->error;
	*ret_type = type;
	*ret_serial = serial;
	return 0;
}

uint64_t get_id(struct cursor *c)
{
	uint64_t id = cursor_get_u64(c);

	if (id == 0)
		cursor_fail(c, -EBADMSG);
	return id;
}

uint32_t get_uid(struct cursor *c)
{
	return cursor_get_u32_max(c, UINT32_MAX - 1);
}

uint64_t get_timeout(struct cursor *c)
{
	uint64_t usec = cursor_get_u64(c);

	if (usec > TIMEOUT_USEC_MAX && usec != USEC_INFINITY)
		cursor_fail(c, -EBADMSG);
	return usec;
}

int32_t get_signal(struct cursor *c, int32_t min)
{
	int32_t sig = cursor_get_i32(c);

	if (sig < min || sig > WIRE_SIGNAL_MAX)
		cursor_fail(c, -EBADMSG);
	return sig;
}

int32_t get_error(struct cursor *c)
{
	int32_t error = cursor_get_i32(c);

	if (error > 0 || error < -WIRE_ERRNO_MAX)
		cursor_fail(c, -EBADMSG);
	return error;
}

void put_size(struct buf *b, uint16_t rows, uint16_t columns)
{
	buf_put_u32(b, rows);
	buf_put_u32(b, columns);
}

void get_size(struct cursor *c, uint16_t *ret_rows, uint16_t *ret_columns)
{
	*ret_rows = (uint16_t)cursor_get_u32_max(c, UINT16_MAX);
	*ret_columns = (uint16_t)cursor_get_u32_max(c, UINT16_MAX);
}

void put_clipped(struct buf *b, const char *s, size_t max)
{
	size_t n = s ? strnlen(s, max + 1) : 0;

	if (n > max)
		/* back to the first byte of the character that does not fit: 10xxxxxx continues one */
		for (n = max; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80; n--)
			;
	buf_put_bytes(b, s, n);
}

int encode_id(struct buf *b, uint32_t type, uint32_t serial, uint64_t id)
{
	put_head(b, type, serial);
	buf_put_u64(b, id);
	return buf_error(b);
}

int decode_id(struct cursor *c, uint64_t *ret)
{
	uint64_t id = get_id(c);
	int r = cursor_end(c);

	if (r < 0)
		return r;
	*ret = id;
	return 0;
}

int encode_empty(struct buf *b, uint32_t type, uint32_t serial)
{
	put_head(b, type, serial);
	return buf_error(b);
}

int encode_done(struct buf *b, uint32_t serial, const struct done *m)
{
	put_head(b, WIRE_DONE, serial);
	buf_put_i32(b, m->error);
	return buf_error(b);
}

int decode_done(struct cursor *c, struct done *ret)
{
	struct done m = { .error = get_error(c) };
	int r = cursor_end(c);

	if (r < 0)
		return r;
	*ret = m;
	return 0;
}

int encode_salt(struct buf *b, uint32_t serial, const void *salt, size_t size)
{
	put_head(b, WIRE_SALT_IS, serial);
	buf_put_bytes(b, salt, size);
	return buf_error(b);
}

int decode_salt(struct cursor *c, const void **ret, size_t *ret_size)
{
	size_t size = 0;
	const void *salt = cursor_get_bytes(c, SALT_MAX, &size);
	int r;

	if (size < SALT_MIN)
		cursor_fail(c, -EBADMSG);
	r = cursor_end(c);
	if (r < 0)
		return r;
	*ret = salt;
	*ret_size = size;
	return 0;
}
