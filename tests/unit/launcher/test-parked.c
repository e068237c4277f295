/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How many jails are parked and which of them are used, at times of the test's own. */

#include "base/error.h"
#include "registry/parked.h"

#include "tests/unit/unit.h"

#include <string.h>

#define SECOND UINT64_C(1000000)

static struct parking parking;
static struct compiled_profile profiles[3];
static char *executables[] = { (char[]){ "/usr/bin/true" }, NULL };
static struct catalog catalog = { .profiles = profiles, .n_profiles = 3 };

/* The second profile wants none. */
static int start(void **state)
{
	(void)state;
	memset(profiles, 0, sizeof(profiles));
	for (size_t i = 0; i < 3; i++)
		profiles[i].executables = executables;
	profiles[0].warm = 2;
	profiles[0].max_warm = 4;
	profiles[2].max_warm = 1;
	parking_init(&parking);
	return parking_set_catalog(&parking, &catalog);
}

static void drop_leaving(void)
{
	struct parked *one;

	while ((one = parking_leaving(&parking)))
		parking_free(&parking, one, NULL);
}

static int stop(void **state)
{
	(void)state;
	(void)parking_set_catalog(&parking, NULL);
	drop_leaving();
	assert_int_equal(parking.n, 0);
	parking_done(&parking);
	return 0;
}

/* As many as are wanted. */
static size_t make(uint64_t now)
{
	struct parked_class *class;
	size_t n = 0, copies = 0;

	while ((class = parking_lacking(&parking, 100, now))) {
		struct parked *one = parking_add(&parking, class, now);

		assert_non_null(one);
		one->jail.built = true;
		copies += class->profile || (one->spec.spare & JAIL_SPARE_INIT);
		n++;
	}
	if (copies > 0)
		assert_int_equal(parking_wait(&parking, 100, now), PARKED_SILENCE_MSEC);
	assert_int_equal(parking_settle(&parking), copies > 0);
	assert_false(parking_settle(&parking));
	return n;
}

static struct parked *use(const struct compiled_profile *profile, uint64_t now)
{
	struct parked *one = parking_find(&parking, profile, now);

	if (one)
		parking_free(&parking, one, NULL);
	return one;
}

static void as_many_as_warm(void **state)
{
	(void)state;
	assert_int_equal(make(SECOND), 2);
	assert_null(use(&profiles[1], SECOND));
	assert_null(parking_lacking(&parking, 0, SECOND));
	assert_int_equal(parking_wait(&parking, 100, SECOND), -1);
	assert_non_null(use(&profiles[0], SECOND));
	assert_null(parking_lacking(&parking, 0, SECOND));
	assert_int_equal(parking_wait(&parking, 100, SECOND), PARKED_SILENCE_MSEC);
	assert_int_equal(make(SECOND), 1);
}

static void not_before_it_is_built(void **state)
{
	struct parked_class *class = parking_lacking(&parking, 100, SECOND);

	(void)state;
	assert_non_null(parking_add(&parking, class, SECOND));
	assert_null(parking_find(&parking, &profiles[0], SECOND));
	assert_int_equal(class->wanted, 3);
}

static void demand_grows_and_ends(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		assert_null(use(&profiles[0], SECOND));
	assert_null(use(&profiles[2], SECOND));
	assert_int_equal(make(SECOND), 5);
	assert_int_equal(parking_wait(&parking, 100, SECOND), PARKED_IDLE_USEC / 1000);
	assert_null(parking_leaving(&parking));
	assert_int_equal(parking_wait(&parking, 100, SECOND + PARKED_IDLE_USEC), PARKED_SILENCE_MSEC);
	drop_leaving();
	assert_int_equal(parking.n, 2);
	assert_int_equal(parking_wait(&parking, 100, SECOND + PARKED_IDLE_USEC), -1);
}

static void old_ones_are_not_used(void **state)
{
	(void)state;
	(void)make(SECOND);
	assert_non_null(use(&profiles[0], SECOND + PARKED_AGE_USEC));
	assert_null(use(&profiles[0], SECOND + PARKED_AGE_USEC + 1));
	assert_non_null(parking_leaving(&parking));
}

/* One that has lived is replaced; of what dies at once there is one a launch. */
static void lost_ones(void **state)
{
	struct parked *one;

	(void)state;
	(void)make(SECOND);
	one = parking_find(&parking, &profiles[0], SECOND);
	parking_lose(&parking, one, SECOND + PARKED_LIVED_USEC);
	assert_int_equal(make(2 * SECOND), 1);
	one = parking_find(&parking, &profiles[0], 2 * SECOND);
	parking_lose(&parking, one, one->since_usec + PARKED_LIVED_USEC - 1);
	assert_int_equal(make(3 * SECOND), 0);
	assert_non_null(use(&profiles[0], 3 * SECOND));
	assert_int_equal(make(3 * SECOND), 2);
	one = parking_find(&parking, &profiles[0], 3 * SECOND);
	one->jail.built = false;
	parking_lose(&parking, one, 10 * SECOND);
	assert_int_equal(make(10 * SECOND), 0);
}

static void memory_is_short(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		assert_null(use(&profiles[0], SECOND));
	assert_int_equal(make(SECOND), 4);
	parking_relieve(&parking, SECOND);
	assert_null(use(&profiles[2], SECOND));
	drop_leaving();
	assert_int_equal(parking.n, 0);
	/* what is mounted meanwhile makes it no shorter */
	parking_leave_all(&parking, 2 * SECOND);
	assert_int_equal(make(SECOND + PARKED_SHORT_USEC - 1), 0);
	assert_int_equal(parking_wait(&parking, 100, SECOND), PARKED_SHORT_USEC / 1000);
	assert_int_equal(make(SECOND + PARKED_SHORT_USEC), 3);
}

/* Those of the catalog before leave, and are of no use. */
static void another_catalog(void **state)
{
	(void)state;
	(void)make(SECOND);
	assert_int_equal(parking_set_catalog(&parking, &catalog), 0);
	assert_null(use(&profiles[0], SECOND));
	drop_leaving();
	assert_int_equal(parking.n, 0);
	profiles[0].invalid = true;
	profiles[2].executables = NULL;
	assert_int_equal(parking_set_catalog(&parking, &catalog), 0);
	assert_int_equal(parking.n_classes, 0);
	assert_int_equal(make(SECOND), 0);
}

/* Of 16 ids two are for parked jails. */
static void few_user_ids(void **state)
{
	struct jail_context context = JAIL_CONTEXT_NULL;
	struct uids uids = UIDS_NULL;
	struct parked *one = NULL;
	uid_t uid;

	(void)state;
	assert_int_equal(uids_open(&uids, -1, SECOND), 0);
	assert_int_equal(uids_reset(&uids, 3000000, 3000015), 0);
	(void)parking_find(&parking, &profiles[0], SECOND);
	for (int i = 0; i < 3; i++) {
		one = parking_add(&parking, parking_lacking(&parking, 100, SECOND), SECOND);
		assert_int_equal(
			parking_take_uid(&parking, one, &uids, &context, 0, &uid), i < 2 ? 0 : -EUSERS);
	}
	one = TAILQ_FIRST(&one->class->list);
	parking_free(&parking, one, &uids);
	assert_int_equal(parking.n_dynamic, 1);
	parking_leave_all(&parking, 0);
	while ((one = parking_leaving(&parking)))
		parking_free(&parking, one, &uids);
	uids_done(&uids);
}

/* Of all profiles together. */
static void no_more_than_most(void **state)
{
	struct parked_class *class;
	size_t n = 0;

	(void)state;
	profiles[0].warm = profiles[0].max_warm = PARKED_MAX;
	profiles[1].warm = profiles[1].max_warm = PARKED_MAX;
	assert_int_equal(parking_set_catalog(&parking, &catalog), 0);
	for (; (class = parking_lacking(&parking, 4 * PARKED_MAX, SECOND)); n++)
		assert_non_null(parking_add(&parking, class, SECOND));
	assert_int_equal(n, PARKED_MAX);
}

static struct parked *use_spare(const struct compiled_profile *profile, uint64_t now)
{
	struct parked *one = parking_find_spare(&parking, profile, now);

	if (one)
		parking_free(&parking, one, NULL);
	return one;
}

/* They are there for all, as many as were asked for at once, and one when nobody asks any more. */
static void spare_ones(void **state)
{
	const struct compiled_profile plain = { .namespaces = JAIL_NS_PID };
	uint64_t later = SECOND + PARKED_AGE_USEC + 1;

	(void)state;
	catalog.n_profiles = 0;
	catalog.config.max_spare_jails = 3;
	assert_int_equal(parking_set_catalog(&parking, &catalog), 0);
	drop_leaving();
	assert_null(parking_lacking(&parking, 100, SECOND));
	for (int i = 0; i < 5; i++)
		assert_null(use_spare(&plain, SECOND));
	assert_null(parking_lacking(&parking, 0, SECOND));
	assert_int_equal(make(SECOND), 3);
	/* changes of mounts and of profiles are nothing to them */
	parking_leave_all(&parking, 0);
	assert_int_equal(parking_set_catalog(&parking, &catalog), 0);
	assert_null(parking_leaving(&parking));
	assert_non_null(use_spare(&plain, SECOND));
	assert_int_equal(make(SECOND), 1);
	assert_int_equal(parking_wait(&parking, 100, SECOND + PARKED_IDLE_USEC), PARKED_SILENCE_MSEC);
	drop_leaving();
	assert_int_equal(parking.n, 1);
	assert_int_equal(parking_wait(&parking, 100, SECOND + PARKED_IDLE_USEC), -1);
	/* however old it is */
	assert_non_null(use_spare(&plain, later));
	assert_int_equal(make(later), 1);
	parking_relieve(&parking, later);
	assert_non_null(parking_leaving(&parking));
	drop_leaving();
	assert_int_equal(parking_wait(&parking, 100, later), -1);
	catalog.config.max_spare_jails = 0;
	assert_int_equal(parking_set_catalog(&parking, &catalog), 0);
	assert_null(use_spare(&plain, later + PARKED_SHORT_USEC));
	assert_null(parking_lacking(&parking, 100, later + PARKED_SHORT_USEC));

	catalog.n_profiles = 3;
}

/* Each launch gets one of its kind; the next one that is made is of the kind that was asked for last. */
static void kinds_of_spare_ones(void **state)
{
	const struct compiled_profile plain = { .namespaces = JAIL_NS_PID },
				      alone = { .namespaces = JAIL_NS_PID, .run_as_init = true },
				      without = { .namespaces = JAIL_NS_MOUNT };

	(void)state;
	catalog.n_profiles = 0;
	catalog.config.max_spare_jails = 2;
	assert_int_equal(parking_set_catalog(&parking, &catalog), 0);
	drop_leaving();
	assert_null(use_spare(&alone, SECOND));
	assert_int_equal(make(SECOND), 1);
	assert_null(use_spare(&plain, SECOND));
	assert_int_equal(make(SECOND), 1);
	assert_int_equal(parking.n, 2);
	/* neither takes the other's */
	assert_non_null(use_spare(&without, SECOND));
	assert_int_equal(make(SECOND), 1);
	assert_non_null(use_spare(&plain, SECOND));
	assert_int_equal(make(SECOND), 1);
	assert_non_null(use_spare(&alone, SECOND));
	assert_null(parking_leaving(&parking));
	/* where there may be no more the oldest gives way to the kind that is asked for */
	assert_null(use_spare(&alone, SECOND));
	assert_int_equal(make(SECOND), 1);
	assert_non_null(use_spare(&plain, SECOND));
	assert_int_equal(make(SECOND), 1);
	assert_int_equal(parking.n, 2);
	assert_null(parking_leaving(&parking));
	catalog.config.max_spare_jails = 1;
	assert_int_equal(parking_set_catalog(&parking, &catalog), 0);
	drop_leaving();
	assert_non_null(use_spare(&plain, SECOND));
	assert_int_equal(make(SECOND), 1);
	assert_null(use_spare(&alone, SECOND));
	assert_non_null(parking_leaving(&parking));
	drop_leaving();
	assert_int_equal(make(SECOND), 1);
	assert_non_null(use_spare(&alone, SECOND));
	catalog.config.max_spare_jails = 0;
	catalog.n_profiles = 3;
}

/* Of whose namespaces, and what of memory, one may have a process. */
static void kinds_with_a_process(void **state)
{
	static const uint32_t needed[] = { JAIL_NS_UTS, JAIL_NS_CGROUP, JAIL_NS_PID },
			      forbidden[] = { JAIL_NS_TIME, JAIL_NS_USER };
	const struct compiled_mount mounts[] = { { .flags = 0 }, { .flags = MOUNT_IDMAP } };

	(void)state;
	assert_int_equal(jail_spare_kind(JAIL_NS_DEFAULT, false, true), JAIL_SPARE_INIT | JAIL_SPARE_AHEAD);
	assert_int_equal(jail_spare_kind(JAIL_NS_DEFAULT, true, true), JAIL_SPARE_BARE | JAIL_SPARE_AHEAD);
	assert_int_equal(jail_spare_kind(JAIL_NS_DEFAULT, true, false), JAIL_SPARE_BARE);
	assert_int_equal(jail_spare_kind(JAIL_NS_DEFAULT & ~(JAIL_NS_IPC | JAIL_NS_MOUNT), false, true),
		JAIL_SPARE_INIT | JAIL_SPARE_AHEAD);
	for (size_t i = 0; i < ELEMENTSOF(needed); i++)
		assert_false(jail_spare_kind(JAIL_NS_DEFAULT & ~needed[i], false, true) & JAIL_SPARE_AHEAD);
	assert_true(jail_may_share(JAIL_NS_DEFAULT, false, mounts, 1));
	assert_false(jail_may_share(JAIL_NS_DEFAULT, true, mounts, 1));
	assert_false(jail_may_share(JAIL_NS_DEFAULT, false, mounts, 2));
	for (size_t i = 0; i < ELEMENTSOF(forbidden); i++)
		assert_false(jail_may_share(JAIL_NS_DEFAULT | forbidden[i], false, NULL, 0));
}

static size_t with_process(void)
{
	struct parked *one;
	size_t n = 0;

	TAILQ_FOREACH(one, &parking.spare.list, entry)
	{
		n += (one->spec.spare & JAIL_SPARE_AHEAD) != 0;
	}
	return n;
}

static void begin_spare(void)
{
	catalog.n_profiles = 0;
	catalog.config.max_spare_jails = 4;
	assert_int_equal(parking_set_catalog(&parking, &catalog), 0);
	drop_leaving();
}

static void end_spare(void)
{
	catalog.config.max_spare_jails = 0;
	catalog.n_profiles = 3;
}

/* One with a process is there while launches follow each other; then one without takes its place, which the
 * next launch goes on with. */
static void with_a_process(void **state)
{
	const struct compiled_profile shares = { .namespaces = JAIL_NS_DEFAULT },
				      other = { .namespaces = JAIL_NS_DEFAULT, .deny_write_execute = true };
	uint64_t now = 2 * SECOND;

	(void)state;
	begin_spare();
	/* one launch is no reason, */
	assert_null(use_spare(&shares, now));
	assert_int_equal(make(now), 1);
	assert_int_equal(with_process(), 0);
	/* nor is one a second later; */
	now += PARKED_AHEAD_USEC;
	assert_non_null(use_spare(&shares, now));
	assert_int_equal(make(now), 1);
	assert_int_equal(with_process(), 0);
	assert_int_equal(parking_wait(&parking, 100, now), -1);
	/* one that comes earlier is */
	now += PARKED_AHEAD_USEC - 1;
	for (int i = 0; i < 3; i++)
		(void)use_spare(&shares, now);
	assert_int_equal(make(now), 3);
	assert_int_equal(with_process(), 3);
	assert_int_equal(parking_wait(&parking, 100, now), PARKED_AHEAD_USEC / 1000);
	assert_null(parking_leaving(&parking));
	/* of no use to who may not have its memory */
	assert_null(use_spare(&other, now));
	assert_int_equal(make(now), 1);
	assert_non_null(use_spare(&other, now));
	assert_non_null(use_spare(&shares, now));
	assert_int_equal(make(now), 2);
	assert_int_equal(with_process(), 4);
	now += PARKED_AHEAD_USEC - 1000;
	assert_int_equal(parking_wait(&parking, 100, now), 1);
	assert_null(parking_leaving(&parking));
	now += 1000;
	assert_int_equal(parking_wait(&parking, 100, now), PARKED_SILENCE_MSEC);
	drop_leaving();
	/* as many as there were, without */
	assert_int_equal(make(now), 4);
	assert_int_equal(with_process(), 0);
	assert_int_equal(parking_wait(&parking, 100, now), (PARKED_IDLE_USEC - PARKED_AHEAD_USEC) / 1000);
	assert_non_null(use_spare(&shares, now));
	end_spare();
}

/* The others stay. */
static void without_beside(void **state)
{
	const struct compiled_profile shares = { .namespaces = JAIL_NS_DEFAULT }, other = {
		.namespaces = JAIL_NS_DEFAULT, .run_as_init = true, .deny_write_execute = true
	};
	const struct parked *first;
	uint64_t now = 2 * SECOND;

	(void)state;
	begin_spare();
	assert_null(use_spare(&other, now));
	assert_int_equal(make(now), 1);
	first = TAILQ_FIRST(&parking.spare.list);
	now += SECOND / 2;
	assert_null(use_spare(&shares, now));
	assert_int_equal(make(now), 1);
	assert_int_equal(with_process(), 1);
	now += PARKED_AHEAD_USEC;
	assert_int_equal(parking_wait(&parking, 100, now), PARKED_SILENCE_MSEC);
	assert_int_equal(with_process(), 0);
	assert_ptr_equal(TAILQ_FIRST(&parking.spare.list), first);
	end_spare();
}

/* Whose end is the end of all: the init's, unless there is one that the init would outlive. */
static void process_that_is_watched(void **state)
{
	struct parked one = { .jail = JAIL_NULL };

	(void)state;
	assert_int_equal(parked_process(&one), -1);
	one.jail.init_pidfd = 5;
	one.spec.spare = JAIL_SPARE_INIT | JAIL_SPARE_AHEAD;
	assert_int_equal(parked_process(&one), 5);
	one.jail.pidfd = 6;
	assert_int_equal(parked_process(&one), 6);
	one.jail.init_pidfd = -1;
	one.spec.spare = JAIL_SPARE_BARE | JAIL_SPARE_AHEAD;
	assert_int_equal(parked_process(&one), 6);
}

/* Nor those whose profile maps ids, for mounts of its own or of callers. */
static void without_a_process(void **state)
{
	struct compiled_mount mount = { .flags = MOUNT_IDMAP };
	struct mount_slot slot = { .flags = MOUNT_IDMAP };
	const struct compiled_profile with[] = {
		{ .namespaces = JAIL_NS_DEFAULT, .mounts = &mount, .n_mounts = 1 },
		{ .namespaces = JAIL_NS_DEFAULT, .mount_slots = &slot, .n_mount_slots = 1 },
		{ .namespaces = JAIL_NS_DEFAULT | JAIL_NS_USER },
		{ .namespaces = JAIL_NS_DEFAULT, .deny_write_execute = true },
	};

	(void)state;
	begin_spare();
	for (size_t i = 0; i < ELEMENTSOF(with); i++) {
		(void)use_spare(&with[i], SECOND);
		(void)make(SECOND);
		assert_int_equal(with_process(), 0);
	}
	slot.flags = mount.flags = 0;
	for (size_t i = 0; i < 2; i++) {
		(void)use_spare(&with[i], SECOND);
		(void)make(SECOND);
		assert_true(with_process() > 0);
	}
	end_spare();
}

/* One without a process has no copy of its maker's memory. */
static void nothing_to_settle(void **state)
{
	const struct compiled_profile alone = { .namespaces = JAIL_NS_PID, .run_as_init = true };
	struct parked *one;

	(void)state;
	catalog.n_profiles = 0;
	catalog.config.max_spare_jails = 1;
	assert_int_equal(parking_set_catalog(&parking, &catalog), 0);
	drop_leaving();
	assert_null(use_spare(&alone, SECOND));
	one = parking_add(&parking, parking_lacking(&parking, 100, SECOND), SECOND);
	assert_non_null(one);
	one->jail.built = true;
	assert_false(parking_settle(&parking));
	assert_int_equal(parked_process(one), -1);
	catalog.config.max_spare_jails = 0;
	catalog.n_profiles = 3;
}

/* Fewer are allowed now: those beyond them go. */
static void fewer_spare_ones(void **state)
{
	const struct compiled_profile plain = { .namespaces = JAIL_NS_PID };

	(void)state;
	catalog.config.max_spare_jails = 4;
	assert_int_equal(parking_set_catalog(&parking, &catalog), 0);
	for (int i = 0; i < 4; i++)
		assert_null(use_spare(&plain, SECOND));
	assert_int_equal(make(SECOND), 6);
	catalog.config.max_spare_jails = 2;
	assert_int_equal(parking_set_catalog(&parking, &catalog), 0);
	drop_leaving();
	assert_int_equal(parking.n, 2);
	assert_non_null(use_spare(&plain, SECOND));
	assert_non_null(use_spare(&plain, SECOND));
	assert_null(use_spare(&plain, SECOND));
	catalog.config.max_spare_jails = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(as_many_as_warm, start, stop),
		cmocka_unit_test_setup_teardown(not_before_it_is_built, start, stop),
		cmocka_unit_test_setup_teardown(demand_grows_and_ends, start, stop),
		cmocka_unit_test_setup_teardown(old_ones_are_not_used, start, stop),
		cmocka_unit_test_setup_teardown(lost_ones, start, stop),
		cmocka_unit_test_setup_teardown(memory_is_short, start, stop),
		cmocka_unit_test_setup_teardown(another_catalog, start, stop),
		cmocka_unit_test_setup_teardown(few_user_ids, start, stop),
		cmocka_unit_test_setup_teardown(no_more_than_most, start, stop),
		cmocka_unit_test_setup_teardown(spare_ones, start, stop),
		cmocka_unit_test_setup_teardown(kinds_of_spare_ones, start, stop),
		cmocka_unit_test(kinds_with_a_process),
		cmocka_unit_test_setup_teardown(with_a_process, start, stop),
		cmocka_unit_test_setup_teardown(without_beside, start, stop),
		cmocka_unit_test(process_that_is_watched),
		cmocka_unit_test_setup_teardown(without_a_process, start, stop),
		cmocka_unit_test_setup_teardown(nothing_to_settle, start, stop),
		cmocka_unit_test_setup_teardown(fewer_spare_ones, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
