/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Memory that is filled, then sealed: what fits, how it lies, and that nobody writes to it any more. */

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "tests/unit/child.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE 100

/* The kernel's word for it, without a signal. */
static bool can_write(const void *p)
{
	_cleanup_close_ int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	union {
		const void *in;
		void *out;
	} at = { p };
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, at.out, 1);
	if (n < 0)
		assert_int_equal(errno, EFAULT);
	return n == 1;
}

static void test_take(void **state)
{
	struct arena a;
	uint8_t *first, *second;

	assert_int_equal(arena_open(SIZE, &a), 0);
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

/* What was used is there, and nobody writes to it; the rest is not there any more. */
static void test_seal(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct arena a;
	char *text;

	assert_int_equal(arena_open(3 * page, &a), 0);
	text = arena_take(&a, page + 1, 1);
	assert_non_null(text);
	memcpy(text, "kept", sizeof("kept"));
	assert_int_equal(arena_seal(&a), 0);
	assert_int_equal(a.size, 2 * page);
	assert_string_equal(text, "kept");
	assert_false(can_write(text));
	arena_done(&a);
	assert_null(a.data);
}

static void test_seal_shared(void **state)
{
	struct arena a;
	char *text;

	assert_int_equal(arena_open_shared("test", SIZE, &a), 0);
	text = arena_take(&a, SIZE, 1);
	memcpy(text, "kept", sizeof("kept"));
	assert_int_equal(arena_seal(&a), 0);
	assert_int_equal(a.fd, -1);
	assert_string_equal(text, "kept");
	assert_false(can_write(text));
	assert_int_equal(mprotect(text, SIZE, PROT_READ | PROT_WRITE), -1);
	assert_int_equal(errno, EACCES);
	arena_done(&a);
}

/* A child has it when it is sealed, and nothing of it before. */
static void test_children(void **state)
{
	struct arena a;
	char *text;

	assert_int_equal(arena_open_shared("test", SIZE, &a), 0);
	text = arena_take(&a, SIZE, 1);
	memcpy(text, "kept", sizeof("kept"));
	assert_false(child_has(text));
	assert_int_equal(arena_seal(&a), 0);
	assert_true(child_has(text));
	arena_done(&a);
}

static void test_none(void **state)
{
	struct arena a = ARENA_NULL;

	arena_done(&a);
	assert_true(arena_open(SIZE_MAX / 2, &a) < 0);
	assert_null(a.data);
	arena_done(&a);
	assert_true(arena_open_shared("test", SIZE_MAX / 2, &a) < 0);
	assert_null(a.data);
	assert_int_equal(a.fd, -1);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_seal),
		cmocka_unit_test(test_seal_shared),
		cmocka_unit_test(test_children),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
