/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Memory that no child has: which blocks lie in it, that they are zeroed and used again, and that a child has
 * none of them. */

#include "base/error.h"
#include "base/private.h"
#include "tests/unit/child.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define AREA   8192U
#define LARGE  4096U /* than any block that there is room for */
#define BLOCK  1000U
#define BLOCKS 16U /* more than fit */

static void test_not_open(void **state)
{
	char *text = private_strdup("before");

	assert_string_equal(text, "before");
	assert_true(child_has(text));
	private_open(AREA);
	/* what was malloc's stays so */
	private_free(text);
	private_free(NULL);
}

static void test_blocks(void **state)
{
	uint8_t *first = private_calloc(BLOCK), *second = private_calloc(BLOCK), *again;

	assert_non_null(first);
	assert_non_null(second);
	assert_false(child_has(first));
	assert_int_equal((uintptr_t)first % _Alignof(max_align_t), 0);
	assert_true(second >= first + BLOCK || first >= second + BLOCK);
	memset(first, 0xff, BLOCK);
	memset(second, 0xff, BLOCK);
	private_free(first);
	again = private_calloc(BLOCK);
	assert_ptr_equal(again, first);
	for (size_t i = 0; i < BLOCK; i++)
		assert_int_equal(again[i], 0);
	for (size_t i = 0; i < BLOCK; i++)
		assert_int_equal(second[i], 0xff);
	private_free(again);
	private_free(second);
}

static void test_other_sizes(void **state)
{
	char *text = private_strdup("of another size"), *longer;
	uint8_t *large = private_calloc(LARGE), *none = private_calloc(0);
	uintptr_t freed = (uintptr_t)text;

	assert_string_equal(text, "of another size");
	assert_false(child_has(text));
	assert_true(child_has(large));
	assert_non_null(none);
	private_free(none);
	private_free(large);
	private_free(text);
	longer = private_calloc(2 * sizeof("of another size") + 32);
	assert_int_not_equal((uintptr_t)longer, freed);
	private_free(longer);
}

static void test_full(void **state)
{
	uint8_t *blocks[BLOCKS];
	size_t inside = 0;

	for (size_t i = 0; i < BLOCKS; i++) {
		blocks[i] = private_calloc(BLOCK);
		assert_non_null(blocks[i]);
		memset(blocks[i], (int)i, BLOCK);
		inside += !child_has(blocks[i]);
	}
	assert_in_range(inside, 1, AREA / BLOCK);
	for (size_t i = 0; i < BLOCKS; i++) {
		assert_int_equal(blocks[i][0], i);
		assert_int_equal(blocks[i][BLOCK - 1], i);
		private_free(blocks[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_open),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_other_sizes),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
