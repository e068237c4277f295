/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Reads policy text into a policy. parser.c has lines and statements, names.c what stands before the colon,
 * expression.c what follows it, value.c its numbers, directives.c the lines that begin with "@". An error of
 * syntax ends its logical line only, so that one run shows all.
 */

#include "base/suggest.h"
#include "seccomp/lexer.h"
#include "seccomp/lint.h"
#include "seccomp/policy.h"

#define POLICY_INCLUDE_DEPTH 10 /* nested files, the first included */

/* What is to be known of a file while it is read. */
struct parsed_file {
	bool frequencies; /* it has counts, no policy */
	bool begun;       /* something was said already */
	bool denylist;    /* it says @denylist */
};

/* A system call to which one group says something else than an earlier group. */
struct group_conflict {
	uint32_t number;
	const struct policy_rule *rule, *earlier;
};

struct parser {
	struct source_set *sources;
	struct diagnostics *diagnostics;
	unsigned flags; /* of enum seccomp_flags */
	/* What is said of calls by their own name or number. Owns all rules. */
	struct policy *policy;
	/* What is said of them through groups, for those calls of which nothing else is said. */
	struct policy *grouped;
	struct group_conflict *conflicts; /* among these */
	size_t n_conflicts, conflicts_allocated;
	struct policy *counted; /* .weight of its entries has the frequencies */
	/* The file being read is the last of .stack; .files belongs to it. */
	struct lexer stack[POLICY_INCLUDE_DEPTH];
	struct parsed_file files[POLICY_INCLUDE_DEPTH];
	size_t depth;
	struct token token; /* the next one, not yet taken */
	size_t taken;       /* where in the text the last one that was taken ends */
	bool bad_line;      /* an error was shown that did not keep us from reading on */
	/* In a statement for other architectures only, one of these: the names are looked up there. */
	const struct architecture *foreign;
};

/*
 * Reads the source, and what it includes, into a fresh policy. @flags: of enum seccomp_flags. -EBADMSG when
 * diagnostics tell of errors.
 */
int policy_parse(struct source_set *sources, const struct source *first, struct diagnostics *diagnostics,
	unsigned flags, struct policy *policy);
/* Why source_add_file() or source_add_include() failed, to follow "the file "; @reason is theirs and may be
 * NULL. A fresh string, or NULL when out of memory. */
char *source_error_text(int error, const char *reason);

/* For all parts: */
struct lexer *parser_lexer(struct parser *p);
struct parsed_file *parser_file(struct parser *p);
/* Where the names of values are looked up. */
const struct architecture *parser_architecture(const struct parser *p);
int parser_advance(struct parser *p);
/* Takes the token if it is of this type. Returns 1 then, else 0. */
int parser_accept(struct parser *p, enum token_type type);
bool parser_at_line_end(const struct parser *p);
int parser_expect_line_end(struct parser *p);
/* Says what should stand at the token. Returns -EBADMSG. */
int parser_expected(struct parser *p, const char *what);
/* Whether no further error would be shown: then there is no point in going on. */
bool parser_flooded(const struct parser *p);
/* Turns what diagnose() returned into 0 and marks the line, which is read on. Else returns it. */
int parser_go_on(struct parser *p, int r);
/* Shows "unknown KIND `WORD`", with the nearest name when there is one, as parser_go_on(). */
int parser_unknown(struct parser *p, struct position at, const char *code, const char *kind,
	const struct suggestion *nearest);
/* Names the architectures with these bits (1 << id), with @separator between them. NULL: out of memory. */
char *parser_architecture_list(unsigned architectures, const char *separator);

/* names.c: what a statement is for. */
struct name_list {
	struct statement_name *list;
	size_t n, allocated;
	unsigned architectures; /* bits 1 << id: those that one of the names is for */
	bool *seen;             /* by index of syscall_groups: it is in the list already */
};

void name_list_done(struct name_list *l);
/* "name" or "{name, name}", each with or without attributes. */
int parse_names(struct parser *p, struct name_list *ret);
/* One of them, and in a file of frequencies. */
int parse_name(struct parser *p, bool alone, struct name_list *ret);

/* directives.c: lines that begin with "@". Offers their names. */
void directive_suggest(struct suggestion *s);
/* Returns -ENOENT when the line is none; 1 when it was left already, because a file was begun. */
int parse_directive(struct parser *p);
/* A line of a file of frequencies. */
int parse_count(struct parser *p);

/* The rules of one statement, borrowed from the policy. */
struct rule_list {
	struct policy_rule **list;
	size_t n, allocated;
};

/* expression.c: what follows the colon. */
int parse_filter(struct parser *p, struct rule_list *ret);
int parse_action(struct parser *p, uint32_t *ret);
/* The number of "argN", or -EINVAL for any other word. */
int token_argument_number(const struct token *token);

/*
 * Parts of the language that stand elsewhere, too, such as in the calls that are asked about. Each begins at
 * the token and takes what is its own. An error may be shown, .bad_line set and 0 returned. Of the parser
 * they need .diagnostics, .policy with its architecture, .stack and .depth.
 */
int parse_value(struct parser *p, uint64_t *ret);
/* A name or a number, no group. */
int parse_syscall(struct parser *p, uint32_t *ret);
