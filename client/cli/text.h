/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Text for terminals: what others wrote must not move the cursor, and columns line up. */

#include "cli/style.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A fresh copy with control characters, and bytes that are no UTF-8, as \xNN. NULL when out of memory. */
char *text_escape(const char *s);
/* Code points: close enough to columns of a terminal for names. */
size_t text_width(const char *s);

#define TABLE_COLUMNS_MAX 8

struct column {
	const char *title;
	bool right; /* aligned to the right, as numbers are */
	/* The escape sequence that begins a cell's colour, or NULL; may be NULL itself. */
	const char *(*paint)(const char *text);
};

struct table {
	const struct column *columns;
	size_t n_columns;
	char **cells; /* row by row */
	size_t n_cells;
};

#define TABLE_INIT(c) ((struct table){ .columns = (c), .n_columns = sizeof(c) / sizeof((c)[0]) })

void table_done(struct table *t);
/* Appends a cell, escaped; an empty one is shown as "-". -ENOMEM. */
int table_put(struct table *t, const char *text);
int table_put_unsigned(struct table *t, uint64_t v);
/* Lines that are longer than the style's width are cut at it, where their last column is. */
void table_print(const struct table *t, FILE *f, bool legend, struct style style);
