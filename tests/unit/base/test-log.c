/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Diagnostics: one line each, no control characters from outside, the level respected. */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Standard error as it was, and the file that stands in for it. */
static int saved = -1, captured = -1;

static int set_up(void **state)
{
	saved = fd_dup_above(STDERR_FILENO, 10);
	captured = memfd_create("stderr", MFD_CLOEXEC);
	return saved < 0 || captured < 0 || dup2(captured, STDERR_FILENO) < 0;
}

static int tear_down(void **state)
{
	(void)dup2(saved, STDERR_FILENO);
	saved = fd_close(saved);
	captured = fd_close(captured);
	return 0;
}

static void expect(const char *text)
{
	_cleanup_free_ char *data = NULL;
	size_t size;

	assert_int_equal(lseek(captured, 0, SEEK_SET), 0);
	assert_int_equal(read_fd_to_end(captured, 1 << 16, &data, &size), 0);
	assert_string_equal(data, text);
	assert_int_equal(ftruncate(captured, 0), 0);
	assert_int_equal(lseek(captured, 0, SEEK_SET), 0);
}

static void test_lines(void **state)
{
	(void)unsetenv("JOURNAL_STREAM");
	log_open("tester", LOG_INFO);
	log_notice("user %u", 5U);
	expect("tester: user 5\n");
	log_debug("hidden");
	expect("");
	log_set_level(LOG_ERR);
	assert_int_equal(log_get_level(), LOG_ERR);
	log_warning("hidden");
	assert_int_equal(log_errno(LOG_WARNING, -ENOENT, "hidden"), -ENOENT);
	expect("");
	assert_int_equal(log_errno(LOG_ERR, -ENOENT, "%s", "file"), -ENOENT);
	expect("tester: file: No such file or directory\n");
	/* P8: nobody forges a line */
	log_error("name %s", "a\nbailiffd: all is well\r\033[2J\x7f");
	expect("tester: name a\\x0abailiffd: all is well\\x0d\\x1b[2J\\x7f\n");
	log_error("%s", "%n%s");
	expect("tester: %n%s\n");
}

static void test_journal(void **state)
{
	(void)setenv("JOURNAL_STREAM", "8:1", 1);
	log_open("tester", LOG_DEBUG);
	log_debug("fine");
	log_error("bad");
	expect("<7>fine\n<3>bad\n");
	(void)unsetenv("JOURNAL_STREAM");
}

static void test_long(void **state)
{
	char text[8192], *line;
	_cleanup_free_ char *data = NULL;
	size_t size;

	memset(text, '\n', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_open("tester", LOG_INFO);
	log_info("%s", text);
	(void)log_errno(LOG_INFO, -EIO, "%s", text);
	assert_int_equal(lseek(captured, 0, SEEK_SET), 0);
	assert_int_equal(read_fd_to_end(captured, 1 << 16, &data, &size), 0);
	assert_int_equal(data[size - 1], '\n');
	line = strchr(data, '\n');
	assert_non_null(line);
	assert_ptr_equal(strchr(line + 1, '\n'), data + size - 1);
}

static void test_levels(void **state)
{
	static const struct {
		const char *name;
		int expected, level;
	} rows[] = { { "error", 0, LOG_ERR }, { "warning", 0, LOG_WARNING }, { "notice", 0, LOG_NOTICE },
		{ "info", 0, LOG_INFO }, { "debug", 0, LOG_DEBUG }, { "0", 0, LOG_EMERG },
		{ "7", 0, LOG_DEBUG }, { "8", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { "77", -EINVAL, 0 },
		{ "", -EINVAL, 0 }, { "Debug", -EINVAL, 0 } };

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		int level = 99;

		assert_int_equal(log_level_from_string(rows[i].name, &level), rows[i].expected);
		assert_int_equal(level, rows[i].expected == 0 ? rows[i].level : 99);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_journal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long, set_up, tear_down),
		cmocka_unit_test(test_levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
