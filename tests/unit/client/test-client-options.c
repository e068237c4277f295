/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Command lines: the table parser, the options of run and launch, exit statuses. */

#include "base/error.h"
#include "base/strv.h"
#include "cli/launch-options.h"
#include "dbus/names.h"
#include "peek.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

struct seen {
	int flags;
	const char *value;
};

static int set_seen_flag(void *into, const char *value, char **reterr_why)
{
	struct seen *s = into;

	assert_null(value);
	s->flags++;
	return 0;
}

static int set_seen_value(void *into, const char *value, char **reterr_why)
{
	struct seen *s = into;

	if (strcmp(value, "bad") == 0)
		return option_refuse(reterr_why, "not that");
	s->value = value;
	return 0;
}

static const struct option options[] = {
	{ "verbose", 'v', NULL, "", set_seen_flag },
	{ "output", 'o', "FILE", "", set_seen_value },
};

#define WORDS_MAX 12

/* One command line and what is to come of it. words: split at blanks. */
struct parse_case {
	const char *words;
	bool stop_early;
	int flags;
	const char *value, *left; /* left: positionals, joined by blanks; NULL: refused */
	const char *why;
};

static void check_case(const struct parse_case *k)
{
	struct seen seen = { 0 };
	const struct option_table table = { options, ELEMENTSOF(options), &seen };
	_cleanup_(strv_freep) char **argv = NULL;
	char *copy[WORDS_MAX] = { NULL }, joined[256] = "", *why = NULL;
	size_t n = 99, at = 0;
	int r;

	assert_int_equal(strv_split(k->words, " ", &argv), 0);
	assert_true(strv_length(argv) < WORDS_MAX);
	for (size_t i = 0; argv && argv[i]; i++)
		copy[i] = argv[i];
	r = options_parse(&table, 1, copy, k->stop_early, &n, &why);
	if (!k->left) {
		assert_int_equal(r, -EINVAL);
		assert_string_equal(why, k->why);
		free(why);
		return;
	}
	assert_int_equal(r, 0);
	assert_null(why);
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(joined + at, sizeof(joined) - at, "%s%s", i > 0 ? " " : "", copy[i]);
	assert_null(copy[n]);
	assert_string_equal(joined, k->left);
	assert_int_equal(seen.flags, k->flags);
	if (k->value)
		assert_string_equal(seen.value, k->value);
	else
		assert_null(seen.value);
}

static void test_parser(void **state)
{
	static const struct parse_case cases[] = {
		{ "", false, 0, NULL, "", NULL },
		{ "a b", false, 0, NULL, "a b", NULL },
		{ "a -v b --verbose", false, 2, NULL, "a b", NULL },
		{ "-vv -vo x y", false, 3, "x", "y", NULL },
		{ "-ox --output y --output=z", false, 0, "z", "", NULL },
		{ "--output= a", false, 0, "", "a", NULL },
		{ "-- -v --output", false, 0, NULL, "-v --output", NULL },
		{ "- -v", false, 1, NULL, "-", NULL },
		{ "-v p -v --unknown -- x", true, 1, NULL, "p -v --unknown -- x", NULL },
		{ "-v -- -p -v", true, 1, NULL, "-p -v", NULL },
		{ "--outputt=x", false, 0, NULL, NULL, "unknown option --outputt; did you mean --output?" },
		{ "-x", false, 0, NULL, NULL, "unknown option -x" },
		{ "--verbose=1", false, 0, NULL, NULL, "--verbose takes no value" },
		{ "a --output", false, 0, NULL, NULL, "--output needs a value: --output=FILE" },
		{ "-o", false, 0, NULL, NULL, "-o needs a value: FILE" },
		{ "--output=bad", false, 0, NULL, NULL, "--output=bad: not that" },
		{ "-obad", false, 0, NULL, NULL, "--output=bad: not that" },
	};

	for (size_t i = 0; i < ELEMENTSOF(cases); i++)
		check_case(&cases[i]);
}

/* Abbreviations would become ambiguous when options are added, in scripts of others. */
static void test_no_abbreviations(void **state)
{
	struct seen seen = { 0 };
	const struct option_table table = { options, ELEMENTSOF(options), &seen };
	char word[] = "--verb", *argv[] = { word, NULL }, *why = NULL;
	size_t n;

	assert_int_equal(options_parse(&table, 1, argv, false, &n, &why), -EINVAL);
	assert_int_equal(seen.flags, 0);
	free(why);
}

typedef int (*setter)(void *into, const char *value, char **reterr_why);

static void refuse(setter set, struct launch_options *o, const char *value)
{
	char *why = NULL;

	assert_int_equal(set(o, value, &why), -EINVAL);
	assert_non_null(why);
	free(why);
}

static void accept(setter set, struct launch_options *o, const char *value)
{
	char *why = NULL;

	assert_int_equal(set(o, value, &why), 0);
	assert_null(why);
}

static void test_launch_fds(void **state)
{
	struct launch_options o = { 0 };
	char number[8];

	refuse(set_fd, &o, "");
	refuse(set_fd, &o, "x");
	refuse(set_fd, &o, "-1");
	refuse(set_fd, &o, "3:");
	refuse(set_fd, &o, ":3");
	refuse(set_fd, &o, "3:0x0");
	refuse(set_fd, &o, "1024:0");
	refuse(set_fd, &o, "3:777"); /* not open */
	accept(set_fd, &o, "3:0");
	refuse(set_fd, &o, "3:1");
	assert_int_equal(o.fds[0].child, 3);
	assert_int_equal(o.fds[0].ours, 0);
	accept(set_fd, &o, "0");
	for (int i = 10; o.n_fds < BAILIFF_FDS_MAX; i++) {
		(void)snprintf(number, sizeof(number), "%d:0", i);
		accept(set_fd, &o, number);
	}
	refuse(set_fd, &o, "100:0");
	launch_options_done(&o);
}

static void test_launch_environment(void **state)
{
	struct launch_options o = { 0 };

	assert_int_equal(setenv("BAILIFF_TEST_SET", "here", 1), 0);
	refuse(set_env, &o, "=x");
	refuse(set_env, &o, "1A=x");
	refuse(set_env, &o, "BAILIFF_TEST_UNSET");
	accept(set_env, &o, "BAILIFF_TEST_SET");
	accept(set_env, &o, "A=b=c");
	refuse(set_unset_env, &o, "A=");
	accept(set_unset_env, &o, "HOME");
	assert_string_equal(o.env[0], "BAILIFF_TEST_SET=here");
	assert_string_equal(o.env[1], "A=b=c");
	launch_options_done(&o);
	assert_null(o.env);
}

static void test_launch_tightened(void **state)
{
	struct launch_options o = { 0 };

	refuse(set_memory_max, &o, "0");
	refuse(set_memory_max, &o, "much");
	accept(set_memory_max, &o, "64M");
	assert_int_equal(o.memory_max, 64 << 20);
	refuse(set_tasks_max, &o, "-1");
	accept(set_tasks_max, &o, "infinity");
	assert_true(o.tasks_max == UINT64_MAX);
	refuse(set_cpu_quota, &o, "");
	refuse(set_cpu_quota, &o, "%");
	refuse(set_cpu_quota, &o, "0%");
	refuse(set_cpu_quota, &o, "12.5");
	accept(set_cpu_quota, &o, "200%");
	assert_int_equal(o.cpu_quota, 200);
	refuse(set_nice_value, &o, "20");
	accept(set_nice_value, &o, "-20");
	refuse(set_oom_score_adj, &o, "x");
	accept(set_oom_score_adj, &o, "1000");
	refuse(set_drop_capability, &o, "CAP_NET");
	accept(set_drop_capability, &o, "CAP_NET_RAW");
	assert_string_equal(o.drop_capabilities[0], "CAP_NET_RAW");
	accept(set_no_network, &o, NULL);
	assert_true(o.has_nice && o.has_oom_score_adj && o.no_network);
	launch_options_done(&o);
	assert_null(o.drop_capabilities);
}

static void test_launch_bounds(void **state)
{
	struct launch_options o = { 0 };

	refuse(set_rlimit, &o, "NOFILE");
	refuse(set_rlimit, &o, "NOFILE:1");
	refuse(set_rlimit, &o, "NOFILE=");
	refuse(set_rlimit, &o, "NOFILE=1:2:3");
	refuse(set_rlimit, &o, "NOFILE=2:1");
	refuse(set_rlimit, &o, "NOFIL=1");
	refuse(set_rlimit, &o, "NOFILE=-1");
	accept(set_rlimit, &o, "nofile=64");
	accept(set_rlimit, &o, "AS=1G:infinity");
	assert_int_equal(o.limits[0].resource, RLIMIT_NOFILE);
	assert_int_equal(o.limits[0].hard, 64);
	assert_int_equal(o.limits[1].soft, 1024 * 1024 * 1024);
	assert_true(o.limits[1].hard == UINT64_MAX);
	refuse(set_runtime_max, &o, "0");
	refuse(set_runtime_max, &o, "soon");
	accept(set_runtime_max, &o, "1min 30s");
	assert_int_equal(o.runtime_max, 90 * 1000000);
	refuse(set_stop_timeout, &o, "-1");
	refuse(set_stop_signal, &o, "SIGNONE");
	refuse(set_stop_signal, &o, "0");
	accept(set_stop_signal, &o, "INT");
	assert_int_equal(o.stop_signal, SIGINT);
	refuse(set_cwd, &o, "relative");
	accept(set_cwd, &o, "/tmp");
}

static void test_launch_status(void **state)
{
	static const struct {
		const char *name, *message;
		int status;
	} cases[] = {
		{ BAILIFF_ERROR_PROFILE_UNKNOWN, "", 127 },
		{ BAILIFF_ERROR_SETUP_PREFIX "Exec", "/bin/x: No such file or directory", 127 },
		{ BAILIFF_ERROR_SETUP_PREFIX "Exec",
			"failed at Exec: /bin/x: No such file or directory; mend it", 127 },
		{ BAILIFF_ERROR_SETUP_PREFIX "Exec",
			"at Exec: working directory /x: No such file or directory; mend it", 126 },
		{ BAILIFF_ERROR_SETUP_PREFIX "Exec", "/bin/x: Permission denied", 126 },
		{ BAILIFF_ERROR_SETUP_PREFIX "Mounts", "/x: No such file or directory", 126 },
		{ BAILIFF_ERROR_ACCESS_DENIED, "", 126 },
		{ BAILIFF_ERROR_ARGV_DENIED, "", 126 },
		{ BAILIFF_ERROR_QUOTA_EXCEEDED, "", 126 },
		{ BAILIFF_ERROR_BUSY, "", 125 },
		{ BAILIFF_ERROR_FAILED, "", 125 },
		{ "org.freedesktop.DBus.Error.NoReply", "", 125 },
		{ "", "No such file or directory", 125 },
	};

	for (size_t i = 0; i < ELEMENTSOF(cases); i++)
		assert_int_equal(launch_status(cases[i].name, cases[i].message), cases[i].status);
}

static void test_exit_status(void **state)
{
	const bailiff_exit zero = { "success", 0, 0 }, three = { "exit-code", 3, 0 },
			   killed = { "signal", 0, SIGKILL };

	assert_int_equal(exit_status(&zero), 0);
	assert_int_equal(exit_status(&three), 3);
	assert_int_equal(exit_status(&killed), 137);
}

/* The program's own options are not ours, with "--" before it or without. */
static void expect_argv(char **args, const char *const *expected)
{
	const struct launch_options o = { 0 };
	_cleanup_(bailiff_request_freep) bailiff_request *request = NULL;
	char *const *argv;
	size_t n = 0;

	assert_int_equal(launch_request_make(&o, args, &request), 0);
	argv = peek_request_argv(request);
	for (; expected[n]; n++)
		assert_string_equal(argv[n], expected[n]);
	assert_int_equal(strv_length(argv), n);
}

static void test_request_from_words(void **state)
{
	char profile[] = "p", dashes[] = "--", program[] = "xz", option[] = "-dc", bad[] = "../p";
	char *plain[] = { profile, program, option, NULL },
	     *dashed[] = { profile, dashes, program, option, NULL };
	char *inner[] = { profile, program, dashes, option, NULL }, *bare[] = { profile, NULL },
	     *dashed_bare[] = { profile, dashes, NULL };
	char *wrong[] = { bad, program, NULL };
	const struct launch_options o = { 0 };
	bailiff_request *request = NULL;

	expect_argv(plain, (const char *const[]){ "xz", "-dc", NULL });
	expect_argv(dashed, (const char *const[]){ "xz", "-dc", NULL });
	expect_argv(inner, (const char *const[]){ "xz", "--", "-dc", NULL });
	assert_int_equal(launch_request_make(&o, bare, &request), -EINVAL);
	assert_int_equal(launch_request_make(&o, dashed_bare, &request), -EINVAL);
	assert_int_equal(launch_request_make(&o, wrong, &request), -EINVAL);
	assert_null(request);
}

static void test_command_lines(void **state)
{
	static const struct {
		const char *words;
		int status;
	} cases[] = {
		{ "bailiffctl", 2 },
		{ "bailiffctl nonsense", 2 },
		{ "bailiffctl --json=yaml list", 2 },
		{ "bailiffctl list extra", 2 },
		{ "bailiffctl signal", 2 },
		{ "bailiffctl run", 125 },
		{ "bailiffctl run --nonsense p", 125 },
		{ "bailiffctl run --env= p", 125 },
		{ "bailiffctl run p", 125 },
		{ "bailiffctl run ../p x", 125 },
		{ "bailiffctl --version", 0 },
		{ "bailiffctl list --version", 0 },
		{ "bailiffctl --help", 0 },
		{ "bailiffctl run --help", 0 },
		{ "bailiffctl --address=unix:path=/nonexistent/bus list", 1 },
		{ "bailiffctl --address=nonsense list", 1 },
		{ "bailiffctl --address=unix:path=/nonexistent/bus run p x", 125 },
		{ "bailiffctl --address=unix:path=/nonexistent/bus wait 1", 125 },
	};

	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		_cleanup_(strv_freep) char **argv = NULL;
		char *moved[WORDS_MAX] = {
			NULL
		}; /* the parser moves words about; argv goes on owning them */

		assert_int_equal(strv_split(cases[i].words, " ", &argv), 0);
		for (size_t k = 0; argv[k]; k++)
			moved[k] = argv[k];
		assert_int_equal(cli_main(moved), cases[i].status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parser),
		cmocka_unit_test(test_no_abbreviations),
		cmocka_unit_test(test_launch_fds),
		cmocka_unit_test(test_launch_environment),
		cmocka_unit_test(test_launch_bounds),
		cmocka_unit_test(test_launch_tightened),
		cmocka_unit_test(test_launch_status),
		cmocka_unit_test(test_exit_status),
		cmocka_unit_test(test_request_from_words),
		cmocka_unit_test(test_command_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
