/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Stretches of a line: what parsers take from its front. Nothing is terminated, nothing is copied. */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct text {
	const char *at;
	size_t n;
};

static inline bool text_is(struct text t, const char *word)
{
	return strlen(word) == t.n && memcmp(t.at, word, t.n) == 0;
}

static inline bool text_starts(struct text t, const char *prefix)
{
	size_t n = strlen(prefix);

	return n <= t.n && memcmp(t.at, prefix, n) == 0;
}

static inline bool text_ends(struct text t, const char *suffix)
{
	size_t n = strlen(suffix);

	return n <= t.n && memcmp(t.at + t.n - n, suffix, n) == 0;
}

static inline struct text text_skip(struct text t, size_t n)
{
	return (struct text){ t.at + n, t.n - n };
}

/* Takes a prefix off, if it is there. */
static inline bool text_take(struct text *t, const char *prefix)
{
	if (!text_starts(*t, prefix))
		return false;
	*t = text_skip(*t, strlen(prefix));
	return true;
}

static inline void text_skip_blanks(struct text *t)
{
	while (t->n > 0 && (*t->at == ' ' || *t->at == '\t'))
		*t = text_skip(*t, 1);
}

static inline struct text text_trim(struct text t)
{
	text_skip_blanks(&t);
	while (t.n > 0 && (t.at[t.n - 1] == ' ' || t.at[t.n - 1] == '\t'))
		t.n--;
	return t;
}

/* Those of the C locale: a log is no matter of the reader's language. */
static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_name(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Takes letters, digits and "_" off; may be empty. */
static inline struct text text_take_name(struct text *t)
{
	struct text name = { t->at, 0 };

	while (name.n < t->n && is_name(name.at[name.n]))
		name.n++;
	*t = text_skip(*t, name.n);
	return name;
}
