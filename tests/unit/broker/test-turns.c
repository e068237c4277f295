/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Lines of users: one seat of each in turn, whatever the others have waiting (Q1). */

#include "base/error.h"
#include "broker/turns.h"

#include <string.h>

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define NOW 1000

static struct seat *next(struct turns *t)
{
	uint64_t until;

	return turns_next(t, NOW, &until);
}

static void add(struct turns *t, uid_t uid, struct seat *seats, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(turns_add(t, uid, &seats[i]), 0);
}

static void test_in_turn(void **state)
{
	struct seat many[100] = { 0 }, two[2] = { 0 }, late = { 0 };
	struct turns t = { 0 };

	add(&t, 1, many, 100);
	assert_ptr_equal(next(&t), &many[0]);
	add(&t, 2, two, 2);
	assert_int_equal(t.n, 101);
	assert_ptr_equal(next(&t), &many[1]);
	assert_ptr_equal(next(&t), &two[0]);
	assert_ptr_equal(next(&t), &many[2]);
	add(&t, 3, &late, 1);
	assert_ptr_equal(next(&t), &two[1]);
	assert_ptr_equal(next(&t), &many[3]);
	assert_ptr_equal(next(&t), &late);
	for (size_t i = 4; i < 100; i++)
		assert_ptr_equal(next(&t), &many[i]);
	assert_null(next(&t));
	assert_int_equal(t.n, 0);
	/* a line that was served last is not served first because it is new */
	add(&t, 2, two, 1);
	add(&t, 1, many, 1);
	assert_ptr_equal(next(&t), &two[0]);
	turns_done(&t);
}

static void test_bounds(void **state)
{
	static struct seat many[TURNS_SEATS_MAX];
	struct seat one = { 0 };
	struct seat large = { .bytes = 10 * TURNS_BYTES_MAX }, wide = { .fds = 253 };
	struct turns t = { 0 };

	assert_true(turns_fits(&t, 1, &large));
	add(&t, 1, many, TURNS_SEATS_MAX - 1);
	assert_true(turns_fits(&t, 1, &one));
	assert_false(turns_fits(&t, 1, &large));
	assert_true(turns_fits(&t, 1, &wide));
	assert_true(turns_fits(&t, 2, &large));
	add(&t, 1, &many[TURNS_SEATS_MAX - 1], 1);
	assert_false(turns_fits(&t, 1, &one));
	assert_true(turns_waits(&t, 1));
	assert_false(turns_waits(&t, 2));
	add(&t, 2, &wide, 1);
	one.fds = TURNS_FDS_MAX - 252;
	assert_false(turns_fits(&t, 2, &one));
	one.fds--;
	assert_true(turns_fits(&t, 2, &one));
	turns_remove(&t, &wide);
	assert_null(wide.line);
	assert_false(turns_waits(&t, 2));
	one.fds = TURNS_FDS_MAX;
	assert_true(turns_fits(&t, 2, &one));
	turns_done(&t);
}

static void test_remove(void **state)
{
	struct seat s[3] = { 0 };
	struct turns t = { 0 };

	add(&t, 1, s, 3);
	turns_remove(&t, &s[1]);
	assert_ptr_equal(next(&t), &s[0]);
	add(&t, 1, &s[1], 1);
	assert_ptr_equal(next(&t), &s[2]);
	turns_remove(&t, &s[1]);
	assert_null(next(&t));
	turns_done(&t);
}

static void test_pause(void **state)
{
	struct seat s[2] = { 0 }, other = { 0 };
	struct turns t = { 0 };
	uint64_t until;

	add(&t, 1, s, 1);
	add(&t, 2, &other, 1);
	assert_int_equal(turns_pause(&t, 1, NOW + 5), 0);
	assert_ptr_equal(turns_next(&t, NOW, &until), &other);
	assert_null(turns_next(&t, NOW, &until));
	assert_int_equal(until, NOW + 5);
	/* also while nobody stands in it, as after the last of them */
	assert_int_equal(turns_pause(&t, 3, NOW + 3), 0);
	add(&t, 3, &other, 1);
	assert_null(turns_next(&t, NOW + 2, &until));
	assert_int_equal(until, NOW + 3);
	assert_ptr_equal(turns_next(&t, NOW + 3, &until), &other);
	assert_ptr_equal(turns_next(&t, NOW + 5, &until), &s[0]);
	assert_null(turns_next(&t, NOW + 5, &until));
	assert_int_equal(until, UINT64_MAX);
	assert_null(t.lines);
	turns_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_turn),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
