/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/body.h"
#include "base/error.h"

#include <string.h>

static void fail(struct writer *w, int error)
{
	if (w->error >= 0 && error < 0)
		w->error = error;
}

static size_t alignment_of(char type)
{
	switch (type) {
	case SD_BUS_TYPE_UINT64:
	case SD_BUS_TYPE_DOUBLE:
	case SD_BUS_TYPE_STRUCT_BEGIN:
	case SD_BUS_TYPE_STRUCT:
	case SD_BUS_TYPE_DICT_ENTRY_BEGIN:
	case SD_BUS_TYPE_DICT_ENTRY:
		return 8;
	case SD_BUS_TYPE_VARIANT:
		return 1;
	default:
		return 4;
	}
}

/* So many bytes, behind what is left out before them; NULL after an error. */
static uint8_t *extend(struct writer *w, size_t alignment, size_t size)
{
	const size_t left_out = -w->bytes->size % alignment;
	uint8_t *at = buf_extend(w->bytes, left_out + size);

	if (!at)
		return NULL;
	memset(at, 0, left_out);
	return at + left_out;
}

static void open_array(struct writer *w, const char *contents)
{
	uint8_t *at = extend(w, 4, sizeof(uint32_t));

	if (!at)
		return;
	memset(at, 0, sizeof(uint32_t));
	w->open[w->n].length_at = w->bytes->size - sizeof(uint32_t);
	/* what is left out before the first element is no part of the length */
	(void)extend(w, alignment_of(contents[0]), 0);
	w->open[w->n].begin = w->bytes->size;
}

static void open_bytes(struct writer *w, char type, const char *contents)
{
	const size_t size = strlen(contents);
	uint8_t *at;

	w->open[w->n].type = type;
	if (type == SD_BUS_TYPE_ARRAY)
		open_array(w, contents);
	else if (type == SD_BUS_TYPE_VARIANT) {
		at = extend(w, 1, size + 2);
		if (at) {
			at[0] = (uint8_t)size;
			memcpy(at + 1, contents, size + 1);
		}
	} else
		(void)extend(w, 8, 0);
	w->n++;
}

void writer_open(struct writer *w, char type, const char *contents)
{
	if (w->error < 0)
		return;
	if (w->message)
		fail(w, sd_bus_message_open_container(w->message, type, contents));
	else if (w->n >= ELEMENTSOF(w->open))
		fail(w, -EINVAL);
	else
		open_bytes(w, type, contents);
}

void writer_close(struct writer *w)
{
	uint32_t length;

	if (w->error < 0)
		return;
	if (w->message) {
		fail(w, sd_bus_message_close_container(w->message));
		return;
	}
	if (w->n == 0 || buf_error(w->bytes) < 0) {
		fail(w, w->n == 0 ? -EINVAL : buf_error(w->bytes));
		return;
	}
	w->n--;
	if (w->open[w->n].type != SD_BUS_TYPE_ARRAY)
		return;
	length = (uint32_t)(w->bytes->size - w->open[w->n].begin);
	memcpy(w->bytes->data + w->open[w->n].length_at, &length, sizeof(length));
}

static void put_text(struct writer *w, const char *s)
{
	const size_t n = strlen(s);
	const uint32_t size = (uint32_t)n;
	uint8_t *at = extend(w, sizeof(size), sizeof(size) + n + 1);

	if (!at)
		return;
	memcpy(at, &size, sizeof(size));
	memcpy(at + sizeof(size), s, n + 1);
}

void writer_basic(struct writer *w, char type, const void *value)
{
	const size_t size = alignment_of(type);
	uint8_t *at;

	if (w->error < 0)
		return;
	if (w->message) {
		fail(w, sd_bus_message_append_basic(w->message, type, value));
		return;
	}
	if (type == SD_BUS_TYPE_STRING || type == SD_BUS_TYPE_OBJECT_PATH) {
		put_text(w, value ? value : "");
		return;
	}
	at = extend(w, size, size);
	if (at)
		memcpy(at, value, size);
}

void writer_text(struct writer *w, const char *s)
{
	writer_basic(w, SD_BUS_TYPE_STRING, s);
}

void writer_u32(struct writer *w, uint32_t v)
{
	writer_basic(w, SD_BUS_TYPE_UINT32, &v);
}

void writer_entries(struct writer *w, const uint8_t *entries, size_t size)
{
	uint8_t *at;

	if (w->error < 0)
		return;
	if (!w->bytes) {
		fail(w, -EINVAL);
		return;
	}
	at = extend(w, 8, size);
	if (at && size > 0)
		memcpy(at, entries, size);
}

int writer_error(const struct writer *w)
{
	return w->error < 0 || !w->bytes ? w->error : buf_error(w->bytes);
}

/* What is left out must be 0. */
static void skip_to(struct cursor *c, size_t alignment)
{
	const size_t size = -c->at % alignment;
	const uint8_t *skipped = cursor_get(c, size);

	for (size_t i = 0; skipped && i < size; i++)
		if (skipped[i] != 0)
			cursor_fail(c, -EBADMSG);
}

const char *body_text(struct cursor *c)
{
	const char *text;
	uint32_t size;

	skip_to(c, 4);
	size = cursor_get_u32(c);
	text = cursor_get(c, (size_t)size + 1);
	if (!text)
		return NULL;
	for (size_t i = 0; i < size; i++)
		if (text[i] == '\0' || (unsigned char)text[i] >= 0x80)
			cursor_fail(c, -EBADMSG);
	if (text[size] != '\0')
		cursor_fail(c, -EBADMSG);
	return c->error < 0 ? NULL : text;
}

size_t body_array(struct cursor *c, size_t alignment)
{
	size_t size;

	skip_to(c, 4);
	size = cursor_get_u32(c);
	skip_to(c, alignment);
	if (c->error == 0 && size > c->size - c->at)
		cursor_fail(c, -EBADMSG);
	return c->error < 0 ? c->at : c->at + size;
}

void body_struct(struct cursor *c)
{
	skip_to(c, 8);
}
