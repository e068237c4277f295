/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A file in the syntax of systemd.syntax(7) as a list of headings and assignments with their places. Knows no
 * key and no section. Stricter than systemd where it would guess: a line that is neither is an error, and so
 * are carriage returns, NUL bytes, byte order marks and text that is not UTF-8.
 */

#include "profile/diagnostics.h"

#include <stdint.h>

#define SOURCE_BYTES_MAX       (256U * 1024) /* a file; real profiles have 1 to 4 KiB */
#define SOURCE_LINE_MAX        4096U         /* one line as it stands in the file, PATH_MAX */
#define SOURCE_JOINED_LINE_MAX (64U * 1024)  /* after continuation lines were joined */

/* Where a piece of a joined line came from: its bytes from offset on stand at line, column and after. */
struct piece {
	size_t offset;
	unsigned line, column;
};

/* "[section]" (key is NULL) or "key=value" below one. */
struct item {
	char *section;
	char *key;
	char *value;
	size_t key_offset, value_offset; /* in the joined line, as the pieces count */
	struct piece *pieces;
	size_t n_pieces;
};

struct source {
	char *path; /* as shown */
	char *data; /* the bytes as read, for hashes and "cat" */
	size_t size;
	struct item *items;
	size_t n_items;
};

/* Takes a copy of the bytes. What can be read is read, also after errors; then the result is -EBADMSG, and
 * *ret is set all the same. On -ENOMEM it is not. */
int source_parse(const char *path, const char *data, size_t size, struct diagnostics *d, struct source **ret);
struct source *source_free(struct source *s); /* returns NULL */
DEFINE_CLEANUP(struct source *, source_free);

/* The place of a byte of the value. */
struct place item_value_place(const struct source *s, const struct item *i, size_t offset);
/* The place of the key, or of the heading. */
struct place item_place(const struct source *s, const struct item *i);
