/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Splits policy text into tokens: comments, continued lines and numbers end here. Knows no grammar. */

#include "seccomp/diagnostics.h"

#include <stdint.h>

enum token_type {
	TOKEN_FILE_END,
	TOKEN_LINE_END, /* of a logical line; not consumed before lexer_skip_line() */
	TOKEN_WORD,     /* names, actions, operators in letters, and what begins with "@" */
	TOKEN_NUMBER,
	TOKEN_COLON,
	TOKEN_SEMICOLON,
	TOKEN_COMMA,
	TOKEN_TILDE,
	TOKEN_LEFT_PARENTHESIS,
	TOKEN_RIGHT_PARENTHESIS,
	TOKEN_LEFT_BRACE,
	TOKEN_RIGHT_BRACE,
	TOKEN_LEFT_BRACKET,
	TOKEN_RIGHT_BRACKET,
	TOKEN_OR,   /* || */
	TOKEN_AND,  /* && */
	TOKEN_PIPE, /* | */
	TOKEN_AMPERSAND,
	TOKEN_ASSIGN, /* =, in attributes only */
	TOKEN_EQUAL,  /* == */
	TOKEN_NOT_EQUAL,
	TOKEN_LESS,
	TOKEN_LESS_EQUAL,
	TOKEN_GREATER,
	TOKEN_GREATER_EQUAL,
};

struct token {
	enum token_type type;
	struct position at;
	uint64_t number; /* of TOKEN_NUMBER; a negative one as 64-bit two's complement */
	bool bad;        /* what is wrong with it was shown; the line can be read on */
};

struct lexer {
	const struct source *source;
	size_t at;
};

/* The next token. -EBADMSG when there is none, with the reason in @d; the line should be skipped then. */
int lexer_next(struct lexer *l, struct diagnostics *d, struct token *ret);
/* The next word up to a blank, whatever it is made of, as @include needs it: a TOKEN_WORD, or the line's end.
 */
int lexer_next_path(struct lexer *l, struct diagnostics *d, struct token *ret);
/* Goes past the end of the logical line. */
void lexer_skip_line(struct lexer *l);
/* Whether a word is this one. */
bool token_is(const struct token *token, const char *word);
/* The text of a token, which is not terminated: at.length bytes. */
const char *token_text(const struct token *token);
