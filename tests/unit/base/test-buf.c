/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Writer and reader of records: there and back, and that the first error stays. */

#include "base/array.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/strv.h"
#include "tests/unit/unit.h"

#include <string.h>

static void test_round_trip(void **state)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	char one[] = "one", empty[] = "";
	char *list[] = { one, empty, NULL };
	_cleanup_(strv_freep) char **v = NULL, **none = NULL;
	_cleanup_free_ char *s = NULL, *t = NULL;
	const void *bytes;
	struct cursor c;
	size_t n = 0;

	buf_put_u8(&b, 0xfe);
	buf_put_u32(&b, UINT32_MAX);
	buf_put_u64(&b, UINT64_MAX - 1);
	buf_put_i32(&b, INT32_MIN);
	buf_put_str(&b, "text");
	buf_put_str(&b, NULL);
	buf_put_strv(&b, list);
	buf_put_strv(&b, NULL);
	buf_put_bytes(&b, "a\0b", 3);
	buf_put_bytes(&b, NULL, 0);
	buf_put_u8(&b, 1);
	assert_int_equal(buf_error(&b), 0);

	c = CURSOR_INIT(b.data, b.size);
	assert_int_equal(cursor_get_u8(&c), 0xfe);
	assert_int_equal(cursor_get_u32(&c), UINT32_MAX);
	assert_int_equal(cursor_get_u64(&c), UINT64_MAX - 1);
	assert_int_equal(cursor_get_i32(&c), INT32_MIN);
	s = cursor_get_str(&c, 4);
	assert_string_equal(s, "text");
	t = cursor_get_str(&c, 0);
	assert_string_equal(t, "");
	v = cursor_get_strv(&c, 2, 3);
	assert_int_equal(strv_length(v), 2);
	assert_string_equal(v[0], "one");
	assert_string_equal(v[1], "");
	none = cursor_get_strv(&c, 0, 0);
	assert_non_null(none);
	assert_null(none[0]);
	bytes = cursor_get_bytes(&c, 3, &n);
	assert_int_equal(n, 3);
	assert_memory_equal(bytes, "a\0b", 3);
	assert_non_null(cursor_get_bytes(&c, 0, &n));
	assert_int_equal(n, 0);
	assert_int_equal(cursor_end(&c), -EBADMSG); /* one byte is left */
	assert_true(cursor_get_bool(&c));
	assert_int_equal(cursor_end(&c), 0);
}

static void test_writer_limit(void **state)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(8);

	buf_put_u64(&b, 1);
	assert_int_equal(buf_error(&b), 0);
	buf_put(&b, NULL, 0);
	assert_int_equal(buf_error(&b), 0);
	buf_put_u8(&b, 1);
	assert_int_equal(buf_error(&b), -EMSGSIZE);
	assert_int_equal(b.size, 8);
	buf_done(&b);
	assert_int_equal(buf_error(&b), 0);
	assert_int_equal(b.max, 8);
	buf_put_str(&b, "12345");
	assert_int_equal(buf_error(&b), -EMSGSIZE);
}

static void test_growth(void **state)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);

	for (uint32_t i = 0; i < 100000; i++)
		buf_put_u32(&b, i);
	assert_int_equal(b.size, 400000);
	for (uint32_t i = 0; i < 100000; i++)
		assert_memory_equal(b.data + 4UL * i, &i, 4);
}

/* After an error nothing is read any more, and everything reads as zero. */
static void test_sticky(void **state)
{
	const uint8_t data[] = { 1, 2, 3 };
	struct cursor c = CURSOR_INIT(data, sizeof(data));
	size_t n = 99;

	assert_int_equal(cursor_get_u8(&c), 1);
	assert_int_equal(cursor_get_u32(&c), 0);
	assert_int_equal(cursor_end(&c), -EBADMSG);
	assert_int_equal(cursor_get_u8(&c), 0);
	assert_int_equal(cursor_get_u64(&c), 0);
	assert_false(cursor_get_bool(&c));
	assert_null(cursor_get(&c, 0));
	assert_null(cursor_get_str(&c, 10));
	assert_null(cursor_get_strv(&c, 10, 10));
	assert_null(cursor_get_bytes(&c, 10, &n));
	assert_int_equal(n, 99);
	assert_int_equal(cursor_get_count(&c, 10, 0), 0);
	cursor_fail(&c, -ENOMEM);
	assert_int_equal(cursor_end(&c), -EBADMSG);
}

static int read_u32(uint32_t value, size_t rest, size_t (*get)(struct cursor *c))
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	struct cursor c;

	buf_put_u32(&b, value);
	for (size_t i = 0; i < rest; i++)
		buf_put_u8(&b, 'x');
	c = CURSOR_INIT(b.data, b.size);
	(void)get(&c);
	return c.error;
}

static size_t get_max(struct cursor *c)
{
	return cursor_get_u32_max(c, 10);
}

static size_t get_count(struct cursor *c)
{
	return cursor_get_count(c, 10, 4);
}

static size_t get_str(struct cursor *c)
{
	_cleanup_free_ char *s = cursor_get_str(c, 8);

	return s ? strlen(s) : 0;
}

static size_t get_strv(struct cursor *c)
{
	_cleanup_(strv_freep) char **v = cursor_get_strv(c, 1U << 30, 8);

	return strv_length(v);
}

static void test_ranges(void **state)
{
	assert_int_equal(read_u32(10, 0, get_max), 0);
	assert_int_equal(read_u32(11, 0, get_max), -EBADMSG);
	assert_int_equal(read_u32(UINT32_MAX, 0, get_max), -EBADMSG);
	assert_int_equal(read_u32(2, 8, get_count), 0);
	assert_int_equal(read_u32(2, 7, get_count), -EBADMSG);
	assert_int_equal(read_u32(11, 1000, get_count), -EBADMSG);
	assert_int_equal(read_u32(8, 8, get_str), 0);
	assert_int_equal(read_u32(8, 7, get_str), -EBADMSG);
	assert_int_equal(read_u32(9, 9, get_str), -EBADMSG);
	assert_int_equal(read_u32(UINT32_MAX, 9, get_str), -EBADMSG);
	/* a forged count of a billion must not allocate */
	assert_int_equal(read_u32(1U << 30, 64, get_strv), -EBADMSG);
}

static void test_bad_values(void **state)
{
	const uint8_t two[] = { 2 }, nul[] = { 3, 0, 0, 0, 'a', 0, 'b' };
	struct cursor c = CURSOR_INIT(two, sizeof(two));

	assert_false(cursor_get_bool(&c));
	assert_int_equal(c.error, -EBADMSG);
	c = CURSOR_INIT(nul, sizeof(nul));
	assert_null(cursor_get_str(&c, 10));
	assert_int_equal(c.error, -EBADMSG);
}

static void test_array(void **state)
{
	_cleanup_free_ uint64_t *array = NULL;
	size_t allocated = 0;

	assert_int_equal(array_reserve(&array, &allocated, 0, sizeof(*array)), 0);
	for (size_t i = 0; i < 1000; i++) {
		assert_int_equal(array_reserve(&array, &allocated, i + 1, sizeof(*array)), 0);
		array[i] = i;
	}
	assert_true(allocated >= 1000 && allocated < 3000);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(array[i], i);
	assert_int_equal(array_reserve(&array, &allocated, SIZE_MAX, sizeof(*array)), -ENOMEM);
	assert_int_equal(array[999], 999);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_writer_limit),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_sticky),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
