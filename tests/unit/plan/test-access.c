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
static char name[] = "decoder", why[] = "decoder.profile:9: no such user";

static struct access_rule rules[] = {
	{ ACCESS_USER, 1000, alice, origin_alice },
	{ ACCESS_GROUP, 44, video, origin_video },
	{ ACCESS_USER, 0x80000000U, big, origin_big },
	{ ACCESS_USER, 4294967294U, odd, origin_odd },
};

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
		.refusal = REFUSAL_ACCESS_DENIED, .says = "group video" },
	{ "A2 gids past the count do not count", 1001, { 1001, 44 }, 1, 4, .expected = -EACCES,
		.refusal = REFUSAL_ACCESS_DENIED },
	{ "message lists who may", 65534, { 65534 }, 1, 4, .expected = -EACCES,
		.refusal = REFUSAL_ACCESS_DENIED, .says = "administrators, user alice, group video" },
	{ "names are escaped in messages", 65534, { 65534 }, 1, 4, .expected = -EACCES,
		.refusal = REFUSAL_ACCESS_DENIED, .says = "user o\\x0add\\xff" },
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
		.rule = "administrators only", .says = "Allowed now: administrators" },
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
	struct CMUnitTest tests[ELEMENTS(rows) + 2] = { cmocka_unit_test(test_long_list),
		cmocka_unit_test(test_refusal_names) };

	for (size_t i = 0; i < ELEMENTS(rows); i++)
		tests[i + 2] = (struct CMUnitTest){
			.name = rows[i].name, .test_func = check_row, .initial_state = &rows[i]
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
