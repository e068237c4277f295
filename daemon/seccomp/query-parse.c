/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Reads calls as people write them. What they share with policies, names and values, is the parser's. */

#include "seccomp/query.h"

#include "base/error.h"
#include "seccomp/parser.h"

#include <string.h>

static const char *here(const struct parser *p)
{
	return p->stack[0].source->text + p->stack[0].at;
}

/* Takes a word that the language has not, if it comes next. The source's text is terminated. */
static bool accept_literal(struct parser *p, const char *literal)
{
	const char *text = here(p);
	size_t blanks = strspn(text, " \t"), n = strlen(literal);

	if (strncmp(text + blanks, literal, n) != 0)
		return false;
	p->token.at = (struct position){
		.source = p->stack[0].source, .offset = p->stack[0].at + blanks, .length = n
	};
	p->stack[0].at += blanks + n;
	return true;
}

static struct position next_byte(const struct parser *p)
{
	const struct lexer *l = &p->stack[0];

	return (struct position){
		.source = l->source, .offset = l->at + strspn(here(p), " \t"), .length = 1
	};
}

static int parse_argument(struct parser *p, size_t i, struct policy_call *call)
{
	size_t begin;
	int r;

	if (accept_literal(p, "*"))
		return parser_advance(p);
	r = parser_advance(p);
	if (r < 0)
		return r;
	call->at[i] = p->token.at;
	begin = p->token.at.offset;
	r = parse_value(p, &call->arguments[i]);
	if (r < 0)
		return r;
	call->given[i] = true;
	call->at[i].length = p->token.at.offset - begin;
	while (call->at[i].length > 0 &&
		strchr(" \t", p->stack[0].source->text[begin + call->at[i].length - 1]))
		call->at[i].length--;
	return 0;
}

/* What follows the opening parenthesis. */
static int parse_arguments(struct parser *p, struct policy_call *call)
{
	bool open = false; /* "..." is the last */
	size_t n = 0;
	int r;

	if (accept_literal(p, ")"))
		return parser_advance(p);
	do {
		if (accept_literal(p, "...") || accept_literal(p, "…")) {
			open = true;
			r = parser_advance(p);
			break;
		}
		if (n == POLICY_ARGUMENTS)
			return diagnose(p->diagnostics, next_byte(p), "argument-number",
				"system calls have no more than %d arguments", POLICY_ARGUMENTS);
		r = parse_argument(p, n++, call);
		/* What follows the comma is not looked at yet: "*" is no token of the language. */
	} while (r == 0 && p->token.type == TOKEN_COMMA);
	if (r < 0)
		return r;
	r = parser_accept(p, TOKEN_RIGHT_PARENTHESIS);
	return r == 0 ? parser_expected(p, open ? "`)`" : "`,` or `)`") : r < 0 ? r : 0;
}

static int parse_call(struct parser *p, struct policy_call *call)
{
	int r;

	(void)accept_literal(p, "#");
	r = parser_advance(p);
	if (r < 0)
		return r;
	r = parse_syscall(p, &call->number);
	if (r < 0)
		return r;
	if (p->token.type == TOKEN_LEFT_PARENTHESIS)
		r = parse_arguments(p, call);
	if (r == 0 && p->token.type != TOKEN_FILE_END)
		r = parser_expected(p, "the end of the call");
	return r < 0 ? r : p->bad_line ? -EBADMSG : 0;
}

/* A parser of one text that is no policy. @policy: lends it the architecture. */
static int parser_begin(struct parser *p, struct source_set *sources, struct diagnostics *diagnostics,
	struct policy *policy, const char *display, const char *text)
{
	int r;

	*p = (struct parser){ .sources = sources, .diagnostics = diagnostics, .policy = policy, .depth = 1 };
	r = source_add_text(sources, text, strlen(text), -1, display, &p->stack[0].source);
	if (r == -EFBIG)
		return diagnose_file(diagnostics, display, "unreadable", "the text is too long");
	return r;
}

int policy_call_parse(struct source_set *sources, struct diagnostics *diagnostics,
	const struct architecture *architecture, const char *text, struct policy_call *ret)
{
	struct policy_call call = {};
	struct policy policy;
	struct parser p;
	int r;

	policy_init(&policy, architecture);
	r = parser_begin(&p, sources, diagnostics, &policy, "call", text);
	if (r == 0)
		r = parse_call(&p, &call);
	policy_done(&policy);
	if (r < 0)
		return r;
	*ret = call;
	return 0;
}

int policy_action_parse(struct source_set *sources, struct diagnostics *diagnostics,
	const struct architecture *architecture, const char *text, uint32_t *ret)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;
	struct policy policy;
	struct parser p;
	int r;

	policy_init(&policy, architecture);
	r = parser_begin(&p, sources, diagnostics, &policy, "action", text);
	if (r == 0)
		r = parser_advance(&p);
	if (r == 0)
		r = parse_action(&p, &action);
	if (r == 0 && p.token.type != TOKEN_FILE_END)
		r = parser_expected(&p, "the end of the action");
	if (r == 0 && p.bad_line)
		r = -EBADMSG;
	policy_done(&policy);
	if (r == 0)
		*ret = action;
	return r;
}
