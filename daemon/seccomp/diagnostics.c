/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/diagnostics.h"

#include "base/array.h"
#include "base/error.h"
#include "base/utf8.h"
#include "seccomp/excerpt.h"

#include <stdarg.h>
#include <string.h>

static void place_done(struct seccomp_place *place)
{
	free(place->file);
}

static void diagnostic_done(struct seccomp_diagnostic *d)
{
	place_done(&d->place);
	for (size_t i = 0; i < d->n_notes; i++) {
		place_done(&d->notes[i].place);
		free(d->notes[i].text);
	}
	for (size_t i = 0; i < d->n_included_from; i++)
		place_done(&d->included_from[i]);
	free(d->notes);
	free(d->included_from);
	free(d->text);
	free(d->suggestion);
	free(d->rendered);
	*d = (struct seccomp_diagnostic){};
}

void diagnose_done(struct diagnostics *d)
{
	for (size_t i = 0; i < d->n; i++)
		diagnostic_done(&d->list[i]);
	free(d->list);
	*d = (struct diagnostics){};
}

struct text_place position_place(struct position at)
{
	struct text_line line = text_line_at(at);

	return (struct text_place){ .line = line.number, .column = at.offset - line.begin + 1 };
}

/* The text with what could disturb a terminal or a record made harmless. */
static char *harmless(const char *text)
{
	char *copy = NULL;
	size_t size;
	FILE *f = open_memstream(&copy, &size);

	if (!f)
		return NULL;
	print_harmless(f, text, strlen(text));
	if (fclose(f) != 0)
		free(steal_ptr(copy));
	return copy;
}

static int fill_place(struct position at, struct seccomp_place *ret)
{
	struct text_place place = position_place(at);

	*ret = (struct seccomp_place){
		.file = harmless(at.source->display),
		.line = place.line,
		.column = place.column,
		.length = at.length,
	};
	return ret->file ? 0 : -ENOMEM;
}

static int fill_includes(struct seccomp_diagnostic *d, const struct source *source)
{
	size_t n = 0;

	for (struct position up = source->included_at; up.source; up = up.source->included_at)
		n++;
	if (n == 0)
		return 0;
	d->included_from = calloc(n, sizeof(*d->included_from));
	if (!d->included_from)
		return -ENOMEM;
	for (struct position up = source->included_at; up.source; up = up.source->included_at) {
		int r = fill_place(up, &d->included_from[d->n_included_from++]);

		if (r < 0)
			return r;
	}
	return 0;
}

/* @at.source is NULL for a whole file, of which @display is the name. */
static int fill(struct seccomp_diagnostic *d, struct position at, const char *display, const char *suggestion)
{
	int r;

	if (!d->text || (suggestion && !(d->suggestion = harmless(suggestion))))
		return -ENOMEM;
	if (!at.source) {
		d->place.file = harmless(display);
		return d->place.file ? 0 : -ENOMEM;
	}
	r = fill_place(at, &d->place);
	return r < 0 ? r : fill_includes(d, at.source);
}

static void render_message(
	FILE *f, const struct seccomp_place *place, struct position at, const char *kind, const char *text)
{
	fputs(place->file, f);
	if (place->line > 0)
		fprintf(f, "(%zu:%zu)", place->line, place->column);
	fprintf(f, ": %s: %s", kind, text);
	if (at.source)
		print_excerpt(f, at);
}

static void render_includes(FILE *f, const struct source *source)
{
	for (struct position up = source->included_at; up.source; up = up.source->included_at) {
		struct text_place place = position_place(up);

		fputs("\n    included from ", f);
		print_harmless(f, up.source->display, strlen(up.source->display));
		fprintf(f, "(%zu:%zu)", place.line, place.column);
	}
}

/* Writes a message behind what was rendered before. */
static int render(struct seccomp_diagnostic *d, const struct seccomp_place *place, struct position at,
	const char *kind, const char *text)
{
	_cleanup_free_ char *rendered = NULL;
	size_t size;
	FILE *f = open_memstream(&rendered, &size);
	bool failed;

	if (!f)
		return -ENOMEM;
	if (d->rendered)
		fprintf(f, "%s\n", d->rendered);
	render_message(f, place, at, kind, text);
	if (at.source)
		render_includes(f, at.source);
	failed = ferror(f) != 0;
	if (fclose(f) != 0 || failed)
		return -ENOMEM;
	free(d->rendered);
	d->rendered = steal_ptr(rendered);
	return 0;
}

/* Frees @text, which may be NULL for want of memory. */
static int add(struct diagnostics *d, struct seccomp_diagnostic new, struct position at, const char *display,
	const char *suggestion, char *text)
{
	const char *kind = new.severity == SECCOMP_ERROR ? "error" : "warning";
	int r;

	new.text = text ? harmless(text) : NULL;
	free(text);
	r = fill(&new, at, display, suggestion);
	if (r == 0)
		r = render(&new, &new.place, at, kind, new.text);
	if (r == 0)
		r = array_reserve(&d->list, &d->allocated, d->n + 1, sizeof(*d->list));
	if (r < 0) {
		diagnostic_done(&new);
		return r;
	}
	d->list[d->n++] = new;
	d->n_errors += new.severity == SECCOMP_ERROR;
	d->n_warnings += new.severity == SECCOMP_WARNING;
	return new.severity == SECCOMP_ERROR ? -EBADMSG : 0;
}

static char *format_text(const char *format, va_list ap) __attribute__((format(printf, 1, 0)));

static char *format_text(const char *format, va_list ap)
{
	char *text;

	return vasprintf(&text, format, ap) < 0 ? NULL : text;
}

/* Who has this many errors made one mistake a hundred times. */
static int add_error(
	struct diagnostics *d, struct position at, const char *code, const char *suggestion, char *text)
{
	if (d->n_errors < DIAGNOSTICS_MAX)
		return add(d, (struct seccomp_diagnostic){ .code = code }, at, NULL, suggestion, text);
	free(text);
	if (d->n_errors > DIAGNOSTICS_MAX)
		return -EBADMSG;
	return diagnose_file(
		d, at.source->display, "too-many-errors", "too many errors: the rest is not shown");
}

int diagnose(struct diagnostics *d, struct position at, const char *code, const char *format, ...)
{
	char *text;
	va_list ap;

	va_start(ap, format);
	text = format_text(format, ap);
	va_end(ap);
	return add_error(d, at, code, NULL, text);
}

int diagnose_misspelt(struct diagnostics *d, struct position at, const char *code, const char *suggestion,
	const char *format, ...)
{
	char *text, *longer = NULL;
	va_list ap;

	va_start(ap, format);
	text = format_text(format, ap);
	va_end(ap);
	if (!text || !suggestion)
		return add_error(d, at, code, NULL, text);
	if (asprintf(&longer, "%s; did you mean `%s`?", text, suggestion) < 0)
		longer = NULL;
	free(text);
	return add_error(d, at, code, suggestion, longer);
}

int diagnose_file(struct diagnostics *d, const char *display, const char *code, const char *format, ...)
{
	char *text;
	va_list ap;

	va_start(ap, format);
	text = format_text(format, ap);
	va_end(ap);
	return add(d, (struct seccomp_diagnostic){ .code = code }, (struct position){}, display, NULL, text);
}

int diagnose_note(struct diagnostics *d, struct position at, const char *format, ...)
{
	struct seccomp_diagnostic *last = d->n > 0 ? &d->list[d->n - 1] : NULL;
	struct seccomp_note *notes, *note;
	va_list ap;
	int r;

	if (!last || d->n_errors > DIAGNOSTICS_MAX)
		return -EBADMSG;
	notes = reallocarray(last->notes, last->n_notes + 1, sizeof(*notes));
	if (!notes)
		return -ENOMEM;
	last->notes = notes;
	note = &notes[last->n_notes++];
	*note = (struct seccomp_note){};
	va_start(ap, format);
	note->text = format_text(format, ap);
	va_end(ap);
	r = note->text ? fill_place(at, &note->place) : -ENOMEM;
	if (r == 0)
		r = render(last, &note->place, at, "note", note->text);
	return r < 0 ? r : -EBADMSG;
}

int diagnose_warning(struct diagnostics *d, struct position at, const char *code, const char *format, ...)
{
	char *text;
	va_list ap;

	if (!d->warnings || d->n_warnings >= DIAGNOSTICS_MAX)
		return 0;
	va_start(ap, format);
	text = format_text(format, ap);
	va_end(ap);
	return add(d, (struct seccomp_diagnostic){ .severity = SECCOMP_WARNING, .code = code }, at, NULL,
		NULL, text);
}
