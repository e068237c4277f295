/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Dynamic user ids: never two at once, reused as late as the range allows. */

#include "launcher/uids.h"
#include "tests/unit/unit.h"

#include <errno.h>

static uid_t take(struct uids *u)
{
	uid_t uid = 0;

	assert_int_equal(uids_take(u, &uid), 0);
	return uid;
}

static void uids_bad_ranges(void **state)
{
	struct uids u = UIDS_NULL;

	assert_int_equal(uids_reset(&u, 0, 10, NULL, 0), -EINVAL);
	assert_int_equal(uids_reset(&u, 10, 9, NULL, 0), -EINVAL);
	assert_int_equal(uids_reset(&u, 10, UINT32_MAX, NULL, 0), -EINVAL);
	assert_int_equal(uids_take(&u, &(uid_t){ 0 }), -EUSERS);
}

static void uids_whole_range_then_none(void **state)
{
	struct uids u = UIDS_NULL;

	assert_int_equal(uids_reset(&u, 1000, 1004, NULL, 0), 0);
	for (uid_t i = 1000; i <= 1004; i++)
		assert_int_equal(take(&u), i);
	assert_int_equal(uids_take(&u, &(uid_t){ 0 }), -EUSERS);
	uids_give(&u, 1003);
	assert_int_equal(take(&u), 1003);
	uids_done(&u);
}

/* One that was given back comes last, after all that are fresh and all that were given back before it. */
static void uids_reuse_is_late(void **state)
{
	struct uids u = UIDS_NULL;

	assert_int_equal(uids_reset(&u, 1000, 1003, NULL, 0), 0);
	assert_int_equal(take(&u), 1000);
	assert_int_equal(take(&u), 1001);
	uids_give(&u, 1001);
	uids_give(&u, 1000);
	assert_int_equal(take(&u), 1002);
	assert_int_equal(take(&u), 1003);
	assert_int_equal(take(&u), 1001);
	assert_int_equal(take(&u), 1000);
	uids_done(&u);
}

static void uids_forged_gives(void **state)
{
	struct uids u = UIDS_NULL;

	assert_int_equal(uids_reset(&u, 1000, 1001, NULL, 0), 0);
	uids_give(&u, 999);
	uids_give(&u, 1002);
	uids_give(&u, 1000); /* not taken */
	assert_int_equal(take(&u), 1000);
	uids_give(&u, 1000);
	uids_give(&u, 1000); /* twice */
	assert_int_equal(take(&u), 1001);
	assert_int_equal(take(&u), 1000);
	assert_int_equal(uids_take(&u, &(uid_t){ 0 }), -EUSERS);
	uids_done(&u);
}

static void uids_reset_keeps_those_in_use(void **state)
{
	const uid_t in_use[] = { 7, 1001, 1003 };
	struct uids u = UIDS_NULL;

	assert_int_equal(uids_reset(&u, 1000, 1003, in_use, 3), 0);
	assert_int_equal(take(&u), 1000);
	uids_give(&u, 1003); /* not yet looked at: met in its turn */
	assert_int_equal(take(&u), 1002);
	uids_give(&u, 1001); /* passed already: queued */
	assert_int_equal(take(&u), 1003);
	assert_int_equal(take(&u), 1001);
	assert_int_equal(uids_take(&u, &(uid_t){ 0 }), -EUSERS);
	uids_done(&u);
}

static void uids_large_range_is_cut(void **state)
{
	struct uids u = UIDS_NULL;

	assert_int_equal(uids_reset(&u, 1000000, 2000000000, NULL, 0), 0);
	for (uint32_t i = 0; i < UIDS_MAX; i++)
		assert_int_equal(take(&u), 1000000 + i);
	assert_int_equal(uids_take(&u, &(uid_t){ 0 }), -EUSERS);
	uids_done(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uids_bad_ranges),
		cmocka_unit_test(uids_whole_range_then_none),
		cmocka_unit_test(uids_reuse_is_late),
		cmocka_unit_test(uids_forged_gives),
		cmocka_unit_test(uids_reset_keeps_those_in_use),
		cmocka_unit_test(uids_large_range_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
