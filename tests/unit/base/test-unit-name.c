/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Units behind cgroup paths, and patterns over their names (design row A5 depends on the first). */

#include "base/error.h"
#include "base/unit-name.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *path, *unit; /* NULL: -ENXIO */
} paths[] = {
	{ "/system.slice/chrome@1.service", "chrome@1.service" },
	{ "/system.slice/chrome@1.service/sub/group", "chrome@1.service" },
	{ "/system.slice/system-chrome.slice/chrome@a.service", "chrome@a.service" },
	{ "/chrome.service", "chrome.service" },
	{ "//system.slice//chrome.service", "chrome.service" },
	{ "/system.slice/a\\x2db.service", "a\\x2db.service" },
	{ "/system.slice/_cgroup.service", "cgroup.service" },
	{ "/system.slice/__x.service", "_x.service" },
	{ "/init.scope", "init.scope" },
	{ "/system.slice/dbus.socket", "dbus.socket" },
	{ "/user.slice/user-1000.slice/session-2.scope", "session-2.scope" },
	{ "/user.slice/user-1000.slice/session-2.scope/chrome@1.service", "session-2.scope" },
	{ "/user.slice/user-1000.slice/user@1000.service", "user@1000.service" },
	{ "/user.slice/user-1000.slice/user@1000.service/app.slice", "user@1000.service" },
	{ "/user.slice/user-1000.slice/user@1000.service/app.slice/chrome@1.service",
		"user@1000.service/chrome@1.service" },
	{ "/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service/init.scope" },
	{ "/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.slice/a.scope/b.service",
		"user@1000.service/a.scope" },
	{ "/user.slice/user-1000.slice/user@1000.service/odd", "user@1000.service" },
	/* a group that a delegated service makes below its own is not the unit of that name */
	{ "/system.slice/docker.service/system.slice/chrome@1.service", "docker.service" },
	{ "/system.slice/user.service/chrome.service", "user.service" },
	{ "/", NULL },
	{ "", NULL },
	{ "chrome.service", NULL },
	{ "/system.slice", NULL },
	{ "/user.slice/user-1000.slice", NULL },
	{ "/../../system.slice/chrome.service", NULL },
	{ "/..", NULL },
	{ "/system.slice/../chrome.service", NULL },
	{ "/system.slice/chrome", NULL },
	{ "/system.slice/.service", NULL },
	{ "/system.slice/@a.service", NULL },
	{ "/system.slice/chrome.timer", NULL },
	{ "/system.slice/a b.service", NULL },
	{ "/system.slice/a*.service", NULL },
	{ "/system.slice/a.service (deleted)", NULL },
	{ "/bad slice.slice/a.service", NULL },
	{ "/docker/0123456789abcdef", NULL },
};

static void test_paths(void **state)
{
	char unit[UNIT_MAX + 1];

	for (size_t i = 0; i < ELEMENTS(paths); i++) {
		int r = unit_from_cgroup(paths[i].path, unit);

		if (r != (paths[i].unit ? 0 : -ENXIO) || (r == 0 && strcmp(unit, paths[i].unit) != 0))
			fail_msg("%s: %d, %s", paths[i].path, r, r == 0 ? unit : "");
	}
}

/* The longest name that is one, and one more. */
static void test_length(void **state)
{
	char path[1200] = "/user@1.service/", unit[UNIT_MAX + 1];
	size_t n = strlen(path);

	memset(path + n, 'a', UNIT_NAME_MAX - strlen(".service"));
	(void)snprintf(path + n + UNIT_NAME_MAX - strlen(".service"), 100, ".service");
	assert_int_equal(unit_from_cgroup(path, unit), 0);
	assert_int_equal(strlen(unit), strlen("user@1.service/") + UNIT_NAME_MAX);
	assert_int_equal(unit_from_cgroup(path + n - 1, unit), 0);
	assert_int_equal(strlen(unit), UNIT_NAME_MAX);
	memmove(path + n + 1, path + n, strlen(path + n) + 1);
	assert_int_equal(unit_from_cgroup(path + n - 1, unit), -ENXIO);
}

static void test_patterns_valid(void **state)
{
	static const char *const good[] = { "chrome@*.service", "chrome.service", "*.service", "a?.scope",
		"a\\x2db.service", "user@1000.service", "user@1000.service/chrome@*.service",
		"user@*.service/*.scope", "a:b_c.d-e.service" };
	static const char *const bad[] = { "", "chrome", "*", ".service", "@.service", "a.slice", "a.timer",
		"a b.service", "/a.service", "a.service/", "a.service/b.service", "*.service/b.service",
		"user@.service/b.service", "user@1.service/b", "a[12].service", "a.service\n",
		"user@1.service/a.service/b.service", "\xff.service" };

	for (size_t i = 0; i < ELEMENTS(good); i++)
		if (!unit_pattern_valid(good[i]))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < ELEMENTS(bad); i++)
		if (unit_pattern_valid(bad[i]))
			fail_msg("%s", bad[i]);
}

static const struct {
	const char *pattern, *unit;
	bool matches;
} matches[] = {
	{ "chrome@*.service", "chrome@1.service", true },
	{ "chrome@*.service", "chrome@.service", true },
	{ "chrome@*.service", "xchrome@1.service", false },
	{ "chrome@*.service", "chrome@1.servicex", false },
	{ "chrome@*.service", "chrome@1.service.service", true },
	{ "chrome@*.service", "user@1000.service/chrome@1.service", false },
	{ "*.service", "user@1000.service/chrome@1.service", true },
	{ "user@1000.service", "user@1000.service/chrome@1.service", true },
	{ "user@1000.service", "user@1000.service", true },
	{ "user@1000.service/*.service", "user@1000.service", false },
	{ "user@1000.service/chrome@*.service", "user@1000.service/chrome@1.service", true },
	{ "user@1000.service/chrome@*.service", "user@1001.service/chrome@1.service", false },
	{ "user@*.service/chrome.service", "user@1001.service/chrome.service", true },
	{ "user@*.service/chrome.service", "user@1001.service/xchrome.service", false },
	{ "a?.service", "ab.service", true },
	{ "a?.service", "a.service", false },
	{ "a?.service", "abc.service", false },
	{ "a*b*c.service", "aXbYbZc.service", true },
	{ "a*b*c.service", "aXcYb.service", false },
	{ "a\\x2db.service", "a\\x2db.service", true },
	{ "a.service", "A.service", false },
	{ "a.service", "a.servic", false },
	{ "a.service", "", false },
};

static void test_matches(void **state)
{
	for (size_t i = 0; i < ELEMENTS(matches); i++)
		if (unit_matches(matches[i].pattern, matches[i].unit) != matches[i].matches)
			fail_msg("%s, %s", matches[i].pattern, matches[i].unit);
}

/* Against the plainest of all matchers, over every short string of two letters. */
static bool slow(const char *p, const char *s)
{
	if (*p == '\0')
		return *s == '\0';
	if (*p == '*')
		return slow(p + 1, s) || (*s != '\0' && slow(p, s + 1));
	return *s != '\0' && (*p == '?' || *p == *s) && slow(p + 1, s + 1);
}

static void spell(unsigned number, const char *letters, unsigned base, char ret[6])
{
	size_t n = 0;

	for (; number > 0 && n < 5; number /= base + 1)
		if (number % (base + 1) > 0)
			ret[n++] = letters[number % (base + 1) - 1];
	ret[n] = '\0';
}

static void test_against_slow(void **state)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 3125; i++)
		for (unsigned j = 0; j < 243; j++) {
			char pattern[6], s[6];

			spell(i, "ab*?", 4, pattern);
			spell(j, "ab", 2, s);
			assert_int_equal(unit_matches(pattern, s), slow(pattern, s));
			n++;
		}
	assert_int_equal(n, 3125 * 243);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_patterns_valid),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_against_slow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
