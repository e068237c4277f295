/* SPDX-License-Identifier: GPL-2.0-or-later */

/* String lists, UTF-8 and expressions. */

#include "base/capability-names.h"
#include "base/error.h"
#include "base/pattern.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "tests/unit/unit.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

static void test_lists(void **state)
{
	_cleanup_(strv_freep) char **v = NULL, **copy = NULL, **empty = NULL;

	assert_int_equal(strv_length(NULL), 0);
	assert_int_equal(strv_bytes(NULL), 0);
	assert_false(strv_contains(NULL, "a"));
	assert_null(strv_free(NULL));
	empty = strv_copy(NULL);
	assert_non_null(empty);
	assert_null(empty[0]);
	assert_int_equal(strv_extend(&v, "a"), 0);
	assert_int_equal(strv_extendf(&v, "%s-%d", "b", 7), 0);
	assert_int_equal(strv_consume(&v, strdup("")), 0);
	assert_int_equal(strv_consume(&v, NULL), -ENOMEM);
	assert_int_equal(strv_length(v), 3);
	assert_int_equal(strv_bytes(v), 2 + 4 + 1);
	assert_true(strv_contains(v, "b-7"));
	assert_true(strv_contains(v, ""));
	assert_false(strv_contains(v, "b"));
	copy = strv_copy(v);
	assert_int_equal(strv_length(copy), 3);
	assert_ptr_not_equal(copy[0], v[0]);
	assert_string_equal(copy[1], "b-7");
}

static void test_split(void **state)
{
	static const struct {
		const char *text, *parts[4];
		size_t n;
	} rows[] = {
		{ "", { NULL }, 0 },
		{ "   ", { NULL }, 0 },
		{ "a", { "a" }, 1 },
		{ "a b", { "a", "b" }, 2 },
		{ "  a\t b  ", { "a", "b" }, 2 },
		{ "a,b", { "a,b" }, 1 },
	};

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		_cleanup_(strv_freep) char **v = NULL;

		assert_int_equal(strv_split(rows[i].text, " \t", &v), 0);
		assert_int_equal(strv_length(v), rows[i].n);
		for (size_t k = 0; k < rows[i].n; k++)
			assert_string_equal(v[k], rows[i].parts[k]);
	}
}

static void test_env(void **state)
{
	_cleanup_(strv_freep) char **env = NULL;

	assert_null(strv_env_get(NULL, "A"));
	strv_env_unset(NULL, "A");
	assert_int_equal(strv_env_set(&env, "A", "1"), 0);
	assert_int_equal(strv_env_set(&env, "AB", "2"), 0);
	assert_int_equal(strv_env_set(&env, "C", ""), 0);
	assert_int_equal(strv_env_set(&env, "A", "3=3"), 0);
	assert_int_equal(strv_length(env), 3);
	assert_string_equal(env[0], "A=3=3");
	assert_string_equal(strv_env_get(env, "A"), "3=3");
	assert_string_equal(strv_env_get(env, "AB"), "2");
	assert_string_equal(strv_env_get(env, "C"), "");
	assert_null(strv_env_get(env, "B"));
	assert_int_equal(strv_extend(&env, "A=again"), 0);
	strv_env_unset(env, "A");
	assert_int_equal(strv_length(env), 2);
	assert_string_equal(env[0], "AB=2");
	strv_env_unset(env, "NOT_THERE");
	assert_int_equal(strv_length(env), 2);
}

static void test_utf8(void **state)
{
	static const struct {
		const char *text;
		size_t n, valid;
		const char *shown;
	} rows[] = {
		{ "", 0, 0, "" },
		{ "plain", 5, 5, "plain" },
		{ "\xc3\xa4", 2, 2, "\xc3\xa4" },
		{ "\xe2\x82\xac", 3, 3, "\xe2\x82\xac" },
		{ "\xf0\x9f\x98\x80", 4, 4, "\xf0\x9f\x98\x80" },
		{ "\xf4\x8f\xbf\xbf", 4, 4, "\xf4\x8f\xbf\xbf" },
		{ "\xf4\x90\x80\x80", 4, 0, "\\xf4\\x90\\x80\\x80" }, /* past U+10FFFF */
		{ "\xed\xa0\x80", 3, 0, "\\xed\\xa0\\x80" },          /* a surrogate */
		{ "\xc0\xaf", 2, 0, "\\xc0\\xaf" },                   /* "/" in two bytes */
		{ "\xe0\x80\xaf", 3, 0, "\\xe0\\x80\\xaf" },          /* in three */
		{ "a\xff", 2, 1, "a\\xff" },
		{ "a\xc3", 2, 1, "a\\xc3" }, /* cut */
		{ "a\x80z", 3, 1, "a\\x80z" },
		{ "a\nb\033", 4, 4, "a\\x0ab\\x1b" },
	};

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		_cleanup_free_ char *shown = utf8_escape(rows[i].text);

		assert_int_equal(utf8_valid_prefix(rows[i].text, rows[i].n), rows[i].valid);
		assert_string_equal(shown, rows[i].shown);
	}
}

static void test_patterns(void **state)
{
	static const struct {
		const char *expression, *text;
		bool expected;
	} rows[] = {
		{ "a", "a", true },
		{ "a", "b", false },
		{ "a", "aa", false },
		{ "a", "", false },
		{ "a|bc", "bc", true },
		{ "a|bc", "abc", false },
		{ "a|bc", "bcx", false },
		{ "", "", true },
		{ "", "a", false },
		{ ".*", "any\nthing", true },
		{ "[0-9]+", "123", true },
		{ "[0-9]+", "123\n", false },
		{ "[0-9]+", "\n123", false },
		{ "--fd=[0-9]{1,3}", "--fd=1023", false },
		{ "--fd=[0-9]{1,3}", "--fd=102", true },
		{ "^a$", "a", true },
		{ "(a)(b)?", "ab", true },
		{ "a\\.b", "a.b", true },
		{ "a\\.b", "axb", false },
		{ "\\(", "(", true },
		{ "[\\]", "\\", true },
		{ "\\\\1", "\\1", true },
		{ "[[:alnum:]_]+", "a_1", true },
		{ "[^/]+", "a/b", false },
		{ "\xff", "\xff", true },
		{ "[)(]+", "()", true },
		{ "[])]+", "])", true },
		{ "[^])]", ")", false },
		{ "[[:alpha:])]+", "a)", true },
		{ "[\\1]", "1", true },
		{ "((a)|(b))c", "bc", true },
		{ "a{2}", "aa", true },
	};

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		_cleanup_(pattern_done) struct pattern p = PATTERN_NULL;
		const char *reason = NULL;

		assert_int_equal(pattern_compile(&p, rows[i].expression, &reason), 0);
		if (pattern_matches(&p, rows[i].text) != rows[i].expected)
			fail_msg("\"%s\" and \"%s\"", rows[i].expression, rows[i].text);
	}
}

static void test_bad_patterns(void **state)
{
	static const char *const bad[] = { "(", ")", "a)|(b", "a)(b", "[a", "[z-a]", "())", "[)]a)",
		"[])](a))", "[[:alpha:])]x)", "[^])]y)", "a{2,1}", "a\\", "(a)\\1", "\\9", "[[:nothing:]]",
		"((a{99}){99}){99}", "(((((((((((((((((a)))))))))))))))))" };
	char long_one[PATTERN_MAX + 2];

	for (size_t i = 0; i < ELEMENTS(bad); i++) {
		struct pattern p = PATTERN_NULL;
		const char *reason = NULL;

		if (pattern_compile(&p, bad[i], &reason) != -EINVAL)
			fail_msg("\"%s\" compiles", bad[i]);
		assert_non_null(reason);
		assert_false(pattern_matches(&p, "a"));
	}
	memset(long_one, 'a', sizeof(long_one));
	long_one[PATTERN_MAX + 1] = '\0';
	for (int i = 0; i < 2; i++) {
		_cleanup_(pattern_done) struct pattern p = PATTERN_NULL;
		const char *reason = NULL;

		assert_int_equal(pattern_compile(&p, long_one + i, &reason), i == 0 ? -EINVAL : 0);
	}
}

static void test_capability_names(void **state)
{
	assert_string_equal(capability_to_string(0), "CAP_CHOWN");
	assert_string_equal(capability_to_string(CAP_NET_RAW), "CAP_NET_RAW");
	assert_null(capability_to_string(CAPABILITIES_KNOWN));
	assert_int_equal(CAPABILITIES_KNOWN, CAP_LAST_CAP + 1);
	for (unsigned i = 0; i < CAPABILITIES_KNOWN; i++)
		assert_int_equal(capability_from_string(capability_to_string(i)), i);
	assert_int_equal(capability_from_string("cap_chown"), -EINVAL);
	assert_int_equal(capability_from_string("CHOWN"), -EINVAL);
	assert_int_equal(capability_from_string(""), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_env),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_bad_patterns),
		cmocka_unit_test(test_capability_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
