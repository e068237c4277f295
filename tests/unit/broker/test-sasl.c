/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "broker/sasl.h"

#include <string.h>

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define GUID "0123456789abcdef0123456789abcdef"
#define OK   "OK " GUID "\r\n"
#define NO   "REJECTED EXTERNAL\r\n"

/* A line, what it must return, and the reply. */
struct step {
	const char *line;
	int result;
	const char *reply;
};

static void play(uid_t uid, const struct step *steps, size_t n, bool fds)
{
	struct sasl s = { .uid = uid, .guid = GUID };

	for (size_t i = 0; i < n; i++) {
		char reply[SASL_REPLY_MAX];

		assert_int_equal(sasl_line(&s, steps[i].line, strlen(steps[i].line), reply), steps[i].result);
		assert_string_equal(reply, steps[i].reply);
	}
	assert_int_equal(s.fds, fds);
}
#define PLAY(uid, steps, fds) play(uid, steps, sizeof(steps) / sizeof((steps)[0]), fds)

/* As libdbus, sd-bus and GLib greet. */
static void test_clients(void **state)
{
	static const struct step libdbus[] = { { "AUTH EXTERNAL 31303030", 0, OK },
		{ "NEGOTIATE_UNIX_FD", 0, "AGREE_UNIX_FD\r\n" }, { "BEGIN", 1, "" } };
	static const struct step sd_bus[] = { { "AUTH EXTERNAL", 0, "DATA\r\n" }, { "DATA", 0, OK },
		{ "NEGOTIATE_UNIX_FD", 0, "AGREE_UNIX_FD\r\n" }, { "BEGIN", 1, "" } };
	static const struct step glib[] = { { "AUTH", 0, NO }, { "AUTH EXTERNAL 31303030", 0, OK },
		{ "BEGIN", 1, "" } };

	PLAY(1000, libdbus, true);
	PLAY(1000, sd_bus, true);
	PLAY(1000, glib, false);
}

static void test_only_oneself(void **state)
{
	static const char *const wrong[] = { "AUTH EXTERNAL 30", "AUTH EXTERNAL 31303031",
		"AUTH EXTERNAL 3130303", "AUTH EXTERNAL 3130303x", "AUTH EXTERNAL 3130303030",
		"AUTH EXTERNAL 2b31303030", "AUTH EXTERNAL 34323934393638323936",
		"AUTH EXTERNAL 3138343436373434303733373039353532363136", "AUTH EXTERNAL  31303030",
		"AUTH ANONYMOUS", "AUTH DBUS_COOKIE_SHA1 31303030" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct step steps[] = { { wrong[i], 0, NO }, { "BEGIN", -EPROTO, "" } };

		PLAY(1000, steps, false);
	}
}

static void test_order(void **state)
{
	static const struct step begin[] = { { "BEGIN", -EPROTO, "" } };
	static const struct step fds_first[] = { { "NEGOTIATE_UNIX_FD", 0, "ERROR\r\n" },
		{ "BEGIN", -EPROTO, "" } };
	static const struct step data_unasked[] = { { "DATA 31303030", 0, "ERROR\r\n" },
		{ "BEGIN", -EPROTO, "" } };
	static const struct step data_later[] = { { "AUTH EXTERNAL", 0, "DATA\r\n" }, { "CANCEL", 0, NO },
		{ "DATA 31303030", 0, "ERROR\r\n" }, { "BEGIN", -EPROTO, "" } };
	/* what was agreed upon before is no longer so */
	static const struct step again[] = { { "AUTH EXTERNAL", 0, "DATA\r\n" }, { "DATA 31303030", 0, OK },
		{ "NEGOTIATE_UNIX_FD", 0, "AGREE_UNIX_FD\r\n" }, { "AUTH EXTERNAL 30", 0, NO },
		{ "BEGIN", -EPROTO, "" } };
	static const struct step words[] = { { "BEGINNING", 0, "ERROR\r\n" }, { "AUTH EXTERNALLY 31", 0, NO },
		{ "", 0, "ERROR\r\n" }, { "begin", 0, "ERROR\r\n" } };

	PLAY(1000, begin, false);
	PLAY(1000, fds_first, false);
	PLAY(1000, data_unasked, false);
	PLAY(1000, data_later, false);
	PLAY(1000, again, false);
	PLAY(1000, words, false);
}

static void test_lines_are_counted(void **state)
{
	struct sasl s = { .uid = 1000, .guid = GUID };
	char reply[SASL_REPLY_MAX];

	for (unsigned i = 0; i < SASL_LINES_MAX; i++)
		assert_int_equal(sasl_line(&s, "AUTH", 4, reply), 0);
	assert_int_equal(sasl_line(&s, "AUTH EXTERNAL", 13, reply), -E2BIG);
	assert_string_equal(reply, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_only_oneself),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_lines_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
