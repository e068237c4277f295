/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/body.h"
#include "base/error.h"
#include "base/utf8.h"

#include <stdarg.h>
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
	case SD_BUS_TYPE_UINT16:
		return 2;
	case SD_BUS_TYPE_VARIANT:
	case SD_BUS_TYPE_BYTE:
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
	uint8_t *at;

	/* no D-Bus message has other text: sd-bus looks, too */
	if (utf8_valid_prefix(s, n) != n) {
		fail(w, -EINVAL);
		return;
	}
	at = extend(w, sizeof(size), sizeof(size) + n + 1);
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

void writer_fd(struct writer *w, int fd)
{
	if (w->message) {
		writer_basic(w, SD_BUS_TYPE_UNIX_FD, &fd);
		return;
	}
	if (w->n_fds >= ELEMENTSOF(w->fds)) {
		fail(w, -EINVAL);
		return;
	}
	writer_u32(w, (uint32_t)w->n_fds);
	w->fds[w->n_fds++] = fd;
}

void writer_open_entry(struct writer *w, const char *key, const char *type)
{
	writer_open(w, SD_BUS_TYPE_DICT_ENTRY, "sv");
	writer_text(w, key);
	writer_open(w, SD_BUS_TYPE_VARIANT, type);
}

void writer_entry(struct writer *w, const char *key, char type, const void *value)
{
	writer_open_entry(w, key, (const char[]){ type, '\0' });
	writer_basic(w, type, value);
	writer_close(w);
	writer_close(w);
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

/* The array that is open has come to its end, or is past it, which its exit tells. */
static bool at_end(const struct reader *r)
{
	return r->n > 0 && r->open[r->n - 1].type == SD_BUS_TYPE_ARRAY &&
	       r->bytes->at >= r->open[r->n - 1].end;
}

static int state_of(const struct cursor *c)
{
	return c->error < 0 ? c->error : 1;
}

/* One character's length, the character, a NUL for its end; and so of longer ones. */
static const char *get_signature(struct cursor *c)
{
	const size_t size = cursor_get_u8(c);
	const char *s = cursor_get(c, size + 1);

	if (s && strnlen(s, size + 1) == size)
		return s;
	cursor_fail(c, -EBADMSG);
	return NULL;
}

static void enter_bytes(struct reader *r, char type, const char *contents)
{
	struct cursor *c = r->bytes;
	const char *s;
	size_t end = 0;

	if (type == SD_BUS_TYPE_ARRAY)
		end = body_array(c, alignment_of(contents[0]));
	else if (type == SD_BUS_TYPE_VARIANT) {
		s = get_signature(c);
		if (!s || strcmp(s, contents) != 0)
			cursor_fail(c, -EBADMSG);
	} else
		skip_to(c, 8);
	r->open[r->n].type = type;
	r->open[r->n++].end = end;
}

int reader_enter(struct reader *r, char type, const char *contents)
{
	if (r->message)
		return sd_bus_message_enter_container(r->message, type, contents);
	if (r->bytes->error >= 0 && at_end(r))
		return 0;
	if (r->n >= ELEMENTSOF(r->open))
		cursor_fail(r->bytes, -EBADMSG);
	else
		enter_bytes(r, type, contents);
	return state_of(r->bytes);
}

int reader_exit(struct reader *r)
{
	if (r->message)
		return sd_bus_message_exit_container(r->message);
	if (r->n == 0)
		cursor_fail(r->bytes, -EBADMSG);
	else if (r->open[--r->n].type == SD_BUS_TYPE_ARRAY && r->bytes->at != r->open[r->n].end)
		cursor_fail(r->bytes, -EBADMSG);
	return state_of(r->bytes);
}

static void get_basic(struct reader *r, char type, void *ret)
{
	struct cursor *c = r->bytes;
	const size_t size = alignment_of(type);
	const void *at;
	uint32_t n;

	if (type == SD_BUS_TYPE_STRING) {
		*(const char **)ret = body_text(c);
		return;
	}
	skip_to(c, size);
	at = cursor_get(c, size);
	if (!at)
		return;
	if (type != SD_BUS_TYPE_UNIX_FD && type != SD_BUS_TYPE_BOOLEAN) {
		memcpy(ret, at, size);
		return;
	}
	memcpy(&n, at, sizeof(n));
	if (n >= (type == SD_BUS_TYPE_BOOLEAN ? 2 : r->n_fds))
		cursor_fail(c, -EBADMSG);
	else
		*(int *)ret = type == SD_BUS_TYPE_BOOLEAN ? (int)n : r->fds[n];
}

int reader_basic(struct reader *r, char type, void *ret)
{
	if (r->message)
		return sd_bus_message_read_basic(r->message, type, ret);
	if (r->bytes->error >= 0 && at_end(r))
		return 0;
	get_basic(r, type, ret);
	return state_of(r->bytes);
}

int reader_tuple(struct reader *r, char type, const char *types, ...)
{
	va_list ap;
	int k = reader_enter(r, type, types);

	if (k <= 0)
		return k;
	va_start(ap, types);
	for (const char *t = types; *t != '\0' && k > 0; t++)
		k = reader_basic(r, *t, va_arg(ap, void *));
	va_end(ap);
	return k > 0 ? reader_exit(r) : k < 0 ? k : -EBADMSG;
}

int reader_bytes(struct reader *r, const char **ret, size_t *ret_size)
{
	const void *data;
	size_t end;
	int k;

	if (r->message) {
		k = sd_bus_message_read_array(r->message, SD_BUS_TYPE_BYTE, &data, ret_size);
		*ret = data;
		return k;
	}
	if (r->bytes->error >= 0 && at_end(r))
		return 0;
	end = body_array(r->bytes, 1);
	*ret_size = end - r->bytes->at;
	*ret = cursor_get(r->bytes, *ret_size);
	return state_of(r->bytes);
}

int reader_variant(struct reader *r, const char **ret)
{
	struct cursor ahead;
	char type;

	if (r->message)
		return sd_bus_message_peek_type(r->message, &type, ret);
	ahead = *r->bytes;
	*ret = get_signature(&ahead);
	if (!*ret)
		cursor_fail(r->bytes, -EBADMSG);
	return state_of(r->bytes);
}

int reader_skip_variant(struct reader *r)
{
	if (r->message)
		return sd_bus_message_skip(r->message, "v");
	cursor_fail(r->bytes, -EBADMSG);
	return -EBADMSG;
}
