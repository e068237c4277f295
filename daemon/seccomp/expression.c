/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/parser.h"

#include "base/array.h"
#include "base/error.h"
#include "seccomp/constants.h"

#include <string.h>

#define ERRNO_MAX 4095 /* MAX_ERRNO of the kernel: what the C library takes for an error */

/* The number of "argN", or -EINVAL for any other word. */
static int argument_number(const struct token *token)
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

static int parse_named_constant(struct parser *p, uint64_t *ret)
{
	struct suggestion nearest = suggestion_for(token_text(&p->token), p->token.at.length);

	if (argument_number(&p->token) >= 0)
		return diagnose(p->diagnostics, p->token.at, "misplaced-argument",
			"an argument can only stand left of an operator");
	if (constant_lookup(p->policy->architecture, token_text(&p->token), p->token.at.length, ret) == 0)
		return parser_advance(p);
	constant_suggest(p->policy->architecture, false, &nearest);
	*ret = 0;
	return parser_unknown(p, "unknown-constant", "constant", &nearest);
}

static int parse_constant(struct parser *p, uint64_t *ret)
{
	if (p->token.type == TOKEN_WORD)
		return parse_named_constant(p, ret);
	if (p->token.type != TOKEN_NUMBER)
		return parser_expected(p, "a number, a constant's name, `~` or `(`");
	*ret = p->token.number;
	return parser_advance(p);
}

/* An open parenthesis in a value, and at the bottom the value itself. */
struct value_frame {
	uint64_t value;
	bool complement;
	struct position at;
};

struct value_stack {
	struct value_frame frames[POLICY_VALUE_NESTED + 1];
	size_t depth;
};

static int open_parenthesis(struct parser *p, struct value_stack *s, bool complement)
{
	if (s->depth == POLICY_VALUE_NESTED)
		return diagnose(p->diagnostics, p->token.at, "too-deep", "more than %d nested parentheses",
			POLICY_VALUE_NESTED);
	s->frames[++s->depth] = (struct value_frame){ .complement = complement, .at = p->token.at };
	return parser_advance(p);
}

static int close_parentheses(struct parser *p, struct value_stack *s)
{
	int r;

	while (p->token.type == TOKEN_RIGHT_PARENTHESIS && s->depth > 0) {
		const struct value_frame *top = &s->frames[s->depth--];

		s->frames[s->depth].value |= top->complement ? ~top->value : top->value;
		r = parser_advance(p);
		if (r < 0)
			return r;
	}
	return 0;
}

/* One constant with what stands before and after it: "~" and "(" before, ")" after. */
static int parse_operand(struct parser *p, struct value_stack *s)
{
	int complement, r;
	uint64_t value;

	for (;;) {
		complement = parser_accept(p, TOKEN_TILDE);
		if (complement < 0)
			return complement;
		if (complement && p->token.type == TOKEN_TILDE)
			return diagnose(p->diagnostics, p->token.at, "double-complement",
				"`~~` is nothing but a mistake");
		if (p->token.type != TOKEN_LEFT_PARENTHESIS)
			break;
		r = open_parenthesis(p, s, complement);
		if (r < 0)
			return r;
	}
	r = parse_constant(p, &value);
	if (r < 0)
		return r;
	s->frames[s->depth].value |= complement ? ~value : value;
	return close_parentheses(p, s);
}

int parse_value(struct parser *p, uint64_t *ret)
{
	struct value_stack s = {};
	int r;

	do {
		r = parse_operand(p, &s);
		if (r < 0)
			return r;
		r = parser_accept(p, TOKEN_PIPE);
	} while (r > 0);
	if (r < 0)
		return r;
	if (s.depth > 0)
		return diagnose(
			p->diagnostics, s.frames[s.depth].at, "unclosed", "this parenthesis is not closed");
	*ret = s.frames[0].value;
	return 0;
}

static int parse_operator(struct parser *p, enum policy_op *ret)
{
	switch (p->token.type) {
	case TOKEN_EQUAL:
		*ret = POLICY_EQ;
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
	int argument = argument_number(&p->token), r;
	enum policy_op op = POLICY_EQ;
	struct position at;
	uint64_t value;

	if (argument < 0)
		return parser_expected(p, "an argument, arg0 to arg5");
	if (argument >= POLICY_ARGUMENTS)
		return diagnose(p->diagnostics, p->token.at, "argument-number",
			"system calls have no more arguments than arg0 to arg5");
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
	struct suggestion nearest = suggestion_for(token_text(&p->token), p->token.at.length);
	uint64_t number = p->token.number;

	if (p->token.type == TOKEN_WORD &&
		constant_lookup_errno(p->policy->architecture, nearest.word, nearest.length, &number) < 0) {
		constant_suggest(p->policy->architecture, true, &nearest);
		*ret = SECCOMP_RET_KILL_PROCESS;
		return parser_unknown(p, "unknown-errno", "error", &nearest);
	}
	if (p->token.type != TOKEN_WORD && p->token.type != TOKEN_NUMBER)
		return parser_expected(p, "an error such as EPERM");
	if (number < 1 || number > ERRNO_MAX)
		return diagnose(
			p->diagnostics, p->token.at, "errno-range", "an error number is 1 to %d", ERRNO_MAX);
	*ret = SECCOMP_RET_ERRNO | (uint32_t)number;
	return parser_advance(p);
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
	{ "log", SECCOMP_RET_LOG },
};

static int parse_action_word(struct parser *p, uint32_t *ret)
{
	struct suggestion nearest = suggestion_for(token_text(&p->token), p->token.at.length);

	for (size_t i = 0; i < ELEMENTSOF(action_names); i++)
		if (token_is(&p->token, action_names[i].name)) {
			*ret = action_names[i].action;
			return parser_advance(p);
		}
	if (token_is(&p->token, "trace") || token_is(&p->token, "user-notify"))
		return diagnose(p->diagnostics, p->token.at, "unsupported",
			"the action `%.*s` is not supported yet", (int)p->token.at.length,
			token_text(&p->token));
	for (size_t i = 0; i < ELEMENTSOF(action_names); i++)
		suggestion_offer(&nearest, action_names[i].name);
	suggestion_offer(&nearest, "return");
	*ret = SECCOMP_RET_KILL_PROCESS;
	return parser_unknown(p, "unknown-action", "action", &nearest);
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
	if (p->token.number != 1 || p->token.at.length != 1)
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
	if (argument_number(&p->token) < 0)
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
	if (p->token.type == TOKEN_LINE_END || p->token.type == TOKEN_FILE_END)
		return diagnose(p->diagnostics, open, "unclosed", "this brace is not closed");
	r = parser_accept(p, TOKEN_RIGHT_BRACE);
	return r == 0 ? parser_expected(p, "`,` or `}`") : r < 0 ? r : 0;
}
