/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What is wrong with the files, collected so that one run shows all of it: "file:line:column: error: text".
 */

#include "base/strv.h"

/* Of one profile; more or longer ones help nobody, and a value of 64 KiB quoted in each would fill the
 * catalog. */
#define DIAGNOSTICS_MAX     100
#define DIAGNOSTIC_LINE_MAX 2048U

/* A place in a file. Lines and columns count from 1, columns in bytes. line 0: the file as a whole. */
struct place {
	const char *file; /* path as shown; borrowed */
	unsigned line, column;
};

struct diagnostics {
	char **lines;
	size_t n; /* also those past DIAGNOSTICS_MAX, which are counted, not kept */
};

void diagnostics_done(struct diagnostics *d);
/* Adds a line; bytes that can't be shown are escaped. Always fails, so that callers can return it: -EBADMSG,
 * or -ENOMEM. */
int diagnostics_add(struct diagnostics *d, const struct place *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
