/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Arguments that must be refused: section P of the threat model, and F3-F5. After each the broker serves on,
 * and the launcher has heard nothing. */

#include "base/error.h"
#include "base/fd.h"
#include "dbus/names.h"
#include "rig.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INVALID SD_BUS_ERROR_INVALID_ARGS

static void refused(struct rig *r, sd_bus_message *m, const char *error)
{
	rig_expect(r, m, error, NULL);
	assert_int_equal(r->broker.quota.n_accounts, 0);
}

#define LAUNCH(r, ...)                                                                                       \
	({                                                                                                   \
		sd_bus_message *m_ = rig_call(r, ALICE, 0, "LaunchSandboxed");                               \
		assert_true(sd_bus_message_append(m_, __VA_ARGS__) >= 0);                                    \
		m_;                                                                                          \
	})
#define OPTION(r, ...)  LAUNCH(r, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 0, 0, 1, __VA_ARGS__)
#define OPTIONS(r, ...) LAUNCH(r, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 0, 0, __VA_ARGS__)

/* P1 */
static void test_signatures(void **state)
{
	struct rig *r = *state;

	refused(r, LAUNCH(r, "s", "open"), INVALID);
	refused(r, rig_call(r, ALICE, 0, "LaunchSandboxed"), INVALID);
	refused(r, LAUNCH(r, "sasa{ss}a{uh}a{sv}s", "open", 0, 0, 0, 0, "more"), INVALID);
	refused(r, LAUNCH(r, "sasa{ss}a{us}a{sv}", "open", 0, 0, 0, 0), INVALID);
	refused(r, LAUNCH(r, "oasa{ss}a{uh}a{sv}", "/open", 0, 0, 0, 0), INVALID);
	assert_true(rig_launcher_idle(r));
}

/* P8, P15, R1 */
static void test_names(void **state)
{
	static const char *const invalid[] = { "", ".", "..", "a/b", "../open", "%n", "a\nb", "a\033b", "-a",
		"Open", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 65 */ };
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(invalid); i++)
		refused(r, rig_launch(r, ALICE, invalid[i]), INVALID);
	refused(r, rig_launch(r, ALICE, "opem"), BAILIFF_ERROR_PROFILE_UNKNOWN);
	assert_true(rig_launcher_idle(r));
}

/* P16, P17, P22 */
static void test_argv_and_env(void **state)
{
	struct rig *r = *state;

	refused(r, LAUNCH(r, "sasa{ss}a{uh}a{sv}", "open", 0, 0, 0, 0), INVALID);
	refused(r, LAUNCH(r, "sasa{ss}a{uh}a{sv}", "open", 1, "", 0, 0, 0), INVALID);
	refused(r, LAUNCH(r, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/sh", 0, 0, 0), BAILIFF_ERROR_ARGV_DENIED);
	refused(r, LAUNCH(r, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 1, "", "x", 0, 0),
		BAILIFF_ERROR_ENV_DENIED);
	refused(r, LAUNCH(r, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 1, "LANG=C", "x", 0, 0),
		BAILIFF_ERROR_ENV_DENIED);
	refused(r, LAUNCH(r, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 1, "LD_PRELOAD", "x", 0, 0),
		BAILIFF_ERROR_ENV_DENIED);
	refused(r, LAUNCH(r, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 2, "LANG", "x", "LANG", "y", 0, 0),
		BAILIFF_ERROR_ENV_DENIED);
	assert_true(rig_launcher_idle(r));
}

static sd_bus_message *with_many(struct rig *r, size_t argc, size_t size)
{
	sd_bus_message *m = rig_call(r, ALICE, 0, "LaunchSandboxed");
	char *word = malloc(size + 1);

	memset(word, 'x', size);
	word[size] = '\0';
	assert_true(sd_bus_message_append(m, "s", "open") >= 0);
	assert_true(sd_bus_message_open_container(m, 'a', "s") >= 0);
	for (size_t i = 0; i < argc; i++)
		assert_true(sd_bus_message_append_basic(m, 's', word) >= 0);
	assert_true(sd_bus_message_close_container(m) >= 0);
	assert_true(sd_bus_message_append(m, "a{ss}a{uh}a{sv}", 0, 0, 0) >= 0);
	free(word);
	return m;
}

/* P3, P18 */
static void test_sizes(void **state)
{
	struct rig *r = *state;

	refused(r, with_many(r, 1000000, 0), BAILIFF_ERROR_QUOTA_EXCEEDED);
	refused(r, with_many(r, 1, ARG_BYTES_MAX), BAILIFF_ERROR_QUOTA_EXCEEDED);
	refused(r, with_many(r, 1, 8 << 20), BAILIFF_ERROR_QUOTA_EXCEEDED);
	refused(r, with_many(r, ARGV_MAX + 1, 1), BAILIFF_ERROR_QUOTA_EXCEEDED);
	assert_true(rig_launcher_idle(r));
}

/* A9, P9, P10: an unknown key is an error unless the caller says that it may be ignored, and none says who
 * calls. */
static void test_unknown_options(void **state)
{
	static const char *const identities[] = { "uid", "gid", "pid", "groups", "label", "owner", "sender" };
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(identities); i++) {
		refused(r, OPTION(r, identities[i], "u", 0), BAILIFF_ERROR_UNKNOWN_OPTION);
		refused(r, OPTION(r, identities[i], "s", "root"), BAILIFF_ERROR_UNKNOWN_OPTION);
	}
	refused(r, OPTION(r, "user", "s", "root"), BAILIFF_ERROR_UNKNOWN_OPTION);
	refused(r, OPTION(r, "colour", "s", "blue"), BAILIFF_ERROR_UNKNOWN_OPTION);
	refused(r, OPTION(r, "Cwd", "s", "/"), BAILIFF_ERROR_UNKNOWN_OPTION);
	refused(r, OPTION(r, "", "s", "/"), BAILIFF_ERROR_UNKNOWN_OPTION);
	refused(r, OPTIONS(r, 2, "colour", "s", "blue", "optional", "as", 1, "color"),
		BAILIFF_ERROR_UNKNOWN_OPTION);
	refused(r, OPTIONS(r, 2, "colour", "s", "blue", "colour", "s", "blue"), INVALID);
	refused(r, OPTIONS(r, 2, "tag", "s", "a", "tag", "s", "b"), INVALID);
	assert_true(rig_launcher_idle(r));
}

static void test_optional_options(void **state)
{
	struct rig *r = *state;
	struct reply reply;
	struct request q;

	rig_send(
		r, OPTIONS(r, 2, "optional", "as", 1, "colour", "colour", "a{sv}", 1, "a", "s", "b"), &reply);
	rig_take(r, WIRE_LAUNCH, &q);
	rig_answer_launched(r, q.serial, 1);
	request_done(&q);
	rig_wait(r, &reply);
	assert_null(reply.error);
	reply_done(&reply);
}

/* P12: a known key with another type is refused, not ignored. */
static void test_types(void **state)
{
	struct rig *r = *state;

	refused(r, OPTION(r, "cwd", "o", "/"), INVALID);
	refused(r, OPTION(r, "detach", "u", 1), INVALID);
	refused(r, OPTION(r, "detach", "v", "b", 1), INVALID);
	refused(r, OPTION(r, "stop-signal", "u", 15), INVALID);
	refused(r, OPTION(r, "stop-timeout-usec", "u", 15), INVALID);
	refused(r, OPTION(r, "runtime-max-usec", "x", INT64_C(15)), INVALID);
	refused(r, OPTION(r, "tag", "ay", 1, 'a'), INVALID);
	refused(r, OPTION(r, "unset-env", "s", "HOME"), INVALID);
	refused(r, OPTION(r, "rlimits", "a{st}", 1, "NOFILE", UINT64_C(1)), INVALID);
	refused(r, OPTION(r, "stdio", "a{ss}", 1, "0", "null"), INVALID);
	refused(r, OPTION(r, "argv-bytes", "as", 1, "x"), INVALID);
	refused(r, OPTION(r, "lifeline", "u", 0), INVALID);
	refused(r, OPTION(r, "optional", "s", "x"), INVALID);
	refused(r, OPTION(r, "memory-max", "u", 5), INVALID);
	refused(r, OPTION(r, "tasks-max", "i", 5), INVALID);
	refused(r, OPTION(r, "cpu-quota", "t", UINT64_C(5)), INVALID);
	refused(r, OPTION(r, "nice", "u", 5), INVALID);
	refused(r, OPTION(r, "oom-score-adj", "n", 5), INVALID);
	refused(r, OPTION(r, "drop-capabilities", "s", "CAP_CHOWN"), INVALID);
	refused(r, OPTION(r, "no-network", "u", 1), INVALID);
	refused(r, OPTION(r, "ready", "b", 1), INVALID);
	assert_true(rig_launcher_idle(r));
}

/* P14: no option is a double, and none takes one: not a number, without end, or what would be right. */
static void test_doubles(void **state)
{
	static const char *const keys[] = { "cwd", "detach", "stop-signal", "stop-timeout-usec",
		"runtime-max-usec", "tag", "memory-max", "tasks-max", "cpu-quota", "nice", "oom-score-adj",
		"ready" };
	const double values[] = { NAN, -NAN, INFINITY, -INFINITY, 1.0 };
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(keys); i++)
		for (size_t j = 0; j < ELEMENTSOF(values); j++)
			refused(r, OPTION(r, keys[i], "d", values[j]), INVALID);
	refused(r, OPTION(r, "rlimits", "a{s(dd)}", 1, "NOFILE", NAN, INFINITY), INVALID);
	assert_true(rig_launcher_idle(r));
}

/* P13 */
static void test_ranges(void **state)
{
	struct rig *r = *state;

	refused(r, OPTION(r, "ready", "s", ""), INVALID);
	refused(r, OPTION(r, "ready", "s", "Notify"), INVALID);
	refused(r, OPTION(r, "stop-signal", "i", 0), INVALID);
	refused(r, OPTION(r, "stop-signal", "i", -1), INVALID);
	refused(r, OPTION(r, "stop-signal", "i", 65), INVALID);
	refused(r, OPTION(r, "stop-timeout-usec", "t", UINT64_C(0)), INVALID);
	refused(r, OPTION(r, "stop-timeout-usec", "t", UINT64_MAX - 1), INVALID);
	refused(r, OPTION(r, "runtime-max-usec", "t", UINT64_C(1) << 63), INVALID);
	refused(r, OPTION(r, "cwd", "s", ""), INVALID);
	refused(r, OPTION(r, "cwd", "s", "tmp"), INVALID);
	refused(r, OPTION(r, "cwd", "s", "/tmp/../etc"), INVALID);
	refused(r, OPTION(r, "tag", "s", "a\nb"), INVALID);
	refused(r, OPTION(r, "tag", "s", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
		INVALID);
	refused(r, OPTION(r, "rlimits", "a{s(tt)}", 1, "NOFILES", UINT64_C(1), UINT64_C(1)), INVALID);
	refused(r, OPTION(r, "rlimits", "a{s(tt)}", 1, "NOFILE", UINT64_C(2), UINT64_C(1)), INVALID);
	refused(r,
		OPTION(r, "rlimits", "a{s(tt)}", 2, "CPU", UINT64_C(1), UINT64_C(1), "CPU", UINT64_C(1),
			UINT64_C(1)),
		INVALID);
	refused(r, OPTION(r, "memory-max", "t", UINT64_C(0)), INVALID);
	refused(r, OPTION(r, "tasks-max", "t", UINT64_C(0)), INVALID);
	refused(r, OPTION(r, "cpu-quota", "u", 0), INVALID);
	refused(r, OPTION(r, "cpu-quota", "u", 819201), INVALID);
	refused(r, OPTION(r, "nice", "i", 20), INVALID);
	refused(r, OPTION(r, "nice", "i", -21), INVALID);
	refused(r, OPTION(r, "nice", "i", -1), BAILIFF_ERROR_OVERRIDE_DENIED);
	refused(r, OPTION(r, "oom-score-adj", "i", 1001), INVALID);
	refused(r, OPTION(r, "oom-score-adj", "i", -1), BAILIFF_ERROR_OVERRIDE_DENIED);
	refused(r, OPTION(r, "drop-capabilities", "as", 1, "CAP_NET"), INVALID);
	refused(r, OPTION(r, "drop-capabilities", "as", 2, "CAP_CHOWN", ""), INVALID);
	refused(r, OPTION(r, "stdio", "a{us}", 1, 3, "null"), INVALID);
	refused(r, OPTION(r, "stdio", "a{us}", 1, 0, "file"), INVALID);
	refused(r, OPTION(r, "stdio", "a{us}", 2, 0, "null", 0, "pipe"), INVALID);
	refused(r, OPTION(r, "stdio", "a{us}", 1, 0, "journal"), INVALID);
	assert_true(rig_launcher_idle(r));
}

/* P7 */
static void test_bytes(void **state)
{
	struct rig *r = *state;

	refused(r, OPTION(r, "argv-bytes", "aay", 1, 2, '/', 'x'), INVALID); /* argv is there as well */
	refused(r,
		LAUNCH(r, "sasa{ss}a{uh}a{sv}", "open", 0, 0, 0, 1, "argv-bytes", "aay", 1, 3, 'a', '\0',
			'b'),
		INVALID);
	refused(r, OPTION(r, "env-bytes", "a(ayay)", 1, 2, 'A', '=', 1, 'b'), BAILIFF_ERROR_ENV_DENIED);
	refused(r, OPTION(r, "env-bytes", "a(ayay)", 1, 0, 1, 'b'), BAILIFF_ERROR_ENV_DENIED);
	refused(r, OPTION(r, "env-bytes", "a(ayay)", 1, 1, 'A', 2, 'b', '\0'), INVALID);
	assert_true(rig_launcher_idle(r));
}

/* F3, F4, F5, F10 */
static void test_fds(void **state)
{
	struct rig *r = *state;
	int ends[2], directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	refused(r, LAUNCH(r, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 0, 2, 3, ends[0], 3, ends[1], 0),
		BAILIFF_ERROR_INVALID_FD);
	refused(r,
		LAUNCH(r, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 0, 1, FD_TARGET_MAX + 1, ends[0], 0),
		BAILIFF_ERROR_INVALID_FD);
	refused(r, LAUNCH(r, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 0, 1, UINT32_MAX, ends[0], 0),
		BAILIFF_ERROR_INVALID_FD);
	refused(r, LAUNCH(r, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 0, 1, 4, ends[0], 0),
		BAILIFF_ERROR_INVALID_FD); /* no such slot in the profile */
	refused(r, LAUNCH(r, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 0, 1, 3, directory, 0),
		BAILIFF_ERROR_INVALID_FD);
	refused(r,
		LAUNCH(r, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 0, 1, 0, ends[0], 1, "stdio", "a{us}",
			1, 0, "pipe"),
		BAILIFF_ERROR_INVALID_FD);
	refused(r, OPTION(r, "lifeline", "h", ends[1]), BAILIFF_ERROR_INVALID_FD);
	refused(r, OPTION(r, "lifeline", "h", directory), BAILIFF_ERROR_INVALID_FD);
	refused(r, OPTION(r, "bind-fds", "a(hsb)", 1, ends[0], "input", 1), BAILIFF_ERROR_INVALID_FD);
	refused(r, OPTION(r, "bind-fds", "a(hsb)", 1, directory, "output", 1), BAILIFF_ERROR_INVALID_FD);
	refused(r, OPTION(r, "bind-fds", "a(hsb)", 1, directory, "/input", 1), BAILIFF_ERROR_INVALID_FD);
	refused(r, OPTION(r, "bind-fds", "a(hsb)", 2, directory, "input", 1, directory, "input", 1),
		BAILIFF_ERROR_INVALID_FD);
	refused(r, OPTION(r, "bind-fds", "a(hs)", 1, directory, "input"), INVALID);
	(void)close(ends[0]);
	(void)close(ends[1]);
	(void)close(directory);
	assert_true(rig_launcher_idle(r));
}

/* P11: right in general, but not for this profile. */
static void test_overrides(void **state)
{
	struct rig *r = *state;

	refused(r, LAUNCH(r, "sasa{ss}a{uh}a{sv}", "decoder", 1, "/bin/true", 0, 0, 1, "detach", "b", 1),
		BAILIFF_ERROR_ACCESS_DENIED);
	assert_true(rig_launcher_idle(r));
}

/* Q3, P23: refusals leave no fd behind, with a reply or without. */
static void test_no_leak(void **state)
{
	struct rig *r = *state;
	size_t before;
	int ends[2];

	refused(r, OPTION(r, "colour", "s", "blue"), BAILIFF_ERROR_UNKNOWN_OPTION);
	before = rig_count_fds();
	for (int i = 0; i < 200; i++) {
		sd_bus_message *m;

		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		m = LAUNCH(r, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 0, 2, 3, ends[0], 4, ends[1], 0);
		(void)close(ends[0]);
		(void)close(ends[1]);
		if (i % 2 == 0) {
			refused(r, m, BAILIFF_ERROR_INVALID_FD);
			continue;
		}
		assert_true(sd_bus_message_set_expect_reply(m, 0) >= 0);
		assert_true(sd_bus_send(r->bus, m, NULL) >= 0);
		sd_bus_message_unref(m);
	}
	rig_settle(r);
	assert_int_equal(rig_count_fds(), before);
	assert_true(rig_launcher_idle(r));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_signatures),
		TEST(test_names),
		TEST(test_argv_and_env),
		TEST(test_sizes),
		TEST(test_unknown_options),
		TEST(test_optional_options),
		TEST(test_types),
		TEST(test_doubles),
		TEST(test_ranges),
		TEST(test_bytes),
		TEST(test_fds),
		TEST(test_overrides),
		TEST(test_no_leak),
	};

	return cmocka_run_group_tests_name("bus input", tests, NULL, NULL);
}
