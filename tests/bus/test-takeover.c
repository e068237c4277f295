/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A new broker takes over what the one before it launched, and stops what nobody holds any more. */

#include "base/error.h"
#include "base/fd.h"
#include "dbus/names.h"
#include "rig.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Which sandboxes the broker wants stopped; each request is answered. */
static void take_stops(struct rig *r, uint64_t *ids, size_t n)
{
	struct stop_request stop;
	struct request q;

	for (size_t i = 0; i < n; i++) {
		rig_take(r, WIRE_STOP, &q);
		assert_int_equal(decode_stop_request(&q.body, &stop), 0);
		assert_int_equal(stop.reason, RESULT_CLIENT_GONE);
		ids[i] = stop.id;
		rig_answer_done(r, q.serial, 0);
		request_done(&q);
	}
}

static void test_owners(void **state)
{
	static const struct rig_kept rows[] = {
		{ .id = 1, .owner = 1000, .owner_name = ALICE },
		{ .id = 2, .owner = 1000, .owner_name = ":1.99" }, /* gone */
		{ .id = 3, .owner = 1000, .owner_name = NULL },    /* another bus: also gone */
		{ .id = 4, .owner = 1000, .owner_name = "" },      /* no note: nobody holds it */
		{ .id = 5, .owner = 1001, .owner_name = ":1.99", .detach = true },
		{ .id = 6, .owner = 1000, .owner_name = ALICE, .exited = true },
		{ .id = 7, .owner = 1000, .owner_name = ":1.99", .exited = true },
	};
	struct rig *r = *state;
	struct request q;
	uint64_t stopped[3];
	struct reply reply;
	int32_t code;

	rig_take(r, WIRE_LIST, &q);
	rig_settle(r);
	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		rig_tell_kept(r, q.serial, &rows[i]);
	rig_finish_start(r, q.serial);
	request_done(&q);
	take_stops(r, stopped, 3);
	assert_int_equal(stopped[0], 3);
	assert_int_equal(stopped[1], 4);
	assert_int_equal(stopped[2], 2);
	assert_true(rig_launcher_idle(r));
	assert_int_equal(r->broker.sandboxes.n, 7);
	assert_int_equal(quota_used(&r->broker.quota, 1000, QUOTA_LIVE), 4);
	assert_int_equal(quota_used(&r->broker.quota, 1000, QUOTA_RETAINED), 2);
	/* Its state is kept, its pidfd given out again, its end told. */
	rig_expect(r, rig_call(r, ALICE, 6, "Wait"), NULL, &reply);
	assert_true(sd_bus_message_read(reply.message, "si", NULL, &code) > 0);
	assert_int_equal(code, 3);
	reply_done(&reply);
	rig_expect(r, rig_call(r, ALICE, 1, "GetPidfd"), NULL, NULL);
	rig_expect(r, rig_call(r, BOB, 1, "GetPidfd"), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	rig_expect(r, rig_call(r, BOB, 5, "GetPidfd"), NULL, NULL);
	rig_leave(r, ALICE);
	take_stops(r, stopped, 1);
	assert_int_equal(stopped[0], 1);
}

/* A table that can not be right: two entries of one id, an fd too many. */
static void test_broken_table(void **state)
{
	static const struct rig_kept row = { .id = 1, .owner = 1000, .owner_name = ALICE };
	struct rig *r = *state;
	struct request q;
	int status = 0;

	rig_take(r, WIRE_LIST, &q);
	rig_settle(r);
	rig_tell_kept(r, q.serial, &row);
	rig_tell_kept(r, q.serial, &row);
	request_done(&q);
	rig_until(r, rig_broker_ended(r, &status));
	assert_int_not_equal(status, 0);
}

/* The end of one that is not in the table yet. */
static void test_ends_early(void **state)
{
	static const struct rig_kept row = { .id = 1, .owner = 1000, .owner_name = ALICE, .exited = true };
	struct rig *r = *state;
	struct request q;

	rig_take(r, WIRE_LIST, &q);
	rig_settle(r);
	rig_tell_exited(r, 1, RESULT_EXIT_CODE, 3, 0);
	rig_tell_kept(r, q.serial, &row);
	rig_finish_start(r, q.serial);
	request_done(&q);
	rig_expect(r, rig_call(r, ALICE, 1, "Wait"), NULL, NULL);
}

/* Whoever has the broker started by calling it has waited in the bus, which may hand the call over before it
 * answers about the name. */
static void test_activation(void **state)
{
	struct rig *r = *state;
	struct request q;

	rig_take(r, WIRE_LIST, &q);
	r->early = rig_call(r, ALICE, 0, "ListProfiles");
	rig_finish_start(r, q.serial);
	request_done(&q);
	rig_wait(r, &r->early_reply);
	assert_null(r->early_reply.error);
	reply_done(&r->early_reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_owners, rig_setup_unfinished, rig_teardown),
		cmocka_unit_test_setup_teardown(test_broken_table, rig_setup_unfinished, rig_teardown),
		cmocka_unit_test_setup_teardown(test_ends_early, rig_setup_unfinished, rig_teardown),
		cmocka_unit_test_setup_teardown(test_activation, rig_setup_unfinished, rig_teardown),
	};

	return cmocka_run_group_tests_name("bus takeover", tests, NULL, NULL);
}
