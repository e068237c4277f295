/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Single values by table (design row R10): what looks like a number to strtoul(3) is mostly none here. */

#include "base/bounds.h"
#include "base/error.h"
#include "base/parse.h"
#include "tests/unit/unit.h"

#include <string.h>

static void test_u64(void **state)
{
	static const struct {
		const char *text;
		int expected;
		uint64_t value;
	} rows[] = {
		{ "0", 0, 0 },
		{ "1", 0, 1 },
		{ "10", 0, 10 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "99999999999999999999999999", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "1\n", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "-0", -EINVAL, 0 },
		{ "0x1", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 },
		{ "1000:", -EINVAL, 0 },
		{ "1.0", -EINVAL, 0 },
		{ "00", -EINVAL, 0 },
		{ "010", -EINVAL, 0 },
		{ "1_000", -EINVAL, 0 },
		{ "\xd9\xa1", -EINVAL, 0 },
		{ "a", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		uint64_t v = 77;

		assert_int_equal(parse_u64(rows[i].text, &v), rows[i].expected);
		assert_int_equal(v, rows[i].expected == 0 ? rows[i].value : 77);
	}
}

static void test_u32(void **state)
{
	uint32_t v = 7;

	assert_int_equal(parse_u32("4294967295", &v), 0);
	assert_int_equal(v, UINT32_MAX);
	assert_int_equal(parse_u32("4294967296", &v), -ERANGE);
	assert_int_equal(parse_u32("18446744073709551616", &v), -ERANGE);
	assert_int_equal(parse_u32("0x10", &v), -EINVAL);
	assert_int_equal(v, UINT32_MAX);
}

static void test_int(void **state)
{
	static const struct {
		const char *text;
		int min, max, expected, value;
	} rows[] = {
		{ "-20", -20, 19, 0, -20 },
		{ "19", -20, 19, 0, 19 },
		{ "20", -20, 19, -ERANGE, 0 },
		{ "-21", -20, 19, -ERANGE, 0 },
		{ "-0", -1, 1, 0, 0 },
		{ "--1", -20, 19, -EINVAL, 0 },
		{ "-", -20, 19, -EINVAL, 0 },
		{ "+1", -20, 19, -EINVAL, 0 },
		{ "", -20, 19, -EINVAL, 0 },
		{ "2147483647", INT32_MIN, INT32_MAX, 0, INT32_MAX },
		{ "2147483648", INT32_MIN, INT32_MAX, -ERANGE, 0 },
		{ "-2147483647", INT32_MIN, INT32_MAX, 0, -INT32_MAX },
	};

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		int v = 77;

		assert_int_equal(parse_int(rows[i].text, rows[i].min, rows[i].max, &v), rows[i].expected);
		assert_int_equal(v, rows[i].expected == 0 ? rows[i].value : 77);
	}
}

static void test_uid(void **state)
{
	static const struct {
		const char *text;
		int expected;
	} rows[] = { { "0", 0 }, { "65534", 0 }, { "65535", -ERANGE }, { "65536", 0 }, { "2147483648", 0 },
		{ "4294967294", 0 }, { "4294967295", -ERANGE }, { "4294967296", -ERANGE }, { "-1", -EINVAL },
		{ "1000:", -EINVAL }, { "root", -EINVAL }, { "", -EINVAL } };

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		uid_t v = 77;

		assert_int_equal(parse_uid(rows[i].text, &v), rows[i].expected);
	}
}

static void test_mode(void **state)
{
	static const struct {
		const char *text;
		int expected;
		mode_t value;
	} rows[] = { { "0", 0, 0 }, { "0777", 0, 0777 }, { "777", 0, 0777 }, { "01777", 0, 01777 },
		{ "07777", 0, 07777 }, { "10000", -ERANGE, 0 }, { "77777777777777777777", -ERANGE, 0 },
		{ "8", -EINVAL, 0 }, { "", -EINVAL, 0 }, { "0o7", -EINVAL, 0 }, { "-7", -EINVAL, 0 },
		{ " 7", -EINVAL, 0 } };

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		mode_t v = 012;

		assert_int_equal(parse_mode(rows[i].text, &v), rows[i].expected);
		assert_int_equal(v, rows[i].expected == 0 ? rows[i].value : 012);
	}
}

static void test_bool(void **state)
{
	static const char *const yes[] = { "yes", "true", "on", "1" }, *const no[] = { "no", "false", "off",
		"0" };
	static const char *const neither[] = { "", "y", "n", "YES", "True", "yes ", " no", "2", "00",
		"null" };
	bool v;

	for (size_t i = 0; i < ELEMENTS(yes); i++) {
		v = false;
		assert_int_equal(parse_bool(yes[i], &v), 0);
		assert_true(v);
		assert_int_equal(parse_bool(no[i], &v), 0);
		assert_false(v);
	}
	for (size_t i = 0; i < ELEMENTS(neither); i++)
		assert_int_equal(parse_bool(neither[i], &v), -EINVAL);
}

static void test_size(void **state)
{
	static const struct {
		const char *text;
		int expected;
		uint64_t value;
	} rows[] = {
		{ "0", 0, 0 },
		{ "512", 0, 512 },
		{ "1K", 0, 1024 },
		{ "64M", 0, 64ULL << 20 },
		{ "2G", 0, 2ULL << 30 },
		{ "1T", 0, 1ULL << 40 },
		{ "16777215T", 0, 16777215ULL << 40 },
		{ "16777216T", -ERANGE, 0 },
		{ "18446744073709551614", 0, UINT64_MAX - 1 },
		{ "18446744073709551615", -ERANGE, 0 },
		{ "infinity", 0, UINT64_MAX },
		{ "Infinity", -EINVAL, 0 },
		{ "1k", -EINVAL, 0 },
		{ "1KB", -EINVAL, 0 },
		{ "1 K", -EINVAL, 0 },
		{ "K", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "1.5G", -EINVAL, 0 },
		{ "50%", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		uint64_t v = 77;

		assert_int_equal(parse_size(rows[i].text, &v), rows[i].expected);
		assert_int_equal(v, rows[i].expected == 0 ? rows[i].value : 77);
	}
}

static void test_usec(void **state)
{
	static const struct {
		const char *text;
		int expected;
		uint64_t value;
	} rows[] = {
		{ "0", 0, 0 },
		{ "5", 0, 5000000 },
		{ "5s", 0, 5000000 },
		{ "5 s", -EINVAL, 0 },
		{ "100ms", 0, 100000 },
		{ "7us", 0, 7 },
		{ "7usec", 0, 7 },
		{ "2min", 0, 120000000 },
		{ "2min 30s", 0, 150000000 },
		{ "2min30s", 0, 150000000 },
		{ "1h", 0, 3600000000 },
		{ "1d", 0, 86400000000 },
		{ "366d", 0, TIMEOUT_USEC_MAX },
		{ "366d 1us", -ERANGE, 0 },
		{ "99999999999999999d", -ERANGE, 0 },
		{ "18446744073709551616s", -ERANGE, 0 },
		{ "infinity", 0, USEC_INFINITY },
		{ "infinity s", -EINVAL, 0 },
		{ "5parsecs", -EINVAL, 0 },
		{ "5S", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ "-5s", -EINVAL, 0 },
		{ "+5s", -EINVAL, 0 },
		{ " 5s", -EINVAL, 0 },
		{ "1.5s", -EINVAL, 0 },
		{ "5s,", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		uint64_t v = 77;

		if (parse_usec(rows[i].text, &v) != rows[i].expected)
			fail_msg("\"%s\" is not %d", rows[i].text, rows[i].expected);
		assert_int_equal(v, rows[i].expected == 0 ? rows[i].value : 77);
	}
}

static void test_signal(void **state)
{
	static const struct {
		const char *text;
		int expected, value;
	} rows[] = { { "SIGTERM", 0, 15 }, { "TERM", 0, 15 }, { "15", 0, 15 }, { "KILL", 0, 9 },
		{ "64", 0, 64 }, { "SIGRTMIN", 0, 34 }, { "RTMIN+1", 0, 35 }, { "SIGRTMIN+30", 0, 64 },
		{ "0", -ERANGE, 0 }, { "65", -ERANGE, 0 }, { "sigterm", -EINVAL, 0 }, { "SIG", -EINVAL, 0 },
		{ "", -EINVAL, 0 }, { "-9", -EINVAL, 0 }, { "+9", -EINVAL, 0 }, { "RTMIN+31", -EINVAL, 0 },
		{ "SIGTERM ", -EINVAL, 0 } };

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		int v = 77;

		if (parse_signal(rows[i].text, &v) != rows[i].expected)
			fail_msg("\"%s\" is not %d", rows[i].text, rows[i].expected);
		assert_int_equal(v, rows[i].expected == 0 ? rows[i].value : 77);
	}
	for (int i = 1; i <= 64; i++) {
		const char *name = signal_to_string(i);
		int back;

		if (!name)
			continue; /* 32 and 33 are the C library's own */
		assert_int_equal(parse_signal(name, &back), 0);
		assert_int_equal(back, i);
	}
	assert_null(signal_to_string(0));
	assert_null(signal_to_string(65));
	assert_null(signal_to_string(-1));
}

/* Design rows P8 and R1. */
static void test_profile_names(void **state)
{
	static const char *const good[] = { "a", "0", "decoder", "a-b_c9",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	static const char *const bad[] = { "", ".", "..", "a/b", "/a", "a.b", ".a", "A", "aB", "-a", "_a",
		"a b", "%n", "a\n", "\033[0m", "\xc3\xa4", "a*",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };

	for (size_t i = 0; i < ELEMENTS(good); i++)
		assert_true(profile_name_valid(good[i]));
	for (size_t i = 0; i < ELEMENTS(bad); i++)
		assert_false(profile_name_valid(bad[i]));
}

static void test_store_names(void **state)
{
	static const char *const good[] = { "a", "A", "_a", "0", "session_manager", "a.b-C_1",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	static const char *const bad[] = { "", ".", "..", ".a", "-a", "a/b", "/", "a b", "a\n", "\xc3\xa4",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };

	for (size_t i = 0; i < ELEMENTS(good); i++)
		assert_true(store_name_valid(good[i]));
	for (size_t i = 0; i < ELEMENTS(bad); i++)
		assert_false(store_name_valid(bad[i]));
}

static void test_env_names(void **state)
{
	static const char *const good[] = { "A", "_", "a1", "LONG_NAME_9" };
	static const char *const bad[] = { "", "1A", "A-B", "A B", "A.B", "A=", "\xc3\xa4", "A\n" };

	for (size_t i = 0; i < ELEMENTS(good); i++)
		assert_true(env_name_valid(good[i], strlen(good[i])));
	for (size_t i = 0; i < ELEMENTS(bad); i++)
		assert_false(env_name_valid(bad[i], strlen(bad[i])));
	assert_true(env_name_valid("A=B", 1));
	assert_false(env_name_valid("A\0B", 3));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_u32),
		cmocka_unit_test(test_int),
		cmocka_unit_test(test_uid),
		cmocka_unit_test(test_mode),
		cmocka_unit_test(test_bool),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_usec),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_profile_names),
		cmocka_unit_test(test_store_names),
		cmocka_unit_test(test_env_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
