/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "broker/quota.h"

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

	assert_int_equal(quota_take(&q, 1000, QUOTA_LIVE, 0), -EDQUOT);
	assert_int_equal(q.n_accounts, 0);
	assert_int_equal(quota_take(&q, 1000, QUOTA_LIVE, 2), 0);
	assert_int_equal(quota_take(&q, 1000, QUOTA_LIVE, 2), 0);
	assert_int_equal(quota_take(&q, 1000, QUOTA_LIVE, 2), -EDQUOT);
	/* Neither another user nor another kind is concerned. */
	assert_int_equal(quota_take(&q, 1001, QUOTA_LIVE, 2), 0);
	assert_int_equal(quota_take(&q, 1000, QUOTA_CALLS, 1), 0);
	assert_int_equal(quota_used(&q, 1000, QUOTA_LIVE), 2);
	assert_int_equal(quota_used(&q, 4242, QUOTA_LIVE), 0);
	assert_int_equal(q.total[QUOTA_LIVE], 3);
	quota_give(&q, 1000, QUOTA_LIVE);
	assert_int_equal(quota_take(&q, 1000, QUOTA_LIVE, 2), 0);
	quota_done(&q);
}

/* An account goes with its last number, in whatever order the users come and go. */
static void test_accounts_go(void **state)
{
	struct quota q = { 0 };

	for (uid_t uid = 0; uid < 100; uid++) {
		assert_int_equal(quota_take(&q, uid, QUOTA_LIVE, 1), 0);
		assert_int_equal(quota_take(&q, uid, QUOTA_RETAINED, 1), 0);
	}
	assert_int_equal(q.n_accounts, 100);
	for (uid_t uid = 0; uid < 100; uid++)
		quota_give(&q, uid, QUOTA_LIVE);
	assert_int_equal(q.n_accounts, 100);
	for (uid_t uid = 0; uid < 100; uid += 2)
		quota_give(&q, uid, QUOTA_RETAINED);
	assert_int_equal(q.n_accounts, 50);
	for (uid_t uid = 1; uid < 100; uid += 2) {
		assert_int_equal(quota_used(&q, uid, QUOTA_RETAINED), 1);
		quota_give(&q, uid, QUOTA_RETAINED);
	}
	assert_int_equal(q.n_accounts, 0);
	for (size_t i = 0; i < _QUOTA_MAX; i++)
		assert_int_equal(q.total[i], 0);
	quota_done(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_accounts_go),
	};

	return cmocka_run_group_tests_name("broker quota", tests, NULL, NULL);
}
