/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a compiler of a reload does at its end with its heap; its pauses are test-program's. */

#include "compiler/give-way.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define HEAP_BYTES (8 * 1024 * 1024)
#define KEPT_BYTES (256 * 1024)

/* In a child, which has nothing to do but to end. Returns how much of its heap is left. */
static long left_by_child(int policy)
{
	const struct sched_param none = { 0 };
	int status, pair[2];
	long left = -1;
	pid_t pid;

	assert_int_equal(pipe(pair), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		const char *begin = sbrk(0);

		if (sched_setscheduler(0, policy, &none) < 0)
			_exit(1);
		give_way();
		if (sbrk(HEAP_BYTES) == (void *)-1)
			_exit(2);
		(void)memset((char *)sbrk(0) - HEAP_BYTES, 1, HEAP_BYTES);
		give_back();
		left = (const char *)sbrk(0) - begin;
		_exit(write(pair[1], &left, sizeof(left)) == (ssize_t)sizeof(left) ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(pair[0], &left, sizeof(left)), sizeof(left));
	(void)close(pair[0]);
	(void)close(pair[1]);
	return left;
}

static void test_reload(void **state)
{
	long left = left_by_child(SCHED_BATCH);

	assert_true(left >= 0 && left <= KEPT_BYTES);
}

/* At the start nobody is given way to. */
static void test_start(void **state)
{
	assert_int_equal(left_by_child(SCHED_OTHER), HEAP_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_start),
	};

	return cmocka_run_group_tests_name("give way", tests, NULL, NULL);
}
