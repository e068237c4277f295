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

static void print_cell(const struct table *t, FILE *f, size_t column, const char *text, size_t width)
{
	int padding = (int)(width - text_width(text));
	bool last = column + 1 == t->n_columns;

	if (t->columns[column].right)
		(void)fprintf(f, "%*s%s", padding, "", text);
	else
		(void)fprintf(f, "%s%*s", text, last ? 0 : padding, "");
	(void)fputs(last ? "\n" : "  ", f);
}

void table_print(const struct table *t, FILE *f, bool legend)
{
	size_t widths[TABLE_COLUMNS_MAX];

	assert(t->n_columns <= TABLE_COLUMNS_MAX);
	measure(t, legend, widths);
	for (size_t i = 0; legend && i < t->n_columns; i++)
		print_cell(t, f, i, t->columns[i].title, widths[i]);
	for (size_t i = 0; i < t->n_cells; i++)
		print_cell(t, f, i % t->n_columns, t->cells[i], widths[i % t->n_columns]);
}
