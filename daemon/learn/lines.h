/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A log, line by line, in memory that does not grow with the log. */

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of one line. strace shortens strings to 32 bytes unless told; told, a line has what one call wrote.
 */
#define LOG_LINE_MAX ((size_t)16 * 1024 * 1024)

struct line_reader {
	int fd; /* borrowed */
	char *buffer;
	size_t allocated, start, end;
	bool ended;      /* nothing more comes from the fd */
	uint64_t number; /* of the line returned last, from 1 */
	bool terminated; /* that line had its "\n"; only the last one of a file can lack it */
};

#define LINE_READER_INIT(f) ((struct line_reader){ .fd = (f) })

void line_reader_done(struct line_reader *r);
/*
 * The next line without its "\n" and a "\r" before that, not NUL-terminated, valid until the next call.
 * Returns 1; 0 at the end; -EFBIG for a line past LOG_LINE_MAX; the error of read(2); -ENOMEM.
 */
int line_next(struct line_reader *r, const char **ret, size_t *ret_size);
