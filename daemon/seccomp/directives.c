/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The lines of a policy that begin with "@": other files, the default, and what turns all around. */

#include "base/error.h"
#include "seccomp/linter.h"
#include "seccomp/parser.h"
#include "seccomp/seccomp.h"

#include <string.h>

static int parse_default(struct parser *p)
{
	struct position at = p->token.at, action_at;
	uint32_t action = SECCOMP_RET_KILL_PROCESS;
	int r = parser_advance(p);

	if (r < 0)
		return r;
	if (p->token.type == TOKEN_COLON || p->token.type == TOKEN_LEFT_BRACKET)
		return diagnose(p->diagnostics, at, "ambiguous-default",
			"the directive is written `@default kill`, without a colon, and the group of that "
			"name `default@systemd`");
	action_at = p->token.at;
	r = parse_action(p, &action);
	if (r == 0)
		r = parser_expect_line_end(p);
	if (r < 0 || p->bad_line)
		return r;
	if (p->policy->denylist)
		return diagnose(p->diagnostics, at, "denylist-default",
			"a deny list allows what it does not name: it has no other default");
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

/* Includes belong to their deny list once it is one; none can make it one. */
static int parse_denylist(struct parser *p)
{
	struct parsed_file *file = parser_file(p);
	struct position at = p->token.at;
	bool begun = file->begun;
	int r = parser_advance(p);

	if (r == 0)
		r = parser_expect_line_end(p);
	if (r < 0)
		return r;
	if (!(p->flags & SECCOMP_DENYLIST))
		return diagnose(p->diagnostics, at, "denylist",
			"a deny list would let through every system call that nobody thought of; list those "
			"that are allowed");
	if (file->denylist)
		return diagnose(p->diagnostics, at, "denylist-late", "a second `@denylist`");
	if (begun)
		return diagnose(p->diagnostics, at, "denylist-late",
			"`@denylist` must stand before everything else in its file");
	if (p->depth > 1 && !p->policy->denylist)
		return diagnose(p->diagnostics, at, "denylist-include",
			"a deny list can't be included in a list of what is allowed");
	file->denylist = true;
	p->policy->denylist = true;
	p->policy->default_action = SECCOMP_RET_ALLOW;
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

static int refuse_file(struct parser *p, struct position at, int error, const char *reason)
{
	_cleanup_free_ char *text = source_error_text(error, reason);

	return text ? diagnose(p->diagnostics, at, "include-failed", "the file %s", text) : -ENOMEM;
}

/* Reads the path and begins that file. */
static int begin_file(struct parser *p, const char *expected, struct parsed_file file)
{
	_cleanup_free_ char *path = NULL;
	const struct source *source;
	const char *reason;
	struct position at;
	int r;

	r = lexer_next_path(parser_lexer(p), p->diagnostics, &p->token);
	if (r < 0)
		return r;
	at = p->token.at;
	if (p->token.type != TOKEN_WORD)
		return parser_expected(p, expected);
	path = strndup(token_text(&p->token), at.length);
	if (!path)
		return -ENOMEM;
	r = parser_advance(p);
	if (r == 0)
		r = parser_expect_line_end(p);
	if (r < 0)
		return r;
	if (p->depth == POLICY_INCLUDE_DEPTH)
		return diagnose(p->diagnostics, at, "include-depth", "more than %d files include each other",
			POLICY_INCLUDE_DEPTH);
	r = source_add_include(p->sources, at, path, &source, &reason);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return refuse_file(p, at, r, reason);
	if (source->stray && p->diagnostics->warnings && !lint_allowed(at, "stray-include") &&
		diagnose_warning(p->diagnostics, at, "stray-include",
			"no profile can use a policy that includes this: it lies outside of the policy's "
			"directory, or a symbolic link leads to it") < 0)
		return -ENOMEM;
	lexer_skip_line(parser_lexer(p));
	p->stack[p->depth] = (struct lexer){ .source = source };
	p->files[p->depth++] = file;
	return 1;
}

static int parse_include(struct parser *p)
{
	return begin_file(p, "the path of a policy", (struct parsed_file){});
}

static int parse_frequency(struct parser *p)
{
	return begin_file(
		p, "the path of a file of frequencies", (struct parsed_file){ .frequencies = true });
}

struct directive {
	const char *name;
	int (*parse)(struct parser *p);
};

static const struct directive directives[] = {
	{ "@default", parse_default },
	{ "@denylist", parse_denylist },
	{ "@frequency", parse_frequency },
	{ "@include", parse_include },
};

void directive_suggest(struct suggestion *s)
{
	for (size_t i = 0; i < ELEMENTSOF(directives); i++)
		suggestion_offer(s, directives[i].name);
}

int parse_directive(struct parser *p)
{
	struct parsed_file *file = parser_file(p);

	for (size_t i = 0; i < ELEMENTSOF(directives); i++)
		if (token_is(&p->token, directives[i].name)) {
			int r = directives[i].parse(p);

			file->begun = true;
			return r;
		}
	file->begun = true;
	return -ENOENT;
}

/* "name: count" */
int parse_count(struct parser *p)
{
	_cleanup_(name_list_done) struct name_list names = {};
	struct position at;
	uint64_t count;
	int r;

	r = parse_name(p, false, &names);
	if (r == 0)
		r = parser_accept(p, TOKEN_COLON);
	if (r <= 0)
		return r < 0 ? r : parser_expected(p, "`:`");
	at = p->token.at;
	count = p->token.number;
	if (p->token.type != TOKEN_NUMBER || *token_text(&p->token) == '-')
		return parser_expected(p, "how often the system call is made, a number");
	r = parser_advance(p);
	if (r == 0)
		r = parser_expect_line_end(p);
	for (size_t i = 0; r == 0 && !p->bad_line && i < names.n; i++)
		r = policy_count(p->counted, names.list[i].number, count);
	if (r == -EOVERFLOW)
		return diagnose(
			p->diagnostics, at, "too-many-rules", "more than %d counts", POLICY_ATTACHED_MAX);
	return r;
}
