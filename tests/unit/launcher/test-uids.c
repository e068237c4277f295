/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Dynamic user ids: never two at once, none again before its quarantine is over, reused as late as the range
 * allows; and the same when another launcher goes on with the record. */

#include "jail/uids.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define SEC        UINT64_C(1000000)
#define NOW        (100 * SEC)
#define QUARANTINE (30 * SEC)

static struct uids opened(uint32_t min, uint32_t max, int fd, uint64_t now)
{
	struct uids u = UIDS_NULL;

	assert_int_equal(uids_open(&u, fd, now), 0);
	assert_int_equal(uids_reset(&u, min, max), 0);
	return u;
}

static uid_t take_at(struct uids *u, uint64_t now)
{
	uid_t uid = 0;

	assert_int_equal(uids_take(u, now, QUARANTINE, &uid), 0);
	return uid;
}

static uid_t take(struct uids *u)
{
	uid_t uid = 0;

	assert_int_equal(uids_take(u, NOW, 0, &uid), 0);
	return uid;
}

static int take_fails(struct uids *u, uint64_t now)
{
	return uids_take(u, now, QUARANTINE, &(uid_t){ 0 });
}

static void uids_bad_ranges(void **state)
{
	struct uids u = UIDS_NULL;

	assert_int_equal(uids_reset(&u, 10, 20), -EINVAL); /* not opened */
	assert_int_equal(uids_open(&u, -1, NOW), 0);
	assert_int_equal(uids_reset(&u, 0, 10), -EINVAL);
	assert_int_equal(uids_reset(&u, 10, 9), -EINVAL);
	assert_int_equal(uids_reset(&u, 10, UINT32_MAX), -EINVAL);
	assert_int_equal(take_fails(&u, NOW), -EUSERS);
	uids_done(&u);
}

static void uids_whole_range_then_none(void **state)
{
	struct uids u = opened(1000, 1004, -1, NOW);

	for (uid_t i = 1000; i <= 1004; i++)
		assert_int_equal(take(&u), i);
	assert_int_equal(take_fails(&u, NOW), -EUSERS);
	(void)uids_give(&u, NOW, 1003);
	assert_int_equal(take(&u), 1003);
	uids_done(&u);
}

/* One that was given back comes last, after all that are fresh and all that were given back before it. */
static void uids_reuse_is_late(void **state)
{
	struct uids u = opened(1000, 1003, -1, NOW);

	assert_int_equal(take(&u), 1000);
	assert_int_equal(take(&u), 1001);
	(void)uids_give(&u, NOW, 1001);
	(void)uids_give(&u, NOW, 1000);
	assert_int_equal(take(&u), 1002);
	assert_int_equal(take(&u), 1003);
	assert_int_equal(take(&u), 1001);
	assert_int_equal(take(&u), 1000);
	uids_done(&u);
}

static void uids_forged_gives(void **state)
{
	struct uids u = opened(1000, 1001, -1, NOW);

	(void)uids_give(&u, NOW, 999);
	(void)uids_give(&u, NOW, 1002);
	(void)uids_give(&u, NOW, 1000);            /* not taken */
	(void)uids_give(&u, NOW, 1000 + UIDS_MAX); /* same slot */
	assert_int_equal(take(&u), 1000);
	(void)uids_give(&u, NOW, 1000 + UIDS_MAX);
	(void)uids_give(&u, NOW, 1000);
	(void)uids_give(&u, NOW, 1000); /* twice */
	assert_int_equal(take(&u), 1001);
	assert_int_equal(take(&u), 1000);
	assert_int_equal(take_fails(&u, NOW), -EUSERS);
	uids_done(&u);
}

static void uids_quarantine(void **state)
{
	struct uids u = opened(1000, 1001, -1, NOW);

	assert_int_equal(take_at(&u, NOW), 1000);
	assert_int_equal(take_at(&u, NOW), 1001);
	(void)uids_give(&u, NOW + 500000, 1001);
	assert_int_equal(take_fails(&u, NOW + 500000), -EAGAIN);
	/* rounded up to a whole second */
	assert_int_equal(take_fails(&u, NOW + 31 * SEC - 1), -EAGAIN);
	assert_int_equal(take_at(&u, NOW + 31 * SEC), 1001);
	/* and none that is in use */
	assert_int_equal(take_fails(&u, NOW + 1000 * SEC), -EUSERS);
	/* the clock does not go back, but if it did, nothing would come early */
	(void)uids_give(&u, NOW + 40 * SEC, 1001);
	assert_int_equal(take_fails(&u, NOW), -EAGAIN);
	uids_done(&u);
}

/* Ids of live sandboxes stay taken, and their quarantine is kept, in a range that overlaps. */
static void uids_other_range(void **state)
{
	struct uids u = opened(1000, 1003, -1, NOW);

	for (uid_t i = 1000; i <= 1003; i++)
		assert_int_equal(take_at(&u, NOW), i);
	(void)uids_give(&u, NOW, 1003);
	(void)uids_give(&u, NOW + SEC, 1002);
	assert_int_equal(uids_reset(&u, 1001, 1003), 0);
	assert_int_equal(take_fails(&u, NOW + 2 * SEC), -EAGAIN);
	assert_int_equal(take_at(&u, NOW + 40 * SEC), 1003);
	assert_int_equal(take_at(&u, NOW + 40 * SEC), 1002);
	assert_int_equal(take_fails(&u, NOW + 40 * SEC), -EUSERS);
	(void)uids_give(&u, NOW + 40 * SEC, 1001);
	(void)uids_give(&u, NOW + 40 * SEC, 1000); /* no longer of the range */
	assert_int_equal(take_at(&u, NOW + 80 * SEC), 1001);
	assert_int_equal(take_fails(&u, NOW + 80 * SEC), -EUSERS);
	uids_done(&u);
}

/* The slot of an id belongs to another one in the new range, and is taken until that one has served its time:
 * a way back would find it in quarantine. */
static void uids_shared_slots(void **state)
{
	struct uids u = opened(1000, 1001, -1, NOW);

	assert_int_equal(take_at(&u, NOW), 1000);
	assert_int_equal(uids_reset(&u, 1000 + UIDS_MAX, 1000 + UIDS_MAX), 0);
	assert_int_equal(take_fails(&u, NOW), -EUSERS);
	(void)uids_give(&u, NOW, 1000);
	assert_int_equal(take_fails(&u, NOW), -EAGAIN);
	assert_int_equal(take_at(&u, NOW + 40 * SEC), 1000 + UIDS_MAX);
	uids_done(&u);
}

static void uids_large_range_is_cut(void **state)
{
	struct uids u = opened(1000000, 2000000000, -1, NOW);

	for (uint32_t i = 0; i < UIDS_MAX; i++)
		assert_int_equal(take(&u), 1000000 + i);
	assert_int_equal(take_fails(&u, NOW), -EUSERS);
	uids_done(&u);
}

static int copy_of(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

/* The launcher dies with one id in use and one in quarantine; the next one knows. */
static void uids_next_launcher(void **state)
{
	int fd = memfd_create("uids", MFD_CLOEXEC);
	struct uids u = opened(1000, 1002, copy_of(fd), NOW);

	assert_int_equal(take_at(&u, NOW), 1000);
	assert_int_equal(take_at(&u, NOW), 1001);
	(void)uids_give(&u, NOW, 1001);
	uids_done(&u);
	u = opened(1000, 1002, copy_of(fd), NOW + 20 * SEC);
	assert_int_equal(take_at(&u, NOW + 20 * SEC), 1002);
	assert_int_equal(take_fails(&u, NOW + 20 * SEC), -EAGAIN);
	assert_int_equal(take_at(&u, NOW + 31 * SEC), 1001);
	assert_int_equal(take_fails(&u, NOW + 31 * SEC), -EAGAIN);
	assert_int_equal(take_at(&u, NOW + 51 * SEC), 1000);
	uids_done(&u);
	assert_int_equal(close(fd), 0);
}

/* Times that have not been yet, as of a file from before the machine's start, count from now on. */
static void uids_odd_records(void **state)
{
	const struct uid_record odd[] = { { 0, 5000 }, { 77, 1 } };
	int fd = memfd_create("uids", MFD_CLOEXEC);
	struct uids u;

	assert_int_equal(pwrite(fd, odd, sizeof(odd), 1000 % UIDS_MAX * (off_t)sizeof(odd[0])), sizeof(odd));
	u = opened(1000, 1001, copy_of(fd), NOW);
	/* of whom the second is does not matter */
	assert_int_equal(take_at(&u, NOW), 1001);
	assert_int_equal(take_fails(&u, NOW + 30 * SEC), -EAGAIN);
	assert_int_equal(take_at(&u, NOW + 31 * SEC), 1000);
	uids_done(&u);
	assert_int_equal(close(fd), 0);
}

/* What can not be noted is not given out, and not lost. */
static void uids_unwritable(void **state)
{
	struct uids u = opened(1000, 1000, open("/dev/full", O_RDWR | O_CLOEXEC), NOW);

	assert_int_equal(take_fails(&u, NOW), -ENOSPC);
	assert_int_equal(close(u.fd), 0);
	u.fd = -1;
	assert_int_equal(take_at(&u, NOW + 40 * SEC), 1000);
	uids_done(&u);
	/* one that can not be read is no record */
	assert_int_equal(uids_open(&u, open("/", O_RDONLY | O_CLOEXEC), NOW), -EISDIR);
	assert_null(u.records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uids_bad_ranges),
		cmocka_unit_test(uids_whole_range_then_none),
		cmocka_unit_test(uids_reuse_is_late),
		cmocka_unit_test(uids_forged_gives),
		cmocka_unit_test(uids_quarantine),
		cmocka_unit_test(uids_other_range),
		cmocka_unit_test(uids_shared_slots),
		cmocka_unit_test(uids_large_range_is_cut),
		cmocka_unit_test(uids_next_launcher),
		cmocka_unit_test(uids_odd_records),
		cmocka_unit_test(uids_unwritable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
