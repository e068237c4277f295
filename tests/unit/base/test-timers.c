/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The heap of deadlines, against a plain search. */

#include "base/error.h"
#include "base/timers.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define N 500

static struct timers timers;

static void timers_come_in_order(void **state)
{
	static struct timer t[N];
	uint64_t last = 0;
	unsigned seed = 1;

	for (size_t i = 0; i < N; i++)
		timers_set(&timers, &t[i], (uint64_t)rand_r(&seed) % 1000);
	for (size_t i = 0; i < N; i++) {
		struct timer *first = timers_take_due(&timers, USEC_INFINITY - 1);

		assert_non_null(first);
		assert_true(first->deadline >= last);
		assert_int_equal(first->slot, 0);
		last = first->deadline;
	}
	assert_null(timers_take_due(&timers, USEC_INFINITY - 1));
	assert_true(timers_next(&timers) == USEC_INFINITY);
}

static uint64_t earliest(const struct timer *t)
{
	uint64_t found = USEC_INFINITY;

	for (size_t i = 0; i < N; i++)
		if (t[i].slot != 0 && t[i].deadline < found)
			found = t[i].deadline;
	return found;
}

/* Sets, moves, cancels and takes at random; after each the first is the earliest. */
static void timers_agree_with_a_search(void **state)
{
	static struct timer t[N];
	unsigned seed = 7;

	for (int i = 0; i < 20000; i++) {
		struct timer *one = &t[(size_t)rand_r(&seed) % N];

		switch (rand_r(&seed) % 4) {
		case 0:
			timers_cancel(&timers, one);
			assert_int_equal(one->slot, 0);
			break;
		case 1:
			(void)timers_take_due(&timers, (uint64_t)rand_r(&seed) % 1000);
			break;
		default:
			timers_set(&timers, one, (uint64_t)rand_r(&seed) % 1000);
		}
		assert_true(timers_next(&timers) == earliest(t));
	}
	for (size_t i = 0; i < N; i++)
		timers_cancel(&timers, &t[i]);
	assert_int_equal(timers.n, 0);
}

static void timers_wait_for_their_time(void **state)
{
	struct timer t = { 0 };

	timers_set(&timers, &t, 100);
	assert_null(timers_take_due(&timers, 99));
	assert_ptr_equal(timers_take_due(&timers, 100), &t);
	timers_set(&timers, &t, USEC_INFINITY);
	assert_int_equal(t.slot, 0);
	timers_set(&timers, &t, 5);
	timers_set(&timers, &t, USEC_INFINITY);
	assert_int_equal(timers.n, 0);
	timers_cancel(&timers, &t);
}

static bool is_armed(int fd)
{
	struct itimerspec left;

	assert_int_equal(timerfd_gettime(fd, &left), 0);
	return left.it_value.tv_sec != 0 || left.it_value.tv_nsec != 0;
}

/* Only an earlier deadline moves the timerfd at once; what is no more is forgotten when it is asked for. */
static void timerfd_follows(void **state)
{
	const uint64_t far = 1000000000000000, farther = 2 * far;
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
	struct timer one = { 0 }, two = { 0 };
	uint64_t armed = USEC_INFINITY;

	assert_true(fd >= 0);
	assert_int_equal(timers_arm(&timers, fd, &armed, true), 0);
	assert_false(is_armed(fd));
	timers_set(&timers, &one, farther);
	assert_int_equal(timers_arm(&timers, fd, &armed, false), 0);
	assert_true(armed == farther && is_armed(fd));
	timers_set(&timers, &two, far);
	assert_int_equal(timers_arm(&timers, fd, &armed, false), 0);
	assert_true(armed == far);
	timers_cancel(&timers, &two);
	assert_int_equal(timers_arm(&timers, fd, &armed, false), 0);
	assert_true(armed == far);
	assert_int_equal(timers_arm(&timers, fd, &armed, true), 0);
	assert_true(armed == farther && is_armed(fd));
	timers_cancel(&timers, &one);
	assert_int_equal(timers_arm(&timers, fd, &armed, true), 0);
	assert_true(armed == USEC_INFINITY && !is_armed(fd));
	(void)close(fd);
	timers_set(&timers, &one, far);
	assert_int_equal(timers_arm(&timers, fd, &armed, false), -EBADF);
	assert_true(armed == USEC_INFINITY);
	timers_cancel(&timers, &one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_come_in_order),
		cmocka_unit_test(timers_agree_with_a_search),
		cmocka_unit_test(timers_wait_for_their_time),
		cmocka_unit_test(timerfd_follows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
