/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Reads policy text into a policy. parser.c has lines, names and includes; expression.c what follows the
 * colon. An error ends its logical line only, so that one run shows all.
 */

#include "base/suggest.h"
#include "seccomp/lexer.h"
#include "seccomp/policy.h"

#define POLICY_INCLUDE_DEPTH 10 /* nested files, the first included */

struct parser {
	struct source_set *sources;
	struct diagnostics *diagnostics;
	struct policy *policy;
	struct lexer stack[POLICY_INCLUDE_DEPTH]; /* the file being read is the last */
	size_t depth;
	struct token token; /* the next one, not yet taken */
	bool bad_line;      /* an error was shown that did not keep us from reading on */
};

/* Reads the source, and what it includes, into a fresh policy. -EBADMSG when diagnostics tell of errors. */
int policy_parse(struct source_set *sources, const struct source *first, struct diagnostics *diagnostics,
	struct policy *policy);
/* Why source_add_file() or source_add_include() failed, to follow "the file "; @reason is theirs and may be
 * NULL. A fresh string, or NULL when out of memory. */
char *source_error_text(int error, const char *reason);

/* For both halves: */
int parser_advance(struct parser *p);
/* Takes the token if it is of this type. Returns 1 then, else 0. */
int parser_accept(struct parser *p, enum token_type type);
/* Says what should stand at the token. Returns -EBADMSG. */
int parser_expected(struct parser *p, const char *what);
/* Shows "unknown KIND `WORD`", with the nearest name when there is one, and lets the line go on. */
int parser_unknown(struct parser *p, const char *code, const char *kind, const struct suggestion *nearest);

/* The rules of one statement, borrowed from the policy. */
struct rule_list {
	struct policy_rule **list;
	size_t n, allocated;
};

/* What follows the colon. */
int parse_filter(struct parser *p, struct rule_list *ret);
int parse_action(struct parser *p, uint32_t *ret);

/*
 * Parts of the language that stand elsewhere, too, such as in the calls that are asked about. Each begins at
 * the token and takes what is its own. An error may be shown, .bad_line set and 0 returned.
 */
int parse_value(struct parser *p, uint64_t *ret);
/* A name or a number, no group. */
int parse_syscall(struct parser *p, uint32_t *ret);
