/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/parser.h"

#include "base/array.h"
#include "base/error.h"
#include "seccomp/syscalls.h"

#include <string.h>

/* What a statement is for. */
struct named_number {
	uint32_t number;
	struct position at; /* the name, as messages should have it */
};

struct name_list {
	struct named_number *list;
	size_t n, allocated;
};

static void name_list_done(struct name_list *l)
{
	free(l->list);
}

static void rule_list_done(struct rule_list *l)
{
	free(l->list);
}

static struct lexer *current(struct parser *p)
{
	return &p->stack[p->depth - 1];
}

int parser_advance(struct parser *p)
{
	return lexer_next(current(p), p->diagnostics, &p->token);
}

int parser_accept(struct parser *p, enum token_type type)
{
	int r;

	if (p->token.type != type)
		return 0;
	r = parser_advance(p);
	return r < 0 ? r : 1;
}

static bool at_line_end(const struct parser *p)
{
	return p->token.type == TOKEN_LINE_END || p->token.type == TOKEN_FILE_END;
}

int parser_expected(struct parser *p, const char *what)
{
	if (p->bad_line) /* after one error the rest of the line may just look wrong */
		return -EBADMSG;
	if (at_line_end(p))
		return diagnose(
			p->diagnostics, p->token.at, "syntax", "expected %s, but the line ends", what);
	return diagnose(p->diagnostics, p->token.at, "syntax", "expected %s, not `%.*s`", what,
		(int)p->token.at.length, token_text(&p->token));
}

int parser_unknown(struct parser *p, const char *code, const char *kind, const struct suggestion *nearest)
{
	int r = diagnose_misspelt(p->diagnostics, p->token.at, code, suggestion_get(nearest),
		"unknown %s `%.*s`", kind, (int)p->token.at.length, token_text(&p->token));

	if (r != -EBADMSG)
		return r;
	p->bad_line = true;
	return parser_advance(p);
}

/* As parser_unknown(): the error is shown, the line goes on. */
static int refuse_and_continue(struct parser *p, const char *code, const char *text)
{
	int r = diagnose(p->diagnostics, p->token.at, code, "`%.*s`%s", (int)p->token.at.length,
		token_text(&p->token), text);

	if (r != -EBADMSG)
		return r;
	p->bad_line = true;
	return parser_advance(p);
}

int parse_syscall(struct parser *p, uint32_t *ret)
{
	const struct architecture *a = p->policy->architecture;
	const char *text = token_text(&p->token);
	size_t length = p->token.at.length;
	struct suggestion nearest = suggestion_for(text, length);
	int r;

	if (p->token.type == TOKEN_NUMBER) {
		if (p->token.number > UINT32_MAX || !architecture_has_number(a, (uint32_t)p->token.number))
			return refuse_and_continue(
				p, "number-range", " is no number of a system call; they are 0 to 4095");
		*ret = (uint32_t)p->token.number;
		return parser_advance(p);
	}
	if (p->token.type != TOKEN_WORD)
		return parser_expected(p, "a system call's name");
	r = syscall_lookup(a, text, length, ret);
	if (r == -EOPNOTSUPP)
		return refuse_and_continue(
			p, "foreign-syscall", " is a system call of other architectures only");
	if (r == 0)
		return parser_advance(p);
	syscall_suggest(a, &nearest);
	return parser_unknown(p, "unknown-syscall", "system call", &nearest);
}

static int parse_name(struct parser *p, struct name_list *names)
{
	struct named_number name = { .at = p->token.at };
	int r;

	if (p->token.type == TOKEN_WORD && memchr(token_text(&p->token), '@', p->token.at.length))
		return refuse_and_continue(
			p, "unsupported", ": groups of system calls are not supported yet");
	r = parse_syscall(p, &name.number);
	if (r < 0 || p->bad_line)
		return r;
	if (array_reserve(&names->list, &names->allocated, names->n + 1, sizeof(*names->list)) < 0)
		return -ENOMEM;
	names->list[names->n++] = name;
	return 0;
}

/* "name" or "{name, name}". */
static int parse_names(struct parser *p, struct name_list *names)
{
	struct position open = p->token.at;
	int braces = parser_accept(p, TOKEN_LEFT_BRACE), r;

	if (braces < 0)
		return braces;
	do {
		r = parse_name(p, names);
		if (r < 0)
			return r;
		if (p->token.type == TOKEN_LEFT_BRACKET)
			return diagnose(p->diagnostics, p->token.at, "unsupported",
				"attributes such as `[arch=x86_64]` are not supported yet");
		r = braces ? parser_accept(p, TOKEN_COMMA) : 0;
	} while (r > 0);
	if (r < 0 || !braces)
		return r;
	if (at_line_end(p))
		return diagnose(p->diagnostics, open, "unclosed", "this brace is not closed");
	r = parser_accept(p, TOKEN_RIGHT_BRACE);
	return r == 0 ? parser_expected(p, "`,` or `}`") : r < 0 ? r : 0;
}

static int expect_line_end(struct parser *p)
{
	return at_line_end(p) ? 0 : parser_expected(p, "the end of the line");
}

static int attach_rule(struct parser *p, const struct named_number *name, struct policy_rule *rule)
{
	const struct policy_rule *earlier = NULL;
	int length = (int)name->at.length, r;
	const char *text = name->at.source->text + name->at.offset;

	r = policy_attach(p->policy, name->number, rule, &earlier);
	if (r == -E2BIG)
		return diagnose(p->diagnostics, rule->at, "too-many-rules", "more than %d rules for `%.*s`",
			POLICY_RULES_MAX, length, text);
	if (r != -EEXIST)
		return r;
	if (rule->n_atoms == 0)
		r = diagnose(p->diagnostics, rule->at, "second-unconditional",
			"`%.*s` has an unconditional action already", length, text);
	else
		r = diagnose(p->diagnostics, rule->at, "second-unconditional",
			"never reached, because `%.*s` has an unconditional action already", length, text);
	if (r != -EBADMSG)
		return r;
	return diagnose_note(p->diagnostics, earlier->at, "here it is");
}

static int attach(struct parser *p, const struct name_list *names, const struct rule_list *rules)
{
	for (size_t i = 0; i < names->n; i++)
		for (size_t j = 0; j < rules->n; j++) {
			int r = attach_rule(p, &names->list[i], rules->list[j]);

			if (r == -EBADMSG)
				break; /* the other names may have conflicts of their own */
			if (r < 0)
				return r;
		}
	return 0;
}

static int parse_statement(struct parser *p)
{
	_cleanup_(name_list_done) struct name_list names = {};
	_cleanup_(rule_list_done) struct rule_list rules = {};
	int r;

	r = parse_names(p, &names);
	if (r < 0)
		return r;
	r = parser_accept(p, TOKEN_COLON);
	if (r < 0)
		return r;
	if (r == 0)
		return parser_expected(p, "`:`");
	r = parse_filter(p, &rules);
	if (r < 0)
		return r;
	r = expect_line_end(p);
	if (r < 0 || p->bad_line)
		return r;
	return attach(p, &names, &rules);
}

static int parse_default(struct parser *p)
{
	struct position at = p->token.at, action_at;
	uint32_t action;
	int r;

	r = parser_advance(p);
	if (r < 0)
		return r;
	action_at = p->token.at;
	r = parse_action(p, &action);
	if (r < 0)
		return r;
	r = expect_line_end(p);
	if (r < 0 || p->bad_line)
		return r;
	if (action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG)
		return diagnose(p->diagnostics, action_at, "permissive-default",
			"this default would let through all that is not listed");
	if (p->policy->default_at.source) {
		r = diagnose(p->diagnostics, at, "second-default", "a second `@default`");
		return r == -EBADMSG
			       ? diagnose_note(p->diagnostics, p->policy->default_at, "the first is here")
			       : r;
	}
	p->policy->default_action = action;
	p->policy->default_at = at;
	return 0;
}

char *source_error_text(int error, const char *reason)
{
	const char *text = reason, *description;
	char *composed;

	if (!text && error == -EXDEV)
		text = "lies outside of the directory of policies";
	if (!text && error == -ELOOP)
		text = "is, or is reached through, a symbolic link";
	if (!text && error == -EFBIG)
		text = "is too large, or there are too many files";
	if (!text && error == -ENOENT)
		text = "does not exist";
	if (text)
		return strdup(text);
	description = strerrordesc_np(-error);
	return asprintf(&composed, "cannot be read: %s", description ? description : "unknown error") < 0
		       ? NULL
		       : composed;
}

static int refuse_include(struct parser *p, struct position at, int error, const char *reason)
{
	_cleanup_free_ char *text = source_error_text(error, reason);

	return text ? diagnose(p->diagnostics, at, "include-failed", "the file %s", text) : -ENOMEM;
}

static int parse_include(struct parser *p)
{
	_cleanup_free_ char *path = NULL;
	const struct source *source;
	const char *reason;
	struct position at;
	int r;

	r = lexer_next_path(current(p), p->diagnostics, &p->token);
	if (r < 0)
		return r;
	at = p->token.at;
	if (p->token.type != TOKEN_WORD)
		return parser_expected(p, "the path of a policy");
	path = strndup(token_text(&p->token), at.length);
	if (!path)
		return -ENOMEM;
	r = parser_advance(p);
	if (r < 0)
		return r;
	r = expect_line_end(p);
	if (r < 0)
		return r;
	if (p->depth == POLICY_INCLUDE_DEPTH)
		return diagnose(p->diagnostics, at, "include-depth", "more than %d files include each other",
			POLICY_INCLUDE_DEPTH);
	r = source_add_include(p->sources, at, path, &source, &reason);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return refuse_include(p, at, r, reason);
	lexer_skip_line(current(p));
	p->stack[p->depth++] = (struct lexer){ .source = source };
	return 1;
}

/* Returns 1 when the line was left already, because a file was begun. */
static int parse_line(struct parser *p)
{
	p->bad_line = false;
	if (token_is(&p->token, "@include"))
		return parse_include(p);
	if (token_is(&p->token, "@default"))
		return parse_default(p);
	if (token_is(&p->token, "@frequency") || token_is(&p->token, "@denylist"))
		return diagnose(p->diagnostics, p->token.at, "unsupported", "`%.*s` is not supported yet",
			(int)p->token.at.length, token_text(&p->token));
	return parse_statement(p);
}

int policy_parse(struct source_set *sources, const struct source *first, struct diagnostics *diagnostics,
	struct policy *policy)
{
	struct parser p = { .sources = sources, .diagnostics = diagnostics, .policy = policy, .depth = 1 };
	int r;

	p.stack[0] = (struct lexer){ .source = first };
	while (p.depth > 0) {
		r = parser_advance(&p);
		if (r == 0 && p.token.type == TOKEN_FILE_END) {
			p.depth--;
			continue;
		}
		if (r == 0 && p.token.type != TOKEN_LINE_END)
			r = parse_line(&p);
		if (r < 0 && r != -EBADMSG)
			return r;
		if (r != 1)
			lexer_skip_line(current(&p));
	}
	return diagnostics->n_errors > 0 ? -EBADMSG : 0;
}
