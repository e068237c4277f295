/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/excerpt.h"

#include "base/utf8.h"

#include <string.h>

#define SHOWN_BEFORE 80  /* bytes of a long line that are shown before the place */
#define SHOWN_LINE   160 /* and in all */

struct text_line text_line_at(struct position at)
{
	const struct source *s = at.source;
	struct text_line line = { .number = 1 };
	const char *newline;

	for (size_t i = 0; i < at.offset && i < s->size; i++)
		if (s->text[i] == '\n') {
			line.begin = i + 1;
			line.number++;
		}
	newline = memchr(s->text + line.begin, '\n', s->size - line.begin);
	line.end = newline ? (size_t)(newline - s->text) : s->size;
	if (line.end > line.begin && s->text[line.end - 1] == '\r')
		line.end--;
	return line;
}

static bool is_continuation_byte(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* One byte stays one, so that the marks stand right. */
void print_harmless(FILE *f, const char *text, size_t n)
{
	bool utf8 = utf8_valid_prefix(text, n) == n;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		fputc((c < 0x20 && c != '\t') || c == 0x7f || (c > 0x7f && !utf8) ? '?' : c, f);
	}
}

static void print_marks(FILE *f, const char *text, size_t begin, size_t end, struct position at)
{
	bool utf8 = utf8_valid_prefix(text + begin, end - begin) == end - begin;

	for (size_t i = begin; i < at.offset; i++)
		if (!utf8 || !is_continuation_byte(text[i]))
			fputc(text[i] == '\t' ? '\t' : ' ', f);
	fputc('^', f);
	for (size_t i = at.offset + 1; i < at.offset + at.length && i < end; i++)
		if (!utf8 || !is_continuation_byte(text[i]))
			fputc('^', f);
}

void print_excerpt(FILE *f, struct position at)
{
	struct text_line line = text_line_at(at);
	const char *text = at.source->text;
	size_t begin = line.begin, end = line.end;

	if (at.offset - begin > SHOWN_BEFORE)
		begin = at.offset - SHOWN_BEFORE;
	while (begin > line.begin && begin < at.offset && is_continuation_byte(text[begin]))
		begin++;
	if (end < begin)
		end = begin; /* the place is the "\r" of the line's end */
	if (end - begin > SHOWN_LINE)
		end = begin + SHOWN_LINE;
	while (end < line.end && end > begin && is_continuation_byte(text[end]))
		end--;
	fputs("\n    ", f);
	print_harmless(f, text + begin, end - begin);
	fputs("\n    ", f);
	print_marks(f, text, begin, end, at);
}
