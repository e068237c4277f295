/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Values: numbers and named constants, their complements and what joins them. Knows of nothing around them.
 */

#include "base/error.h"
#include "seccomp/constants.h"
#include "seccomp/parser.h"

/* The architectures that have a constant, as bits. */
static unsigned constant_architectures(const struct token *token)
{
	unsigned found = 0;
	uint64_t value;

	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++)
		if (constant_lookup(&architectures[i], token_text(token), token->at.length, &value) == 0)
			found |= 1U << i;
	return found;
}

static int refuse_foreign_constant(struct parser *p, const struct token *token)
{
	unsigned owners = constant_architectures(token);
	_cleanup_free_ char *list = parser_architecture_list(owners, ",");

	if (!list)
		return -ENOMEM;
	return diagnose(p->diagnostics, token->at, "foreign-constant",
		"`%.*s` is no constant of %s; put rules with it into a statement with [arch=%s]",
		(int)token->at.length, token_text(token), parser_architecture(p)->name, list);
}

static int parse_named_constant(struct parser *p, uint64_t *ret)
{
	const struct architecture *a = parser_architecture(p);
	struct suggestion nearest = suggestion_for(token_text(&p->token), p->token.at.length);
	int r;

	*ret = 0;
	if (token_argument_number(&p->token) >= 0)
		return diagnose(p->diagnostics, p->token.at, "misplaced-argument",
			"an argument can only stand left of an operator");
	r = constant_lookup(a, nearest.word, nearest.length, ret);
	if (r == -EOPNOTSUPP)
		return parser_go_on(p, refuse_foreign_constant(p, &p->token));
	if (r == 0)
		return 0;
	constant_suggest(a, false, &nearest);
	return parser_unknown(p, p->token.at, "unknown-constant", "constant", &nearest);
}

/* Whether a number is one of as many bits as the architecture's word. Names of negative numbers have them
 * sign-extended. */
static bool fits_word(const struct parser *p, uint64_t value)
{
	bool negative = p->token.type == TOKEN_WORD ? (int64_t)value < 0 : *token_text(&p->token) == '-';

	if (parser_architecture(p)->word_bits == 64)
		return true;
	return negative ? (int64_t)value >= INT32_MIN : value <= UINT32_MAX;
}

static int parse_constant(struct parser *p, uint64_t *ret)
{
	int r = 0;

	*ret = p->token.number;
	if (p->token.type == TOKEN_WORD)
		r = parse_named_constant(p, ret);
	else if (p->token.type != TOKEN_NUMBER)
		return parser_expected(p, "a number, a constant's name, `~` or `(`");
	if (r == 0 && !fits_word(p, *ret))
		r = parser_go_on(
			p, diagnose(p->diagnostics, p->token.at, "number-range",
				   "`%.*s` does not fit into 32 bits, which is what arguments have on %s",
				   (int)p->token.at.length, token_text(&p->token),
				   parser_architecture(p)->name));
	return r < 0 ? r : parser_advance(p);
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
	if (parser_architecture(p)->word_bits == 32)
		*ret &= UINT32_MAX;
	return 0;
}
