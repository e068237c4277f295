/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl policy test: what a policy does with a call, and why. */

#include "base/error.h"
#include "cli/policy-decision.h"
#include "cli/text.h"
#include "seccomp/action.h"
#include "seccomp/diagnostics.h"
#include "seccomp/loaded.h"
#include "seccomp/query.h"
#include "seccomp/spelling.h"

#include <inttypes.h>
#include <string.h>

struct test_options {
	struct policy_options common; /* first */
	const char *expect;
};

/* The calls, as they were written and parsed. */
struct test {
	const struct cli *cli;
	struct seccomp_result result;
	struct source_set sources;
	struct diagnostics diagnostics;
	struct policy_call *calls;
	char **texts; /* borrowed */
	size_t n;
	bool expects;
	uint32_t expected;
	struct json j;
};

/* What is known of one call. */
struct tested {
	const char *text;
	const struct policy_call *call;
	struct spelling spelling;
	struct policy_answers answers;
	bool undecided, unexpected;
};

static void test_done(struct test *t)
{
	seccomp_result_done(&t->result);
	diagnose_done(&t->diagnostics);
	source_set_done(&t->sources);
	free(t->calls);
}

static void tested_done(struct tested *t)
{
	spelling_done(&t->spelling);
	policy_answers_done(&t->answers);
}

static int set_expect(void *into, const char *value, char **reterr_why)
{
	struct test_options *o = into;

	o->expect = value;
	return 0;
}

static const struct policy *policy_of(const struct test *t)
{
	return &t->result.loaded->policy;
}

/* Shows what is wrong with a CALL or with --expect=. */
static int refuse(const struct test *t, int r)
{
	if (r == -ENOMEM)
		return report_no_memory();
	for (size_t i = 0; i < t->diagnostics.n; i++)
		policy_print_diagnostic(&t->diagnostics.list[i]);
	return EXIT_USAGE;
}

static int parse(struct test *t, const struct test_options *o, const struct architecture *a)
{
	int r, result = 0;

	t->calls = calloc(t->n, sizeof(*t->calls));
	if (!t->calls)
		return -ENOMEM;
	for (size_t i = 0; i < t->n; i++) {
		r = policy_call_parse(&t->sources, &t->diagnostics, a, t->texts[i], &t->calls[i]);
		if (r < 0)
			result = r;
	}
	t->expects = o->expect != NULL;
	if (o->expect) {
		r = policy_action_parse(&t->sources, &t->diagnostics, a, o->expect, &t->expected);
		if (r < 0)
			result = r;
	}
	return result;
}

static bool is_new(const struct policy_answers *a, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (a->list[i].action == a->list[at].action)
			return false;
	return true;
}

/* "allow, kill-process" */
static void print_verdicts(const struct policy_answers *a, FILE *f)
{
	char buffer[ACTION_TEXT_MAX];

	for (size_t i = 0; i < a->n; i++)
		if (is_new(a, i))
			(void)fprintf(f, "%s%s", i > 0 ? ", " : "", action_text(a->list[i].action, buffer));
}

static bool same_verdicts(const struct policy_answers *a, const struct policy_answers *b)
{
	for (size_t i = 0; i < a->n; i++) {
		bool found = false;

		for (size_t j = 0; j < b->n; j++)
			found = found || a->list[i].action == b->list[j].action;
		if (!found)
			return false;
	}
	return true;
}

/*
 * A negative int may come in a register whose upper half is clear; which it is, the program's compiler
 * decides. Returns 1 when the verdict then is another; 0; an error.
 */
static int query_as_int(
	const struct test *t, const struct tested *c, unsigned argument, struct policy_answers *ret)
{
	struct policy_call call = *c->call;
	uint64_t *value = &call.arguments[argument];
	int r;

	if (!call.given[argument] || policy_of(t)->architecture->word_bits == 32 ||
		*value < (uint64_t)INT32_MIN)
		return 0;
	*value &= UINT32_MAX;
	r = policy_query(policy_of(t), t->result.filter, t->result.n_filter, &call, ret);
	if (r < 0)
		return r == -E2BIG ? 0 : r;
	return !same_verdicts(&c->answers, ret) || !same_verdicts(ret, &c->answers);
}

static int print_notes(const struct test *t, const struct tested *c)
{
	for (unsigned i = 0; i < POLICY_ARGUMENTS; i++) {
		_cleanup_(policy_answers_done) struct policy_answers answers = { 0 };
		int r = query_as_int(t, c, i, &answers);

		if (r < 0)
			return r;
		if (r == 0)
			continue;
		(void)printf("    note: as an int, arg%u may come as 0x%" PRIx64 ": ", i,
			c->call->arguments[i] & UINT32_MAX);
		print_verdicts(&answers, stdout);
		(void)fputc('\n', stdout);
	}
	return 0;
}

static void print_answer(const struct test *t, const struct tested *c, const struct policy_answer *answer)
{
	char buffer[ACTION_TEXT_MAX];

	(void)fputs("    ", stdout);
	if (c->answers.n > 1)
		(void)printf("%s: ", action_text(answer->action, buffer));
	policy_print_rule(policy_of(t), answer->rule, stdout);
	(void)fputc('\n', stdout);
	if (c->answers.n == 1)
		return;
	(void)fputs("        ", stdout);
	if (answer->n_atoms > 0) {
		(void)fputs("when ", stdout);
		spell_condition(&c->spelling, answer->atoms, answer->n_atoms, " || ", stdout);
	} else {
		(void)fputs("otherwise", stdout);
	}
	(void)fputs(", as in ", stdout);
	spell_call(&c->spelling, &answer->example, stdout);
	(void)fputc('\n', stdout);
}

static int print_text(const struct test *t, const struct tested *c)
{
	_cleanup_free_ char *safe = text_escape(c->text);

	if (!safe)
		return -ENOMEM;
	(void)printf("%s: ", safe);
	if (c->undecided) {
		(void)puts("not decided: too many combinations");
		return 0;
	}
	print_verdicts(&c->answers, stdout);
	(void)fputc('\n', stdout);
	for (size_t i = 0; i < c->answers.n; i++)
		print_answer(t, c, &c->answers.list[i]);
	return print_notes(t, c);
}

static void json_verdicts(struct json *j, const struct policy_answers *a)
{
	char buffer[ACTION_TEXT_MAX];

	json_array(j);
	for (size_t i = 0; i < a->n; i++)
		if (is_new(a, i))
			json_string(j, action_text(a->list[i].action, buffer));
	json_end(j);
}

static int json_answer(struct json *j, const struct tested *c, const struct policy_answer *answer)
{
	_cleanup_(memory_text_done) struct memory_text condition = { 0 }, example = { 0 };
	char buffer[ACTION_TEXT_MAX];

	if (memory_text_open(&condition) < 0 || memory_text_open(&example) < 0)
		return -ENOMEM;
	spell_condition(&c->spelling, answer->atoms, answer->n_atoms, " || ", condition.f);
	spell_call(&c->spelling, &answer->example, example.f);
	if (memory_text_close(&condition) < 0 || memory_text_close(&example) < 0)
		return -ENOMEM;
	json_object(j);
	json_key(j, "verdict");
	json_string(j, action_text(answer->action, buffer));
	json_key(j, "rule");
	policy_json_rule(j, answer->rule);
	json_key(j, "condition");
	json_string(j, condition.text);
	json_key(j, "example");
	json_string(j, example.text);
	json_end(j);
	return 0;
}

static int json_notes(struct json *j, const struct test *t, const struct tested *c)
{
	json_array(j);
	for (unsigned i = 0; i < POLICY_ARGUMENTS; i++) {
		_cleanup_(policy_answers_done) struct policy_answers answers = { 0 };
		int r = query_as_int(t, c, i, &answers);

		if (r < 0)
			return r;
		if (r == 0)
			continue;
		json_object(j);
		json_key(j, "argument");
		json_unsigned(j, i);
		json_key(j, "verdicts");
		json_verdicts(j, &answers);
		json_end(j);
	}
	json_end(j);
	return 0;
}

static int print_json(struct test *t, const struct tested *c)
{
	struct json *j = &t->j;
	int r = 0;

	json_object(j);
	json_key(j, "call");
	json_string(j, c->text);
	json_key(j, "architecture");
	json_string(j, policy_of(t)->architecture->name);
	json_key(j, "decided");
	json_bool(j, !c->undecided);
	if (t->expects) {
		json_key(j, "asExpected");
		json_bool(j, !c->undecided && !c->unexpected);
	}
	json_key(j, "verdicts");
	json_verdicts(j, &c->answers);
	json_key(j, "answers");
	json_array(j);
	for (size_t i = 0; i < c->answers.n && r == 0; i++)
		r = json_answer(j, c, &c->answers.list[i]);
	if (r < 0)
		return r;
	json_end(j);
	json_key(j, "asInt");
	r = json_notes(j, t, c);
	json_end(j);
	return r;
}

static void check_expectation(const struct test *t, struct tested *c)
{
	char buffer[ACTION_TEXT_MAX];

	for (size_t i = 0; t->expects && i < c->answers.n; i++) {
		const struct policy_answer *answer = &c->answers.list[i];

		if (answer->action == t->expected || c->unexpected)
			continue;
		c->unexpected = true;
		report("%s: %s is not what was expected", c->text, action_text(answer->action, buffer));
	}
}

static int test_call(struct test *t, struct tested *c)
{
	int r = spelling_init(&c->spelling, policy_of(t)->architecture, c->call->number);

	if (r == 0)
		r = spelling_learn(&c->spelling, policy_of(t));
	if (r == 0)
		r = spelling_learn_call(&c->spelling, c->call);
	if (r == 0)
		r = policy_query(policy_of(t), t->result.filter, t->result.n_filter, c->call, &c->answers);
	if (r < 0 && r != -E2BIG)
		return r;
	c->undecided = r == -E2BIG;
	check_expectation(t, c);
	return t->cli->json == JSON_OFF ? print_text(t, c) : print_json(t, c);
}

static int test_all(struct test *t)
{
	bool undecided = false, unexpected = false;

	for (size_t i = 0; i < t->n; i++) {
		_cleanup_(tested_done) struct tested c = { .text = t->texts[i], .call = &t->calls[i] };
		int r = test_call(t, &c);

		if (r == -EPROTO) {
			report("%s: the policy's rules and its program contradict each other; this is a "
			       "mistake "
			       "in bailiffctl",
				c.text);
			return EXIT_FAILURE;
		}
		if (r < 0)
			return report_no_memory();
		undecided = undecided || c.undecided;
		unexpected = unexpected || c.unexpected;
	}
	if (unexpected)
		return EXIT_FAILURE;
	return undecided ? EXIT_UNDECIDED : EXIT_SUCCESS;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	_cleanup_(test_done) struct test t = {
		.cli = cli,
		.sources = SOURCE_SET_INIT,
		.texts = args + 1,
		.n = n - 1,
		.j = JSON_INIT(stdout, cli->json == JSON_PRETTY),
	};
	struct test_options *o = state;
	int r, status;

	o->common.no_warnings = true; /* those are for check */
	r = policy_read(args[0], &o->common, policy_architecture(&o->common), SECCOMP_KEEP, &t.result);
	status = policy_status(&o->common, r, &t.result);
	policy_print_diagnostics(&t.result);
	if (status != EXIT_SUCCESS)
		return status;
	r = parse(&t, o, policy_of(&t)->architecture);
	if (r < 0)
		return refuse(&t, r);
	if (cli->json != JSON_OFF)
		json_array(&t.j);
	status = test_all(&t);
	if (cli->json != JSON_OFF)
		json_end(&t.j);
	return status;
}

static const struct option options[] = {
	POLICY_OPTION_ARCH,
	{ "expect", 0, "ACTION", "fail unless this is the only verdict of each call", set_expect },
	POLICY_OPTION_ROOT,
	POLICY_OPTION_DENYLIST,
};

const struct verb verb_policy_test = {
	.name = "test",
	.arguments = "FILE CALL...",
	.summary = "Tell what a seccomp policy does with calls",
	.details = "A CALL is written as \"openat(AT_FDCWD, *, O_RDONLY)\", where * and arguments that are "
		   "left out "
		   "stand for\nany value. Prints the verdict and the rule behind it; where the verdict "
		   "depends on "
		   "what was left open,\nall that are possible. The exit status is 1 if the policy is wrong "
		   "or an "
		   "expectation was not met, 3 if\nthere are too many combinations to be sure.",
	.min = 2,
	.max = SIZE_MAX,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct test_options),
	.run = run,
};
