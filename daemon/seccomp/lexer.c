/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/lexer.h"

#include "base/error.h"

#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* what some editors begin UTF-8 with */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_word_start(char c)
{
	return is_letter(c) || c == '@';
}

static bool is_word(char c)
{
	return is_word_start(c) || is_digit(c) || c == '-';
}

/* The byte @ahead of the next, or NUL past the end. (A NUL in the text is refused like any control
 * character.) */
static char peek(const struct lexer *l, size_t ahead)
{
	size_t left = l->source->size - l->at;

	return ahead < left ? l->source->text[l->at + ahead] : '\0';
}

static struct position position_here(const struct lexer *l, size_t length)
{
	return (struct position){ .source = l->source, .offset = l->at, .length = length };
}

/* Bytes of a line's end at this place: "\n" or "\r\n"; 0 if there is none. */
static size_t line_end_length(const struct lexer *l, size_t ahead)
{
	if (peek(l, ahead) == '\n')
		return 1;
	return peek(l, ahead) == '\r' && peek(l, ahead + 1) == '\n' ? 2 : 0;
}

/* A comment ends with the physical line. A "\" as its last character still continues the logical line. */
static void skip_comment(struct lexer *l)
{
	const char *text = l->source->text;

	while (l->at < l->source->size && line_end_length(l, 0) == 0)
		l->at++;
	if (l->at < l->source->size && text[l->at - 1] == '\\')
		l->at += line_end_length(l, 0);
}

/* Goes to the first byte of the next token, over blanks, comments and continued ends of lines. */
static int skip_blanks(struct lexer *l, struct diagnostics *d)
{
	while (l->at < l->source->size) {
		char c = peek(l, 0);

		if (c == ' ' || c == '\t') {
			l->at++;
		} else if (c == '#') {
			skip_comment(l);
		} else if (c == '\\') {
			size_t length = line_end_length(l, 1);

			if (l->at + 1 + length >= l->source->size)
				return diagnose(d, position_here(l, 1), "continuation",
					"`\\` continues a line, but none follows");
			if (length == 0)
				return diagnose(d, position_here(l, 1), "continuation",
					"`\\` continues a line only as its very last character");
			l->at += 1 + length;
		} else {
			return 0;
		}
	}
	return 0;
}

static int digit_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The magnitude of a number as C writes it: 0x for hexadecimal, 0 for octal. -EINVAL, -ERANGE. */
static int parse_magnitude(const char *text, size_t n, uint64_t *ret)
{
	unsigned base = 10;
	uint64_t value = 0;

	if (n > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
		n -= 2;
	} else if (n > 1 && text[0] == '0') {
		base = 8;
	}
	for (size_t i = 0; i < n; i++) {
		int digit = digit_value(text[i]);

		if (digit < 0 || (unsigned)digit >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
			__builtin_add_overflow(value, (uint64_t)digit, &value))
			return -ERANGE;
	}
	*ret = value;
	return 0;
}

static int refuse_number(struct diagnostics *d, struct position at, const char *magnitude, int error)
{
	if (error == -ERANGE)
		return diagnose(d, at, "number-range", "the number does not fit into 64 bits");
	if (magnitude[0] == '0' && is_digit(magnitude[1]))
		return diagnose(d, at, "not-a-number", "not an octal number, which the leading 0 announces");
	return diagnose(d, at, "not-a-number", "not a number");
}

static int lex_number(struct lexer *l, struct diagnostics *d, struct token *ret)
{
	const char *text = l->source->text + l->at;
	bool negative = text[0] == '-';
	size_t n = negative;
	uint64_t value = 0;
	int r;

	while (is_digit(peek(l, n)) || is_letter(peek(l, n)))
		n++;
	r = parse_magnitude(text + negative, n - negative, &value);
	if (r == 0 && negative && value > (uint64_t)INT64_MAX + 1)
		r = -ERANGE;
	*ret = (struct token){ .type = TOKEN_NUMBER, .at = position_here(l, n) };
	l->at += n;
	if (r < 0) {
		ret->bad = true;
		r = refuse_number(d, ret->at, text + negative, r);
		return r == -EBADMSG ? 0 : r;
	}
	ret->number = negative ? -value : value;
	return 0;
}

struct symbol {
	char text[3];
	enum token_type type;
};

/* The longer before its own beginning. */
static const struct symbol symbols[] = {
	{ "||", TOKEN_OR },
	{ "|", TOKEN_PIPE },
	{ "&&", TOKEN_AND },
	{ "&", TOKEN_AMPERSAND },
	{ "==", TOKEN_EQUAL },
	{ "=", TOKEN_ASSIGN },
	{ "!=", TOKEN_NOT_EQUAL },
	{ "<=", TOKEN_LESS_EQUAL },
	{ "<", TOKEN_LESS },
	{ ">=", TOKEN_GREATER_EQUAL },
	{ ">", TOKEN_GREATER },
	{ ":", TOKEN_COLON },
	{ ";", TOKEN_SEMICOLON },
	{ ",", TOKEN_COMMA },
	{ "~", TOKEN_TILDE },
	{ "(", TOKEN_LEFT_PARENTHESIS },
	{ ")", TOKEN_RIGHT_PARENTHESIS },
	{ "{", TOKEN_LEFT_BRACE },
	{ "}", TOKEN_RIGHT_BRACE },
	{ "[", TOKEN_LEFT_BRACKET },
	{ "]", TOKEN_RIGHT_BRACKET },
};

/* The signs of other encodings than UTF-8. */
static int refuse_encoding(struct lexer *l, struct diagnostics *d)
{
	if (peek(l, 0) == '\0')
		return diagnose(
			d, position_here(l, 1), "stray-byte", "a NUL byte: this is no text, or not in UTF-8");
	return diagnose(d, position_here(l, strlen(BYTE_ORDER_MARK)), "stray-byte",
		"a byte order mark: write the file without one");
}

static int refuse_character(struct lexer *l, struct diagnostics *d)
{
	unsigned char c = (unsigned char)peek(l, 0);

	if (c == '\0' ||
		(l->at == 0 && strncmp(l->source->text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0))
		return refuse_encoding(l, d);
	if (c == '!')
		return diagnose(d, position_here(l, 1), "unknown-operator",
			"`!` is no operator; there are `!=` and, in values, `~`");
	if (c < 0x20 || c >= 0x7f)
		return diagnose(
			d, position_here(l, 1), "stray-byte", "a byte 0x%02x can only stand in a comment", c);
	return diagnose(d, position_here(l, 1), "stray-byte", "`%c` has no meaning here", c);
}

int lexer_next(struct lexer *l, struct diagnostics *d, struct token *ret)
{
	size_t n = 0;
	char c;
	int r = skip_blanks(l, d);

	if (r < 0)
		return r;
	c = peek(l, 0);
	if (l->at >= l->source->size || line_end_length(l, 0) > 0) {
		*ret = (struct token){
			.type = l->at < l->source->size ? TOKEN_LINE_END : TOKEN_FILE_END,
			.at = position_here(l, 1),
		};
		return 0;
	}
	if (is_digit(c) || (c == '-' && is_digit(peek(l, 1))))
		return lex_number(l, d, ret);
	if (is_word_start(c)) {
		while (is_word(peek(l, n)))
			n++;
		*ret = (struct token){ .type = TOKEN_WORD, .at = position_here(l, n) };
		l->at += n;
		return 0;
	}
	for (size_t i = 0; i < ELEMENTSOF(symbols); i++) {
		n = strlen(symbols[i].text);
		if (l->source->size - l->at < n || memcmp(l->source->text + l->at, symbols[i].text, n) != 0)
			continue;
		*ret = (struct token){ .type = symbols[i].type, .at = position_here(l, n) };
		l->at += n;
		return 0;
	}
	return refuse_character(l, d);
}

int lexer_next_path(struct lexer *l, struct diagnostics *d, struct token *ret)
{
	size_t n = 0;
	int r = skip_blanks(l, d);

	if (r < 0)
		return r;
	/* strchr() also finds the NUL, which so ends the path and is then refused. */
	while (!strchr(" \t\r\n\\#", peek(l, n)))
		n++;
	if (n == 0)
		return lexer_next(l, d, ret);
	*ret = (struct token){ .type = TOKEN_WORD, .at = position_here(l, n) };
	l->at += n;
	if (peek(l, 0) == '#')
		return diagnose(
			d, position_here(l, 1), "syntax", "a comment after a path needs a blank before it");
	return 0;
}

void lexer_skip_line(struct lexer *l)
{
	const char *text = l->source->text;

	while (l->at < l->source->size) {
		size_t end = line_end_length(l, 0), at = l->at;

		l->at += end > 0 ? end : 1;
		if (end > 0 && (at == 0 || text[at - 1] != '\\'))
			return;
	}
}

bool token_is(const struct token *token, const char *word)
{
	return token->type == TOKEN_WORD && strlen(word) == token->at.length &&
	       memcmp(token_text(token), word, token->at.length) == 0;
}

const char *token_text(const struct token *token)
{
	return token->at.source->text + token->at.offset;
}
