/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Launches that wait for their turn at the launcher (Q1): whose come first, and what becomes of those that
 * never get it. */

#include "base/fd.h"
#include "broker/launch-queue.h"
#include "dbus/names.h"
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MANY 60 /* launches of one user, who may have 64 calls waiting */
#define SOME (LAUNCHES_AT_ONCE + 3)

/* With Bob in the group that may launch "decoder", and with limits that these tests do not reach. */
static int setup(void **state)
{
	int r = rig_setup(state);
	struct rig *rig = *state;
	struct compiled_config *config = &rig->broker.catalog->config;

	config->max_calls_per_user = 64;
	config->max_sandboxes_per_user = 128;
	/* as on a machine with processors for all */
	rig->broker.launch_turns.n_shared = LAUNCHES_AT_ONCE;
	rig->broker.catalog->profiles[4].max_per_user = 0;
	rig->broker.catalog->profiles[4].max_fds = FDS_MAX;
	rig_person(rig, BOB)->gids[0] = 44;
	/* before its first answer a connection may not ask for much at once; and launches come in their order
	 * when its process was looked at */
	rig_expect(rig, rig_launch(rig, ALICE, "admin"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	return r;
}

static sd_bus_message *tagged(struct rig *r, const char *sender, size_t number)
{
	sd_bus_message *m = rig_call(r, sender, 0, "LaunchSandboxed");
	char tag[24];

	(void)snprintf(tag, sizeof(tag), "t%zu", number);
	assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", "decoder", 1, "/bin/true", 0, 0, 1, "tag",
			    "s", tag) >= 0);
	return m;
}

/* The launcher is asked for the launch of this number. */
static uint32_t take_tagged(struct rig *r, uid_t uid, size_t number)
{
	struct launch_request l = { 0 };
	char tag[24];
	struct request q;
	uint32_t serial;

	rig_take(r, WIRE_LAUNCH, &q);
	assert_int_equal(decode_launch_request(&q.body, &l), 0);
	(void)snprintf(tag, sizeof(tag), "t%zu", number);
	assert_int_equal(l.uid, uid);
	assert_string_equal(l.tag, tag);
	serial = q.serial;
	launch_request_done(&l);
	request_done(&q);
	return serial;
}

static void ask(struct rig *r, const char *sender, struct reply *replies, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rig_send(r, tagged(r, sender, i), &replies[i]);
	rig_settle(r);
}

static void take_first(struct rig *r, uint32_t serials[LAUNCHES_AT_ONCE])
{
	for (size_t i = 0; i < LAUNCHES_AT_ONCE; i++)
		serials[i] = take_tagged(r, 1000, i);
	rig_settle(r);
	assert_true(rig_launcher_idle(r));
}

static void expect(struct rig *r, struct reply *reply, const char *error)
{
	rig_wait(r, reply);
	if (error)
		assert_string_equal(reply->error, error);
	else
		assert_null(reply->error);
	reply_done(reply);
}

/* Another user's launch is handed on at once, although 60 came before; those are handed on in their order. */
static void test_fair(void **state)
{
	uint32_t serials[MANY], bobs;
	struct reply replies[MANY], bob;
	struct rig *r = *state;

	ask(r, ALICE, replies, MANY);
	take_first(r, serials);
	rig_send(r, tagged(r, BOB, 7), &bob);
	bobs = take_tagged(r, 1001, 7);
	rig_answer_launched(r, bobs, 1000);
	expect(r, &bob, NULL);
	rig_settle(r);
	assert_true(rig_launcher_idle(r));
	for (size_t i = 0; i < MANY; i++) {
		rig_answer_launched(r, serials[i], i + 1);
		expect(r, &replies[i], NULL);
		if (i + LAUNCHES_AT_ONCE < MANY)
			serials[i + LAUNCHES_AT_ONCE] = take_tagged(r, 1000, i + LAUNCHES_AT_ONCE);
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
	rig_send(r, tagged(r, BOB, 7), &bob);
	rig_answer_launched(r, take_tagged(r, 1001, 7), 1000);
	expect(r, &bob, NULL);
	ask(r, ALICE, replies, 3);
	first = take_tagged(r, 1000, 0);
	assert_true(rig_launcher_idle(r));
	rig_answer_launched(r, first, 1);
	expect(r, &replies[0], NULL);
	second = take_tagged(r, 1000, 1);
	/* it has been there for long: the next does not wait for it */
	r->broker.launch_turns.slow_usec = 0;
	first = take_tagged(r, 1000, 2);
	rig_answer_launched(r, second, 2);
	rig_answer_launched(r, first, 3);
	expect(r, &replies[1], NULL);
	expect(r, &replies[2], NULL);
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

	ask(r, ALICE, replies, LAUNCHES_AT_ONCE);
	take_first(r, serials);
	rig_send(r, tagged(r, ALICE2, 99), &other);
	rig_settle(r);
	assert_true(rig_launcher_idle(r));
	for (size_t i = 0; i < LAUNCHES_AT_ONCE; i++) {
		rig_answer_launched(r, serials[i], i + 1);
		expect(r, &replies[i], NULL);
		if (i == 0)
			serials[0] = take_tagged(r, 1000, 99);
	}
	rig_answer_launched(r, serials[0], 1000);
	expect(r, &other, NULL);
}

/* As many as go at once and some that wait, and one of another connection behind them. */
static void fill(
	struct rig *r, struct reply replies[SOME], uint32_t serials[LAUNCHES_AT_ONCE], struct reply *other)
{
	ask(r, ALICE, replies, SOME);
	take_first(r, serials);
	rig_send(r, tagged(r, ALICE2, 99), other);
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
	serials[0] = take_tagged(r, 1000, 99);
	rig_take(r, WIRE_STOP, &q);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	rig_answer_launched(r, serials[0], 2);
	expect(r, &other, NULL);
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

	ask(r, ALICE, replies, SOME);
	take_first(r, serials);
	r->launcher = fd_close(r->launcher);
	for (size_t i = 0; i < LAUNCHES_AT_ONCE; i++)
		expect(r, &replies[i], BAILIFF_ERROR_FAILED);
	assert_int_equal(r->broker.quota.total[QUOTA_LIVE], SOME - LAUNCHES_AT_ONCE);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], SOME - LAUNCHES_AT_ONCE);
	rig_next_launcher(r, &q);
	assert_true(rig_launcher_idle(r));
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	for (size_t i = LAUNCHES_AT_ONCE; i < SOME; i++)
		rig_answer_launched(r, take_tagged(r, 1000, i), 100 + i);
	for (size_t i = LAUNCHES_AT_ONCE; i < SOME; i++)
		expect(r, &replies[i], NULL);
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
		expect(r, &replies[i], i < LAUNCHES_AT_ONCE ? BAILIFF_ERROR_FAILED : BAILIFF_ERROR_BUSY);
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
	rig_send(r, tagged(r, BOB, 7), &bob);
	rig_answer_launched(r, take_tagged(r, 1001, 7), 1000);
	expect(r, &bob, NULL);
}

/* Who has more waiting rests after a launch, the longer that took; who has not is not kept. */
static void test_rests(void **state)
{
	struct reply replies[3], bob;
	struct rig *r = *state;
	uint32_t serial;

	share(r);
	ask(r, ALICE, replies, ELEMENTSOF(replies));
	serial = take_tagged(r, 1000, 0);
	assert_true(rig_launcher_idle(r));
	for (struct launch *l = r->broker.launches; l; l = l->next)
		l->sent_usec -= l->parcel ? 0 : UINT64_C(1000000000); /* a quarter of an hour */
	rig_answer_launched(r, serial, 1);
	expect(r, &replies[0], NULL);
	assert_true(rig_launcher_idle(r));
	rig_send(r, tagged(r, BOB, 8), &bob);
	rig_answer_launched(r, take_tagged(r, 1001, 8), 1001);
	expect(r, &bob, NULL);
	assert_true(rig_launcher_idle(r));
	for (struct launch *l = r->broker.launches; l; l = l->next)
		l->rest_until = 0;
	launch_queue_resume(&r->broker);
	rig_answer_launched(r, take_tagged(r, 1000, 1), 2);
	expect(r, &replies[1], NULL);
	/* after one that was short it goes on by itself */
	rig_answer_launched(r, take_tagged(r, 1000, 2), 3);
	expect(r, &replies[2], NULL);
}

/* Alone nobody rests, nor where there are processors for all, nor after one that waited for something else.
 */
static void test_rests_not(void **state)
{
	struct reply replies[3];
	struct rig *r = *state;

	share(r);
	ask(r, ALICE, replies, ELEMENTSOF(replies));
	for (size_t i = 0; i < ELEMENTSOF(replies); i++) {
		uint32_t serial = take_tagged(r, 1000, i);

		for (struct launch *l = r->broker.launches; l; l = l->next)
			l->sent_usec -= l->parcel ? 0 : UINT64_C(1000000000);
		if (i == 0)
			r->broker.launch_turns.slow_usec = 1000000;
		else
			r->broker.launch_turns.remembered_usec = 0;
		rig_answer_launched(r, serial, i + 1);
		expect(r, &replies[i], NULL);
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
	ask(r, ALICE, replies, MANY);
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

/* Over a channel with one descriptor, which is closed here. */
static void ask_with_channel(struct rig *r, struct reply *reply)
{
	sd_bus_message *m = rig_call(r, ALICE2, 0, "LaunchSandboxed");
	const uint32_t number = 10;
	struct iovec iov = { .iov_base = (void *)(uintptr_t)&number, .iov_len = sizeof(number) };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS } };
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	int pair[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	memcpy(CMSG_DATA(&control.head), &null, sizeof(null));
	assert_true(sendmsg(pair[0], &h, MSG_NOSIGNAL) >= 0);
	assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 0, 0, 1,
			    "fd-channel", "h", pair[1]) >= 0);
	(void)close(pair[0]);
	(void)close(pair[1]);
	(void)close(null);
	rig_send(r, m, reply);
	rig_settle(r);
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

	ask(r, ALICE, replies, LAUNCHES_AT_ONCE);
	take_first(r, serials);
	before = rig_count_fds();
	ask_with_channel(r, &other);
	assert_true(rig_launcher_idle(r));
	rig_leave(r, ALICE2);
	rig_settle(r);
	assert_int_equal(rig_count_fds(), before);
	rig_person(r, ALICE2)->gone = false;
	ask_with_channel(r, &other);
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
	expect(r, &other, NULL);
	expect(r, &replies[0], NULL);
	r->launcher = fd_close(r->launcher);
	for (size_t i = 1; i < LAUNCHES_AT_ONCE; i++)
		expect(r, &replies[i], BAILIFF_ERROR_FAILED);
}

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
	ask_with_channel(r, &other);
	ask(r, ALICE, replies, SOME);
	assert_false(other.there);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], SOME + 1);
	empty_socket(r, n);
	rig_take(r, WIRE_LAUNCH, &q);
	assert_int_equal(decode_launch_request(&q.body, &l), 0);
	assert_int_equal(q.record.n_fds, 1);
	assert_true(fcntl(q.record.fds[0], F_GETFD) >= 0);
	launch_request_done(&l);
	for (size_t i = 0; i < LAUNCHES_AT_ONCE - 1; i++)
		serials[i] = take_tagged(r, 1000, i);
	assert_true(rig_launcher_idle(r));
	rig_answer_launched(r, q.serial, 1000);
	request_done(&q);
	expect(r, &other, NULL);
	for (size_t i = 0; i < SOME; i++) {
		if (i + LAUNCHES_AT_ONCE - 1 < SOME)
			serials[i + LAUNCHES_AT_ONCE - 1] = take_tagged(r, 1000, i + LAUNCHES_AT_ONCE - 1);
		rig_answer_launched(r, serials[i], i + 1);
		expect(r, &replies[i], NULL);
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
	rig_send(r, tagged(r, ALICE2, 1), &reply);
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
	rig_send(r, tagged(r, ALICE2, 2), &reply);
	rig_settle(r);
	assert_false(reply.there);
	empty_socket(r, n);
	rig_answer_launched(r, take_tagged(r, 1000, 2), 1);
	expect(r, &reply, NULL);
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
	ask(r, ALICE, replies, LAUNCHES_AT_ONCE);
	ask(r, BOB, bobs, 2);
	empty_socket(r, n);
	serials[0] = take_tagged(r, 1000, 0);
	serials[1] = take_tagged(r, 1001, 0);
	serials[2] = take_tagged(r, 1000, 1);
	serials[3] = take_tagged(r, 1001, 1);
	serials[4] = take_tagged(r, 1000, 2);
	serials[5] = take_tagged(r, 1000, 3);
	for (size_t i = 0; i < ELEMENTSOF(serials); i++)
		rig_answer_launched(r, serials[i], i + 1);
	for (size_t i = 0; i < LAUNCHES_AT_ONCE; i++)
		expect(r, &replies[i], NULL);
	expect(r, &bobs[0], NULL);
	expect(r, &bobs[1], NULL);
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
	ask(r, ALICE, replies, SOME);
	ask_with_channel(r, &other);
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

/* The launcher ends with its socket full: none of those that wait was handed over, so the next one gets all.
 */
static void test_full_launcher_gone(void **state)
{
	struct reply replies[LAUNCHES_AT_ONCE];
	struct rig *r = *state;
	struct request q;

	(void)fill_socket(r);
	ask(r, ALICE, replies, LAUNCHES_AT_ONCE);
	rig_next_launcher(r, &q);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	for (size_t i = 0; i < LAUNCHES_AT_ONCE; i++)
		rig_answer_launched(r, take_tagged(r, 1000, i), i + 1);
	for (size_t i = 0; i < LAUNCHES_AT_ONCE; i++)
		expect(r, &replies[i], NULL);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
}

/* One that takes nothing for as long as there may be none: Busy. */
static void test_full_for_long(void **state)
{
	struct reply replies[SOME];
	struct rig *r = *state;
	size_t n = fill_socket(r);

	ask(r, ALICE, replies, SOME);
	rig_until(r, now_boottime_usec() - r->broker.launcher.full_since > 2 * LAUNCHES_SLOW_USEC);
	assert_false(replies[0].there);
	r->broker.between.usec = 2 * LAUNCHES_SLOW_USEC;
	for (size_t i = 0; i < SOME; i++)
		expect(r, &replies[i], BAILIFF_ERROR_BUSY);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
	empty_socket(r, n);
	ask(r, ALICE, replies, 1);
	rig_answer_launched(r, take_tagged(r, 1000, 0), 1);
	expect(r, &replies[0], NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fair, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_shared, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_one_line, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_gone, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_launcher_gone, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_none_comes, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_rests, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_rests_not, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_too_many, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_channel, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_full_question, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_full_turns, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_full_gone, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_full_launcher_gone, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_full_for_long, setup, rig_teardown),
	};

	return cmocka_run_group_tests_name("bus queue", tests, NULL, NULL);
}
