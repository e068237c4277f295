/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "learn/lines.h"

#include "base/error.h"

#include <string.h>
#include <unistd.h>

#define BUFFER_FIRST 65536 /* bytes: few calls of read(2) for a large log */

void line_reader_done(struct line_reader *r)
{
	free(r->buffer);
	*r = LINE_READER_INIT(-1);
}

/* Moves what is there to the front, and makes room behind it. */
static int make_room(struct line_reader *r)
{
	size_t size = r->allocated > 0 ? r->allocated : BUFFER_FIRST;
	char *buffer;

	if (r->start > 0) {
		memmove(r->buffer, r->buffer + r->start, r->end - r->start);
		r->end -= r->start;
		r->start = 0;
	}
	if (r->end < r->allocated)
		return 0;
	if (r->allocated >= LOG_LINE_MAX)
		return -EFBIG;
	if (r->allocated > 0)
		size *= 2;
	buffer = realloc(r->buffer, size);
	if (!buffer)
		return -ENOMEM;
	r->buffer = buffer;
	r->allocated = size;
	return 0;
}

static int fill(struct line_reader *r)
{
	ssize_t n;
	int e = make_room(r);

	if (e < 0)
		return e;
	do
		n = RET_ERRNO(read(r->fd, r->buffer + r->end, r->allocated - r->end));
	while (n == -EINTR);
	if (n < 0)
		return (int)n;
	r->ended = n == 0;
	r->end += (size_t)n;
	return 0;
}

int line_next(struct line_reader *r, const char **ret, size_t *ret_size)
{
	size_t searched = 0, size;
	const char *end = NULL;

	while (!end) {
		if (r->end - r->start > searched)
			end = memchr(r->buffer + r->start + searched, '\n', r->end - r->start - searched);
		searched = r->end - r->start;
		if (!end && r->ended)
			break;
		if (!end) {
			int e = fill(r);

			if (e < 0)
				return e;
		}
	}
	if (!end && searched == 0)
		return 0;
	*ret = r->buffer + r->start;
	size = end ? (size_t)(end - *ret) : searched;
	r->start += size + (end ? 1 : 0);
	r->terminated = end != NULL;
	r->number++;
	if (end && size > 0 && (*ret)[size - 1] == '\r')
		size--;
	*ret_size = size;
	return 1;
}
