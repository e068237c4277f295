/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Memory that is filled, then sealed: what fits, how it lies, and that nobody writes to it any more. */

#include "base/arena.h"
#include "base/error.h"
#include "tests/unit/unit.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define SIZE 100

static void test_take(void **state)
{
	struct arena a;
	uint8_t *first, *second;

	assert_int_equal(arena_open("test", SIZE, &a), 0);
	first = arena_take(&a, 3, 1);
	second = arena_take(&a, 2, 8);
	assert_non_null(first);
	assert_ptr_equal(second, first + 8);
	assert_int_equal((uintptr_t)second % 8, 0);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(second[i], 0);
	assert_null(arena_take(&a, SIZE, 1));
	assert_null(arena_take(&a, SIZE_MAX / 2, 4));
	/* to the last byte, which is no multiple of anything */
	assert_non_null(arena_take(&a, SIZE - 24, 1));
	assert_non_null(arena_take(&a, 0, 8));
	assert_null(arena_take(&a, 1, 1));
	arena_done(&a);
	assert_null(a.data);
}

static void test_seal(void **state)
{
	struct arena a;
	char *text;

	assert_int_equal(arena_open("test", SIZE, &a), 0);
	text = arena_take(&a, SIZE, 1);
	memcpy(text, "kept", sizeof("kept"));
	assert_int_equal(arena_seal(&a), 0);
	assert_int_equal(a.fd, -1);
	assert_string_equal(text, "kept");
	assert_int_equal(mprotect(text, SIZE, PROT_READ | PROT_WRITE), -1);
	assert_int_equal(errno, EACCES);
	arena_done(&a);
}

static void test_none(void **state)
{
	struct arena a = ARENA_NULL;

	arena_done(&a);
	assert_true(arena_open("test", SIZE_MAX / 2, &a) < 0);
	assert_null(a.data);
	assert_int_equal(a.fd, -1);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_seal),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
