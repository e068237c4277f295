/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/diagnostics.h"

#include "base/error.h"
#include "base/strv.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <string.h>

#define SHOWN_BEFORE 80  /* bytes of a long line that are shown before the place */
#define SHOWN_LINE   160 /* and in all */

/* Where the line of a position begins and ends, and its number (1 for the first). */
struct line {
	size_t begin, end, number;
};

static struct line find_line(struct position at)
{
	const struct source *s = at.source;
	struct line line = { .number = 1 };
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

/*
 * Prints bytes of the input, each control character and, where they are not all UTF-8, each byte past ASCII
 * as '?': nothing in a policy can move a terminal's cursor or spoil a record. One byte stays one, so that the
 * marks stand right.
 */
static void print_text(FILE *f, const char *text, size_t n)
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

/* The line (or the part of a long one around the place) and the marks below it. */
static void print_excerpt(FILE *f, struct position at, struct line line)
{
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
	print_text(f, text + begin, end - begin);
	fputs("\n    ", f);
	print_marks(f, text, begin, end, at);
}

/* As the messages count: the column in bytes from 1. */
static void print_place(FILE *f, struct position at, struct line line)
{
	print_text(f, at.source->display, strlen(at.source->display));
	fprintf(f, "(%zu:%zu)", line.number, at.offset - line.begin + 1);
}

static void print_message(FILE *f, struct position at, const char *kind, const char *format, va_list ap)
	__attribute__((format(printf, 4, 0)));

static void print_message(FILE *f, struct position at, const char *kind, const char *format, va_list ap)
{
	struct line line = find_line(at);

	print_place(f, at, line);
	fprintf(f, ": %s: ", kind);
	vfprintf(f, format, ap);
	print_excerpt(f, at, line);
	for (struct position up = at.source->included_at; up.source; up = up.source->included_at) {
		fputs("\n    included from ", f);
		print_place(f, up, find_line(up));
	}
}

/* Closes the stream and adds what was written to the list. */
static int finish(struct diagnostics *d, FILE *f, char **text)
{
	bool failed = ferror(f) != 0;
	int r;

	if (fclose(f) != 0 || failed) {
		free(steal_ptr(*text));
		return -ENOMEM;
	}
	r = strv_consume(&d->list, steal_ptr(*text));
	if (r < 0)
		return r;
	d->n++;
	return -EBADMSG;
}

int diagnose(struct diagnostics *d, struct position at, const char *format, ...)
{
	char *text = NULL;
	size_t size;
	va_list ap;
	FILE *f;

	if (d->n > DIAGNOSTICS_MAX)
		return -EBADMSG;
	if (d->n == DIAGNOSTICS_MAX)
		return diagnose_file(d, at.source->display, "too many errors: the rest is not shown");
	f = open_memstream(&text, &size);
	if (!f)
		return -ENOMEM;
	va_start(ap, format);
	print_message(f, at, "error", format, ap);
	va_end(ap);
	return finish(d, f, &text);
}

int diagnose_note(struct diagnostics *d, struct position at, const char *format, ...)
{
	char *text = NULL;
	size_t size;
	va_list ap;
	FILE *f;

	if (d->n == 0 || d->n > DIAGNOSTICS_MAX)
		return -EBADMSG;
	f = open_memstream(&text, &size);
	if (!f)
		return -ENOMEM;
	fprintf(f, "%s\n", d->list[d->n - 1]);
	va_start(ap, format);
	print_message(f, at, "note", format, ap);
	va_end(ap);
	/* The longer text takes the place of the last message. */
	free(d->list[--d->n]);
	d->list[d->n] = NULL;
	return finish(d, f, &text);
}

int diagnose_file(struct diagnostics *d, const char *display, const char *format, ...)
{
	char *text = NULL;
	size_t size;
	va_list ap;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return -ENOMEM;
	print_text(f, display, strlen(display));
	fputs(": error: ", f);
	va_start(ap, format);
	vfprintf(f, format, ap);
	va_end(ap);
	return finish(d, f, &text);
}
