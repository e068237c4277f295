/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "base/error.h"
#include "broker/username.h"

#include <string.h>

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

/* Made with sha1sum(1) from coreutils, by: printf 'SALTname' | sha1sum */
static const struct {
	const char *salt, *name, *expected;
} known[] = {
	{ "0123456789abcdef", "user", "2f3f69a3195a73065802b80a11be7b934d5e1cad" },
	{ "0123456789abcdef", "USER", "2f3f69a3195a73065802b80a11be7b934d5e1cad" },
	{ "s", "a", "3608a6d1a05aba23ea390e5f3b48203dbb7241f7" },
	{ "0123456789abcdef", "Ünïcode", "6ac291a9d10054bdc40b890cc0cc41766225dfe2" },
	{ "0123456789abcdef",
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		"47e81e35444840ec8457d575cc6a5f5a1e387c25" },
};

static void test_known_answers(void **state)
{
	char got[SANITIZED_LENGTH + 1];

	for (size_t i = 0; i < ELEMENTSOF(known); i++) {
		assert_int_equal(
			username_sanitize(known[i].salt, strlen(known[i].salt), known[i].name, got), 0);
		assert_string_equal(got, known[i].expected);
		assert_true(username_is_sanitized(got));
	}
}

static void test_refused(void **state)
{
	char got[SANITIZED_LENGTH + 1] = "untouched", name[USERNAME_MAX + 2];

	memset(name, 'a', sizeof(name));
	name[USERNAME_MAX + 1] = '\0';
	assert_int_equal(username_sanitize("salt", 4, "", got), -EINVAL);
	assert_int_equal(username_sanitize("salt", 4, name, got), -EINVAL);
	assert_int_equal(username_sanitize("", 0, "user", got), -EINVAL);
	assert_string_equal(got, "untouched");
	assert_false(username_valid(""));
	assert_false(username_valid(name));
	name[USERNAME_MAX] = '\0';
	assert_true(username_valid(name));
}

static void test_is_sanitized(void **state)
{
	assert_true(username_is_sanitized("0123456789abcdef0123456789abcdef01234567"));
	assert_false(username_is_sanitized("0123456789abcdef0123456789abcdef0123456"));
	assert_false(username_is_sanitized("0123456789abcdef0123456789abcdef012345678"));
	assert_false(username_is_sanitized("0123456789ABCDEF0123456789abcdef01234567"));
	assert_false(username_is_sanitized("0123456789abcdef0123456789abcdef0123456 "));
	assert_false(username_is_sanitized(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_is_sanitized),
	};

	return cmocka_run_group_tests_name("broker username", tests, NULL, NULL);
}
