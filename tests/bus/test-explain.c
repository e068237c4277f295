/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Explain and ExplainFor: the words of a launch without a launch; and who may ask for whom. */

#include "base/error.h"
#include "dbus/names.h"
#include "rig.h"

#include <string.h>

static sd_bus_message *question(struct rig *r, const char *sender, const char *profile, const char *program)
{
	sd_bus_message *m = rig_call(r, sender, 0, "Explain");

	assert_true(sd_bus_message_append(m, "sasa{ss}a{sv}", profile, 1, program, 0, 0) >= 0);
	return m;
}

static sd_bus_message *question_for(struct rig *r, const char *sender, uint32_t uid, const char *profile)
{
	sd_bus_message *m = rig_call(r, sender, 0, "ExplainFor");

	assert_true(sd_bus_message_append(m, "usasa{ss}a{sv}", uid, profile, 1, "/bin/true", 0, 0) >= 0);
	return m;
}

struct said {
	struct reply reply;
	int allowed;
	const char *rule, *error;
};

/* The start of the answer; the dictionary is still to be read. */
static void ask(struct rig *r, sd_bus_message *m, struct said *ret)
{
	rig_expect(r, m, NULL, &ret->reply);
	assert_true(sd_bus_message_read(ret->reply.message, "bs", &ret->allowed, &ret->rule) > 0);
	assert_true(sd_bus_message_enter_container(ret->reply.message, 'a', "s") > 0);
	ret->error = NULL;
	if (sd_bus_message_read(ret->reply.message, "s", &ret->error) > 0) {
		const char *sentence;

		assert_true(sd_bus_message_read(ret->reply.message, "s", &sentence) > 0);
		assert_true(strlen(sentence) > 10);
	}
	assert_true(sd_bus_message_exit_container(ret->reply.message) > 0);
}

static void expect_denied(struct rig *r, sd_bus_message *m, const char *error, const char *rule)
{
	struct said s;

	ask(r, m, &s);
	assert_false(s.allowed);
	assert_string_equal(s.error, error);
	if (!strstr(s.rule, rule))
		fail_msg("rule %s, expected %s", s.rule, rule);
	assert_true(sd_bus_message_enter_container(s.reply.message, 'a', "{sv}") > 0);
	assert_int_equal(sd_bus_message_at_end(s.reply.message, 0), 1);
	reply_done(&s.reply);
}

static void expect_allowed(struct rig *r, sd_bus_message *m, const char *rule)
{
	struct said s;

	ask(r, m, &s);
	if (!s.allowed)
		fail_msg("denied with %s", s.error);
	assert_null(s.error);
	if (!strstr(s.rule, rule))
		fail_msg("rule %s, expected %s", s.rule, rule);
	reply_done(&s.reply);
}

static void test_outcomes(void **state)
{
	struct rig *r = *state;

	expect_allowed(r, question(r, ALICE, "decoder", "/bin/true"), "test:1 AllowGroup=x");
	expect_allowed(r, question(r, ALICE, "open", "true"), "test:1 AllowUser=x");
	expect_allowed(r, question(r, ROOT, "admin", "/bin/true"), "administrator");
	expect_denied(
		r, question(r, BOB, "decoder", "/bin/true"), BAILIFF_ERROR_ACCESS_DENIED, "decoder.profile");
	/* who may not, is told nothing else */
	expect_denied(
		r, question(r, BOB, "decoder", "/bin/false"), BAILIFF_ERROR_ACCESS_DENIED, "decoder.profile");
	expect_denied(
		r, question(r, ALICE, "decoder", "/bin/false"), BAILIFF_ERROR_ARGV_DENIED, "Executable=");
	expect_denied(r, question(r, ALICE, "nothing", "/bin/true"), BAILIFF_ERROR_PROFILE_UNKNOWN, "");
	expect_denied(r, question(r, ALICE, "broken", "/bin/true"), BAILIFF_ERROR_PROFILE_INVALID,
		"broken.profile");
	assert_true(rig_launcher_idle(r));
	assert_int_equal(r->broker.n_launched, 0);
}

/* Faults of the call itself stay errors, as they are of LaunchSandboxed. */
static void test_bad_questions(void **state)
{
	struct rig *r = *state;
	sd_bus_message *m;

	rig_expect(r, question(r, ALICE, "", "/bin/true"), SD_BUS_ERROR_INVALID_ARGS, NULL);
	rig_expect(r, question(r, ALICE, "../x", "/bin/true"), SD_BUS_ERROR_INVALID_ARGS, NULL);
	rig_expect(r, question(r, ALICE, "decoder", ""), SD_BUS_ERROR_INVALID_ARGS, NULL);
	m = rig_call(r, ALICE, 0, "Explain");
	assert_true(sd_bus_message_append(
			    m, "sasa{ss}a{sv}", "decoder", 1, "/bin/true", 0, 1, "tag", "u", 3) >= 0);
	rig_expect(r, m, SD_BUS_ERROR_INVALID_ARGS, NULL);
	m = rig_call(r, ALICE, 0, "Explain");
	assert_true(sd_bus_message_append(
			    m, "sasa{ss}a{sv}", "decoder", 1, "/bin/true", 0, 1, "lifeline", "h", 0) >= 0);
	rig_expect(r, m, SD_BUS_ERROR_INVALID_ARGS, NULL);
	m = rig_call(r, ALICE, 0, "Explain");
	assert_true(sd_bus_message_append(m, "sasa{ss}a{sv}", "decoder", 1, "/bin/true", 0, 1, "bind-fds",
			    "a(hsb)", 1, 0, "input", 1) >= 0);
	rig_expect(r, m, SD_BUS_ERROR_INVALID_ARGS, NULL);
	m = rig_call(r, ALICE, 0, "Explain");
	assert_true(sd_bus_message_append(
			    m, "sasa{ss}a{sv}", "decoder", 1, "/bin/true", 0, 1, "no-such", "s", "x") >= 0);
	expect_denied(r, m, BAILIFF_ERROR_UNKNOWN_OPTION, "");
	m = rig_call(r, ALICE, 0, "Explain");
	assert_true(sd_bus_message_append(
			    m, "sasa{ss}a{sv}", "decoder", 1, "/bin/true", 1, "LD_PRELOAD", "x", 0) >= 0);
	expect_denied(r, m, BAILIFF_ERROR_ENV_DENIED, "");
	m = rig_call(r, ALICE, 0, "Explain");
	assert_true(sd_bus_message_append(
			    m, "sasa{ss}a{sv}", "decoder", 1, "/bin/true", 0, 1, "detach", "b", 1) >= 0);
	expect_denied(r, m, BAILIFF_ERROR_ACCESS_DENIED, "AllowDetach=");
	assert_true(rig_launcher_idle(r));
}

static void check_entry(sd_bus_message *m, const char *key, const char *type, unsigned *seen)
{
	static const struct {
		const char *key, *type;
	} known[] = { { "executable", "s" }, { "working-directory", "s" }, { "dynamic-user", "b" },
		{ "environment", "as" }, { "stdio", "a{us}" }, { "fds", "au" }, { "rlimits", "a{s(tt)}" },
		{ "layers", "as" }, { "capabilities", "as" }, { "private-network", "b" },
		{ "shared-network", "b" }, { "private-ipc", "b" }, { "shared-ipc", "b" },
		{ "memory-max", "t" }, { "tasks-max", "t" }, { "cpu-quota", "u" }, { "nice", "i" },
		{ "oom-score-adj", "i" }, { "detach", "b" }, { "runtime-max-usec", "t" },
		{ "stop-timeout-usec", "t" }, { "stop-signal", "i" }, { "ready", "s" }, { "exposure", "d" },
		{ "generation", "u" } };

	for (unsigned i = 0; i < ELEMENTSOF(known); i++)
		if (strcmp(known[i].key, key) == 0) {
			assert_string_equal(known[i].type, type);
			assert_false(*seen & 1U << i);
			*seen |= 1U << i;
			return;
		}
	fail_msg("%s is not documented", key);
}

/* What the contract says is there, and a value of the caller's is not repeated. */
static void test_effective(void **state)
{
	struct rig *r = *state;
	sd_bus_message *m = rig_call(r, ALICE, 0, "Explain");
	const char *key, *contents;
	unsigned seen = 0;
	struct said s;
	char type;

	assert_true(sd_bus_message_append(m, "sasa{ss}a{sv}", "decoder", 1, "/bin/true", 1, "LANG", "secret",
			    5, "memory-max", "t", UINT64_C(4096), "tasks-max", "t", UINT64_C(2), "cpu-quota",
			    "u", 50, "nice", "i", 3, "oom-score-adj", "i", 4) >= 0);
	ask(r, m, &s);
	assert_true(s.allowed);
	assert_true(sd_bus_message_enter_container(s.reply.message, 'a', "{sv}") > 0);
	while (sd_bus_message_enter_container(s.reply.message, 'e', "sv") > 0) {
		assert_true(sd_bus_message_read(s.reply.message, "s", &key) > 0);
		assert_true(sd_bus_message_peek_type(s.reply.message, &type, &contents) > 0);
		check_entry(s.reply.message, key, contents, &seen);
		if (strcmp(key, "environment") == 0)
			assert_true(sd_bus_message_read(s.reply.message, "v", "as", 1, &key) > 0);
		else
			assert_true(sd_bus_message_skip(s.reply.message, "v") > 0);
		assert_true(sd_bus_message_exit_container(s.reply.message) > 0);
	}
	assert_int_equal(seen, (1U << 25) - 1);
	reply_done(&s.reply);
}

/* Groups as the compiler saw them; root alone may ask. */
static void test_for_others(void **state)
{
	struct rig *r = *state;

	rig_expect(r, question_for(r, ALICE, 1000, "decoder"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	rig_expect(r, question_for(r, BOB, 1001, "nothing"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	expect_allowed(r, question_for(r, ROOT, 1000, "decoder"), "AllowGroup=x");
	expect_allowed(r, question_for(r, ROOT, 2000, "decoder"), "AllowGroup=x");
	expect_denied(
		r, question_for(r, ROOT, 2001, "decoder"), BAILIFF_ERROR_ACCESS_DENIED, "decoder.profile");
	expect_denied(r, question_for(r, ROOT, 2000, "open"), BAILIFF_ERROR_ACCESS_DENIED, "open.profile");
	expect_allowed(r, question_for(r, ROOT, 4242, "admin"), "AllowUser=x");
	expect_allowed(r, question_for(r, ROOT, 0, "admin"), "administrator");
	expect_denied(r, question_for(r, ROOT, 1000, "nothing"), BAILIFF_ERROR_PROFILE_UNKNOWN, "");
	rig_expect(r, question_for(r, ROOT, UINT32_MAX, "decoder"), SD_BUS_ERROR_INVALID_ARGS, NULL);
	assert_true(rig_launcher_idle(r));
}

/* A caller that the bus does not identify hears nothing. */
static void test_no_identity(void **state)
{
	struct rig *r = *state;

	rig_person(r, ROOT)->credentials = CREDENTIALS_NO_GROUPS;
	rig_expect(r, question(r, ROOT, "decoder", "/bin/true"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	rig_expect(r, question_for(r, ROOT, 1000, "decoder"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
}

#define BUS_TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BUS_TEST(test_outcomes),
		BUS_TEST(test_bad_questions),
		BUS_TEST(test_effective),
		BUS_TEST(test_for_others),
		BUS_TEST(test_no_identity),
	};

	return cmocka_run_group_tests_name("bus explain", tests, NULL, NULL);
}
