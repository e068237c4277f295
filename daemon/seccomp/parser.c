/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/parser.h"

#include "base/array.h"
#include "base/error.h"
#include "seccomp/seccomp.h"
#include "seccomp/syscalls.h"

#include <string.h>

static void rule_list_done(struct rule_list *l)
{
	free(l->list);
}

struct lexer *parser_lexer(struct parser *p)
{
	return &p->stack[p->depth - 1];
}

struct parsed_file *parser_file(struct parser *p)
{
	return &p->files[p->depth - 1];
}

const struct architecture *parser_architecture(const struct parser *p)
{
	return p->foreign ? p->foreign : p->policy->architecture;
}

bool parser_flooded(const struct parser *p)
{
	return p->diagnostics->n_errors > DIAGNOSTICS_MAX;
}

int parser_go_on(struct parser *p, int r)
{
	if (r != -EBADMSG)
		return r;
	p->bad_line = true;
	return parser_flooded(p) ? r : 0;
}

int parser_advance(struct parser *p)
{
	int r;

	p->taken = p->token.at.offset + p->token.at.length;
	r = lexer_next(parser_lexer(p), p->diagnostics, &p->token);
	return r == 0 && p->token.bad ? parser_go_on(p, -EBADMSG) : r;
}

int parser_accept(struct parser *p, enum token_type type)
{
	int r;

	if (p->token.type != type)
		return 0;
	r = parser_advance(p);
	return r < 0 ? r : 1;
}

bool parser_at_line_end(const struct parser *p)
{
	return p->token.type == TOKEN_LINE_END || p->token.type == TOKEN_FILE_END;
}

int parser_expected(struct parser *p, const char *what)
{
	if (p->bad_line) /* after one error the rest of the line may just look wrong */
		return -EBADMSG;
	if (parser_at_line_end(p))
		return diagnose(
			p->diagnostics, p->token.at, "syntax", "expected %s, but the line ends", what);
	return diagnose(p->diagnostics, p->token.at, "syntax", "expected %s, not `%.*s`", what,
		(int)p->token.at.length, token_text(&p->token));
}

int parser_expect_line_end(struct parser *p)
{
	return parser_at_line_end(p) ? 0 : parser_expected(p, "the end of the line");
}

int parser_unknown(struct parser *p, struct position at, const char *code, const char *kind,
	const struct suggestion *nearest)
{
	return parser_go_on(
		p, diagnose_misspelt(p->diagnostics, at, code, suggestion_get(nearest), "unknown %s `%.*s`",
			   kind, (int)at.length, at.source->text + at.offset));
}

char *parser_architecture_list(unsigned list, const char *separator)
{
	char *text = NULL;
	size_t size, n = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++)
		if (list & 1U << i)
			fprintf(f, "%s%s", n++ > 0 ? separator : "", architectures[i].name);
	if (fclose(f) != 0)
		free(steal_ptr(text));
	return text;
}

static int refuse_flood(struct parser *p, const struct policy_rule *rule)
{
	return diagnose(p->diagnostics, rule->at, "too-many-rules",
		"more than %d rules, each counted for every system call that it is for", POLICY_ATTACHED_MAX);
}

/* An error about a rule for a call; @earlier: why it is one. */
static int refuse_rule(struct parser *p, const struct statement_name *name, const struct policy_rule *rule,
	const struct policy_rule *earlier, int error)
{
	const char *text = name->at.source->text + name->at.offset;
	int length = (int)name->at.length, r;

	if (error == -EOVERFLOW)
		return refuse_flood(p, rule);
	if (error == -E2BIG)
		return diagnose(p->diagnostics, rule->at, "too-many-rules", "more than %d rules for `%.*s`",
			POLICY_RULES_MAX, length, text);
	r = diagnose(p->diagnostics, rule->at, "second-unconditional",
		"%s`%.*s` has an unconditional action already",
		rule->n_atoms > 0 ? "never reached, because " : "", length, text);
	return r == -EBADMSG ? diagnose_note(p->diagnostics, earlier->at, "here it is") : r;
}

static int add_conflict(struct parser *p, struct group_conflict conflict)
{
	/* Another group of the same statement may have had it. */
	for (size_t i = p->n_conflicts; i > 0 && p->conflicts[i - 1].rule == conflict.rule; i--)
		if (p->conflicts[i - 1].number == conflict.number)
			return 0;
	if (array_reserve(&p->conflicts, &p->conflicts_allocated, p->n_conflicts + 1, sizeof(*p->conflicts)) <
		0)
		return -ENOMEM;
	p->conflicts[p->n_conflicts++] = conflict;
	return 0;
}

/* Whether the call got the rules from another group of the same statement. */
static bool is_attached(const struct policy *grouped, uint32_t number, const struct rule_list *rules)
{
	const struct policy_entry *entry = policy_find(grouped, number);

	return entry && entry->rules[entry->n_rules - 1] == rules->list[rules->n - 1];
}

/* Conflicts are no errors before all is read: a statement with the call's name settles them. */
static int attach_to_member(
	struct parser *p, const struct statement_name *name, const struct rule_list *rules)
{
	for (size_t i = 0; i < rules->n && !is_attached(p->grouped, name->number, rules); i++) {
		struct policy_rule *rule = rules->list[i];
		const struct policy_rule *earlier = NULL;
		int r = policy_attach(p->grouped, name->number, rule, &earlier);

		if (r == -E2BIG || r == -EOVERFLOW)
			return refuse_rule(p, name, rule, NULL, r);
		/* Groups overlap; as long as they agree there is nothing to decide. */
		if (r == -EEXIST && rule->n_atoms == 0 && rule->action == earlier->action)
			return 0;
		if (r == -EEXIST)
			return add_conflict(p, (struct group_conflict){ name->number, rule, earlier });
		if (r < 0)
			return r;
	}
	return 0;
}

static int attach_to_name(struct parser *p, const struct statement_name *name, const struct rule_list *rules)
{
	for (size_t i = 0; i < rules->n; i++) {
		const struct policy_rule *earlier = NULL;
		int r = policy_attach(p->policy, name->number, rules->list[i], &earlier);

		if (r == -EEXIST || r == -E2BIG || r == -EOVERFLOW)
			return refuse_rule(p, name, rules->list[i], earlier, r);
		if (r < 0)
			return r;
	}
	return 0;
}

static int attach(struct parser *p, const struct name_list *names, const struct rule_list *rules)
{
	for (size_t i = 0; i < names->n; i++) {
		const struct statement_name *name = &names->list[i];
		int r = name->from_group ? attach_to_member(p, name, rules) : attach_to_name(p, name, rules);

		/* The other names may have conflicts of their own. */
		if (r < 0 && (r != -EBADMSG || parser_flooded(p)))
			return r;
	}
	return 0;
}

/* What can be wrong with rules whatever they are for. */
static int check_rules(struct parser *p, const struct rule_list *rules)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rules->n; i++) {
		const struct policy_rule *rule = rules->list[i];

		if (i > 0 && rules->list[i - 1]->n_atoms == 0) {
			r = diagnose(p->diagnostics, rule->at, "second-unconditional",
				"never reached, because the action before it is unconditional");
			if (r == -EBADMSG)
				r = diagnose_note(p->diagnostics, rules->list[i - 1]->at, "here it is");
			r = parser_go_on(p, r);
		}
		/* In a deny list nothing but an error makes a difference: all else would be a mistake. */
		if (r == 0 && p->policy->denylist &&
			(rule->action & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO)
			r = parser_go_on(p, diagnose(p->diagnostics, rule->at, "denylist-action",
						    "in a deny list each rule must `return` an error"));
	}
	return r;
}

static int parse_colon(struct parser *p)
{
	int r = parser_accept(p, TOKEN_COLON);

	return r == 0 ? parser_expected(p, "`:`") : r < 0 ? r : 0;
}

/* Of the architectures that the names are for the one to look up names of values for: ours, or the first. */
static const struct architecture *choose_foreign(const struct parser *p, const struct name_list *names)
{
	if (names->architectures == 0 || names->architectures & 1U << p->policy->architecture->id)
		return NULL;
	return &architectures[__builtin_ctz(names->architectures)];
}

static int parse_statement(struct parser *p)
{
	_cleanup_(name_list_done) struct name_list names = {};
	_cleanup_(rule_list_done) struct rule_list rules = {};
	struct statement s;
	int r = parse_names(p, &names);

	if (r == 0)
		r = parse_colon(p);
	p->foreign = choose_foreign(p, &names);
	if (r == 0)
		r = parse_filter(p, &rules);
	p->foreign = NULL;
	if (r == 0)
		r = parser_expect_line_end(p);
	if (r == 0)
		r = check_rules(p, &rules);
	if (r < 0 || p->bad_line)
		return r;
	r = attach(p, &names, &rules);
	if (r < 0 || names.n == 0 || !p->diagnostics->warnings)
		return r;
	s = (struct statement){
		.names = names.list, .n_names = names.n, .rules = rules.list, .n_rules = rules.n
	};
	return lint_statement(p->diagnostics, p->policy, &s);
}

static int require_denylist(struct parser *p)
{
	struct parsed_file *file = parser_file(p);

	if (!p->policy->denylist || file->denylist)
		return 0;
	file->denylist = true; /* said once is enough */
	return parser_go_on(
		p, diagnose(p->diagnostics, p->token.at, "denylist-file",
			   "this belongs to a deny list, so that its file must begin with `@denylist`, too"));
}

/* Returns 1 when the line was left already, because a file was begun. */
static int parse_line(struct parser *p)
{
	int r;

	p->bad_line = false;
	if (parser_file(p)->frequencies)
		return parse_count(p);
	r = parse_directive(p);
	if (r != -ENOENT)
		return r;
	r = require_denylist(p);
	return r < 0 ? r : parse_statement(p);
}

/* @n: calls at which the rule meets another group's; the first of them is @first. */
static int show_conflict(struct parser *p, const struct group_conflict *first, size_t n)
{
	const char *name = syscall_name(p->policy->architecture, first->number);
	int r;

	if (n == 1)
		r = diagnose(p->diagnostics, first->rule->at, "group-conflict",
			"`%s` has an unconditional action through another group already; a statement with "
			"its "
			"name would settle it",
			name);
	else
		r = diagnose(p->diagnostics, first->rule->at, "group-conflict",
			"`%s` and %zu more have an unconditional action through another group already; "
			"statements with their names would settle it",
			name, n - 1);
	if (r == -EBADMSG)
		r = diagnose_note(p->diagnostics, first->earlier->at, "here it is");
	return r == -EBADMSG ? 0 : r;
}

/* Whether nothing that groups say of the call counts. */
static bool is_settled(const struct parser *p, uint32_t number)
{
	const struct policy_entry *entry = policy_find(p->policy, number);

	/* In a deny list groups come after what is said by name: else naming a call could allow more of it.
	 */
	return entry && (!p->policy->denylist || entry->rules[entry->n_rules - 1]->n_atoms == 0);
}

/* Says once for each rule where it meets another group's. */
static int show_conflicts(struct parser *p)
{
	for (size_t i = 0; i < p->n_conflicts && !parser_flooded(p);) {
		const struct policy_rule *rule = p->conflicts[i].rule;
		const struct group_conflict *first = NULL;
		size_t n = 0;
		int r;

		for (; i < p->n_conflicts && p->conflicts[i].rule == rule; i++) {
			if (is_settled(p, p->conflicts[i].number))
				continue;
			if (n++ == 0)
				first = &p->conflicts[i];
		}
		r = n > 0 ? show_conflict(p, first, n) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static int merge_group(struct parser *p, const struct policy_entry *entry)
{
	const struct policy_rule *earlier = NULL;

	if (is_settled(p, entry->number))
		return 0;
	for (size_t i = 0; i < entry->n_rules; i++) {
		struct policy_rule *rule = entry->rules[i];
		int r = policy_attach(p->policy, entry->number, rule, &earlier);

		if (r == -EOVERFLOW)
			return refuse_flood(p, rule);
		if (r == -E2BIG)
			return diagnose(p->diagnostics, rule->at, "too-many-rules",
				"more than %d rules for `%s`", POLICY_RULES_MAX,
				syscall_name(p->policy->architecture, entry->number));
		if (r < 0)
			return r;
	}
	return 0;
}

/* What groups say counts where nothing was said by name, and how often a call is made where it is listed. */
static int merge(struct parser *p)
{
	for (size_t i = 0; i < p->grouped->n_entries; i++) {
		int r = merge_group(p, &p->grouped->entries[i]);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < p->policy->n_entries; i++) {
		const struct policy_entry *counted = policy_find(p->counted, p->policy->entries[i].number);

		if (counted)
			p->policy->entries[i].weight = counted->weight;
	}
	return 0;
}

static int parse_files(struct parser *p)
{
	while (p->depth > 0 && !parser_flooded(p)) {
		int r = parser_advance(p);

		if (r == 0 && p->token.type == TOKEN_FILE_END) {
			p->depth--;
			continue;
		}
		if (r == 0 && p->token.type != TOKEN_LINE_END)
			r = parse_line(p);
		if (r < 0 && r != -EBADMSG)
			return r;
		if (r != 1)
			lexer_skip_line(parser_lexer(p));
	}
	return 0;
}

static void parser_done(struct parser *p)
{
	free(p->conflicts);
}

int policy_parse(struct source_set *sources, const struct source *first, struct diagnostics *diagnostics,
	unsigned flags, struct policy *policy)
{
	_cleanup_(policy_done) struct policy grouped, counted;
	_cleanup_(parser_done) struct parser p = {
		.sources = sources,
		.diagnostics = diagnostics,
		.flags = flags,
		.policy = policy,
		.grouped = &grouped,
		.counted = &counted,
		.stack[0] = { .source = first },
		.depth = 1,
	};
	int r;

	policy_init(&grouped, policy->architecture);
	policy_init(&counted, policy->architecture);
	r = parse_files(&p);
	if (r == 0)
		r = show_conflicts(&p);
	if (r == 0)
		r = merge(&p);
	if (r < 0)
		return r;
	return diagnostics->n_errors > 0 ? -EBADMSG : 0;
}
