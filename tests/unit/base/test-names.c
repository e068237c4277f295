/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Names: the nearest known one to a misspelt one, and those that are never taken from a caller. */

#include "base/environment.h"
#include "base/error.h"
#include "base/suggest.h"
#include "tests/unit/unit.h"

#include <string.h>

static const char *nearest(const char *word, const char *const *names)
{
	static struct suggestion s;

	s = suggestion_for(word, strlen(word));
	for (const char *const *name = names; *name; name++)
		suggestion_offer(&s, *name);
	return suggestion_get(&s);
}

static void test_suggestions(void **state)
{
	static const char *const names[] = { "Executable", "Environment", "PassEnvironment", "UMask", NULL };
	static const char *const none[] = { NULL };

	assert_string_equal(nearest("Executeable", names), "Executable");
	assert_string_equal(nearest("executable", names), "Executable");
	assert_string_equal(nearest("Enviroment", names), "Environment");
	assert_string_equal(nearest("UMaks", names), "UMask");
	assert_null(nearest("Nonsense", names));
	assert_null(nearest("", names));
	assert_null(nearest("Executable", none));
}

/* Of several at the same distance the first; what is not terminated or too long is not read beyond its end.
 */
static void test_suggestions_at_the_edge(void **state)
{
	static const char *const twins[] = { "LimitA", "LimitB", NULL };
	char longest[SUGGEST_NAME_MAX + 2], unterminated[5] = { 'U', 'M', 'a', 's', 'k' };
	struct suggestion s;

	assert_string_equal(nearest("LimitC", twins), "LimitA");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(nearest(longest, (const char *const[]){ longest, NULL }));
	s = suggestion_for("UMask", 5);
	suggestion_offer(&s, longest);
	assert_null(suggestion_get(&s));
	s = suggestion_for(unterminated, sizeof(unterminated));
	suggestion_offer(&s, "UMask");
	assert_string_equal(suggestion_get(&s), "UMask");
}

static const char *reason(const char *name)
{
	return env_never_reason(name, strlen(name));
}

static void test_never_from_callers(void **state)
{
	static const char *const never[] = { "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "LD_",
		"GLIBC_TUNABLES", "MALLOC_CHECK_", "GCONV_PATH", "IFS", "ENV", "BASH_ENV", "BASH_FUNC_x%%",
		"PYTHONPATH", "PERL5LIB", "NODE_OPTIONS", "OPENSSL_CONF", "TERMINFO", "TMPDIR" };
	static const char *const may[] = { "LANG", "LC_ALL", "TZ", "COLOUR", "LD", "ld_preload",
		"XLD_PRELOAD", "IFSX", "MYENV", "ENVIRONMENT", "" };

	for (size_t i = 0; i < ELEMENTS(never); i++)
		if (!reason(never[i]))
			fail_msg("%s may come from a caller", never[i]);
	for (size_t i = 0; i < ELEMENTS(may); i++)
		if (reason(may[i]))
			fail_msg("%s may not come from a caller: %s", may[i], reason(may[i]));
	/* by length, not by a NUL */
	assert_non_null(env_never_reason("LD_PRELOAD=x", 10));
	assert_null(env_never_reason("IFSX", 2));
	assert_non_null(env_never_reason("IFSX", 3));
}

static void test_patterns(void **state)
{
	assert_true(env_name_matches("SIZE_*", "SIZE_X", 6));
	assert_true(env_name_matches("SIZE_*", "SIZE_", 5));
	assert_false(env_name_matches("SIZE_*", "SIZE", 4));
	assert_true(env_name_matches("*", "ANY", 3));
	assert_true(env_name_matches("LANG", "LANG", 4));
	assert_false(env_name_matches("LANG", "LANGUAGE", 8));
	assert_true(env_name_matches("LANG", "LANGUAGE", 4));
	assert_false(env_name_matches("", "LANG", 4));
	assert_non_null(env_pattern_never_reason("LD_PRELOAD"));
	assert_non_null(env_pattern_never_reason("LD_*"));
	assert_non_null(env_pattern_never_reason("LD_LIB*"));
	/* these match others too */
	assert_null(env_pattern_never_reason("L*"));
	assert_null(env_pattern_never_reason("*"));
	assert_null(env_pattern_never_reason("LANG"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suggestions),
		cmocka_unit_test(test_suggestions_at_the_edge),
		cmocka_unit_test(test_never_from_callers),
		cmocka_unit_test(test_patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
