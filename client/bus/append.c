/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Writing a body. The first error stays: what is written after it is not. Types are the program's own, and
 * those of containers are not copied: they are string constants. */

#include "base/error.h"
#include "base/fd.h"
#include "bus/bus.h"

#include <string.h>

uint8_t *buf_align(struct buf *b, size_t alignment, size_t size)
{
	const size_t left_out = -b->size % alignment;
	uint8_t *at = buf_extend(b, left_out + size);

	if (!at)
		return NULL;
	memset(at, 0, left_out);
	return at + left_out;
}

void buf_text(struct buf *b, char type, const char *s)
{
	const size_t n = strlen(s);
	uint8_t *at;

	if (type == 'g') {
		buf_put_u8(b, (uint8_t)n);
		buf_put(b, s, n + 1);
		return;
	}
	at = n < UINT32_MAX ? buf_align(b, sizeof(uint32_t), sizeof(uint32_t)) : NULL;
	if (!at) {
		b->error = b->error < 0 ? b->error : -EMSGSIZE;
		return;
	}
	memcpy(at, &(uint32_t){ (uint32_t)n }, sizeof(uint32_t));
	buf_put(b, s, n + 1);
}

static int fail(sd_bus_message *m, int error)
{
	if (m->failed == 0)
		m->failed = error;
	return m->failed;
}

static int settle(sd_bus_message *m)
{
	return buf_error(&m->written) < 0 ? fail(m, buf_error(&m->written)) : m->failed;
}

/* The next type is to be this one: of the body it becomes it. */
static int expect(sd_bus_message *m, const char *type, size_t n)
{
	struct level *l = &m->levels[m->depth];
	const size_t have = strlen(m->types);

	if (m->failed < 0)
		return m->failed;
	if (m->depth == 0) {
		if (n > TYPES_MAX - have)
			return fail(m, -E2BIG);
		memcpy(m->types + have, type, n);
		m->types[have + n] = '\0';
		return 0;
	}
	if ((size_t)(l->end - l->next) < n || memcmp(l->next, type, n) != 0)
		return fail(m, -ENXIO);
	if (l->type != 'a')
		l->next += n;
	return 0;
}

static int append_fd(sd_bus_message *m, int fd)
{
	int copy = fd_dup_above(fd, 3), *grown;

	if (copy < 0)
		return fail(m, copy);
	grown = m->n_fds < STREAM_FDS_MAX ? reallocarray(m->fds, m->n_fds + 1, sizeof(*grown)) : NULL;
	if (!grown) {
		(void)fd_close(copy);
		return fail(m, m->n_fds < STREAM_FDS_MAX ? -ENOMEM : -E2BIG);
	}
	m->fds = grown;
	m->fds[m->n_fds++] = copy;
	(void)buf_align(&m->written, sizeof(uint32_t), 0);
	buf_put_u32(&m->written, (uint32_t)m->n_fds - 1);
	return settle(m);
}

int sd_bus_message_append_basic(sd_bus_message *m, char type, const void *p)
{
	const size_t size = type_alignment(type);
	uint8_t *at;
	int r;

	if (!type_is_basic(type))
		return fail(m, -EINVAL);
	r = expect(m, &type, 1);
	if (r < 0)
		return r;
	if (type_is_text(type)) {
		buf_text(&m->written, type, p ? p : "");
		return settle(m);
	}
	if (type == 'h')
		return append_fd(m, *(const int *)p);
	at = buf_align(&m->written, size, size);
	if (at && type == 'b')
		memcpy(at, &(uint32_t){ *(const int *)p != 0 }, size);
	else if (at)
		memcpy(at, p, size);
	return settle(m);
}

/* As it stands among types. */
static int expect_container(sd_bus_message *m, char type, const char *contents, size_t n)
{
	char text[TYPES_MAX + 1];
	const char open = type == 'r' ? '(' : '{', close = type == 'r' ? ')' : '}';

	if (type == 'v')
		return n > 0 && n < TYPES_MAX && type_length(contents, contents + n) == n ? expect(m, "v", 1)
											  : fail(m, -EINVAL);
	if (n == 0 || n + 2 > TYPES_MAX)
		return fail(m, -EINVAL);
	text[0] = type == 'a' ? 'a' : open;
	memcpy(text + 1, contents, n);
	text[n + 1] = close;
	/* an entry is what an array is of */
	if ((type != 'a' && type != 'r' && type != 'e') || (type == 'e' && m->levels[m->depth].type != 'a'))
		return fail(m, -EINVAL);
	return expect(m, text, type == 'a' ? n + 1 : n + 2);
}

int message_open_container(sd_bus_message *m, char type, const char *contents, size_t n)
{
	struct level *l;
	uint8_t *at;
	int r = expect_container(m, type, contents, n);

	if (r < 0)
		return r;
	if (m->depth == NESTING_MAX)
		return fail(m, -EINVAL);
	l = &m->levels[++m->depth];
	*l = (struct level){ .type = type, .types = contents, .next = contents, .end = contents + n };
	if (type == 'a') {
		at = buf_align(&m->written, 4, 4);
		l->length_at = m->written.size - 4;
		if (at)
			memset(at, 0, 4);
		/* what is left out before the first element is no part of the length */
		(void)buf_align(&m->written, type_alignment(*contents), 0);
		l->begin = m->written.size;
	} else if (type == 'v') {
		buf_put_u8(&m->written, (uint8_t)n);
		buf_put(&m->written, contents, n);
		buf_put_u8(&m->written, 0);
	} else
		(void)buf_align(&m->written, 8, 0);
	return settle(m);
}

int sd_bus_message_open_container(sd_bus_message *m, char type, const char *contents)
{
	return message_open_container(m, type, contents, strlen(contents));
}

int sd_bus_message_close_container(sd_bus_message *m)
{
	const struct level *l = &m->levels[m->depth];
	uint32_t size;

	if (m->failed < 0)
		return m->failed;
	if (m->depth == 0 || (l->type != 'a' && l->next != l->end))
		return fail(m, -EINVAL);
	if (l->type == 'a') {
		size = (uint32_t)(m->written.size - l->begin);
		memcpy(m->written.data + l->length_at, &size, sizeof(size));
	}
	m->depth--;
	return 0;
}

int sd_bus_message_append_strv(sd_bus_message *m, char **l)
{
	int r = sd_bus_message_open_container(m, 'a', "s");

	for (size_t i = 0; r >= 0 && l && l[i]; i++)
		r = sd_bus_message_append_basic(m, 's', l[i]);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

int sd_bus_message_append_array(sd_bus_message *m, char type, const void *ptr, size_t size)
{
	int r = type == 'y' ? message_open_container(m, 'a', "y", 1) : fail(m, -EINVAL);

	if (r < 0)
		return r;
	buf_put(&m->written, ptr, size);
	r = settle(m);
	return r < 0 ? r : sd_bus_message_close_container(m);
}
