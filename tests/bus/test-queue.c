/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Launches that wait for their turn at the launcher (Q1): whose come first, and what becomes of those that
 * never get it. */

#include "base/fd.h"
#include "broker/launch-queue.h"
#include "dbus/names.h"
#include "queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MANY 60 /* launches of one user, who may have 64 calls waiting */

#define NO_FD      1000000 /* above what there can be */
#define SHORT_USEC 5000

static void take_first(struct rig *r, uint32_t serials[LAUNCHES_AT_ONCE])
{
	for (size_t i = 0; i < LAUNCHES_AT_ONCE; i++)
		serials[i] = queue_take(r, 1000, i);
	rig_settle(r);
	assert_true(rig_launcher_idle(r));
}

/* Another user's launch is handed on at once, although 60 came before; those are handed on in their order. */
static void test_fair(void **state)
{
	uint32_t serials[MANY], bobs;
	struct reply replies[MANY], bob;
	struct rig *r = *state;

	queue_ask(r, ALICE, replies, MANY);
	take_first(r, serials);
	rig_send(r, queue_launch(r, BOB, 7), &bob);
	bobs = queue_take(r, 1001, 7);
	rig_answer_launched(r, bobs, 1000);
	queue_expect(r, &bob, NULL);
	rig_settle(r);
	assert_true(rig_launcher_idle(r));
	for (size_t i = 0; i < MANY; i++) {
		rig_answer_launched(r, serials[i], i + 1);
		queue_expect(r, &replies[i], NULL);
		if (i + LAUNCHES_AT_ONCE < MANY)
			serials[i + LAUNCHES_AT_ONCE] = queue_take(r, 1000, i + LAUNCHES_AT_ONCE);
	}
	assert_true(rig_launcher_idle(r));
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
}

/* While another user launches there is one at a time where there are two processors, unless it hangs. */
static void test_shared(void **state)
{
	struct reply replies[3], bob;
	uint32_t first, second;
	struct rig *r = *state;

	r->broker.launch_turns.n_shared = 1;
	/* however slow this machine is */
	r->broker.launch_turns.remembered_usec = r->broker.launch_turns.slow_usec = UINT64_MAX;
	rig_send(r, queue_launch(r, BOB, 7), &bob);
	rig_answer_launched(r, queue_take(r, 1001, 7), 1000);
	queue_expect(r, &bob, NULL);
	queue_ask(r, ALICE, replies, 3);
	first = queue_take(r, 1000, 0);
	assert_true(rig_launcher_idle(r));
	rig_answer_launched(r, first, 1);
	queue_expect(r, &replies[0], NULL);
	second = queue_take(r, 1000, 1);
	/* it has been there for long: the next does not wait for it */
	r->broker.launch_turns.slow_usec = 0;
	first = queue_take(r, 1000, 2);
	rig_answer_launched(r, second, 2);
	rig_answer_launched(r, first, 3);
	queue_expect(r, &replies[1], NULL);
	queue_expect(r, &replies[2], NULL);
	/* alone again */
	r->broker.launch_turns.remembered_usec = 0;
	assert_int_equal(launch_turns_share(&r->broker.launch_turns, 1000, now_boottime_usec()), 4);
}

/* One user's connections are one line. */
static void test_one_line(void **state)
{
	struct reply replies[LAUNCHES_AT_ONCE], other;
	uint32_t serials[LAUNCHES_AT_ONCE];
	struct rig *r = *state;

	queue_ask(r, ALICE, replies, LAUNCHES_AT_ONCE);
	take_first(r, serials);
	rig_send(r, queue_launch(r, ALICE2, 99), &other);
	rig_settle(r);
	assert_true(rig_launcher_idle(r));
	for (size_t i = 0; i < LAUNCHES_AT_ONCE; i++) {
		rig_answer_launched(r, serials[i], i + 1);
		queue_expect(r, &replies[i], NULL);
		if (i == 0)
			serials[0] = queue_take(r, 1000, 99);
	}
	rig_answer_launched(r, serials[0], 1000);
	queue_expect(r, &other, NULL);
}

/* As many as go at once and some that wait, and one of another connection behind them. */
static void fill(
	struct rig *r, struct reply replies[SOME], uint32_t serials[LAUNCHES_AT_ONCE], struct reply *other)
{
	queue_ask(r, ALICE, replies, SOME);
	take_first(r, serials);
	rig_send(r, queue_launch(r, ALICE2, 99), other);
	rig_settle(r);
}

/* What its client does not wait for any longer is never launched, and counts no more. */
static void test_gone(void **state)
{
	struct reply replies[SOME], other;
	uint32_t serials[LAUNCHES_AT_ONCE];
	struct rig *r = *state;
	struct request q;

	fill(r, replies, serials, &other);
	rig_leave(r, ALICE);
	/* the youngest is told of first */
	for (size_t i = LAUNCHES_AT_ONCE; i > 0; i--)
		rig_take_abandon(r, serials[i - 1]);
	rig_settle(r);
	assert_int_equal(r->broker.quota.total[QUOTA_LIVE], LAUNCHES_AT_ONCE + 1);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], LAUNCHES_AT_ONCE + 1);
	rig_answer_launched(r, serials[0], 1);
	serials[0] = queue_take(r, 1000, 99);
	rig_take(r, WIRE_STOP, &q);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	rig_answer_launched(r, serials[0], 2);
	queue_expect(r, &other, NULL);
	rig_settle(r);
	assert_true(rig_launcher_idle(r));
}

/* The launcher's end: what it had may have been launched, and is not launched once more. What waited for its
 * turn was not, and the next one gets it, in its order. */
static void test_launcher_gone(void **state)
{
	struct reply replies[SOME];
	uint32_t serials[LAUNCHES_AT_ONCE];
	struct rig *r = *state;
	struct request q;

	queue_ask(r, ALICE, replies, SOME);
	take_first(r, serials);
	r->launcher = fd_close(r->launcher);
	for (size_t i = 0; i < LAUNCHES_AT_ONCE; i++)
		queue_expect(r, &replies[i], BAILIFF_ERROR_FAILED);
	assert_int_equal(r->broker.quota.total[QUOTA_LIVE], SOME - LAUNCHES_AT_ONCE);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], SOME - LAUNCHES_AT_ONCE);
	rig_next_launcher(r, &q);
	assert_true(rig_launcher_idle(r));
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	for (size_t i = LAUNCHES_AT_ONCE; i < SOME; i++)
		rig_answer_launched(r, queue_take(r, 1000, i), 100 + i);
	for (size_t i = LAUNCHES_AT_ONCE; i < SOME; i++)
		queue_expect(r, &replies[i], NULL);
	assert_true(rig_launcher_idle(r));
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
}

/* No other comes in time: Busy, and a client that leaves meanwhile is not asked. */
static void test_none_comes(void **state)
{
	struct reply replies[SOME], other;
	uint32_t serials[LAUNCHES_AT_ONCE];
	struct rig *r = *state;
	struct request q;

	fill(r, replies, serials, &other);
	r->launcher = fd_close(r->launcher);
	rig_leave(r, ALICE2);
	rig_until(r, r->broker.quota.total[QUOTA_CALLS] == SOME - LAUNCHES_AT_ONCE);
	/* as when that long has gone by */
	r->broker.between.usec = 0;
	between_begin(&r->broker);
	for (size_t i = 0; i < SOME; i++)
		queue_expect(
			r, &replies[i], i < LAUNCHES_AT_ONCE ? BAILIFF_ERROR_FAILED : BAILIFF_ERROR_BUSY);
	assert_false(other.there);
	assert_int_equal(r->broker.quota.total[QUOTA_LIVE], 0);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
	rig_next_launcher(r, &q);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	assert_true(rig_launcher_idle(r));
}

/* With one launch at a time of a user while others launch. Bob does. */
static void share(struct rig *r)
{
	struct reply bob;

	r->broker.launch_turns.n_shared = 1;
	r->broker.launch_turns.remembered_usec = r->broker.launch_turns.slow_usec = UINT64_MAX / 4;
	rig_send(r, queue_launch(r, BOB, 7), &bob);
	rig_answer_launched(r, queue_take(r, 1001, 7), 1000);
	queue_expect(r, &bob, NULL);
}

/* Who has more waiting rests after a launch, the longer that took; who has not is not kept. */
static void test_rests(void **state)
{
	struct reply replies[3], bob;
	struct rig *r = *state;
	uint32_t serial;

	share(r);
	queue_ask(r, ALICE, replies, ELEMENTSOF(replies));
	serial = queue_take(r, 1000, 0);
	assert_true(rig_launcher_idle(r));
	for (struct launch *l = r->broker.launches; l; l = l->next)
		l->sent_usec -= l->parcel ? 0 : UINT64_C(1000000000); /* a quarter of an hour */
	rig_answer_launched(r, serial, 1);
	queue_expect(r, &replies[0], NULL);
	assert_true(rig_launcher_idle(r));
	rig_send(r, queue_launch(r, BOB, 8), &bob);
	rig_answer_launched(r, queue_take(r, 1001, 8), 1001);
	queue_expect(r, &bob, NULL);
	assert_true(rig_launcher_idle(r));
	for (struct launch *l = r->broker.launches; l; l = l->next)
		l->rest_until = 0;
	launch_queue_resume(&r->broker);
	rig_answer_launched(r, queue_take(r, 1000, 1), 2);
	queue_expect(r, &replies[1], NULL);
	/* after one that was short it goes on by itself */
	rig_answer_launched(r, queue_take(r, 1000, 2), 3);
	queue_expect(r, &replies[2], NULL);
}

/* Alone nobody rests, nor where there are processors for all, nor after one that waited for something else.
 */
static void test_rests_not(void **state)
{
	struct reply replies[3];
	struct rig *r = *state;

	share(r);
	queue_ask(r, ALICE, replies, ELEMENTSOF(replies));
	for (size_t i = 0; i < ELEMENTSOF(replies); i++) {
		uint32_t serial = queue_take(r, 1000, i);

		for (struct launch *l = r->broker.launches; l; l = l->next)
			l->sent_usec -= l->parcel ? 0 : UINT64_C(1000000000);
		if (i == 0)
			r->broker.launch_turns.slow_usec = 1000000;
		else
			r->broker.launch_turns.remembered_usec = 0;
		rig_answer_launched(r, serial, i + 1);
		queue_expect(r, &replies[i], NULL);
	}
}

/* Who asks for more than may wait is refused before anything of the call is read. */
static void test_too_many(void **state)
{
	struct reply replies[MANY];
	struct rig *r = *state;
	uint32_t serials[LAUNCHES_AT_ONCE];
	sd_bus_message *m;

	r->broker.catalog->config.max_calls_per_user = MANY;
	queue_ask(r, ALICE, replies, MANY);
	take_first(r, serials);
	rig_expect(r, rig_launch(r, ALICE2, "decoder"), BAILIFF_ERROR_QUOTA_EXCEEDED, NULL);
	m = rig_call(r, ALICE, 0, "LaunchSandboxed");
	assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", "decoder", 1, "/bin/true", 0, 0, 1,
			    "no-such-option", "b", 1) >= 0);
	rig_expect(r, m, BAILIFF_ERROR_QUOTA_EXCEEDED, NULL);
	r->broker.between.usec = 0;
	r->launcher = fd_close(r->launcher);
	for (size_t i = 0; i < MANY; i++) {
		rig_wait(r, &replies[i]);
		reply_done(&replies[i]);
	}
}

/* Descriptors that came over a channel wait with their launch, and go with it. */
static void test_channel(void **state)
{
	struct reply replies[LAUNCHES_AT_ONCE], other;
	uint32_t serials[LAUNCHES_AT_ONCE];
	struct launch_request l = { 0 };
	struct rig *r = *state;
	struct request q;
	size_t before;

	queue_ask(r, ALICE, replies, LAUNCHES_AT_ONCE);
	take_first(r, serials);
	before = rig_count_fds();
	queue_ask_with_channel(r, &other);
	assert_true(rig_launcher_idle(r));
	rig_leave(r, ALICE2);
	rig_settle(r);
	assert_int_equal(rig_count_fds(), before);
	rig_person(r, ALICE2)->gone = false;
	queue_ask_with_channel(r, &other);
	rig_answer_launched(r, serials[0], 1);
	rig_take(r, WIRE_LAUNCH, &q);
	assert_int_equal(decode_launch_request(&q.body, &l), 0);
	assert_int_equal(l.n_fds, 1);
	assert_int_equal(l.fds[0].target, 10);
	assert_int_equal(q.record.n_fds, 1);
	assert_true(fcntl(q.record.fds[0], F_GETFD) >= 0);
	assert_null(r->broker.fd_channels);
	rig_answer_launched(r, q.serial, 2);
	launch_request_done(&l);
	request_done(&q);
	queue_expect(r, &other, NULL);
	queue_expect(r, &replies[0], NULL);
	r->launcher = fd_close(r->launcher);
	for (size_t i = 1; i < LAUNCHES_AT_ONCE; i++)
		queue_expect(r, &replies[i], BAILIFF_ERROR_FAILED);
}

static struct launch *waiting(struct rig *r, const char *tag)
{
	for (struct launch *l = r->broker.launches; l; l = l->next)
		if (launch_queue_waits(l) &&
			memmem(l->parcel->record.data, l->parcel->record.size, tag, strlen(tag)))
			return l;
	fail_msg("launch %s does not wait", tag);
	return NULL;
}

/* One that can not be sent is answered, and the next one is tried at once. */
static void test_unsendable(void **state)
{
	struct reply replies[LAUNCHES_AT_ONCE + 2];
	uint32_t serials[LAUNCHES_AT_ONCE];
	struct rig *r = *state;
	struct launch *l;

	queue_ask(r, ALICE, replies, ELEMENTSOF(replies));
	take_first(r, serials);
	l = waiting(r, "t4");
	l->parcel->fds[l->parcel->n++] = NO_FD;
	rig_answer_launched(r, serials[0], 1);
	queue_expect(r, &replies[0], NULL);
	queue_expect(r, &replies[LAUNCHES_AT_ONCE], BAILIFF_ERROR_FAILED);
	serials[0] = queue_take(r, 1000, LAUNCHES_AT_ONCE + 1);
	for (size_t i = 0; i < LAUNCHES_AT_ONCE; i++)
		rig_answer_launched(r, serials[i], i + 2);
	for (size_t i = 1; i < LAUNCHES_AT_ONCE; i++)
		queue_expect(r, &replies[i], NULL);
	queue_expect(r, &replies[LAUNCHES_AT_ONCE + 1], NULL);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
}

/* Its turn comes before it is known that the launcher has ended: it is the next one's. */
static void test_launcher_gone_unheard(void **state)
{
	struct reply replies[2];
	struct rig *r = *state;
	struct request q;

	share(r);
	queue_ask(r, ALICE, replies, ELEMENTSOF(replies));
	(void)queue_take(r, 1000, 0);
	r->launcher = fd_close(r->launcher);
	r->broker.launch_turns.slow_usec = 0;
	launch_queue_resume(&r->broker);
	assert_non_null(waiting(r, "t1"));
	queue_expect(r, &replies[0], BAILIFF_ERROR_FAILED);
	rig_next_launcher(r, &q);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	rig_answer_launched(r, queue_take(r, 1000, 1), 1);
	queue_expect(r, &replies[1], NULL);
}

/* Nobody overtakes his own launches, also when there is time for another one before they are looked at. */
static void test_order(void **state)
{
	struct reply replies[2], last;
	struct rig *r = *state;
	uint32_t serials[3];

	share(r);
	queue_ask(r, ALICE, replies, ELEMENTSOF(replies));
	serials[0] = queue_take(r, 1000, 0);
	assert_true(rig_launcher_idle(r));
	r->broker.launch_turns.slow_usec = 0;
	rig_send(r, queue_launch(r, ALICE, 2), &last);
	serials[1] = queue_take(r, 1000, 1);
	serials[2] = queue_take(r, 1000, 2);
	for (size_t i = 0; i < ELEMENTSOF(serials); i++)
		rig_answer_launched(r, serials[i], i + 1);
	queue_expect(r, &replies[0], NULL);
	queue_expect(r, &replies[1], NULL);
	queue_expect(r, &last, NULL);
}

static uint64_t next_look(const struct rig *r)
{
	uint64_t usec;

	assert_true(sd_event_source_get_time(r->broker.launch_turns.again, &usec) >= 0);
	return usec;
}

/* Those that wait are looked at when the first of them has rested, and more that come put that off no more.
 */
static void test_look_again(void **state)
{
	struct reply replies[2], more;
	struct rig *r = *state;
	uint64_t rested, look;
	uint32_t serials[3];

	share(r);
	queue_ask(r, ALICE, replies, ELEMENTSOF(replies));
	serials[0] = queue_take(r, 1000, 0);
	look = next_look(r);
	rig_send(r, queue_launch(r, ALICE, 2), &more);
	while (!r->broker.launches->next->next)
		rig_step(r);
	assert_true(next_look(r) <= look || now_boottime_usec() >= look);
	launch_queue_rest(&r->broker, 1000, SHORT_USEC);
	rested = waiting(r, "t1")->rest_until;
	assert_true(rested > 0);
	assert_true(next_look(r) <= rested);
	for (size_t i = 0; i < ELEMENTSOF(serials); i++) {
		if (i > 0)
			serials[i] = queue_take(r, 1000, i);
		rig_answer_launched(r, serials[i], i + 1);
	}
	queue_expect(r, &replies[0], NULL);
	queue_expect(r, &replies[1], NULL);
	queue_expect(r, &more, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fair, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_shared, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_one_line, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_gone, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_launcher_gone, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_none_comes, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_rests, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_rests_not, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_too_many, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_channel, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_unsendable, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_launcher_gone_unheard, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_order, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_look_again, queue_setup, rig_teardown),
	};

	return cmocka_run_group_tests_name("bus queue", tests, NULL, NULL);
}
