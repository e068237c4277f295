/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What a statement is for: names of system calls, numbers and groups, each for all architectures or for those
 * that it names. Resolves them for the architecture compiled for, and checks them for all others named.
 */

#include "base/array.h"
#include "base/error.h"
#include "seccomp/groups.h"
#include "seccomp/parser.h"
#include "seccomp/syscalls.h"

#include <stdio.h>
#include <string.h>

#define GROUP_NAMESPACE   "systemd"
#define ATTRIBUTE         "arch"
#define ALL_ARCHITECTURES ((1U << _ARCHITECTURE_MAX) - 1)

/* A name, number or group as the text has it. */
struct descriptor {
	struct token token;
	bool restricted;        /* it says for which architectures it is */
	unsigned architectures; /* bits 1 << id; all of them unless restricted */
};

void name_list_done(struct name_list *l)
{
	free(l->list);
	free(l->seen);
}

static int add_name(struct name_list *names, uint32_t number, const struct descriptor *d, bool from_group)
{
	if (array_reserve(&names->list, &names->allocated, names->n + 1, sizeof(*names->list)) < 0)
		return -ENOMEM;
	names->list[names->n++] = (struct statement_name){
		.number = number,
		.at = d->token.at,
		.from_group = from_group,
	};
	return 0;
}

/* -ENOENT, -EOPNOTSUPP: as syscall_lookup(). -ERANGE: no number of a system call. */
static int lookup(const struct architecture *a, const struct token *token, uint32_t *ret)
{
	uint64_t number = token->number;

	if (token->type == TOKEN_WORD)
		return syscall_lookup(a, token_text(token), token->at.length, ret);
	/* Who writes 0 means the first call there is, whatever stands in its upper bits. */
	if (a->first_number > 0 && number < a->first_number)
		number += a->first_number;
	if (number > UINT32_MAX || !architecture_has_number(a, (uint32_t)number))
		return -ERANGE;
	*ret = (uint32_t)number;
	return 0;
}

/* The architectures that have a system call. */
static unsigned syscall_owners(const struct token *token)
{
	unsigned owners = 0;
	uint32_t number;

	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++)
		if (lookup(&architectures[i], token, &number) == 0)
			owners |= 1U << i;
	return owners;
}

static int refuse_foreign(struct parser *p, const struct architecture *a, const struct token *token)
{
	_cleanup_free_ char *list = parser_architecture_list(syscall_owners(token), ",");
	int length = (int)token->at.length;
	const char *text = token_text(token);

	if (!list)
		return -ENOMEM;
	return parser_go_on(
		p, diagnose(p->diagnostics, token->at, "foreign-syscall",
			   "`%.*s` is no system call of %s; if it is meant for those that have it, write "
			   "`%.*s[arch=%s]`",
			   length, text, a->name, length, text, list));
}

/* Says why lookup() failed. */
static int refuse_name(struct parser *p, const struct architecture *a, const struct token *token, int error)
{
	struct suggestion nearest = suggestion_for(token_text(token), token->at.length);

	if (error == -EOPNOTSUPP)
		return refuse_foreign(p, a, token);
	if (error == -ERANGE)
		return parser_go_on(p, diagnose(p->diagnostics, token->at, "number-range",
					       "`%.*s` is no number of a system call; they are 0 to 4095",
					       (int)token->at.length, token_text(token)));
	syscall_suggest(a, &nearest);
	return parser_unknown(p, token->at, "unknown-syscall", "system call", &nearest);
}

int parse_syscall(struct parser *p, uint32_t *ret)
{
	int r;

	if (p->token.type != TOKEN_WORD && p->token.type != TOKEN_NUMBER)
		return parser_expected(p, "a system call's name");
	r = lookup(p->policy->architecture, &p->token, ret);
	if (r < 0)
		r = refuse_name(p, p->policy->architecture, &p->token, r);
	return r < 0 ? r : parser_advance(p);
}

static int resolve_single(struct parser *p, const struct descriptor *d, struct name_list *names)
{
	const struct architecture *own = p->policy->architecture;
	uint32_t number = 0, found = 0;
	bool here = false;

	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++) {
		const struct architecture *a = &architectures[i];
		int r;

		if (d->restricted ? !(d->architectures & 1U << i) : a != own)
			continue;
		r = lookup(a, &d->token, &found);
		/* Counts that were made on another architecture do no harm. */
		if (r == -EOPNOTSUPP && parser_file(p)->frequencies)
			continue;
		if (r < 0)
			return refuse_name(p, a, &d->token, r);
		if (a != own)
			continue;
		here = true;
		number = found;
	}
	return here ? add_name(names, number, d, false) : 0;
}

static bool group_is_empty(const struct syscall_group *g, const struct architecture *a)
{
	uint32_t number;

	for (size_t i = 0; i < g->n_members; i++) {
		const char *name = syscall_group_member(g, i);

		if (syscall_lookup(a, name, strlen(name), &number) == 0)
			return false;
	}
	return true;
}

static int refuse_empty_group(struct parser *p, const struct syscall_group *g, const struct architecture *a,
	const struct descriptor *d)
{
	_cleanup_free_ char *list = NULL;
	unsigned owners = 0;

	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++)
		if (!group_is_empty(g, &architectures[i]))
			owners |= 1U << i;
	list = parser_architecture_list(owners, ",");
	if (!list)
		return -ENOMEM;
	return parser_go_on(
		p, diagnose(p->diagnostics, d->token.at, "empty-group",
			   "%s has no system call of `@%s`; if it is meant for those that have some, write "
			   "`@%s[arch=%s]`",
			   a->name, g->name, g->name, list));
}

/* Adds the members that there are on our architecture. */
static int expand_group(
	struct parser *p, const struct syscall_group *g, const struct descriptor *d, struct name_list *names)
{
	size_t index = (size_t)(g - syscall_groups);
	uint32_t number;

	if (!names->seen)
		names->seen = calloc(n_syscall_groups, sizeof(*names->seen));
	if (!names->seen)
		return -ENOMEM;
	if (names->seen[index])
		return 0;
	names->seen[index] = true;
	for (size_t i = 0; i < g->n_members; i++) {
		const char *name = syscall_group_member(g, i);
		int r = syscall_lookup(p->policy->architecture, name, strlen(name), &number);

		if (r == 0)
			r = add_name(names, number, d, true);
		if (r == -ENOMEM)
			return r;
	}
	return 0;
}

static int resolve_group(
	struct parser *p, const struct syscall_group *g, const struct descriptor *d, struct name_list *names)
{
	const struct architecture *own = p->policy->architecture;

	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++) {
		const struct architecture *a = &architectures[i];

		if (d->restricted ? !(d->architectures & 1U << i) : a != own)
			continue;
		if (group_is_empty(g, a) && !parser_file(p)->frequencies)
			return refuse_empty_group(p, g, a, d);
	}
	return d->architectures & 1U << own->id ? expand_group(p, g, d, names) : 0;
}

/* @name: as the table has it, without "@" and namespace. */
static int refuse_unknown_group(
	struct parser *p, const struct token *token, const char *name, size_t length, bool alone)
{
	char word[SUGGEST_NAME_MAX + 2];
	int n = snprintf(word, sizeof(word), "@%.*s", (int)length, name);
	struct suggestion nearest = suggestion_for(word, (size_t)n);

	if ((size_t)n < sizeof(word))
		syscall_group_suggest(&nearest);
	if (alone && (size_t)n < sizeof(word))
		directive_suggest(&nearest);
	return parser_unknown(p, token->at, "unknown-group",
		alone ? "directive or group of system calls" : "group of system calls", &nearest);
}

/* "@name" or "name@systemd". @alone: nothing stands before it in its line. */
static int find_group(
	struct parser *p, const struct token *token, bool alone, const struct syscall_group **ret)
{
	const char *text = token_text(token), *at = memchr(text, '@', token->at.length);
	size_t length = (size_t)(at - text), after = token->at.length - length - 1;
	struct suggestion nearest = suggestion_for(at + 1, after);

	*ret = NULL;
	if (after == 0 || memchr(at + 1, '@', after))
		return parser_go_on(p,
			diagnose(p->diagnostics, token->at, "malformed-group",
				"a group of system calls is written `@name` or `name@" GROUP_NAMESPACE "`"));
	if (length == 0) {
		*ret = syscall_group_find(text + 1, after);
		return *ret ? 0 : refuse_unknown_group(p, token, text + 1, after, alone);
	}
	if (after != strlen(GROUP_NAMESPACE) || memcmp(at + 1, GROUP_NAMESPACE, after) != 0) {
		suggestion_offer(&nearest, GROUP_NAMESPACE);
		return parser_go_on(p, diagnose_misspelt(p->diagnostics, token->at, "unknown-namespace",
					       suggestion_get(&nearest),
					       "no groups of system calls are called `@%.*s`: there are "
					       "those of `@" GROUP_NAMESPACE "`",
					       (int)after, at + 1));
	}
	*ret = syscall_group_find(text, length);
	return *ret ? 0 : refuse_unknown_group(p, token, text, length, false);
}

static int parse_architecture(struct parser *p, unsigned *architectures_found)
{
	struct suggestion nearest = suggestion_for(token_text(&p->token), p->token.at.length);
	const struct architecture *a;
	int r = 0;

	if (p->token.type != TOKEN_WORD)
		return parser_expected(p, "the name of an architecture");
	a = architecture_find(nearest.word, nearest.length);
	if (a && *architectures_found & 1U << a->id)
		r = parser_go_on(p, diagnose(p->diagnostics, p->token.at, "second-architecture",
					    "%s stands in this list already", a->name));
	if (a) {
		*architectures_found |= 1U << a->id;
		return r < 0 ? r : parser_advance(p);
	}
	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++) {
		suggestion_offer(&nearest, architectures[i].name);
		if (architectures[i].alias)
			suggestion_offer(&nearest, architectures[i].alias);
	}
	r = parser_unknown(p, p->token.at, "unknown-architecture", "architecture", &nearest);
	return r < 0 ? r : parser_advance(p);
}

/* "arch=name,name". Other attributes are refused, and read over. */
static int parse_attribute(struct parser *p, unsigned *architectures_found)
{
	struct suggestion nearest = suggestion_for(token_text(&p->token), p->token.at.length);
	bool known = token_is(&p->token, ATTRIBUTE);
	int r = 0;

	if (p->token.type != TOKEN_WORD)
		return parser_expected(p, "an attribute, `" ATTRIBUTE "=...`");
	suggestion_offer(&nearest, ATTRIBUTE);
	if (!known)
		r = parser_unknown(p, p->token.at, "unknown-attribute", "attribute", &nearest);
	else if (*architectures_found)
		r = parser_go_on(
			p, diagnose(p->diagnostics, p->token.at, "second-attribute",
				   "`" ATTRIBUTE "` stands here already; one list has all architectures"));
	if (r == 0)
		r = parser_advance(p);
	if (r == 0)
		r = parser_accept(p, TOKEN_ASSIGN);
	if (r <= 0)
		return r < 0 ? r : parser_expected(p, "`=`");
	do {
		r = known || p->token.type != TOKEN_WORD ? parse_architecture(p, architectures_found)
							 : parser_advance(p);
		if (r == 0)
			r = parser_accept(p, TOKEN_COMMA);
	} while (r > 0);
	return r;
}

/* "[arch=name,name]", if it stands here. */
static int parse_attributes(struct parser *p, struct descriptor *d)
{
	struct position open = p->token.at;
	int r = parser_accept(p, TOKEN_LEFT_BRACKET);

	if (r <= 0)
		return r;
	d->restricted = true;
	d->architectures = 0;
	do {
		r = parse_attribute(p, &d->architectures);
		if (r == 0)
			r = parser_accept(p, TOKEN_SEMICOLON);
	} while (r > 0);
	if (r < 0)
		return r;
	if (parser_at_line_end(p))
		return diagnose(p->diagnostics, open, "unclosed", "this bracket is not closed");
	r = parser_accept(p, TOKEN_RIGHT_BRACKET);
	return r == 0 ? parser_expected(p, "`,` or `]`") : r < 0 ? r : 0;
}

int parse_name(struct parser *p, bool alone, struct name_list *ret)
{
	struct descriptor d = { .token = p->token, .architectures = ALL_ARCHITECTURES };
	const struct syscall_group *group;
	int r;

	if (p->token.type != TOKEN_WORD && p->token.type != TOKEN_NUMBER)
		return parser_expected(p, "a system call's name");
	r = parser_advance(p);
	if (r == 0)
		r = parse_attributes(p, &d);
	if (r < 0)
		return r;
	ret->architectures |= d.architectures;
	if (d.token.type == TOKEN_NUMBER || !memchr(token_text(&d.token), '@', d.token.at.length))
		return resolve_single(p, &d, ret);
	r = find_group(p, &d.token, alone, &group);
	return r < 0 || !group ? r : resolve_group(p, group, &d, ret);
}

int parse_names(struct parser *p, struct name_list *ret)
{
	struct position open = p->token.at;
	int braces = parser_accept(p, TOKEN_LEFT_BRACE), r;

	if (braces < 0)
		return braces;
	do {
		r = parse_name(p, !braces, ret);
		if (r < 0)
			return r;
		r = braces ? parser_accept(p, TOKEN_COMMA) : 0;
	} while (r > 0);
	if (r == 0 && !braces && p->token.type == TOKEN_COMMA && !p->bad_line)
		return diagnose(p->diagnostics, p->token.at, "syntax",
			"several system calls stand in braces: `{ read, write }`");
	if (r < 0 || !braces)
		return r;
	if (parser_at_line_end(p))
		return diagnose(p->diagnostics, open, "unclosed", "this brace is not closed");
	r = parser_accept(p, TOKEN_RIGHT_BRACE);
	return r == 0 ? parser_expected(p, "`,` or `}`") : r < 0 ? r : 0;
}
