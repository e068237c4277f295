/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Who may launch: plan_access() by table (design rows A1, A2, A10, A14). */

#include "base/cleanup.h"
#include "base/error.h"
#include "plan/plan.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static char alice[] = "alice", video[] = "video", big[] = "big", odd[] = "o\ndd\xff";
static char origin_alice[] = "decoder.profile:4", origin_video[] = "decoder.profile:5";
static char origin_big[] = "site.conf:2", origin_odd[] = "site.conf:3";
static char chrome[] = "chrome_t", unit[] = "chrome@*.service", action[] = "org.example.launch";
static char name[] = "decoder", why[] = "decoder.profile:9: no such user";

static struct access_rule rules[] = {
	{ ACCESS_USER, 1000, alice, origin_alice },
	{ ACCESS_GROUP, 44, video, origin_video },
	{ ACCESS_USER, 0x80000000U, big, origin_big },
	{ ACCESS_USER, 4294967294U, odd, origin_odd },
};

/* What else decides, with the action of polkit as the last. */
static struct access_rule others[] = {
	{ ACCESS_USER, 1000, alice, origin_alice },
	{ ACCESS_SELINUX_DOMAIN, 0, chrome, origin_video },
	{ ACCESS_UNIT, 0, unit, origin_big },
	{ ACCESS_POLKIT, 0, action, origin_odd },
};

static const struct {
	const char *name;
	uid_t uid;
	const char *label, *unit;
	bool polkit;
	const char *rule; /* NULL: refused */
} evidence[] = {
	{ "nothing", 7, NULL, NULL, false, NULL },
	{ "label", 7, "user_u:user_r:chrome_t:s0:c1,c2", NULL, false,
		"decoder.profile:5 AllowSELinuxDomain=chrome_t" },
	{ "label without a level", 7, "user_u:user_r:chrome_t", NULL, false,
		"decoder.profile:5 AllowSELinuxDomain=chrome_t" },
	{ "label, the domain as a role", 7, "user_u:chrome_t:user_t:s0", NULL, false, NULL },
	{ "label, the domain as a level", 7, "user_u:user_r:user_t:chrome_t", NULL, false, NULL },
	{ "label, the domain begins so", 7, "user_u:user_r:chrome_t2:s0", NULL, false, NULL },
	{ "label, the domain's beginning", 7, "user_u:user_r:chrome:s0", NULL, false, NULL },
	{ "label, the domain alone", 7, "chrome_t", NULL, false, NULL },
	{ "label of another module", 7, "unconfined", NULL, false, NULL },
	{ "label, empty", 7, "", NULL, false, NULL },
	{ "label, colons alone", 7, "::", NULL, false, NULL },
	{ "unit", 7, NULL, "chrome@1.service", false, "site.conf:2 AllowUnit=chrome@*.service" },
	{ "unit of the same name in a user's manager", 7, NULL, "user@7.service/chrome@1.service", false,
		NULL },
	{ "unit, empty", 7, NULL, "", false, NULL },
	{ "polkit", 7, NULL, NULL, true, "site.conf:3 Polkit=org.example.launch" },
	{ "polkit permits, another rule matches first", 1000, NULL, NULL, true,
		"decoder.profile:4 AllowUser=alice" },
	{ "no identity, polkit permits", UINT32_MAX, "u:r:chrome_t:s0", "chrome@1.service", true, NULL },
};

static void test_evidence(void **state)
{
	struct compiled_profile p;

	compiled_profile_init(&p);
	p.name = name;
	p.access = others;
	p.n_access = ELEMENTS(others);
	for (size_t i = 0; i < ELEMENTS(evidence); i++) {
		const struct plan_caller c = { .uid = evidence[i].uid,
			.label = evidence[i].label,
			.unit = evidence[i].unit,
			.polkit = evidence[i].polkit };
		struct plan_result result;
		int r = plan_access(&p, &c, &result);

		assert_int_equal(plan_permits(&p, &c), r == 0);
		if (r != (evidence[i].rule ? 0 : -EACCES) ||
			(evidence[i].rule && strcmp(result.rule, evidence[i].rule) != 0))
			fail_msg("%s: %d, %s", evidence[i].name, r, result.rule);
	}
}

/* Who is told of units and domains, and what there is to ask. */
static void test_questions(void **state)
{
	struct compiled_profile p;
	struct plan_caller c = { .uid = 7 };
	struct plan_result result;

	compiled_profile_init(&p);
	p.name = name;
	p.access = others;
	p.n_access = ELEMENTS(others);
	assert_true(plan_needs_unit(&p));
	assert_string_equal(plan_polkit_action(&p), action);
	assert_int_equal(plan_access(&p, &c, &result), -EACCES);
	assert_non_null(strstr(result.message,
		"you are not user alice: rule at decoder.profile:4, nor in domain chrome_t: "
		"rule at "));
	assert_non_null(strstr(result.message,
		", nor in unit chrome@*.service: rule at site.conf:2, nor permitted by polkit "
		"as org.example.launch: rule at site.conf:3; "));
	c.other = true;
	assert_int_equal(plan_access(&p, &c, &result), -EACCES);
	assert_non_null(
		strstr(result.message, "user 7 may not launch profile decoder: it is not user alice: "));
	/* permitted by polkit, of a profile that does not ask it: no rule, no launch */
	p.n_access = 1;
	c.polkit = true;
	assert_false(plan_needs_unit(&p));
	assert_null(plan_polkit_action(&p));
	assert_int_equal(plan_access(&p, &c, &result), -EACCES);
	p.n_access = 0;
	assert_null(plan_polkit_action(&p));
	assert_int_equal(plan_access(&p, &c, &result), -EACCES);
}

static struct row {
	const char *name;
	uid_t uid;
	gid_t gids[4];
	size_t n_gids, n_rules;
	bool administrator, invalid;
	int expected;
	enum refusal refusal;
	const char *rule, *says;
} rows[] = {
	{ "A1 user by rule", 1000, { 1000 }, 1, 4, .rule = "decoder.profile:4 AllowUser=alice" },
	{ "A1 user by rule, no groups at all", 1000, { 0 }, 0, 4,
		.rule = "decoder.profile:4 AllowUser=alice" },
	{ "A1 group by rule", 1001, { 1001, 44 }, 2, 4, .rule = "decoder.profile:5 AllowGroup=video" },
	{ "A1 primary group by rule", 1001, { 44 }, 1, 4, .rule = "decoder.profile:5 AllowGroup=video" },
	{ "A1 the first rule that matches is named", 1000, { 44 }, 1, 4,
		.rule = "decoder.profile:4 AllowUser=alice" },
	{ "A1 uid equal to an allowed gid", 44, { 100 }, 1, 4, .expected = -EACCES,
		.refusal = REFUSAL_ACCESS_DENIED, .rule = "no rule matches", .says = "user 44 may not" },
	{ "A1 gid equal to an allowed uid", 1001, { 1000 }, 1, 4, .expected = -EACCES,
		.refusal = REFUSAL_ACCESS_DENIED, .says = "AllowUser=" },
	{ "A2 the group is not among the gids given", 1001, { 1001 }, 1, 4, .expected = -EACCES,
		.refusal = REFUSAL_ACCESS_DENIED, .says = "nor in group video: rule at decoder.profile:5" },
	{ "A2 gids past the count do not count", 1001, { 1001, 44 }, 1, 4, .expected = -EACCES,
		.refusal = REFUSAL_ACCESS_DENIED },
	{ "message has each rule", 65534, { 65534 }, 1, 4, .expected = -EACCES,
		.refusal = REFUSAL_ACCESS_DENIED,
		.says = "65534 may not launch profile decoder: you are not user alice: rule at "
			"decoder.profile:4, nor in group" },
	{ "names are escaped in messages", 65534, { 65534 }, 1, 4, .expected = -EACCES,
		.refusal = REFUSAL_ACCESS_DENIED,
		.says = "nor user o\\x0add\\xff: rule at site.conf:3; administrators" },
	{ "A10 uid 2^31", 0x80000000U, { 5 }, 1, 4, .rule = "site.conf:2 AllowUser=big" },
	{ "A10 uid 2^31 - 1", 0x7fffffffU, { 5 }, 1, 4, .expected = -EACCES,
		.refusal = REFUSAL_ACCESS_DENIED },
	{ "A10 uid 2^32 - 2", 4294967294U, { 5 }, 1, 4, .rule = "site.conf:3 AllowUser=o\\x0add\\xff" },
	{ "A10 uid 65535", 65535, { 65535 }, 1, 4, .expected = -EACCES, .refusal = REFUSAL_ACCESS_DENIED },
	{ "A14 no uid", UINT32_MAX, { 44 }, 1, 4, .expected = -EACCES, .refusal = REFUSAL_ACCESS_DENIED,
		.rule = "no identity", .says = "no identity" },
	{ "A14 no uid, said to be administrator", UINT32_MAX, { 0 }, 1, 4, .administrator = true,
		.expected = -EACCES, .refusal = REFUSAL_ACCESS_DENIED },
	{ "no rules", 1000, { 44 }, 1, 0, .expected = -EACCES, .refusal = REFUSAL_ACCESS_DENIED,
		.rule = "administrators only", .says = "lets nobody in; administrators may" },
	{ "no rules, administrator", 0, { 0 }, 1, 0, .administrator = true,
		.rule = "administrator (user 0)" },
	{ "administrator before rules", 0, { 44 }, 1, 4, .administrator = true,
		.rule = "administrator (user 0)" },
	{ "uid 0 that is not called administrator", 0, { 0 }, 1, 4, .expected = -EACCES,
		.refusal = REFUSAL_ACCESS_DENIED },
	{ "invalid profile", 1000, { 44 }, 1, 4, .invalid = true, .expected = -EACCES,
		.refusal = REFUSAL_PROFILE_INVALID, .says = "ProfileErrors" },
	{ "invalid profile, administrator", 0, { 0 }, 1, 0, .administrator = true, .invalid = true,
		.expected = -EACCES, .refusal = REFUSAL_PROFILE_INVALID, .says = "verify" },
};

static void check_row(void **state)
{
	const struct row *row = *state;
	struct compiled_profile p;
	struct plan_caller c = {
		.uid = row->uid, .gids = row->gids, .n_gids = row->n_gids, .administrator = row->administrator
	};
	struct plan_result result;

	compiled_profile_init(&p);
	p.name = name;
	p.access = rules;
	p.n_access = row->n_rules;
	p.invalid = row->invalid;
	p.error = row->invalid ? why : NULL;
	memset(&result, 0xff, sizeof(result));
	assert_int_equal(plan_access(&p, &c, &result), row->expected);
	assert_int_equal(plan_permits(&p, &c), row->expected == 0);
	assert_int_equal(result.refusal, row->refusal);
	assert_int_not_equal(strlen(result.rule), 0);
	assert_int_equal(strlen(result.message) == 0, row->expected == 0);
	if (row->rule && !strstr(result.rule, row->rule))
		fail_msg("rule \"%s\" lacks \"%s\"", result.rule, row->rule);
	if (row->says && !strstr(result.message, row->says))
		fail_msg("message \"%s\" lacks \"%s\"", result.message, row->says);
	assert_null(strstr(result.message, "no such user"));
}

/* A long list of rules is cut, never overrun. */
static void test_long_list(void **state)
{
	struct access_rule many[200];
	struct compiled_profile p;
	struct plan_caller c = { .uid = 7 };
	struct plan_result result;

	compiled_profile_init(&p);
	p.name = name;
	for (size_t i = 0; i < ELEMENTS(many); i++)
		many[i] = rules[0];
	p.access = many;
	p.n_access = ELEMENTS(many);
	assert_int_equal(plan_access(&p, &c, &result), -EACCES);
	assert_int_equal(strlen(result.message), PLAN_MESSAGE_MAX - 1);
	assert_string_equal(result.message + PLAN_MESSAGE_MAX - 4, "...");
}

static void test_refusal_names(void **state)
{
	assert_null(refusal_to_string(REFUSAL_NONE));
	assert_null(refusal_to_string(_REFUSAL_MAX));
	for (unsigned i = 1; i < _REFUSAL_MAX; i++) {
		assert_non_null(refusal_to_string((enum refusal)i));
		for (unsigned j = 1; j < i; j++)
			assert_string_not_equal(
				refusal_to_string((enum refusal)i), refusal_to_string((enum refusal)j));
	}
	assert_string_equal(refusal_to_string(REFUSAL_INVALID_FD), "InvalidFd");
}

int main(void)
{
	struct CMUnitTest tests[ELEMENTS(rows) + 4] = { cmocka_unit_test(test_long_list),
		cmocka_unit_test(test_refusal_names), cmocka_unit_test(test_evidence),
		cmocka_unit_test(test_questions) };

	for (size_t i = 0; i < ELEMENTS(rows); i++)
		tests[i + 4] = (struct CMUnitTest){
			.name = rows[i].name, .test_func = check_row, .initial_state = &rows[i]
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
