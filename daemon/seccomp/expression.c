/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/parser.h"

#include "base/array.h"
#include "base/error.h"
#include "seccomp/constants.h"

#include <string.h>

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

/* @ret: but for .last, which only what follows can tell. */
static int parse_atom(struct parser *p, struct policy_atom *ret)
{
	int argument = token_argument_number(&p->token), r;
	struct position at;
	enum policy_op op;
	uint64_t value;

	if (argument < 0)
		return parser_expected(p, "an argument, arg0 to arg5");
	if (argument >= POLICY_ARGUMENTS) {
		argument = 0;
		r = parser_go_on(p, diagnose(p->diagnostics, p->token.at, "argument-number",
					    "system calls have no more arguments than arg0 to arg5"));
		if (r < 0)
			return r;
	}
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
		.length = (uint32_t)at.length,
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
	} else if ((number < 1 || number > ERRNO_MAX) && !p->token.bad) {
		r = parser_go_on(p, diagnose(p->diagnostics, p->token.at, "errno-range",
					    "an error number is 1 to %d", ERRNO_MAX));
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

static int parse_action_word(struct parser *p, uint32_t *ret)
{
	struct suggestion nearest = suggestion_for(token_text(&p->token), p->token.at.length);
	int r;

	for (size_t i = 0; i < ELEMENTSOF(action_names); i++)
		if (token_is(&p->token, action_names[i].name)) {
			*ret = action_names[i].action;
			return parser_advance(p);
		}
	for (size_t i = 0; i < ELEMENTSOF(action_names); i++)
		suggestion_offer(&nearest, action_names[i].name);
	suggestion_offer(&nearest, "return");
	*ret = SECCOMP_RET_KILL_PROCESS;
	r = parser_unknown(p, p->token.at, "unknown-action", "action", &nearest);
	return r < 0 ? r : parser_advance(p);
}

int parse_action(struct parser *p, uint32_t *ret)
{
	int r;

	if (token_is(&p->token, "return")) {
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

static int parse_single(struct parser *p, struct policy_rule *rule)
{
	int r;

	rule->at = p->token.at;
	rule->action = SECCOMP_RET_ALLOW;
	if (token_argument_number(&p->token) < 0)
		return parse_action(p, &rule->action);
	r = parse_expression(p, rule);
	if (r < 0)
		return r;
	r = parser_accept(p, TOKEN_SEMICOLON);
	return r > 0 ? parse_action(p, &rule->action) : r;
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
		r = parse_single(p, rule);
		if (r < 0)
			return r;
		r = braces ? parser_accept(p, TOKEN_COMMA) : 0;
	} while (r > 0);
	if (r < 0 || !braces)
		return r;
	if (parser_at_line_end(p))
		return diagnose(p->diagnostics, open, "unclosed", "this brace is not closed");
	r = parser_accept(p, TOKEN_RIGHT_BRACE);
	return r == 0 ? parser_expected(p, "`,` or `}`") : r < 0 ? r : 0;
}
