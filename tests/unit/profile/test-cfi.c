/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A build with -Dcfi=true ends a program that calls by pointer what has no function of that type: in code of
 * the test's own, and in the library that calls the setters of settings. The calls that are right are made
 * the same way.
 */

#include "base/fd.h"
#include "base/process.h"
#include "profile/settings.h"
#include "tests/unit/unit.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

typedef void (*any_function)(void);
typedef int (*taking_number)(int);

static int take_number(int n)
{
	return n;
}

static long take_numbers(long a, long b)
{
	return a + b;
}

static int take_setting(const struct setting *s, void *target)
{
	*(unsigned *)target = (unsigned)strlen(s->value);
	return 0;
}

static int take_none(void)
{
	return 0;
}

/* Nothing is known of these before the program runs: what they lead to cannot be seen through. */
static any_function volatile called;

static void call_it(void)
{
	taking_number f = (taking_number)called;

	_exit(f(42));
}

static void call_inside(void)
{
	taking_number f = (taking_number)((uintptr_t)called + 1);

	_exit(f(42));
}

static void call_data(void)
{
	static const char ret[] = { '\xc3' };
	taking_number f = (taking_number)(uintptr_t)ret;

	_exit(f(42));
}

/* 42 when the setter was called. */
static void call_setter(void)
{
	static const char text[] = "[S]\nK=value\n";
	unsigned target = 0;
	const struct key key = { .section = "S", .name = "K", .set = (setter)called };
	const struct key_table table = { .keys = &key, .n = 1 };
	struct setting_state state = { 0 };
	_cleanup_(diagnostics_done) struct diagnostics d = { 0 };
	_cleanup_(source_freep) struct source *source = NULL;

	if (source_parse("test", text, strlen(text), &d, &source) < 0 ||
		settings_apply(&table, source, &target, &state, &d) < 0)
		_exit(1);
	_exit(target == strlen("value") ? 42 : 2);
}

/* What comes of it in a process of its own: a status as shells have it. */
static int outcome(void (*call)(void), any_function f)
{
	static const struct rlimit no_core = { 0, 0 };
	_cleanup_close_ int pidfd = -1;
	pid_t pid;

	called = f;
	pid = process_clone(0, -1, &pidfd);
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &no_core);
		(void)signal(SIGILL, SIG_DFL); /* cmocka has one of its own */
		call();
		_exit(3);
	}
	return process_wait_status(pidfd);
}

static void test_right(void **state)
{
	assert_int_equal(outcome(call_it, (any_function)take_number), 42);
	assert_int_equal(outcome(call_setter, (any_function)take_setting), 42);
}

static void test_wrong_type(void **state)
{
	assert_int_equal(outcome(call_it, (any_function)take_numbers), 128 + SIGILL);
	assert_int_equal(outcome(call_it, (any_function)take_none), 128 + SIGILL);
	assert_int_equal(outcome(call_it, (any_function)take_setting), 128 + SIGILL);
}

static void test_no_function(void **state)
{
	assert_int_equal(outcome(call_inside, (any_function)take_number), 128 + SIGILL);
	assert_int_equal(outcome(call_data, (any_function)take_number), 128 + SIGILL);
}

static void test_library(void **state)
{
	assert_int_equal(outcome(call_setter, (any_function)take_number), 128 + SIGILL);
	assert_int_equal(outcome(call_setter, (any_function)take_none), 128 + SIGILL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_wrong_type),
		cmocka_unit_test(test_no_function),
		cmocka_unit_test(test_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
