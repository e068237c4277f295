/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "base/fd.h"
#include "broker/quota.h"
#include "broker/rate.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

static void test_limit(void **state)
{
	struct quota q = { 0 };

	assert_int_equal(quota_take(&q, 1000, QUOTA_LIVE, 1, 0), -EDQUOT);
	assert_int_equal(q.n_accounts, 0);
	assert_int_equal(quota_take(&q, 1000, QUOTA_LIVE, 1, 2), 0);
	assert_int_equal(quota_take(&q, 1000, QUOTA_LIVE, 1, 2), 0);
	assert_int_equal(quota_take(&q, 1000, QUOTA_LIVE, 1, 2), -EDQUOT);
	/* Neither another user nor another kind is concerned. */
	assert_int_equal(quota_take(&q, 1001, QUOTA_LIVE, 1, 2), 0);
	assert_int_equal(quota_take(&q, 1000, QUOTA_CALLS, 1, 1), 0);
	assert_int_equal(quota_used(&q, 1000, QUOTA_LIVE), 2);
	assert_int_equal(quota_used(&q, 4242, QUOTA_LIVE), 0);
	assert_int_equal(q.total[QUOTA_LIVE], 3);
	quota_give(&q, 1000, QUOTA_LIVE, 1);
	assert_int_equal(quota_take(&q, 1000, QUOTA_LIVE, 1, 2), 0);
	quota_done(&q);
}

/* An account goes with its last number, in whatever order the users come and go. */
static void test_accounts_go(void **state)
{
	struct quota q = { 0 };

	for (uid_t uid = 0; uid < 100; uid++) {
		assert_int_equal(quota_take(&q, uid, QUOTA_LIVE, 1, 1), 0);
		assert_int_equal(quota_take(&q, uid, QUOTA_RETAINED, 1, 1), 0);
	}
	assert_int_equal(q.n_accounts, 100);
	for (uid_t uid = 0; uid < 100; uid++)
		quota_give(&q, uid, QUOTA_LIVE, 1);
	assert_int_equal(q.n_accounts, 100);
	for (uid_t uid = 0; uid < 100; uid += 2)
		quota_give(&q, uid, QUOTA_RETAINED, 1);
	assert_int_equal(q.n_accounts, 50);
	for (uid_t uid = 1; uid < 100; uid += 2) {
		assert_int_equal(quota_used(&q, uid, QUOTA_RETAINED), 1);
		quota_give(&q, uid, QUOTA_RETAINED, 1);
	}
	assert_int_equal(q.n_accounts, 0);
	for (size_t i = 0; i < _QUOTA_MAX; i++)
		assert_int_equal(q.total[i], 0);
	quota_done(&q);
}

/* Amounts that would not fit are not taken in part, and sums do not wrap. */
static void test_amounts(void **state)
{
	struct quota q = { 0 };

	assert_int_equal(quota_take(&q, 1, QUOTA_BYTES, 0, 0), 0);
	assert_int_equal(q.n_accounts, 0);
	assert_int_equal(quota_take(&q, 1, QUOTA_BYTES, 100, 150), 0);
	assert_int_equal(quota_take(&q, 1, QUOTA_BYTES, 51, 150), -EDQUOT);
	assert_int_equal(quota_take(&q, 1, QUOTA_BYTES, UINT32_MAX, UINT32_MAX), -EDQUOT);
	assert_int_equal(quota_used(&q, 1, QUOTA_BYTES), 100);
	assert_int_equal(quota_take(&q, 1, QUOTA_BYTES, 50, 150), 0);
	/* a limit that was lowered meanwhile */
	assert_int_equal(quota_take(&q, 1, QUOTA_BYTES, 1, 10), -EDQUOT);
	quota_give(&q, 1, QUOTA_BYTES, 150);
	assert_int_equal(q.n_accounts, 0);
	quota_done(&q);
}

#define SECOND UINT64_C(1000000)

static void test_rates(void **state)
{
	const uint64_t now = 1000 * SECOND;
	struct rates r = { 0 };

	assert_int_equal(rates_take(&r, 1, NULL, 0, now), 0);
	assert_null(r.table);
	for (uint32_t i = 0; i < 60; i++) {
		assert_int_equal(rates_used(&r, 1, NULL, 60, now), i);
		assert_int_equal(rates_take(&r, 1, NULL, 60, now), 0);
	}
	assert_int_equal(rates_take(&r, 1, NULL, 60, now), -EDQUOT);
	assert_int_equal(rates_used(&r, 1, NULL, 60, now), 60);
	/* others are not concerned: another user, a profile, another one */
	assert_int_equal(rates_take(&r, 2, NULL, 1, now), 0);
	assert_int_equal(rates_take(&r, 1, "a", 1, now), 0);
	assert_int_equal(rates_take(&r, 1, "a", 1, now), -EDQUOT);
	assert_int_equal(rates_take(&r, 1, "b", 1, now), 0);
	/* one comes back each second, and no more */
	assert_int_equal(rates_take(&r, 1, NULL, 60, now + SECOND - 1), -EDQUOT);
	assert_int_equal(rates_take(&r, 1, NULL, 60, now + SECOND), 0);
	assert_int_equal(rates_take(&r, 1, NULL, 60, now + SECOND), -EDQUOT);
	/* a limit that a reload lowered, or raised */
	assert_int_equal(rates_take(&r, 1, NULL, 1, now + SECOND), -EDQUOT);
	assert_int_equal(rates_take(&r, 1, NULL, 60000, now + SECOND), -EDQUOT);
	assert_int_equal(rates_take(&r, 1, NULL, 60000, now + SECOND + 1000), 0);
	/* nothing is kept of those that are whole again */
	assert_int_equal(rates_used(&r, 1, NULL, 60, now + 70 * SECOND), 0);
	assert_int_equal(rates_take(&r, 9, NULL, 60, now + 70 * SECOND), 0);
	assert_int_equal(r.table->n, 1);
	rates_done(&r);
}

static int make_table(unsigned seals)
{
	int fd = memfd_create("rates", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, RATES_BYTES), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

/* One broker after the other, however the one before ended. */
static void test_rates_stay(void **state)
{
	_cleanup_close_ int fd = make_table(F_SEAL_SHRINK | F_SEAL_GROW), loose = make_table(0);
	const uint64_t now = 1000 * SECOND;
	struct rates one = { 0 }, two = { 0 };

	assert_int_equal(rates_open(&one, loose, now), -EPERM);
	assert_int_equal(rates_open(&one, fd, now), 0);
	assert_int_equal(rates_take(&one, 1, "a", 2, now), 0);
	assert_int_equal(rates_take(&one, 1, "a", 2, now), 0);
	assert_int_equal(rates_take(&one, 1, NULL, 60, now), 0);
	assert_int_equal(rates_open(&two, fd, now + SECOND), 0);
	assert_int_equal(rates_used(&two, 1, NULL, 60, now), 1);
	assert_int_equal(rates_take(&two, 1, "a", 2, now + SECOND), -EDQUOT);
	assert_int_equal(rates_take(&two, 1, "b", 2, now + SECOND), 0);
	/* what no broker leaves holds nobody for more than a minute, and reaches no other memory */
	two.table->v[0].full_usec = UINT64_MAX;
	memset(two.table->v[0].profile, 'x', sizeof(two.table->v[0].profile));
	two.table->n = UINT64_MAX;
	assert_int_equal(rates_open(&one, fd, now), 0);
	assert_int_equal(rates_take(&one, 7, "a", 1, now + 61 * SECOND), 0);
	assert_int_equal(one.table->n, 1);
	rates_done(&one);
	rates_done(&two);
}

static void test_rates_are_bounded(void **state)
{
	const uint64_t now = 1000 * SECOND;
	struct rates r = { 0 };

	for (uid_t uid = 0; uid < RATES_MAX; uid++)
		assert_int_equal(rates_take(&r, uid, NULL, 1, now), 0);
	assert_int_equal(rates_take(&r, RATES_MAX, NULL, 1, now), -ENOSPC);
	assert_int_equal(rates_take(&r, 1, NULL, 1, now), -EDQUOT);
	assert_int_equal(rates_take(&r, RATES_MAX, NULL, 1, now + 60 * SECOND), 0);
	rates_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_accounts_go),
		cmocka_unit_test(test_amounts),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_rates_stay),
		cmocka_unit_test(test_rates_are_bounded),
	};

	return cmocka_run_group_tests_name("broker quota", tests, NULL, NULL);
}
