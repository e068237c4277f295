/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl policy diff: which calls one policy allows beyond another, as statements of the language. */

#include "base/error.h"
#include "cli/policy-decision.h"
#include "seccomp/action.h"
#include "seccomp/diff.h"
#include "seccomp/loaded.h"
#include "seccomp/spelling.h"

struct diff_options {
	struct policy_options common; /* first */
	bool both;
};

/* The policies, the older first. */
struct pair {
	const char *paths[2];
	struct seccomp_result results[2];
	struct diff_side sides[2];
};

/* What is shown: a comparison in one of the two directions. */
struct report {
	const struct policy *before, *after;
	struct diff diff;
};

static void pair_done(struct pair *p)
{
	for (size_t i = 0; i < ELEMENTSOF(p->results); i++)
		seccomp_result_done(&p->results[i]);
}

static void report_done(struct report *r)
{
	diff_done(&r->diff);
}

static int set_both(void *into, const char *value, char **reterr_why)
{
	struct diff_options *o = into;

	o->both = true;
	return 0;
}

static int learn_spelling(const struct report *r, const struct diff_item *item, struct spelling *ret)
{
	int result = spelling_init(ret, r->before->architecture, item->number);

	if (result == 0)
		result = spelling_learn(ret, r->before);
	return result == 0 ? spelling_learn(ret, r->after) : result;
}

static void print_name(const struct report *r, const struct diff_item *item)
{
	if (item->others)
		(void)fputs("all other calls", stdout);
	else
		spell_syscall(r->before->architecture, item->number, stdout);
}

/* "allow (p.policy:3)" */
static void print_decision(const struct policy *p, const struct policy_rule *rule, uint32_t action)
{
	char buffer[ACTION_TEXT_MAX];

	(void)printf("%s (", action_text(action, buffer));
	if (rule || p->default_at.source)
		policy_print_place(rule ? rule->at : p->default_at, stdout);
	else
		(void)fputs("default", stdout);
	(void)fputc(')', stdout);
}

static void print_change(const struct report *r, const struct diff_region *region)
{
	(void)fputs("was ", stdout);
	print_decision(r->before, region->before, region->before_action);
	(void)fputs(", is ", stdout);
	print_decision(r->after, region->after, region->after_action);
	(void)fputc('\n', stdout);
}

/* A statement that does for these calls what the newer policy does. */
static void print_region(const struct report *r, const struct spelling *s, const struct diff_item *item,
	const struct diff_region *region)
{
	char buffer[ACTION_TEXT_MAX];

	if (region->n_atoms > 0) {
		(void)fputs("# ", stdout);
		spell_call(s, &region->example, stdout);
		(void)fputc(' ', stdout);
		print_change(r, region);
	}
	if (item->others)
		(void)fputs("# ", stdout);
	print_name(r, item);
	(void)fputs(": ", stdout);
	spell_condition(s, region->atoms, region->n_atoms, " || ", stdout);
	if (region->n_atoms == 0 || region->after_action != SECCOMP_RET_ALLOW)
		(void)printf(
			"%s%s", region->n_atoms > 0 ? "; " : "", action_text(region->after_action, buffer));
	if (region->n_atoms == 0) {
		(void)fputs(" # ", stdout);
		print_change(r, region);
	} else {
		(void)fputc('\n', stdout);
	}
}

static int print_item(const struct report *r, const struct diff_item *item)
{
	_cleanup_(spelling_done) struct spelling s = { 0 };

	if (learn_spelling(r, item, &s) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < item->n_regions; i++)
		print_region(r, &s, item, &item->regions[i]);
	if (item->state == DIFF_COMPLETE)
		return 0;
	(void)fputs("# ", stdout);
	print_name(r, item);
	(void)puts(item->state == DIFF_PARTIAL ? ": perhaps more than that: too many combinations"
					       : ": not decided: too many combinations");
	return 0;
}

static bool has_kind(const struct report *r, enum diff_kind kind)
{
	for (size_t i = 0; i < r->diff.n_items; i++)
		if (r->diff.items[i].kind == kind)
			return true;
	return false;
}

static int print_kind(const struct report *r, enum diff_kind kind, const char *heading, bool *headed)
{
	if (!has_kind(r, kind))
		return 0;
	(void)printf("%s# %s\n", *headed ? "\n" : "", heading);
	*headed = true;
	for (size_t i = 0; i < r->diff.n_items; i++)
		if (r->diff.items[i].kind == kind && print_item(r, &r->diff.items[i]) < 0)
			return -ENOMEM;
	return 0;
}

static void print_defaults(const struct report *r, bool *headed)
{
	if (r->before->default_action == r->after->default_action)
		return;
	(void)printf("%s# The default for what no rule decides ", *headed ? "\n" : "");
	*headed = true;
	print_change(r, &(struct diff_region){
				.before_action = r->before->default_action,
				.after_action = r->after->default_action,
			});
}

/* @reverse: NULL unless asked for. */
static int print_text(const struct report *r, const struct report *reverse)
{
	bool headed = false;
	int result = print_kind(r, DIFF_ALLOWED, "Allowed by the second, not by the first:", &headed);

	if (result == 0)
		result = print_kind(r, DIFF_ELSEWHERE,
			"Denied by the first, left to a tracer or supervisor by the second:", &headed);
	if (result == 0 && reverse)
		result = print_kind(
			reverse, DIFF_ALLOWED, "Allowed by the first, not by the second:", &headed);
	if (result == 0 && reverse)
		result = print_kind(reverse, DIFF_ELSEWHERE,
			"Denied by the second, left to a tracer or supervisor by the first:", &headed);
	if (result == 0)
		result = print_kind(
			r, DIFF_ACTION, "No more or less allowed, but by another action:", &headed);
	print_defaults(r, &headed);
	return result;
}

static void json_decision(struct json *j, const char *key, const struct policy_rule *rule, uint32_t action)
{
	char buffer[ACTION_TEXT_MAX];

	json_key(j, key);
	json_object(j);
	json_key(j, "verdict");
	json_string(j, action_text(action, buffer));
	json_key(j, "rule");
	policy_json_rule(j, rule);
	json_end(j);
}

static int json_region(struct json *j, const struct spelling *s, const struct diff_region *region)
{
	_cleanup_(memory_text_done) struct memory_text condition = { 0 }, example = { 0 };

	if (memory_text_open(&condition) < 0 || memory_text_open(&example) < 0)
		return -ENOMEM;
	spell_condition(s, region->atoms, region->n_atoms, " || ", condition.f);
	spell_call(s, &region->example, example.f);
	if (memory_text_close(&condition) < 0 || memory_text_close(&example) < 0)
		return -ENOMEM;
	json_object(j);
	json_key(j, "condition");
	json_string(j, condition.text);
	json_key(j, "example");
	json_string(j, example.text);
	json_decision(j, "before", region->before, region->before_action);
	json_decision(j, "after", region->after, region->after_action);
	json_end(j);
	return 0;
}

static int json_item(struct json *j, const struct report *r, const struct diff_item *item)
{
	_cleanup_(memory_text_done) struct memory_text name = { 0 };
	_cleanup_(spelling_done) struct spelling s = { 0 };
	int result = 0;

	if (learn_spelling(r, item, &s) < 0 || memory_text_open(&name) < 0)
		return -ENOMEM;
	spell_syscall(r->before->architecture, item->number, name.f);
	if (memory_text_close(&name) < 0)
		return -ENOMEM;
	json_object(j);
	json_key(j, "syscall");
	if (item->others)
		json_null(j);
	else
		json_string(j, name.text);
	json_key(j, "complete");
	json_bool(j, item->state == DIFF_COMPLETE);
	json_key(j, "regions");
	json_array(j);
	for (size_t i = 0; i < item->n_regions && result == 0; i++)
		result = json_region(j, &s, &item->regions[i]);
	json_end(j);
	json_end(j);
	return result;
}

static int json_kind(struct json *j, const char *key, const struct report *r, enum diff_kind kind)
{
	int result = 0;

	json_key(j, key);
	json_array(j);
	for (size_t i = 0; i < r->diff.n_items && result == 0; i++)
		if (r->diff.items[i].kind == kind)
			result = json_item(j, r, &r->diff.items[i]);
	json_end(j);
	return result;
}

static int print_json(const struct pair *p, const struct report *r, const struct report *reverse, bool pretty)
{
	struct json j = JSON_INIT(stdout, pretty);
	int result;

	json_object(&j);
	json_key(&j, "first");
	json_string(&j, p->paths[0]);
	json_key(&j, "second");
	json_string(&j, p->paths[1]);
	json_key(&j, "architecture");
	json_string(&j, r->before->architecture->name);
	result = json_kind(&j, "allowed", r, DIFF_ALLOWED);
	if (result == 0)
		result = json_kind(&j, "elsewhere", r, DIFF_ELSEWHERE);
	if (result == 0 && reverse)
		result = json_kind(&j, "allowedByFirst", reverse, DIFF_ALLOWED);
	if (result == 0 && reverse)
		result = json_kind(&j, "elsewhereByFirst", reverse, DIFF_ELSEWHERE);
	if (result == 0)
		result = json_kind(&j, "actions", r, DIFF_ACTION);
	json_key(&j, "defaults");
	json_object(&j);
	json_decision(&j, "before", NULL, r->before->default_action);
	json_decision(&j, "after", NULL, r->after->default_action);
	json_end(&j);
	json_end(&j);
	return result;
}

/* As diff(1): 1 when there is something, in the direction that was asked about. */
static int exit_status_of(const struct report *r)
{
	bool undecided = false;

	for (size_t i = 0; i < r->diff.n_items; i++) {
		const struct diff_item *item = &r->diff.items[i];

		if (item->kind == DIFF_ACTION)
			continue;
		if (item->n_regions > 0)
			return EXIT_FAILURE;
		undecided = undecided || item->state == DIFF_UNDECIDED;
	}
	return undecided ? EXIT_UNDECIDED : EXIT_SUCCESS;
}

static int compare(const struct pair *p, bool reverse, struct report *ret)
{
	const struct diff_side *before = &p->sides[reverse], *after = &p->sides[!reverse];

	ret->before = before->policy;
	ret->after = after->policy;
	return policy_diff(before, after, reverse ? 0 : DIFF_ACTIONS, &ret->diff);
}

static int report_trouble(int r)
{
	if (r == -ENOMEM)
		(void)report_no_memory();
	else
		report("a policy's rules and its program contradict each other; this is a mistake in "
		       "bailiffctl");
	return EXIT_USAGE;
}

static int show(const struct cli *cli, const struct diff_options *o, const struct pair *p)
{
	_cleanup_(report_done) struct report forth = { 0 }, back = { 0 };
	const struct report *reverse = o->both ? &back : NULL;
	int r = compare(p, false, &forth);

	if (r == 0 && reverse)
		r = compare(p, true, &back);
	if (r < 0)
		return report_trouble(r);
	if (cli->json != JSON_OFF)
		r = print_json(p, &forth, reverse, cli->json == JSON_PRETTY);
	else
		r = print_text(&forth, reverse);
	return r < 0 ? report_trouble(r) : exit_status_of(&forth);
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	_cleanup_(pair_done) struct pair p = { .paths = { args[0], args[1] } };
	struct diff_options *o = state;
	int status = EXIT_SUCCESS;

	o->common.no_warnings = true; /* those are for check */
	for (size_t i = 0; i < ELEMENTSOF(p.paths); i++) {
		struct seccomp_result *result = &p.results[i];
		int r = policy_read(
			p.paths[i], &o->common, policy_architecture(&o->common), SECCOMP_KEEP, result);

		policy_print_diagnostics(result);
		/* 1 would say that there is a difference. */
		if (policy_status(&o->common, r, result) != EXIT_SUCCESS)
			status = EXIT_USAGE;
		else
			p.sides[i] = (struct diff_side){ &result->loaded->policy, result->filter,
				result->n_filter };
	}
	if (status == EXIT_SUCCESS)
		status = show(cli, o, &p);
	/* Nor does an output that was lost. */
	return fflush(stdout) != 0 || ferror(stdout) ? EXIT_USAGE : status;
}

static const struct option options[] = {
	POLICY_OPTION_ARCH,
	{ "both", 0, NULL, "show also what the first allows beyond the second", set_both },
	POLICY_OPTION_ROOT,
	POLICY_OPTION_DENYLIST,
};

const struct verb verb_policy_diff = {
	.name = "diff",
	.arguments = "FIRST SECOND",
	.summary = "Show what a seccomp policy allows beyond another",
	.details =
		"Prints statements that allow what SECOND allows beyond FIRST, each with an example and what "
		"decides in\nthe two; then what is denied in another way. The exit status is 0 if SECOND "
		"allows "
		"nothing more, 1 if\nit does, 2 if a policy is wrong, 3 if there are too many combinations "
		"to be "
		"sure.",
	.min = 2,
	.max = 2,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct diff_options),
	.run = run,
};
