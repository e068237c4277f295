/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Values: words with quotes and escapes as systemd.syntax(7) describes them, and "%" specifiers. Errors are
 * static phrases with the offset of the byte that is wrong; who calls knows the file.
 */

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

enum word_style {
	WORD_PLAIN,   /* a backslash takes the next character as it is: lists of paths */
	WORD_ESCAPES, /* a backslash begins an escape of C: \n, \x1b, \s for a blank, … */
};

struct word_error {
	const char *text;
	size_t offset;
};

/* Cuts the next word out of the value from *at on. Separators are blanks and, if it isn't 0, @separator; two
 * of
 * @separator have an empty word between them. @ret_end: the separator behind the word, 0 at the end of the
 * value, and *at behind it. Returns 1 for a word, 0 at the end, -EBADMSG, -ENOMEM. */
int word_next(const char *value, size_t *at, char separator, enum word_style style, char **ret, char *ret_end,
	struct word_error *reterr);
/* A fresh copy with "%%" and "%t" (the directory of runtime files) replaced; all other specifiers are errors.
 * -EBADMSG, -ENOMEM. */
int specifiers_expand(const char *value, char **ret, struct word_error *reterr);
