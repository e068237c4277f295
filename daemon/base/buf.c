/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/buf.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/strv.h"

#include <string.h>

void buf_done(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT(b->max);
}

/* Makes room for size more bytes; false once the buffer has failed. */
static bool buf_reserve(struct buf *b, size_t size)
{
	size_t need, want;
	uint8_t *p;

	if (b->error < 0)
		return false;
	if (__builtin_add_overflow(b->size, size, &need) || (b->max > 0 && need > b->max)) {
		b->error = -EMSGSIZE;
		return false;
	}
	if (need <= b->allocated)
		return true;
	want = b->allocated < 128 ? 256 : b->allocated * 2;
	if (want < need)
		want = need;
	p = realloc(b->data, want);
	if (!p) {
		b->error = -ENOMEM;
		return false;
	}
	b->data = p;
	b->allocated = want;
	return true;
}

uint8_t *buf_extend(struct buf *b, size_t size)
{
	if (!buf_reserve(b, size))
		return NULL;
	b->size += size;
	return b->data + b->size - size;
}

void buf_put(struct buf *b, const void *data, size_t size)
{
	if (size == 0 || !buf_reserve(b, size))
		return;
	memcpy(b->data + b->size, data, size);
	b->size += size;
}

void buf_put_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, sizeof(v));
}

void buf_put_u32(struct buf *b, uint32_t v)
{
	buf_put(b, &v, sizeof(v));
}

void buf_put_u64(struct buf *b, uint64_t v)
{
	buf_put(b, &v, sizeof(v));
}

void buf_put_i32(struct buf *b, int32_t v)
{
	buf_put(b, &v, sizeof(v));
}

void buf_put_bytes(struct buf *b, const void *data, size_t size)
{
	if (size > UINT32_MAX) {
		b->error = -EMSGSIZE;
		return;
	}
	buf_put_u32(b, (uint32_t)size);
	buf_put(b, data, size);
}

void buf_put_str(struct buf *b, const char *s)
{
	buf_put_bytes(b, s, s ? strlen(s) : 0);
}

void buf_put_strv(struct buf *b, char *const *v)
{
	size_t n = strv_length(v);

	buf_put_u32(b, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		buf_put_str(b, v[i]);
}

int buf_error(const struct buf *b)
{
	return b->error;
}

void cursor_fail(struct cursor *c, int error)
{
	if (c->error == 0)
		c->error = error;
}

const void *cursor_get(struct cursor *c, size_t size)
{
	const void *p;

	if (c->error < 0)
		return NULL;
	if (size > c->size - c->at) {
		c->error = -EBADMSG;
		return NULL;
	}
	p = c->data + c->at;
	c->at += size;
	return p;
}

/* Copies a fixed-size field; zero after an error. */
static void get_fixed(struct cursor *c, void *ret, size_t size)
{
	const void *p = cursor_get(c, size);

	if (p)
		memcpy(ret, p, size);
}

uint8_t cursor_get_u8(struct cursor *c)
{
	uint8_t v = 0;

	get_fixed(c, &v, sizeof(v));
	return v;
}

uint32_t cursor_get_u32(struct cursor *c)
{
	uint32_t v = 0;

	get_fixed(c, &v, sizeof(v));
	return v;
}

uint64_t cursor_get_u64(struct cursor *c)
{
	uint64_t v = 0;

	get_fixed(c, &v, sizeof(v));
	return v;
}

int32_t cursor_get_i32(struct cursor *c)
{
	int32_t v = 0;

	get_fixed(c, &v, sizeof(v));
	return v;
}

uint32_t cursor_get_u32_max(struct cursor *c, uint32_t max)
{
	uint32_t v = cursor_get_u32(c);

	if (v > max) {
		cursor_fail(c, -EBADMSG);
		return 0;
	}
	return v;
}

bool cursor_get_bool(struct cursor *c)
{
	uint8_t v = cursor_get_u8(c);

	if (v > 1)
		cursor_fail(c, -EBADMSG);
	return v == 1;
}

const void *cursor_get_bytes(struct cursor *c, size_t max, size_t *ret_size)
{
	uint32_t size = cursor_get_u32(c);
	const void *p;

	if (c->error == 0 && size > max)
		cursor_fail(c, -EBADMSG);
	p = cursor_get(c, size);
	if (p)
		*ret_size = size;
	return p;
}

void *cursor_take(struct cursor *c, size_t n, size_t size)
{
	void *taken = c->arena ? arena_take(c->arena, n, size) : calloc(n, size);

	if (!taken)
		cursor_fail(c, -ENOMEM);
	return taken;
}

char *cursor_get_str(struct cursor *c, size_t max)
{
	const void *p;
	size_t size;
	char *s;

	p = cursor_get_bytes(c, max, &size);
	if (!p)
		return NULL;
	if (memchr(p, 0, size)) {
		cursor_fail(c, -EBADMSG);
		return NULL;
	}
	s = cursor_take(c, size + 1, 1);
	if (s)
		memcpy(s, p, size);
	return s;
}

size_t cursor_get_count(struct cursor *c, size_t max, size_t min_size)
{
	size_t n = cursor_get_u32(c);

	if (c->error < 0)
		return 0;
	if (n > max || (min_size > 0 && n > (c->size - c->at) / min_size)) {
		cursor_fail(c, -EBADMSG);
		return 0;
	}
	return n;
}

char **cursor_get_strv(struct cursor *c, size_t max_n, size_t max)
{
	size_t n = cursor_get_count(c, max_n, sizeof(uint32_t));
	char **v;

	if (c->error < 0)
		return NULL;
	v = cursor_take(c, n + 1, sizeof(*v));
	for (size_t i = 0; v && i < n; i++) {
		v[i] = cursor_get_str(c, max);
		if (v[i])
			continue;
		if (!c->arena)
			(void)strv_free(v);
		return NULL;
	}
	return v;
}

int cursor_end(const struct cursor *c)
{
	if (c->error < 0)
		return c->error;
	return c->at == c->size ? 0 : -EBADMSG;
}
