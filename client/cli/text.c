/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/text.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "lib/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define ESCAPED_BYTE 4 /* \xNN */

/* Line breaks, and what turns the direction of the text around it: U+200E, 200F, 2028 to 202E, 2066 to 2069.
 */
static bool is_layout(const char *s)
{
	unsigned char second = (unsigned char)s[1], third = (unsigned char)s[2];

	if ((unsigned char)s[0] != 0xe2)
		return false;
	if (second == 0x80)
		return third == 0x8e || third == 0x8f || (third >= 0xa8 && third <= 0xae);
	return second == 0x81 && third >= 0xa6 && third <= 0xa9;
}

/* C0, DEL, C1 in its two-byte form, and what else would change more than its own place. */
static bool is_control(const char *s, size_t n)
{
	unsigned char first = (unsigned char)s[0];

	return (n == 1 && (first < 0x20 || first == 0x7f)) ||
	       (n == 2 && first == 0xc2 && (unsigned char)s[1] < 0xa0) || (n == 3 && is_layout(s));
}

char *text_escape(const char *s)
{
	char *copy = reallocarray(NULL, strlen(s) + 1, ESCAPED_BYTE), *to = copy;

	if (!copy)
		return NULL;
	while (*s) {
		size_t n = utf8_sequence(s), step = n > 0 ? n : 1;

		if (n == 0 || is_control(s, n))
			for (size_t i = 0; i < step; i++, to += ESCAPED_BYTE)
				(void)snprintf(to, ESCAPED_BYTE + 1, "\\x%02x", (unsigned char)s[i]);
		else {
			memcpy(to, s, step);
			to += step;
		}
		s += step;
	}
	*to = '\0';
	return copy;
}

size_t text_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

void table_done(struct table *t)
{
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i]);
	free(t->cells);
	t->cells = NULL;
	t->n_cells = 0;
}

int table_put(struct table *t, const char *text)
{
	char **grown = reallocarray(t->cells, t->n_cells + 1, sizeof(char *));

	if (!grown)
		return -ENOMEM;
	t->cells = grown;
	t->cells[t->n_cells] = text_escape(*text ? text : "-");
	if (!t->cells[t->n_cells])
		return -ENOMEM;
	t->n_cells++;
	return 0;
}

int table_put_unsigned(struct table *t, uint64_t v)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, v);
	return table_put(t, text);
}

static void measure(const struct table *t, bool legend, size_t widths[TABLE_COLUMNS_MAX])
{
	for (size_t i = 0; i < t->n_columns; i++)
		widths[i] = legend ? text_width(t->columns[i].title) : 0;
	for (size_t i = 0; i < t->n_cells; i++) {
		size_t column = i % t->n_columns, w = text_width(t->cells[i]);

		widths[column] = w > widths[column] ? w : widths[column];
	}
}

/* Bytes of the first columns of it. */
static size_t bytes_of(const char *s, size_t columns)
{
	size_t i = 0;

	while (s[i] && columns > 0) {
		i++;
		while (((unsigned char)s[i] & 0xc0) == 0x80)
			i++;
		columns--;
	}
	return i;
}

struct cell {
	const char *text, *color;
	size_t width; /* of its column */
	size_t shown; /* columns of text that there is room for */
	bool right, last;
};

static void print_cell(FILE *f, const struct cell *c)
{
	size_t width = text_width(c->text), shown = width <= c->shown ? width : c->shown;
	bool cut = shown < width;
	int padding = c->last && !c->right ? 0 : (int)(c->width - width);

	if (cut && shown > 0)
		shown--; /* for the mark */
	(void)fprintf(f, "%*s%s%.*s%s%s%*s%s", c->right ? padding : 0, "", c->color ? c->color : "",
		(int)bytes_of(c->text, shown), c->text, cut && c->shown > 0 ? "\xe2\x80\xa6" : "",
		c->color ? "\033[0m" : "", c->right ? 0 : padding, "", c->last ? "\n" : "  ");
}

/* What is left of the line for its last column. */
static size_t room_for_last(const struct table *t, const size_t widths[], size_t line)
{
	size_t used = 0;

	for (size_t i = 0; i + 1 < t->n_columns; i++)
		used += widths[i] + 2;
	if (line == 0)
		return SIZE_MAX;
	return line > used ? line - used : 0;
}

static void print_row(
	const struct table *t, FILE *f, char *const *cells, const size_t widths[], struct style style)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		const struct column *column = &t->columns[i];
		bool last = i + 1 == t->n_columns;
		struct cell c = { .width = widths[i], .right = column->right, .last = last };

		c.text = cells ? cells[i] : column->title;
		c.shown = last ? room_for_last(t, widths, style.width) : SIZE_MAX;
		if (style.color && !cells)
			c.color = "\033[1m";
		else if (style.color && column->paint)
			c.color = column->paint(c.text);
		print_cell(f, &c);
	}
}

void table_print(const struct table *t, FILE *f, bool legend, struct style style)
{
	size_t widths[TABLE_COLUMNS_MAX];

	assert(t->n_columns <= TABLE_COLUMNS_MAX);
	measure(t, legend, widths);
	if (legend)
		print_row(t, f, NULL, widths, style);
	for (size_t i = 0; i + t->n_columns <= t->n_cells; i += t->n_columns)
		print_row(t, f, t->cells + i, widths, style);
}
