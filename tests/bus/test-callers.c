/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Who is calling: sections A1-A4, A12 and A14 of the threat model, as far as they are the broker's. */

#include "base/error.h"
#include "dbus/names.h"
#include "rig.h"

#include <stdio.h>
#include <string.h>

static void list(struct rig *r, const char *sender, const char *error)
{
	rig_expect(r, rig_call(r, sender, 0, "ListSandboxes"), error, NULL);
}

static void test_asked_once(void **state)
{
	struct rig *r = *state;

	list(r, ALICE, NULL);
	list(r, ALICE, NULL);
	assert_int_equal(r->n_asked, 1);
	list(r, ALICE2, NULL);
	assert_int_equal(r->n_asked, 2);
	/* The name is gone: what is known of it is too. */
	rig_leave(r, ALICE);
	rig_settle(r);
	assert_int_equal(r->broker.callers.n, 1);
}

/* Whatever the bus does not tell in full is a refusal, and never uid 0. */
static void test_incomplete(void **state)
{
	static const enum credentials refused[] = { CREDENTIALS_ERROR, CREDENTIALS_NO_UID,
		CREDENTIALS_NO_GROUPS, CREDENTIALS_NO_GROUP, CREDENTIALS_BAD_UID, CREDENTIALS_BAD_TYPE,
		CREDENTIALS_TWICE, CREDENTIALS_FORGED };
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
		rig_person(r, ROOT)->credentials = refused[i];
		list(r, ROOT, BAILIFF_ERROR_ACCESS_DENIED);
		rig_expect(r, rig_call(r, ROOT, 0, "Reload"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
		assert_int_equal(r->broker.callers.n, 0);
	}
	/* A refusal is not remembered. */
	rig_person(r, ROOT)->credentials = CREDENTIALS_FULL;
	list(r, ROOT, NULL);
	assert_true(rig_launcher_idle(r));
}

static void test_no_sender(void **state)
{
	struct rig *r = *state;

	list(r, NULL, BAILIFF_ERROR_ACCESS_DENIED);
	list(r, "org.example.Known", BAILIFF_ERROR_ACCESS_DENIED);
	assert_int_equal(r->n_asked, 0);
}

static void test_order(void **state)
{
	struct reply replies[3];
	struct rig *r = *state;

	rig_person(r, ALICE)->credentials = CREDENTIALS_LATE;
	for (size_t i = 0; i < ELEMENTSOF(replies); i++)
		rig_send(r, rig_call(r, ALICE, 0, "ListSandboxes"), &replies[i]);
	/* Others are served meanwhile. */
	list(r, BOB, NULL);
	rig_person(r, ALICE)->credentials = CREDENTIALS_FULL;
	rig_answer_late(r);
	for (size_t i = 0; i < ELEMENTSOF(replies); i++) {
		rig_wait(r, &replies[i]);
		assert_null(replies[i].error);
		assert_true(i == 2 || replies[i].there || !replies[i + 1].there);
		reply_done(&replies[i]);
	}
	assert_int_equal(r->n_asked, 2);
}

/* One client can not fill the broker with calls before the bus has said who it is. */
static void test_flood(void **state)
{
	static struct reply replies[40];
	struct rig *r = *state;
	size_t refused = 0;

	rig_person(r, ALICE)->credentials = CREDENTIALS_LATE;
	for (size_t i = 0; i < ELEMENTSOF(replies); i++)
		rig_send(r, rig_call(r, ALICE, 0, "ListSandboxes"), &replies[i]);
	rig_until(r, replies[39].there);
	rig_person(r, ALICE)->credentials = CREDENTIALS_FULL;
	rig_answer_late(r);
	for (size_t i = 0; i < ELEMENTSOF(replies); i++) {
		rig_wait(r, &replies[i]);
		if (replies[i].error) {
			assert_string_equal(replies[i].error, BAILIFF_ERROR_QUOTA_EXCEEDED);
			refused++;
		}
		reply_done(&replies[i]);
	}
	assert_int_equal(refused, 32);
	assert_int_equal(r->broker.callers.n_held, 0);
}

/* A3: a call whose sender left while it was held is dropped. */
static void test_left_while_held(void **state)
{
	struct rig *r = *state;
	struct reply reply;

	rig_person(r, ALICE)->credentials = CREDENTIALS_LATE;
	rig_send(r, rig_launch(r, ALICE, "decoder"), &reply);
	rig_until(r, r->late != NULL);
	rig_leave(r, ALICE);
	rig_settle(r);
	assert_int_equal(r->broker.callers.n, 0);
	assert_int_equal(r->broker.callers.n_held, 0);
	/* The driver's answer comes too late, to a question that nobody remembers. */
	rig_person(r, ALICE)->gone = false;
	rig_person(r, ALICE)->credentials = CREDENTIALS_FULL;
	rig_answer_late(r);
	assert_true(rig_launcher_idle(r));
	assert_false(reply.there);
}

/* Who may do what: the rows of the contract's authorisation notes. */
static void test_matrix(void **state)
{
	static const struct {
		const char *sender, *profile, *error;
	} launches[] = {
		{ BOB, "decoder", BAILIFF_ERROR_ACCESS_DENIED },
		{ BOB, "open", BAILIFF_ERROR_ACCESS_DENIED },
		{ BOB, "broken", BAILIFF_ERROR_PROFILE_INVALID },
		{ BOB, "admin", BAILIFF_ERROR_ACCESS_DENIED },
		{ ALICE, "admin", BAILIFF_ERROR_ACCESS_DENIED },
		{ ALICE, "nothing", BAILIFF_ERROR_PROFILE_UNKNOWN },
	};
	static const char *const administrative[] = { "Reload", "SetLogLevel" };
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(launches); i++)
		rig_expect(
			r, rig_launch(r, launches[i].sender, launches[i].profile), launches[i].error, NULL);
	for (size_t i = 0; i < ELEMENTSOF(administrative); i++) {
		sd_bus_message *m = rig_call(r, ALICE, 0, administrative[i]);

		if (i == 1)
			assert_true(sd_bus_message_append(m, "s", "debug") >= 0);
		rig_expect(r, m, BAILIFF_ERROR_ACCESS_DENIED, NULL);
	}
	assert_true(rig_launcher_idle(r));
}

/* Before the name is ours nobody is served, by whatever name they call. */
static void test_not_ready(void **state)
{
	struct rig *r = *state;
	struct request q;

	rig_take(r, WIRE_LIST, &q);
	rig_settle(r); /* Hello() has its answer */
	list(r, ROOT, BAILIFF_ERROR_BUSY);
	rig_finish_start(r, q.serial);
	request_done(&q);
	list(r, ROOT, NULL);
}

static void test_name_taken(void **state)
{
	struct rig *r = *state;
	struct request q;
	int status = 0;

	r->refuse_name = true;
	rig_take(r, WIRE_LIST, &q);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	rig_until(r, rig_broker_ended(r, &status));
	assert_int_not_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_asked_once, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_incomplete, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_no_sender, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_order, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_flood, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_left_while_held, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_matrix, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_not_ready, rig_setup_unfinished, rig_teardown),
		cmocka_unit_test_setup_teardown(test_name_taken, rig_setup_unfinished, rig_teardown),
	};

	return cmocka_run_group_tests_name("bus callers", tests, NULL, NULL);
}
