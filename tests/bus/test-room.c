/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Launches for which the launcher's socket has no room (Q1): they wait, in their order and in turns, and
 * nothing of those that are not waited for any longer stays. */

#include "base/fd.h"
#include "base/io.h"
#include "dbus/names.h"
#include "queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BULK 120000 /* of an argument */

/* Records that no launcher would understand, as many as the socket to it takes. */
static size_t fill_socket(struct rig *r)
{
	static const uint8_t record[32768];
	size_t n = 0;
	int k;

	while ((k = wire_send(r->broker.launcher.fd, record, sizeof(record), NULL, 0)) == 0)
		n++;
	assert_int_equal(k, -EAGAIN);
	return n;
}

static void empty_socket(struct rig *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct wire_record record;

		wire_record_init(&record);
		assert_int_equal(wire_receive(r->launcher, &record), 1);
		assert_int_equal(record.data[0], 0);
		wire_record_done(&record);
	}
}

/* A launch that the launcher's socket has no room for is not refused. It and those behind it wait, with their
 * descriptors, and come in their order. */
static void test_full(void **state)
{
	struct reply replies[SOME], other;
	uint32_t serials[SOME];
	struct launch_request l = { 0 };
	struct rig *r = *state;
	struct request q;
	size_t n;

	rig_expect(r, rig_launch(r, ALICE2, "admin"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	n = fill_socket(r);
	queue_ask_with_channel(r, &other);
	queue_ask(r, ALICE, replies, SOME);
	assert_false(other.there);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], SOME + 1);
	/* that there is room is enough to go on */
	assert_true(sd_event_source_set_enabled(r->broker.launch_turns.again, SD_EVENT_OFF) >= 0);
	empty_socket(r, n);
	rig_take(r, WIRE_LAUNCH, &q);
	assert_int_equal(decode_launch_request(&q.body, &l), 0);
	assert_int_equal(q.record.n_fds, 1);
	assert_true(fcntl(q.record.fds[0], F_GETFD) >= 0);
	launch_request_done(&l);
	for (size_t i = 0; i < LAUNCHES_AT_ONCE - 1; i++)
		serials[i] = queue_take(r, 1000, i);
	assert_true(rig_launcher_idle(r));
	rig_answer_launched(r, q.serial, 1000);
	request_done(&q);
	queue_expect(r, &other, NULL);
	for (size_t i = 0; i < SOME; i++) {
		if (i + LAUNCHES_AT_ONCE - 1 < SOME)
			serials[i + LAUNCHES_AT_ONCE - 1] = queue_take(r, 1000, i + LAUNCHES_AT_ONCE - 1);
		rig_answer_launched(r, serials[i], i + 1);
		queue_expect(r, &replies[i], NULL);
	}
	assert_true(rig_launcher_idle(r));
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
	assert_null(r->broker.fd_channels);
}

/* What has no launch's right to wait in line, the question about a process, is kept, with its descriptor. */
static void test_full_question(void **state)
{
	struct rig *r = *state;
	const size_t before = rig_count_fds();
	struct reply reply;
	size_t n;

	rig_person(r, ALICE2)->pidfd = true;
	n = fill_socket(r);
	rig_send(r, queue_launch(r, ALICE2, 1), &reply);
	rig_settle(r);
	assert_false(reply.there);
	/* who has left is asked about all the same, and nobody is launched for */
	rig_leave(r, ALICE2);
	rig_settle(r);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
	r->n_process_fds = 0;
	empty_socket(r, n);
	rig_until(r, r->n_process_fds == 1);
	assert_true(rig_launcher_idle(r));
	assert_int_equal(rig_count_fds(), before);
	rig_person(r, ALICE2)->gone = false;
	n = fill_socket(r);
	rig_send(r, queue_launch(r, ALICE2, 2), &reply);
	rig_settle(r);
	assert_false(reply.there);
	empty_socket(r, n);
	rig_answer_launched(r, queue_take(r, 1000, 2), 1);
	queue_expect(r, &reply, NULL);
	assert_int_equal(r->n_process_fds, 2);
}

/* Where there is room again users take turns: one who has many waiting is not before another with all. */
static void test_full_turns(void **state)
{
	struct reply replies[LAUNCHES_AT_ONCE], bobs[2];
	struct rig *r = *state;
	uint32_t serials[LAUNCHES_AT_ONCE + 2];
	size_t n;

	rig_expect(r, rig_launch(r, BOB, "admin"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	n = fill_socket(r);
	queue_ask(r, ALICE, replies, LAUNCHES_AT_ONCE);
	queue_ask(r, BOB, bobs, 2);
	empty_socket(r, n);
	serials[0] = queue_take(r, 1000, 0);
	serials[1] = queue_take(r, 1001, 0);
	serials[2] = queue_take(r, 1000, 1);
	serials[3] = queue_take(r, 1001, 1);
	serials[4] = queue_take(r, 1000, 2);
	serials[5] = queue_take(r, 1000, 3);
	for (size_t i = 0; i < ELEMENTSOF(serials); i++)
		rig_answer_launched(r, serials[i], i + 1);
	for (size_t i = 0; i < LAUNCHES_AT_ONCE; i++)
		queue_expect(r, &replies[i], NULL);
	queue_expect(r, &bobs[0], NULL);
	queue_expect(r, &bobs[1], NULL);
}

/* Whose client leaves meanwhile is never launched, and nothing of it stays. */
static void test_full_gone(void **state)
{
	struct reply replies[SOME], other;
	struct rig *r = *state;
	size_t n, before;

	rig_expect(r, rig_launch(r, ALICE2, "admin"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	before = rig_count_fds();
	n = fill_socket(r);
	queue_ask(r, ALICE, replies, SOME);
	queue_ask_with_channel(r, &other);
	rig_leave(r, ALICE2);
	rig_settle(r);
	assert_int_equal(rig_count_fds(), before);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], SOME);
	rig_leave(r, ALICE);
	rig_settle(r);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
	assert_int_equal(r->broker.quota.total[QUOTA_LIVE], 0);
	empty_socket(r, n);
	assert_true(rig_launcher_idle(r));
	assert_false(other.there || replies[0].there);
}

static void submit(struct rig *r, uint32_t serial)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);

	(void)encode_empty(&b, WIRE_LIST, serial);
	assert_int_equal(launcher_submit(&r->broker.launcher, 0, &b, NULL, 0, false, NULL, NULL), 0);
}

/* The launcher ends with its socket full: none of those that wait was handed over, so the next one gets all.
 */
static void test_full_launcher_gone(void **state)
{
	struct reply replies[LAUNCHES_AT_ONCE];
	struct rig *r = *state;
	struct request q;
	uint64_t launcher_gone;

	(void)fill_socket(r);
	submit(r, 1001);
	queue_ask(r, ALICE, replies, LAUNCHES_AT_ONCE);
	/* nobody is impatient with one that is no more */
	launcher_gone = now_boottime_usec();
	r->launcher = fd_close(r->launcher);
	rig_until(r, r->broker.launcher.fd < 0);
	r->broker.between.usec = 1;
	rig_until(r, now_boottime_usec() - launcher_gone > 2 * LAUNCHES_SLOW_USEC);
	assert_false(replies[0].there);
	rig_next_launcher(r, &q);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	for (size_t i = 0; i < LAUNCHES_AT_ONCE; i++)
		rig_answer_launched(r, queue_take(r, 1000, i), i + 1);
	for (size_t i = 0; i < LAUNCHES_AT_ONCE; i++)
		queue_expect(r, &replies[i], NULL);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
}

/* With an argument so long that the socket has room for few of them. */
static sd_bus_message *bulky(struct rig *r, const char *sender, size_t number)
{
	static char argument[BULK + 1];
	sd_bus_message *m = rig_call(r, sender, 0, "LaunchSandboxed");
	char tag[24];

	memset(argument, 'x', BULK);
	(void)snprintf(tag, sizeof(tag), "t%zu", number);
	assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", "decoder", 2, "/bin/true", argument, 0, 0,
			    1, "tag", "s", tag) >= 0);
	return m;
}

/* Room for some of them is not room for all: the others wait on. */
static void test_full_again(void **state)
{
	struct reply replies[LAUNCHES_AT_ONCE];
	struct rig *r = *state;
	const int small = BULK;
	size_t n;

	assert_int_equal(setsockopt(r->broker.launcher.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	n = fill_socket(r);
	for (size_t i = 0; i < ELEMENTSOF(replies); i++)
		rig_send(r, bulky(r, ALICE, i), &replies[i]);
	rig_settle(r);
	empty_socket(r, n);
	rig_settle(r);
	assert_true(launch_queue_any(&r->broker));
	for (size_t i = 0; i < ELEMENTSOF(replies); i++)
		rig_answer_launched(r, queue_take(r, 1000, i), i + 1);
	for (size_t i = 0; i < ELEMENTSOF(replies); i++)
		queue_expect(r, &replies[i], NULL);
}

/* What came later does not go first, also where there is room again. */
static void test_full_order(void **state)
{
	struct rig *r = *state;
	const size_t n = fill_socket(r);

	submit(r, 1001);
	empty_socket(r, n);
	submit(r, 1002);
	for (uint32_t serial = 1001; serial <= 1002; serial++) {
		struct request q;

		rig_take(r, WIRE_LIST, &q);
		assert_int_equal(q.serial, serial);
		request_done(&q);
	}
}

/* One that takes nothing for as long as there may be none: Busy. */
static void test_full_for_long(void **state)
{
	struct reply replies[SOME];
	struct rig *r = *state;
	size_t n = fill_socket(r);

	queue_ask(r, ALICE, replies, SOME);
	rig_until(r, now_boottime_usec() - r->broker.launcher.full_since > 2 * LAUNCHES_SLOW_USEC);
	assert_false(replies[0].there);
	r->broker.between.usec = 2 * LAUNCHES_SLOW_USEC;
	for (size_t i = 0; i < SOME; i++)
		queue_expect(r, &replies[i], BAILIFF_ERROR_BUSY);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
	empty_socket(r, n);
	queue_ask(r, ALICE, replies, 1);
	rig_answer_launched(r, queue_take(r, 1000, 0), 1);
	queue_expect(r, &replies[0], NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_full, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_full_question, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_full_turns, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_full_gone, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_full_launcher_gone, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_full_for_long, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_full_again, queue_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_full_order, queue_setup, rig_teardown),
	};

	return cmocka_run_group_tests_name("bus room", tests, NULL, NULL);
}
