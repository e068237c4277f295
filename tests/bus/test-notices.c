/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a program says of itself: which words count, who hears of it, and what a flood of them costs. */

#include "base/error.h"
#include "broker/notices.h"
#include "dbus/names.h"
#include "rig.h"

#include <string.h>

static int set_up(void **state)
{
	struct reply reply;
	int r = rig_setup(state);

	if (r == 0) {
		rig_launch_sandbox(*state, ALICE, "decoder", 1, &reply);
		reply_done(&reply);
		((struct rig *)*state)->n_signals = 0;
	}
	return r;
}

static void send_notice(struct rig *r, uint64_t id, const void *text, size_t size)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);

	assert_int_equal(encode_notice_event(&b, &(struct notice_event){ id, text, size }), 0);
	assert_int_equal(wire_send(r->launcher, b.data, b.size, NULL, 0), 0);
}

static struct noted_request take_noted(struct rig *r)
{
	struct noted_request m;
	struct request q;

	rig_take(r, WIRE_NOTED, &q);
	assert_int_equal(decode_noted_request(&q.body, &m), 0);
	assert_int_equal(m.id, 1);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	return m;
}

/* The launcher is told what this made of the sandbox. */
static void say(struct rig *r, const char *text, bool ready, bool stopping)
{
	struct noted_request m;

	send_notice(r, 1, text, strlen(text));
	m = take_noted(r);
	assert_int_equal(m.ready, ready);
	assert_int_equal(m.stopping, stopping);
}

static void assert_state(struct rig *r, const char *expected)
{
	sd_bus_message *m = rig_call_path(
		r, ALICE2, BAILIFF_SANDBOX_PREFIX "/1", "org.freedesktop.DBus.Properties", "Get");
	struct reply reply;
	const char *value;

	assert_true(sd_bus_message_append(m, "ss", BAILIFF_SANDBOX_INTERFACE, "State") >= 0);
	rig_expect(r, m, NULL, &reply);
	assert_true(sd_bus_message_read(reply.message, "v", "s", &value) > 0);
	assert_string_equal(value, expected);
	reply_done(&reply);
}

static void test_words(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		bool ready, stopping;
	} rows[] = {
		{ "READY=1", 7, true, false },
		{ "READY=1\n", 8, true, false },
		{ "STATUS=a\nREADY=1\nMAINPID=1\n", 27, true, false },
		{ "\n\nREADY=1\n\n", 11, true, false },
		{ "READY=1\nSTOPPING=1", 18, true, true },
		{ "STOPPING=1\n", 11, false, true },
		{ "", 0, false, false },
		{ "\n", 1, false, false },
		{ "READY=", 6, false, false },
		{ "READY=0", 7, false, false },
		{ "READY=11", 8, false, false },
		{ "READY=1 ", 8, false, false },
		{ "READY=1\0", 8, false, false },
		{ " READY=1", 8, false, false },
		{ "XREADY=1", 8, false, false },
		{ "STATUS=READY=1", 14, false, false },
		{ "READY=1", 6, false, false },
		{ "BARRIER=1", 9, false, false },
		{ "FDSTORE=1\nFDNAME=x", 18, false, false },
		{ "RELOADING=1\nMONOTONIC_USEC=1", 28, false, false },
		{ "EXTEND_TIMEOUT_USEC=1", 21, false, false },
		{ "\xff\xfe\n\x80", 4, false, false },
	};

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct notice n;

		notice_read(rows[i].text, rows[i].size, &n);
		assert_int_equal(n.ready, rows[i].ready);
		assert_int_equal(n.stopping, rows[i].stopping);
	}
}

static void test_ready(void **state)
{
	struct rig *r = *state;

	say(r, "STATUS=starting", false, false);
	assert_state(r, "running");
	assert_int_equal(r->n_signals, 0);
	say(r, "READY=1\nSTATUS=up", true, false);
	assert_state(r, "ready");
	rig_until(r, r->n_signals == 2);
	assert_string_equal(r->signals[0].member, "PropertiesChanged");
	assert_string_equal(r->signals[1].member, "Ready");
	for (size_t i = 0; i < 2; i++)
		assert_string_equal(r->signals[i].destination, ALICE);
	/* once */
	say(r, "READY=1", false, false);
	rig_settle(r);
	assert_int_equal(r->n_signals, 2);
	say(r, "STOPPING=1", false, true);
	assert_state(r, "stopping");
	assert_int_equal(r->n_signals, 3);
	say(r, "READY=1", false, false);
	assert_state(r, "stopping");
	say(r, "STOPPING=1", false, false);
	rig_settle(r);
	assert_int_equal(r->n_signals, 3);
}

/* Of one that is not there, or no more, nothing is made, and nothing is said. */
static void test_unknown(void **state)
{
	struct rig *r = *state;

	send_notice(r, 99, "READY=1", 7);
	rig_settle(r);
	assert_true(rig_launcher_idle(r));
	rig_tell_exited(r, 1, RESULT_SUCCESS, 0, 0);
	rig_settle(r);
	r->n_signals = 0;
	send_notice(r, 1, "READY=1", 7);
	rig_settle(r);
	assert_true(rig_launcher_idle(r));
	assert_int_equal(r->n_signals, 0);
	assert_state(r, "exited");
}

/* The first are taken at once, the others at a tenth of a second each, unless they bring something new. */
static void test_flood(void **state)
{
	struct rig *r = *state;
	uint64_t begin = now_boottime_usec();

	for (int i = 0; i < 22; i++)
		say(r, "STATUS=x", false, false);
	assert_true(now_boottime_usec() - begin >= 550000);
	say(r, "READY=1", true, false);
	assert_state(r, "ready");
}

/* It ends while its word is waited with; and the broker does. */
static void test_end_of_a_flood(void **state)
{
	struct rig *r = *state;

	for (int i = 0; i < 17; i++)
		say(r, "STATUS=x", false, false);
	send_notice(r, 1, "", 0);
	rig_step(r);
	rig_tell_exited(r, 1, RESULT_SUCCESS, 0, 0);
	rig_settle(r);
	assert_true(rig_launcher_idle(r));
	assert_state(r, "exited");
}

static void test_too_long(void **state)
{
	static const char text[NOTICE_MAX + 1];
	struct rig *r = *state;
	int status = 0;

	send_notice(r, 1, text, sizeof(text));
	rig_until(r, rig_broker_ended(r, &status));
	assert_int_not_equal(status, 0);
}

static void test_option(void **state)
{
	static const char *const words[] = { "exec", "notify" };
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(words); i++) {
		_cleanup_(launch_request_done) struct launch_request l = { 0 };
		sd_bus_message *m = rig_call(r, ALICE, 0, "LaunchSandboxed");
		struct reply reply;
		struct request q;

		assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", "decoder", 1, "/bin/true", 0, 0, 1,
				    "ready", "s", words[i]) >= 0);
		rig_send(r, m, &reply);
		rig_take(r, WIRE_LAUNCH, &q);
		assert_int_equal(decode_launch_request(&q.body, &l), 0);
		assert_int_equal(l.notify, i);
		rig_answer_launched(r, q.serial, 7 + i);
		request_done(&q);
		rig_wait(r, &reply);
		assert_null(reply.error);
		reply_done(&reply);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test_setup_teardown(test_ready, set_up, rig_teardown),
		cmocka_unit_test_setup_teardown(test_unknown, set_up, rig_teardown),
		cmocka_unit_test_setup_teardown(test_flood, set_up, rig_teardown),
		cmocka_unit_test_setup_teardown(test_end_of_a_flood, set_up, rig_teardown),
		cmocka_unit_test_setup_teardown(test_too_long, set_up, rig_teardown),
		cmocka_unit_test_setup_teardown(test_option, set_up, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
