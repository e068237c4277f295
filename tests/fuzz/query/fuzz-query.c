/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any text as a call, asked about any text as a policy. A text begins with the call, on a line of its own; a
 * digit as its very first byte picks the architecture. A second policy may follow a form feed: then the two
 * are compared. Every example that comes out must have been put to rules and program, and no answer may say
 * what the rules do not.
 */

#include "base/cleanup.h"
#include "base/error.h"
#include "base/utf8.h"
#include "seccomp/decision.h"
#include "seccomp/diff.h"
#include "seccomp/loaded.h"
#include "seccomp/query.h"
#include "seccomp/seccomp.h"
#include "seccomp/simulate.h"
#include "seccomp/spelling.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* What is shown must be fit for a terminal. */
static void check_spelling(const struct spelling *s, const struct policy_atom *atoms, size_t n_atoms,
	const struct seccomp_data *example, const struct policy_rule *rule)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	require(f);
	spell_condition(s, atoms, n_atoms, " || ", f);
	spell_call(s, example, f);
	if (rule)
		spell_rule(rule, f);
	require(fclose(f) == 0 && strlen(text) == size && utf8_valid_prefix(text, size) == size);
	for (const char *c = text; *c; c++)
		require((unsigned char)*c >= 0x20);
}

/* A call that is meant by what was asked must have a verdict that is among the answers. */
static void check_completeness(const struct policy *p, const struct policy_call *call,
	const struct policy_answers *answers, uint64_t open)
{
	struct seccomp_data data = { .nr = (int)call->number, .arch = p->architecture->audit };
	bool found = false;
	uint32_t action;

	for (size_t i = 0; i < POLICY_ARGUMENTS; i++)
		data.args[i] = call->given[i] ? call->arguments[i] : open;
	action = policy_evaluate(p, &data);
	for (size_t i = 0; i < answers->n; i++)
		found = found || answers->list[i].action == action;
	require(found);
}

static bool check_query(const struct seccomp_result *result, const struct policy_call *call)
{
	static const uint64_t open[] = { 0, 1, 0x5401, 0xffffffff, 0x100000000, UINT64_MAX };
	_cleanup_(policy_answers_done) struct policy_answers answers = {};
	_cleanup_(spelling_done) struct spelling s = {};
	const struct policy *p = &result->loaded->policy;
	bool reachable = false, allowed = false;
	int r = policy_query(p, result->filter, result->n_filter, call, &answers);

	require(r == 0 || r == -E2BIG);
	if (r < 0)
		return false;
	require(spelling_init(&s, p->architecture, call->number) == 0);
	require(spelling_learn(&s, p) == 0 && spelling_learn_call(&s, call) == 0);
	for (size_t i = 0; i < answers.n; i++) {
		const struct policy_answer *answer = &answers.list[i];

		check_spelling(&s, answer->atoms, answer->n_atoms, &answer->example, answer->rule);
		allowed = allowed || action_permission(answer->action) != PERMISSION_DENIED;
	}
	for (size_t i = 0; i < ELEMENTSOF(open); i++)
		check_completeness(p, call, &answers, open[i]);
	require(policy_reachable(p, call->number, &reachable) != 0 || reachable || !allowed);
	return true;
}

static void check_diff(const struct seccomp_result *before, const struct seccomp_result *after)
{
	const struct diff_side sides[] = {
		{ &before->loaded->policy, before->filter, before->n_filter },
		{ &after->loaded->policy, after->filter, after->n_filter },
	};
	struct diff d;

	require(policy_diff(&sides[0], &sides[1], DIFF_ACTIONS, &d) == 0);
	for (size_t i = 0; i < d.n_items; i++) {
		_cleanup_(spelling_done) struct spelling s = {};
		const struct diff_item *item = &d.items[i];

		require(spelling_init(&s, sides[0].policy->architecture, item->number) == 0);
		require(spelling_learn(&s, sides[0].policy) == 0 && spelling_learn(&s, sides[1].policy) == 0);
		for (size_t j = 0; j < item->n_regions; j++)
			check_spelling(&s, item->regions[j].atoms, item->regions[j].n_atoms,
				&item->regions[j].example, item->regions[j].after);
	}
	diff_done(&d);
	/* Nothing is allowed beyond itself. */
	require(policy_diff(&sides[1], &sides[1], DIFF_ACTIONS, &d) == 0);
	for (size_t i = 0; i < d.n_items; i++)
		require(d.items[i].n_regions == 0);
	diff_done(&d);
}

static void check_call(const struct seccomp_result *result, const struct architecture *a, const char *text)
{
	struct source_set sources = SOURCE_SET_INIT;
	struct diagnostics d = {};
	struct policy_call call;
	uint32_t action;
	int r = policy_call_parse(&sources, &d, a, text, &call);

	require((r == 0) == (d.n_errors == 0));
	if (r == 0) {
		require(architecture_has_number(a, call.number));
		if (result->loaded)
			(void)check_query(result, &call);
	}
	(void)policy_action_parse(&sources, &d, a, text, &action);
	diagnose_done(&d);
	source_set_done(&sources);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seccomp_options options = { .architecture = &architectures[ARCHITECTURE_X86_64],
		.flags = SECCOMP_KEEP | SECCOMP_DENYLIST };
	_cleanup_free_ char *text = strndup((const char *)data, size);
	_cleanup_(seccomp_result_done) struct seccomp_result first = {}, second = {};
	char *call = text, *policy, *other;

	require(text);
	if (*call >= '0' && *call < '0' + _ARCHITECTURE_MAX)
		options.architecture = &architectures[*call++ - '0'];
	policy = strchrnul(call, '\n');
	if (*policy)
		*policy++ = '\0';
	other = strchrnul(policy, '\f');
	if (*other)
		*other++ = '\0';
	(void)seccomp_compile_text(policy, strlen(policy), -1, "fuzz", &options, &first);
	check_call(&first, options.architecture, call);
	if (first.loaded && *other &&
		seccomp_compile_text(other, strlen(other), -1, "fuzz", &options, &second) == 0)
		check_diff(&first, &second);
	return 0;
}
