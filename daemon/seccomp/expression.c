/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/parser.h"

#include "base/array.h"
#include "base/error.h"
#include "seccomp/constants.h"

#include <string.h>
#include <strings.h>

#define RETURN    "return"
#define ERRNO_MAX 4095 /* MAX_ERRNO of the kernel: what the C library takes for an error */

int token_argument_number(const struct token *token)
{
	const char *text = token_text(token);
	int number = 0;

	if (token->type != TOKEN_WORD || token->at.length < 4 || memcmp(text, "arg", 3) != 0)
		return -EINVAL;
	for (size_t i = 3; i < token->at.length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		if (number < POLICY_ARGUMENTS)
			number = number * 10 + (text[i] - '0');
	}
	return number;
}

/* A word that can only be meant as an argument: "arg", "ARG0", "args0". */
static bool is_like_argument(const struct token *token)
{
	return token->type == TOKEN_WORD && token->at.length >= 3 &&
	       strncasecmp(token_text(token), "arg", 3) == 0;
}

static int refuse_parenthesis(struct parser *p)
{
	return diagnose(p->diagnostics, p->token.at, "syntax",
		"there are no parentheses around comparisons; `&&` binds tighter than `||`");
}

static int parse_operator(struct parser *p, enum policy_op *ret)
{
	int r;

	*ret = POLICY_EQ;
	switch (p->token.type) {
	case TOKEN_EQUAL:
		break;
	case TOKEN_NOT_EQUAL:
		*ret = POLICY_NE;
		break;
	case TOKEN_LESS:
		*ret = POLICY_LT;
		break;
	case TOKEN_LESS_EQUAL:
		*ret = POLICY_LE;
		break;
	case TOKEN_GREATER:
		*ret = POLICY_GT;
		break;
	case TOKEN_GREATER_EQUAL:
		*ret = POLICY_GE;
		break;
	case TOKEN_AMPERSAND:
		*ret = POLICY_ANY;
		break;
	case TOKEN_ASSIGN:
		r = parser_go_on(p, diagnose(p->diagnostics, p->token.at, "unknown-operator",
					    "`=` is no operator; write `==`"));
		if (r < 0)
			return r;
		break;
	default:
		if (!token_is(&p->token, "in"))
			return parser_expected(p, "`==`, `!=`, `<`, `<=`, `>`, `>=`, `&` or `in`");
		*ret = POLICY_IN;
	}
	return parser_advance(p);
}

static int check_argument(struct parser *p, int *ret)
{
	int argument = token_argument_number(&p->token);

	if (p->token.type == TOKEN_LEFT_PARENTHESIS)
		return refuse_parenthesis(p);
	if (argument < 0 && !is_like_argument(&p->token))
		return parser_expected(p, "an argument, arg0 to arg5");
	*ret = argument;
	if (argument >= 0 && argument < POLICY_ARGUMENTS)
		return 0;
	*ret = 0;
	return parser_go_on(p, diagnose(p->diagnostics, p->token.at, "argument-number",
				       "no argument of a system call: these are arg0 to arg5"));
}

/* @ret: but for .last, which only what follows can tell. */
static int parse_atom(struct parser *p, struct policy_atom *ret)
{
	struct position at;
	enum policy_op op;
	uint64_t value;
	int argument, r;

	r = check_argument(p, &argument);
	if (r == 0)
		r = parser_advance(p);
	if (r < 0)
		return r;
	r = parse_operator(p, &op);
	if (r < 0)
		return r;
	at = p->token.at;
	r = parse_value(p, &value);
	if (r < 0)
		return r;
	*ret = (struct policy_atom){
		.argument = (uint8_t)argument,
		.op = (uint8_t)op,
		.value = value,
		.offset = (uint32_t)at.offset,
		.length = (uint32_t)(p->taken - at.offset),
	};
	return 0;
}

static int parse_expression(struct parser *p, struct policy_rule *rule)
{
	bool more = true;

	while (more) {
		struct policy_atom atom;
		int r = parse_atom(p, &atom);

		if (r < 0)
			return r;
		more = p->token.type == TOKEN_AND || p->token.type == TOKEN_OR;
		atom.last = p->token.type != TOKEN_AND;
		r = policy_rule_add_atom(rule, atom);
		if (r == 0 && more)
			r = parser_advance(p);
		if (r < 0)
			return r;
	}
	return 0;
}

/* After "return". */
static int parse_errno(struct parser *p, uint32_t *ret)
{
	const struct architecture *a = parser_architecture(p);
	struct suggestion nearest = suggestion_for(token_text(&p->token), p->token.at.length);
	uint64_t number = p->token.number;
	int r = 0;

	*ret = SECCOMP_RET_KILL_PROCESS;
	if (p->token.type != TOKEN_WORD && p->token.type != TOKEN_NUMBER)
		return parser_expected(p, "an error such as EPERM");
	if (p->token.type == TOKEN_WORD &&
		constant_lookup_errno(a, nearest.word, nearest.length, &number) < 0) {
		constant_suggest(a, true, &nearest);
		r = parser_unknown(p, p->token.at, "unknown-errno", "error", &nearest);
	} else if (number > ERRNO_MAX && !p->token.bad) {
		r = parser_go_on(p, diagnose(p->diagnostics, p->token.at, "errno-range",
					    "an error number is at most %d", ERRNO_MAX));
	} else {
		*ret = SECCOMP_RET_ERRNO | (uint32_t)number;
	}
	return r < 0 ? r : parser_advance(p);
}

struct action_name {
	const char *name;
	uint32_t action;
};

static const struct action_name action_names[] = {
	{ "allow", SECCOMP_RET_ALLOW },
	{ "kill", SECCOMP_RET_KILL_PROCESS },
	{ "kill-process", SECCOMP_RET_KILL_PROCESS },
	{ "kill-thread", SECCOMP_RET_KILL_THREAD },
	{ "trap", SECCOMP_RET_TRAP },
	{ "trace", SECCOMP_RET_TRACE },
	{ "log", SECCOMP_RET_LOG },
	{ "user-notify", SECCOMP_RET_USER_NOTIF },
};

/* "EPERM" and "returnEPERM" lack a word and a blank. Whether the word is one of these, with *ret set. */
static bool is_bare_errno(struct parser *p, char **ret)
{
	const char *text = token_text(&p->token);
	size_t length = p->token.at.length, skip = strlen(RETURN);
	uint64_t number;

	if (length > skip && memcmp(text, RETURN, skip) == 0) {
		text += skip;
		length -= skip;
	}
	if (constant_lookup_errno(parser_architecture(p), text, length, &number) < 0)
		return false;
	if (asprintf(ret, RETURN " %.*s", (int)length, text) < 0)
		*ret = NULL;
	return true;
}

static int refuse_action(struct parser *p)
{
	struct suggestion nearest = suggestion_for(token_text(&p->token), p->token.at.length);
	_cleanup_free_ char *complete = NULL;

	if (is_bare_errno(p, &complete))
		return parser_go_on(
			p, diagnose_misspelt(p->diagnostics, p->token.at, "unknown-action", complete,
				   "unknown action `%.*s`", (int)nearest.length, nearest.word));
	for (size_t i = 0; i < ELEMENTSOF(action_names); i++)
		suggestion_offer(&nearest, action_names[i].name);
	suggestion_offer(&nearest, RETURN);
	return parser_unknown(p, p->token.at, "unknown-action", "action", &nearest);
}

static int parse_action_word(struct parser *p, uint32_t *ret)
{
	int r;

	for (size_t i = 0; i < ELEMENTSOF(action_names); i++)
		if (token_is(&p->token, action_names[i].name)) {
			*ret = action_names[i].action;
			return parser_advance(p);
		}
	*ret = SECCOMP_RET_KILL_PROCESS;
	r = refuse_action(p);
	return r < 0 ? r : parser_advance(p);
}

int parse_action(struct parser *p, uint32_t *ret)
{
	int r;

	if (token_is(&p->token, RETURN)) {
		r = parser_advance(p);
		return r < 0 ? r : parse_errno(p, ret);
	}
	if (p->token.type == TOKEN_WORD)
		return parse_action_word(p, ret);
	if (p->token.type != TOKEN_NUMBER)
		return parser_expected(p, "an action");
	if (p->token.number != 1 && !p->token.bad)
		return diagnose(p->diagnostics, p->token.at, "syntax",
			"the only number that is an action is 1, which allows");
	*ret = SECCOMP_RET_ALLOW;
	return parser_advance(p);
}

/* What may stand behind a comparison without an action. */
static int check_end_of_expression(struct parser *p, bool braces)
{
	bool end = braces ? p->token.type == TOKEN_COMMA || p->token.type == TOKEN_RIGHT_BRACE
			  : p->token.type == TOKEN_COMMA;

	if (end || parser_at_line_end(p))
		return 0;
	return parser_expected(
		p, braces ? "`&&`, `||`, `;`, `,` or `}`" : "`&&`, `||`, `;` or the end of the line");
}

static int parse_single(struct parser *p, struct policy_rule *rule, bool braces)
{
	int r;

	rule->at = p->token.at;
	rule->action = SECCOMP_RET_ALLOW;
	if (p->token.type == TOKEN_LEFT_PARENTHESIS)
		return refuse_parenthesis(p);
	if (p->token.type != TOKEN_WORD && p->token.type != TOKEN_NUMBER)
		return parser_expected(p, "an action or a comparison");
	if (!is_like_argument(&p->token))
		return parse_action(p, &rule->action);
	r = parse_expression(p, rule);
	if (r < 0)
		return r;
	policy_rule_trim(rule);
	r = parser_accept(p, TOKEN_SEMICOLON);
	return r > 0 ? parse_action(p, &rule->action) : r < 0 ? r : check_end_of_expression(p, braces);
}

/* After a filter of one rule. */
static int refuse_second(struct parser *p)
{
	if (p->token.type != TOKEN_COMMA || p->bad_line)
		return 0;
	return diagnose(
		p->diagnostics, p->token.at, "syntax", "several rules stand in braces: `{ rule, rule }`");
}

int parse_filter(struct parser *p, struct rule_list *ret)
{
	struct position open = p->token.at;
	int braces = parser_accept(p, TOKEN_LEFT_BRACE), r;

	if (braces < 0)
		return braces;
	do {
		struct policy_rule *rule = policy_add_rule(p->policy);

		if (!rule || array_reserve(&ret->list, &ret->allocated, ret->n + 1, sizeof(*ret->list)) < 0)
			return -ENOMEM;
		ret->list[ret->n++] = rule;
		r = parse_single(p, rule, braces);
		if (r < 0)
			return r;
		r = braces ? parser_accept(p, TOKEN_COMMA) : 0;
	} while (r > 0);
	if (r == 0 && !braces)
		return refuse_second(p);
	if (r < 0)
		return r;
	if (parser_at_line_end(p))
		return diagnose(p->diagnostics, open, "unclosed", "this brace is not closed");
	r = parser_accept(p, TOKEN_RIGHT_BRACE);
	return r == 0 ? parser_expected(p, "`,` or `}`") : r < 0 ? r : 0;
}
