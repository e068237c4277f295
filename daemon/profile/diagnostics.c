/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/diagnostics.h"
#include "base/error.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <string.h>

void diagnostics_done(struct diagnostics *d)
{
	d->lines = strv_free(d->lines);
	d->n = 0;
}

static int format_line(const struct place *at, const char *text, char **ret)
{
	int n;

	if (at->line > 0)
		n = asprintf(ret, "%s:%u:%u: error: %s", at->file, at->line, at->column, text);
	else
		n = asprintf(ret, "%s: error: %s", at->file, text);
	return n < 0 ? -ENOMEM : 0;
}

/* Cuts a line that quotes a long value, between two characters. */
static void shorten(char *line)
{
	static const char dots[] = "...";
	size_t n = DIAGNOSTIC_LINE_MAX - strlen(dots);

	if (strlen(line) <= DIAGNOSTIC_LINE_MAX)
		return;
	while (n > 0 && ((unsigned char)line[n] & 0xc0) == 0x80)
		n--;
	memcpy(line + n, dots, sizeof(dots));
}

static int keep(struct diagnostics *d, const char *line)
{
	char *escaped = utf8_escape(line);
	int r;

	if (escaped)
		shorten(escaped);
	r = strv_consume(&d->lines, escaped);
	return r < 0 ? r : -EBADMSG;
}

int diagnostics_add(struct diagnostics *d, const struct place *at, const char *format, ...)
{
	_cleanup_free_ char *text = NULL, *line = NULL;
	va_list ap;
	int r;

	d->n++;
	if (d->n > DIAGNOSTICS_MAX + 1)
		return -EBADMSG;
	if (d->n == DIAGNOSTICS_MAX + 1)
		return keep(d, "more errors follow; they are not shown");
	va_start(ap, format);
	r = vasprintf(&text, format, ap);
	va_end(ap);
	if (r < 0) {
		text = NULL;
		return -ENOMEM;
	}
	r = format_line(at, text, &line);
	if (r < 0) {
		line = NULL;
		return r;
	}
	return keep(d, line);
}
