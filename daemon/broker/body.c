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

static void align(struct writer *w, size_t alignment)
{
	static const uint8_t zeros[8];

	buf_put(w->bytes, zeros, -w->bytes->size % alignment);
}

static void open_bytes(struct writer *w, char type, const char *contents)
{
	const size_t size = strlen(contents);

	w->open[w->n].type = type;
	switch (type) {
	case SD_BUS_TYPE_ARRAY:
		align(w, 4);
		w->open[w->n].length_at = w->bytes->size;
		buf_put_u32(w->bytes, 0);
		/* what is left out before the first element is no part of the length */
		align(w, alignment_of(contents[0]));
		w->open[w->n].begin = w->bytes->size;
		break;
	case SD_BUS_TYPE_VARIANT:
		buf_put_u8(w->bytes, (uint8_t)size);
		buf_put(w->bytes, contents, size + 1);
		break;
	default:
		align(w, 8);
	}
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

void writer_basic(struct writer *w, char type, const void *value)
{
	const size_t size = alignment_of(type);

	if (w->error < 0)
		return;
	if (w->message) {
		fail(w, sd_bus_message_append_basic(w->message, type, value));
		return;
	}
	align(w, size);
	if (type == SD_BUS_TYPE_STRING || type == SD_BUS_TYPE_OBJECT_PATH) {
		buf_put_str(w->bytes, value);
		buf_put_u8(w->bytes, 0);
	} else
		buf_put(w->bytes, value, size);
}

void writer_text(struct writer *w, const char *s)
{
	writer_basic(w, SD_BUS_TYPE_STRING, s);
}

void writer_u32(struct writer *w, uint32_t v)
{
	writer_basic(w, SD_BUS_TYPE_UINT32, &v);
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
