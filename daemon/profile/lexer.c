/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/lexer.h"
#include "base/error.h"
#include "base/utf8.h"

#include <string.h>

#define BLANKS   " \t"
#define COMMENTS "#;"

/* Where the lexer stands, and the joined line that it has so far. */
struct lexer {
	struct source *source;
	struct diagnostics *diagnostics;
	unsigned line;
	char *text;
	size_t size, allocated;
	struct piece *pieces;
	size_t n_pieces;
	char *section; /* NULL before the first heading, "" below a heading that is wrong */
	size_t items_allocated;
	bool failed;
};

static void item_done(struct item *i)
{
	free(i->section);
	free(i->key);
	free(i->value);
	free(i->pieces);
}

struct source *source_free(struct source *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < s->n_items; i++)
		item_done(&s->items[i]);
	free(s->items);
	free(s->path);
	free(s->data);
	free(s);
	return NULL;
}

static struct place place_in(
	const struct source *s, const struct piece *pieces, size_t n_pieces, size_t offset)
{
	const struct piece *p = &pieces[0];

	for (size_t i = 1; i < n_pieces && pieces[i].offset <= offset; i++)
		p = &pieces[i];
	return (struct place){ s->path, p->line, p->column + (unsigned)(offset - p->offset) };
}

struct place item_value_place(const struct source *s, const struct item *i, size_t offset)
{
	return place_in(s, i->pieces, i->n_pieces, i->value_offset + offset);
}

struct place item_place(const struct source *s, const struct item *i)
{
	return place_in(s, i->pieces, i->n_pieces, i->key_offset);
}

static void lexer_done(struct lexer *l)
{
	free(l->text);
	free(l->pieces);
	free(l->section);
}

/* Notes an error of the text; lexing goes on. Only -ENOMEM ends it. */
static int noted(struct lexer *l, int r)
{
	if (r != -EBADMSG)
		return r;
	l->failed = true;
	return 0;
}

static int complain(struct lexer *l, unsigned column, const char *text)
{
	struct place at = { l->source->path, l->line, column };

	return noted(l, diagnostics_add(l->diagnostics, &at, "%s", text));
}

static int complain_joined(struct lexer *l, size_t offset, const char *text)
{
	struct place at = place_in(l->source, l->pieces, l->n_pieces, offset);

	return noted(l, diagnostics_add(l->diagnostics, &at, "%s", text));
}

/* Adds an item for the joined line; takes over its pieces. The strings may be NULL only for "no key". */
static int add_item(struct lexer *l, struct item new)
{
	struct source *s = l->source;
	struct item *grown;

	if (s->n_items == l->items_allocated) {
		size_t n = l->items_allocated ? l->items_allocated * 2 : 16;

		grown = reallocarray(s->items, n, sizeof(*grown));
		if (!grown) {
			item_done(&new);
			return -ENOMEM;
		}
		s->items = grown;
		l->items_allocated = n;
	}
	new.pieces = steal_ptr(l->pieces);
	new.n_pieces = l->n_pieces;
	l->n_pieces = 0;
	s->items[s->n_items++] = new;
	return 0;
}

static int lex_heading(struct lexer *l)
{
	struct item new = { 0 };

	free(l->section);
	l->section = NULL;
	if (l->size < 3 || l->text[l->size - 1] != ']') {
		l->section = strdup("");
		if (!l->section)
			return -ENOMEM;
		return complain_joined(l, 0,
			l->size == 2 && l->text[1] == ']'
				? "a section needs a name: [Name]"
				: "a section heading ends with ']' and nothing may follow it");
	}
	l->section = strndup(l->text + 1, l->size - 2);
	new.section = strndup(l->text + 1, l->size - 2);
	if (!l->section || !new.section) {
		item_done(&new);
		return -ENOMEM;
	}
	return add_item(l, new);
}

static size_t trimmed_length(const char *s, size_t n)
{
	while (n > 0 && strchr(BLANKS, s[n - 1]))
		n--;
	return n;
}

static int lex_assignment(struct lexer *l)
{
	const char *equals = memchr(l->text, '=', l->size);
	struct item new = { 0 };
	size_t key_length;

	if (!equals)
		return complain_joined(l, 0, "expected 'Key=value', '[Section]' or a comment");
	key_length = trimmed_length(l->text, (size_t)(equals - l->text));
	if (key_length == 0)
		return complain_joined(l, 0, "there is no key before '='");
	if (!l->section)
		return complain_joined(l, 0, "this assignment stands before the first [Section]");
	if (l->section[0] == '\0')
		return 0;
	new.value_offset = (size_t)(equals - l->text) + 1;
	new.value_offset += strspn(l->text + new.value_offset, BLANKS);
	new.section = strdup(l->section);
	new.key = strndup(l->text, key_length);
	new.value = strdup(l->text + new.value_offset);
	if (!new.section || !new.key || !new.value) {
		item_done(&new);
		return -ENOMEM;
	}
	return add_item(l, new);
}

/* The joined line is complete: blanks at the end are dropped, those at the start were before. */
static int lex_joined(struct lexer *l)
{
	int r = 0;

	l->size = l->text ? trimmed_length(l->text, l->size) : 0;
	if (l->size > 0) {
		l->text[l->size] = '\0';
		r = l->text[0] == '[' ? lex_heading(l) : lex_assignment(l);
	}
	l->size = 0;
	l->n_pieces = 0;
	return r;
}

static int append_piece(struct lexer *l, const char *s, size_t n, unsigned column)
{
	struct piece *pieces = reallocarray(l->pieces, l->n_pieces + 1, sizeof(*pieces));

	if (!pieces)
		return -ENOMEM;
	l->pieces = pieces;
	l->pieces[l->n_pieces++] = (struct piece){ l->size, l->line, column };
	if (l->size + n + 1 > l->allocated) {
		size_t wanted = (l->size + n + 1) * 2;
		char *text = realloc(l->text, wanted);

		if (!text)
			return -ENOMEM;
		l->text = text;
		l->allocated = wanted;
	}
	memcpy(l->text + l->size, s, n);
	l->size += n;
	l->text[l->size] = '\0';
	return 0;
}

/* An odd number of backslashes at the end joins the next line, as a blank. */
static bool ends_open(const char *s, size_t n)
{
	size_t backslashes = 0;

	while (backslashes < n && s[n - 1 - backslashes] == '\\')
		backslashes++;
	return backslashes % 2 == 1;
}

/* What a line may not hold. Returns NULL if it is clean. */
static const char *line_fault(const char *s, size_t n, size_t *ret_at)
{
	size_t valid = utf8_valid_prefix(s, n);

	for (size_t i = 0; i < valid; i++) {
		unsigned char c = (unsigned char)s[i];

		*ret_at = i;
		if (c == '\0')
			return "NUL byte in a text file";
		if (c == '\r')
			return "carriage return; save the file with Unix line ends";
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return "control character; in values write it as an escape such as \\x1b";
	}
	*ret_at = valid;
	return valid < n ? "not UTF-8" : NULL;
}

/* One line of the file, without its newline. */
static int lex_line(struct lexer *l, const char *s, size_t n)
{
	const char *fault;
	size_t at = 0, blanks = 0;
	bool open;
	int r;

	if (n > SOURCE_LINE_MAX)
		return complain(
			l, SOURCE_LINE_MAX + 1, "line of more than 4096 bytes; continue it with '\\'");
	fault = line_fault(s, n, &at);
	if (fault)
		return complain(l, (unsigned)at + 1, fault);
	while (blanks < n && strchr(BLANKS, s[blanks]))
		blanks++;
	if (blanks < n && strchr(COMMENTS, s[blanks]))
		return 0;
	if (l->size + n > SOURCE_JOINED_LINE_MAX) {
		l->size = 0;
		l->n_pieces = 0;
		return complain(
			l, 1, "continued line of more than 64 KiB; split the list over several assignments");
	}
	r = append_piece(l, s + blanks, n - blanks, (unsigned)blanks + 1);
	if (r < 0)
		return r;
	open = ends_open(s + blanks, n - blanks);
	if (open)
		l->text[l->size - 1] = ' ';
	return open ? 0 : lex_joined(l);
}

static int lex_all(struct lexer *l)
{
	static const char mark[] = "\xef\xbb\xbf";
	const char *p = l->source->data, *end = p + l->source->size;
	int r;

	l->line = 1;
	if (l->source->size >= 3 && memcmp(p, mark, 3) == 0) {
		r = complain(l, 1, "byte order mark; save the file as UTF-8 without it");
		if (r < 0)
			return r;
		p += 3;
	}
	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((newline ? newline : end) - p);

		r = lex_line(l, p, n);
		if (r < 0)
			return r;
		p += n + 1;
		l->line++;
	}
	/* the last line may end with a backslash */
	return lex_joined(l);
}

int source_parse(const char *path, const char *data, size_t size, struct diagnostics *d, struct source **ret)
{
	_cleanup_(source_freep) struct source *s = calloc(1, sizeof(*s));
	_cleanup_(lexer_done) struct lexer l = { .source = s, .diagnostics = d };
	struct place whole = { path, 0, 0 };
	int r;

	if (!s)
		return -ENOMEM;
	s->path = strdup(path);
	s->data = malloc(size + 1);
	if (!s->path || !s->data)
		return -ENOMEM;
	if (size > 0)
		memcpy(s->data, data, size);
	s->data[size] = '\0';
	s->size = size;
	r = size > SOURCE_BYTES_MAX ? noted(&l, diagnostics_add(d, &whole, "file of more than 256 KiB"))
				    : lex_all(&l);
	if (r < 0)
		return r;
	*ret = steal_ptr(s);
	return l.failed ? -EBADMSG : 0;
}
