/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Calls that come while there is no launcher: they wait for the next one, bounded in number and time, are
 * judged when they are made, and no launch is made twice. */

#include "base/fd.h"
#include "dbus/names.h"
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SIGNALS 20

static const struct rig_kept kept = { .id = 1, .owner = 1000, .owner_name = ALICE };

/* Alice has a sandbox, and the launcher ends. */
static int setup(void **state)
{
	struct reply launched;
	int k = rig_setup(state);
	struct rig *r = *state;

	r->broker.catalog->config.max_calls_per_user = 64;
	r->broker.catalog->profiles[4].max_fds = FDS_MAX;
	rig_launch_sandbox(r, ALICE, "decoder", 1, &launched);
	reply_done(&launched);
	/* who is known is not asked about: that would change the order */
	rig_expect(r, rig_call(r, ALICE2, 0, "ListSandboxes"), NULL, NULL);
	rig_expect(r, rig_call(r, ROOT, 0, "ListSandboxes"), NULL, NULL);
	r->launcher = fd_close(r->launcher);
	rig_until(r, r->broker.launcher.fd < 0);
	return k;
}

/* The next one comes, with Alice's sandbox. */
static void next_launcher(struct rig *r)
{
	struct request q;

	rig_next_launcher(r, &q);
	rig_tell_kept(r, q.serial, &kept);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
}

static sd_bus_message *signal_call(struct rig *r, const char *sender, int number)
{
	sd_bus_message *m = rig_call(r, sender, 1, "Signal");

	assert_true(sd_bus_message_append(m, "is", number, "main") >= 0);
	return m;
}

static sd_bus_message *named_call(struct rig *r, const char *sender)
{
	sd_bus_message *m = rig_call(r, sender, 0, "GetSanitizedUsername");

	assert_true(sd_bus_message_append(m, "s", "alice") >= 0);
	return m;
}

static sd_bus_message *kill_all_call(struct rig *r, const char *sender)
{
	sd_bus_message *m = rig_call(r, sender, 0, "KillAll");

	assert_true(sd_bus_message_append(m, "si", "decoder", 10) >= 0);
	return m;
}

static sd_bus_message *limits_call(struct rig *r)
{
	sd_bus_message *m = rig_call(r, ALICE, 1, "SetLimits");

	assert_true(sd_bus_message_append(m, "a{sv}", 1, "stop-timeout-usec", "t", UINT64_C(1000000)) >= 0);
	return m;
}

static sd_bus_message *stop_call(struct rig *r)
{
	sd_bus_message *m = rig_call(r, ALICE, 1, "Stop");

	assert_true(sd_bus_message_append(m, "t", UINT64_C(0)) >= 0);
	return m;
}

/* With the read end of a pipe, of which nothing else is open. */
static sd_bus_message *lifeline_call(struct rig *r)
{
	sd_bus_message *m = rig_call(r, ALICE, 1, "AttachLifeline");
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_true(sd_bus_message_append(m, "h", ends[0]) >= 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return m;
}

/* A launch that brings a descriptor. */
static sd_bus_message *fd_launch(struct rig *r, const char *sender)
{
	sd_bus_message *m = rig_call(r, sender, 0, "LaunchSandboxed");
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_true(sd_bus_message_append(
			    m, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 0, 1, 5, null, 0) >= 0);
	(void)close(null);
	return m;
}

static uint32_t waiting(const struct rig *r)
{
	return r->broker.quota.total[QUOTA_CALLS];
}

static void expect(struct rig *r, struct reply *reply, const char *error)
{
	rig_wait(r, reply);
	if (error && reply->error)
		assert_string_equal(reply->error, error);
	else if (error || reply->error)
		fail_msg("expected %s, got %s", error ? error : "success",
			reply->error ? reply->error : "success");
	reply_done(reply);
}

/* Takes the request, and says that it is done. */
static void take(struct rig *r, uint32_t type)
{
	struct request q;

	rig_take(r, type, &q);
	if (type == WIRE_LAUNCH)
		rig_answer_launched(r, q.serial, 2);
	else
		rig_answer_done(r, q.serial, 0);
	request_done(&q);
}

/* Everything that a launcher has to be asked for waits, in its order, until the table is complete; the rest
 * is answered meanwhile. */
static void test_held(void **state)
{
	static const uint32_t types[] = { WIRE_LAUNCH, WIRE_FREEZE, WIRE_FREEZE, WIRE_SIGNAL, WIRE_LIMIT,
		WIRE_ATTACH, WIRE_SIGNAL, WIRE_STOP };
	struct reply replies[ELEMENTSOF(types)];
	struct rig *r = *state;
	struct request q;

	rig_send(r, rig_launch(r, ALICE, "open"), &replies[0]);
	rig_send(r, rig_call(r, ALICE, 1, "Freeze"), &replies[1]);
	rig_send(r, rig_call(r, ALICE2, 1, "Thaw"), &replies[2]);
	rig_send(r, signal_call(r, ALICE, 10), &replies[3]);
	rig_send(r, limits_call(r), &replies[4]);
	rig_send(r, lifeline_call(r), &replies[5]);
	rig_until(r, waiting(r) == 6);
	rig_expect(r, rig_call(r, ALICE, 0, "ListSandboxes"), NULL, NULL);
	rig_expect(r, rig_call(r, ALICE, 1, "GetPidfd"), NULL, NULL);
	rig_expect(r, rig_launch(r, BOB, "decoder"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	rig_expect(r, rig_call(r, BOB, 1, "Freeze"), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	rig_next_launcher(r, &q);
	/* its table is not complete */
	rig_send(r, kill_all_call(r, ROOT), &replies[6]);
	rig_until(r, waiting(r) == 7);
	rig_send(r, stop_call(r), &replies[7]);
	rig_until(r, waiting(r) == 8);
	assert_true(rig_launcher_idle(r));
	for (size_t i = 0; i < ELEMENTSOF(types); i++)
		assert_false(replies[i].there);
	rig_tell_kept(r, q.serial, &kept);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	for (size_t i = 0; i < ELEMENTSOF(types); i++) {
		take(r, types[i]);
		expect(r, &replies[i], NULL);
	}
	rig_settle(r);
	assert_true(rig_launcher_idle(r));
	assert_int_equal(waiting(r), 0);
}

/* The salt is asked for once it can be, and usage is told by who knows it. */
static void test_questions(void **state)
{
	struct rig *r = *state;
	struct reply name, usage;
	struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	struct request q;

	rig_send(r, named_call(r, ALICE), &name);
	rig_send(r, rig_call(r, ALICE, 1, "GetUsage"), &usage);
	rig_until(r, waiting(r) == 2);
	next_launcher(r);
	rig_take(r, WIRE_SALT, &q);
	(void)encode_salt(&b, q.serial, "0123456789abcdef0123456789abcdef", 32);
	assert_int_equal(wire_send(r->launcher, b.data, b.size, NULL, 0), 0);
	request_done(&q);
	buf_done(&b);
	expect(r, &name, NULL);
	rig_take(r, WIRE_USAGE, &q);
	rig_answer_done(r, q.serial, -ESRCH);
	request_done(&q);
	expect(r, &usage, BAILIFF_ERROR_NO_SUCH_SANDBOX);
}

static void test_order(void **state)
{
	struct signal_request request;
	struct reply replies[SIGNALS];
	struct rig *r = *state;
	struct request q;

	for (int i = 0; i < SIGNALS; i++)
		rig_send(r, signal_call(r, i % 3 == 0 ? ALICE2 : ALICE, i + 1), &replies[i]);
	rig_until(r, waiting(r) == SIGNALS);
	next_launcher(r);
	for (int i = 0; i < SIGNALS; i++) {
		rig_take(r, WIRE_SIGNAL, &q);
		assert_int_equal(decode_signal_request(&q.body, &request), 0);
		assert_int_equal(request.signal, i + 1);
		rig_answer_done(r, q.serial, 0);
		request_done(&q);
	}
	for (int i = 0; i < SIGNALS; i++)
		expect(r, &replies[i], NULL);
}

/* No other comes: Busy, nothing is kept, and nothing is done about it later. */
static void test_timer(void **state)
{
	struct rig *r = *state;
	struct reply replies[5];
	size_t before = rig_count_fds();

	r->broker.between.usec = 200000;
	rig_send(r, fd_launch(r, ALICE), &replies[0]);
	rig_send(r, lifeline_call(r), &replies[1]);
	rig_send(r, rig_call(r, ALICE, 1, "Freeze"), &replies[2]);
	rig_send(r, named_call(r, ALICE), &replies[3]);
	rig_send(r, kill_all_call(r, ROOT), &replies[4]);
	for (size_t i = 0; i < ELEMENTSOF(replies); i++)
		expect(r, &replies[i], BAILIFF_ERROR_BUSY);
	rig_settle(r);
	assert_int_equal(waiting(r), 0);
	assert_int_equal(r->broker.quota.total[QUOTA_FDS], 0);
	assert_int_equal(r->broker.quota.total[QUOTA_BYTES], 0);
	assert_true(rig_count_fds() <= before);
	next_launcher(r);
	assert_true(rig_launcher_idle(r));
}

/* Who leaves has nothing done, and what it brought is closed; who stays is served. */
static void test_client_gone(void **state)
{
	struct reply replies[3], other;
	struct rig *r = *state;
	size_t before = rig_count_fds();

	rig_send(r, fd_launch(r, ALICE2), &replies[0]);
	rig_send(r, signal_call(r, ALICE2, 10), &replies[1]);
	rig_send(r, named_call(r, ALICE2), &replies[2]);
	rig_send(r, signal_call(r, ALICE, 11), &other);
	rig_until(r, waiting(r) == 4);
	assert_int_equal(quota_used(&r->broker.quota, 1000, QUOTA_FDS), 1);
	rig_leave(r, ALICE2);
	rig_until(r, waiting(r) == 1);
	assert_int_equal(r->broker.quota.total[QUOTA_FDS], 0);
	assert_true(rig_count_fds() <= before);
	next_launcher(r);
	take(r, WIRE_SIGNAL);
	expect(r, &other, NULL);
	assert_true(rig_launcher_idle(r));
}

/* What waits counts: as calls, and a launch with what it brings. Another user is not touched. */
static void test_quota(void **state)
{
	struct reply replies[3 + DEFERRED_CONTROL_RESERVE], other;
	struct rig *r = *state;

	r->broker.catalog->config.max_calls_per_user = 3;
	r->broker.catalog->config.max_fds_per_user = 1;
	rig_send(r, fd_launch(r, ALICE), &replies[0]);
	rig_until(r, waiting(r) == 1);
	rig_expect(r, fd_launch(r, ALICE2), BAILIFF_ERROR_QUOTA_EXCEEDED, NULL);
	for (size_t i = 1; i < 3; i++)
		rig_send(r, rig_launch(r, ALICE, "open"), &replies[i]);
	rig_until(r, waiting(r) == 3);
	rig_expect(r, rig_launch(r, ALICE2, "open"), BAILIFF_ERROR_QUOTA_EXCEEDED, NULL);
	rig_expect(r, named_call(r, ALICE2), BAILIFF_ERROR_QUOTA_EXCEEDED, NULL);
	/* what controls a sandbox has some to itself */
	for (size_t i = 3; i < ELEMENTSOF(replies); i++)
		rig_send(r, signal_call(r, ALICE, 10), &replies[i]);
	rig_until(r, waiting(r) == ELEMENTSOF(replies));
	rig_expect(r, signal_call(r, ALICE, 10), BAILIFF_ERROR_QUOTA_EXCEEDED, NULL);
	rig_send(r, named_call(r, BOB), &other);
	rig_until(r, waiting(r) == ELEMENTSOF(replies) + 1);
	r->broker.between.usec = 0;
	broker_stop(&r->broker);
	for (size_t i = 0; i < ELEMENTSOF(replies); i++)
		expect(r, &replies[i], BAILIFF_ERROR_BUSY);
	expect(r, &other, BAILIFF_ERROR_BUSY);
}

/* However many users there are: no more than so many. */
static void test_all(void **state)
{
	struct reply *replies = calloc(BETWEEN_MAX, sizeof(*replies));
	struct rig *r = *state;

	assert_non_null(replies);
	r->broker.catalog->config.max_calls_per_user = 2 * BETWEEN_MAX;
	for (size_t i = 0; i < BETWEEN_MAX; i++) {
		rig_send(r, named_call(r, ALICE), &replies[i]);
		if (i % 64 == 63)
			rig_until(r, waiting(r) == i + 1);
	}
	rig_expect(r, named_call(r, BOB), BAILIFF_ERROR_BUSY, NULL);
	rig_expect(r, rig_launch(r, ALICE2, "decoder"), BAILIFF_ERROR_BUSY, NULL);
	rig_leave(r, ALICE);
	rig_until(r, waiting(r) == 0);
	free(replies);
}

/* Rights are those of the moment in which it is launched. */
static void test_rights(void **state)
{
	struct reply launch, invalid, detached;
	struct rig *r = *state;

	rig_send(r, rig_launch(r, ALICE, "decoder"), &launch);
	rig_send(r, rig_launch(r, ALICE, "open"), &invalid);
	rig_send(r, signal_call(r, ALICE, 9), &detached);
	rig_until(r, waiting(r) == 3);
	r->broker.catalog->profiles[2].access[0].id = 45;
	r->broker.catalog->profiles[4].invalid = true;
	next_launcher(r);
	expect(r, &launch, BAILIFF_ERROR_ACCESS_DENIED);
	expect(r, &invalid, BAILIFF_ERROR_PROFILE_INVALID);
	take(r, WIRE_SIGNAL);
	expect(r, &detached, NULL);
	assert_true(rig_launcher_idle(r));
}

/* A unit that decides is looked up by the launcher that launches, once. */
static void test_unit(void **state)
{
	struct rig *r = *state;
	struct reply reply;
	struct request q;

	r->process_by_hand = true;
	r->process.uid = 1001;
	r->process.cgroup = "0::/system.slice/chrome@1.service\n";
	rig_send(r, rig_launch(r, BOB, "unit"), &reply);
	rig_until(r, waiting(r) == 1);
	next_launcher(r);
	/* this one ends with the question: it was only asked, so the next one is */
	rig_take(r, WIRE_PROCESS, &q);
	request_done(&q);
	r->launcher = fd_close(r->launcher);
	rig_until(r, r->broker.launcher.fd < 0);
	assert_int_equal(waiting(r), 1);
	next_launcher(r);
	rig_take(r, WIRE_PROCESS, &q);
	rig_answer_process(r, q.serial);
	request_done(&q);
	take(r, WIRE_LAUNCH);
	expect(r, &reply, NULL);
}

/* One launcher after the other ends before its table is complete; what one of them was asked for is not asked
 * of another. */
static void test_once(void **state)
{
	struct reply held, flying;
	struct rig *r = *state;
	struct request q;

	rig_send(r, rig_launch(r, ALICE, "decoder"), &held);
	rig_until(r, waiting(r) == 1);
	for (int i = 0; i < 3; i++) {
		rig_next_launcher(r, &q);
		request_done(&q);
		r->launcher = fd_close(r->launcher);
		rig_until(r, r->broker.launcher.fd < 0);
	}
	assert_false(held.there);
	next_launcher(r);
	take(r, WIRE_LAUNCH);
	expect(r, &held, NULL);
	rig_send(r, rig_launch(r, ALICE, "open"), &flying);
	rig_take(r, WIRE_LAUNCH, &q);
	request_done(&q);
	r->launcher = fd_close(r->launcher);
	expect(r, &flying, BAILIFF_ERROR_FAILED);
	rig_next_launcher(r, &q);
	rig_tell_kept(r, q.serial, &kept);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	assert_true(rig_launcher_idle(r));
}

/* It takes nothing any more, and its end has not been read: that is no launcher, either. */
static void test_not_read_yet(void **state)
{
	struct reply launch, freeze, sent, name, all;
	struct rig *r = *state;

	next_launcher(r);
	rig_until(r, r->broker.launcher.ready);
	assert_int_equal(shutdown(r->launcher, SHUT_RD), 0);
	rig_send(r, rig_launch(r, ALICE, "decoder"), &launch);
	rig_until(r, waiting(r) == 1);
	r->broker.launcher.ready = true; /* each finds out by itself */
	rig_send(r, rig_call(r, ALICE, 1, "Freeze"), &freeze);
	rig_until(r, waiting(r) == 2);
	r->broker.launcher.ready = true;
	rig_send(r, signal_call(r, ALICE, 10), &sent);
	rig_until(r, waiting(r) == 3);
	r->broker.launcher.ready = true;
	rig_send(r, named_call(r, ALICE), &name);
	rig_until(r, waiting(r) == 4);
	r->broker.launcher.ready = true;
	rig_send(r, kill_all_call(r, ROOT), &all);
	rig_until(r, waiting(r) == 5);
	r->launcher = fd_close(r->launcher);
	rig_until(r, r->broker.launcher.fd < 0);
	assert_int_equal(waiting(r), 5);
	assert_false(launch.there || freeze.there || sent.there || name.there || all.there);
	next_launcher(r);
	take(r, WIRE_LAUNCH);
	expect(r, &launch, NULL);
	take(r, WIRE_FREEZE);
	expect(r, &freeze, NULL);
	take(r, WIRE_SIGNAL);
	expect(r, &sent, NULL);
	rig_leave(r, ALICE);
	rig_leave(r, ROOT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_held, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_questions, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_timer, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_client_gone, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_quota, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_all, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_rights, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_unit, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_once, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_not_read_yet, setup, rig_teardown),
	};

	return cmocka_run_group_tests_name("bus between", tests, NULL, NULL);
}
