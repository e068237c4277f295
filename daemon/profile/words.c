/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/words.h"
#include "base/error.h"

#include <stdint.h>
#include <string.h>

#define BLANKS      " \t"
#define RUNTIME_DIR "/run" /* %t of the system manager */

/* A value being cut: where it is read, where the word is written (never longer than what was read). */
struct cutter {
	const char *value;
	size_t at;
	char *word;
	size_t size;
	struct word_error *error;
};

static int fail(struct cutter *c, size_t offset, const char *text)
{
	*c->error = (struct word_error){ text, offset };
	return -EBADMSG;
}

static int digit_value(char d)
{
	if (d >= '0' && d <= '9')
		return d - '0';
	if (d >= 'a' && d <= 'f')
		return d - 'a' + 10;
	return d >= 'A' && d <= 'F' ? d - 'A' + 10 : 16;
}

/* Exactly n digits of this base at the current place. */
static int cut_number(struct cutter *c, size_t n, unsigned base, uint32_t *ret)
{
	uint32_t v = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned digit = (unsigned)digit_value(c->value[c->at + i]);

		if (digit >= base)
			return fail(c, c->at + i, "digit missing in an escape");
		v = v * base + digit;
	}
	c->at += n;
	*ret = v;
	return 0;
}

static void put_utf8(struct cutter *c, uint32_t u)
{
	if (u < 0x80) {
		c->word[c->size++] = (char)u;
	} else if (u < 0x800) {
		c->word[c->size++] = (char)(0xc0 | u >> 6);
		c->word[c->size++] = (char)(0x80 | (u & 0x3f));
	} else if (u < 0x10000) {
		c->word[c->size++] = (char)(0xe0 | u >> 12);
		c->word[c->size++] = (char)(0x80 | (u >> 6 & 0x3f));
		c->word[c->size++] = (char)(0x80 | (u & 0x3f));
	} else {
		c->word[c->size++] = (char)(0xf0 | u >> 18);
		c->word[c->size++] = (char)(0x80 | (u >> 12 & 0x3f));
		c->word[c->size++] = (char)(0x80 | (u >> 6 & 0x3f));
		c->word[c->size++] = (char)(0x80 | (u & 0x3f));
	}
}

/* \xHH, \NNN: one byte. \uXXXX, \UXXXXXXXX: a character. */
static int cut_numeric_escape(struct cutter *c, char kind)
{
	size_t start = c->at - 1;
	uint32_t v;
	int r;

	switch (kind) {
	case 'x':
		r = cut_number(c, 2, 16, &v);
		break;
	case 'u':
		r = cut_number(c, 4, 16, &v);
		break;
	case 'U':
		r = cut_number(c, 8, 16, &v);
		break;
	default:
		c->at--;
		r = cut_number(c, 3, 8, &v);
	}
	if (r < 0)
		return r;
	if (v == 0)
		return fail(c, start, "a value can't hold a NUL character");
	if (kind == 'u' || kind == 'U') {
		if (v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
			return fail(c, start, "no such Unicode character");
		put_utf8(c, v);
		return 0;
	}
	if (v > 0xff)
		return fail(c, start, "no such byte; octal escapes go to \\377");
	c->word[c->size++] = (char)v;
	return 0;
}

/* Stands behind a backslash. */
static int cut_escape(struct cutter *c, enum word_style style)
{
	static const char letters[] = "abfnrtvs\\\"'", bytes[] = "\a\b\f\n\r\t\v \\\"'";
	char kind = c->value[c->at];
	const char *letter;

	if (kind == '\0')
		return fail(c, c->at - 1, "backslash at the end of the value; write \\\\");
	c->at++;
	if (style == WORD_PLAIN) {
		c->word[c->size++] = kind;
		return 0;
	}
	letter = strchr(letters, kind);
	if (letter) {
		c->word[c->size++] = bytes[letter - letters];
		return 0;
	}
	if (strchr("xuU01234567", kind))
		return cut_numeric_escape(c, kind);
	return fail(c, c->at - 2, "unknown escape; a backslash itself is written \\\\");
}

/* From an opening quote to its twin. */
static int cut_quoted(struct cutter *c, enum word_style style)
{
	size_t start = c->at++;
	char quote = c->value[start];
	int r;

	while (c->value[c->at] != quote) {
		char next = c->value[c->at];

		if (next == '\0')
			return fail(c, start, "this quote is never closed");
		c->at++;
		if (next != '\\') {
			c->word[c->size++] = next;
			continue;
		}
		r = cut_escape(c, style);
		if (r < 0)
			return r;
	}
	c->at++;
	return 0;
}

static int cut_word(struct cutter *c, char separator, enum word_style style)
{
	int r;

	for (;;) {
		char next = c->value[c->at];

		if (next == '\0' || strchr(BLANKS, next) || next == separator)
			return 0;
		if (next == '"' || next == '\'') {
			r = cut_quoted(c, style);
		} else if (next == '\\') {
			c->at++;
			r = cut_escape(c, style);
		} else {
			c->word[c->size++] = next;
			c->at++;
			r = 0;
		}
		if (r < 0)
			return r;
	}
}

int word_next(const char *value, size_t *at, char separator, enum word_style style, char **ret, char *ret_end,
	struct word_error *reterr)
{
	_cleanup_free_ char *word = NULL;
	struct cutter c = { .value = value, .at = *at, .error = reterr };
	int r;

	c.at += strspn(value + c.at, BLANKS);
	if (value[c.at] == '\0') {
		*at = c.at;
		return 0;
	}
	word = calloc(strlen(value + c.at) + 1, 1);
	if (!word)
		return -ENOMEM;
	c.word = word;
	r = cut_word(&c, separator, style);
	if (r < 0)
		return r;
	*ret_end = value[c.at];
	*at = value[c.at] == '\0' ? c.at : c.at + 1;
	*ret = steal_ptr(word);
	return 1;
}

/* The text of a specifier, or NULL and why there is none. */
static const char *specifier(char letter, const char **reterr)
{
	switch (letter) {
	case '%':
		return "%";
	case 't':
		return RUNTIME_DIR;
	case '\0':
		*reterr = "'%' at the end of the value; a percent sign is written %%";
		return NULL;
	case 'i':
	case 'I':
	case 'j':
	case 'J':
		*reterr = "profiles have no instances, so %i, %I, %j and %J mean nothing; a percent sign is "
			  "written %%";
		return NULL;
	case 'u':
	case 'U':
	case 'h':
		*reterr = "%u, %U and %h are not supported yet; a percent sign is written %%";
		return NULL;
	default:
		*reterr = "unknown specifier; known are %% and %t, and a percent sign is written %%";
		return NULL;
	}
}

int specifiers_expand(const char *value, char **ret, struct word_error *reterr)
{
	size_t n = strlen(value), out = 0;
	_cleanup_free_ char *text = calloc(n + 1, sizeof(RUNTIME_DIR));

	if (!text)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const char *why = NULL, *replacement;

		if (value[i] != '%') {
			text[out++] = value[i];
			continue;
		}
		replacement = specifier(value[i + 1], &why);
		if (!replacement) {
			*reterr = (struct word_error){ why, i };
			return -EBADMSG;
		}
		memcpy(text + out, replacement, strlen(replacement));
		out += strlen(replacement);
		i++;
	}
	*ret = steal_ptr(text);
	return 0;
}
