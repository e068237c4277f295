/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Sandbox objects: who sees them, what can be done with them, how their end is told. A12, A13, D5, D10, D11,
 * D14. */

#include "base/error.h"
#include "base/strv.h"
#include "dbus/names.h"
#include "rig.h"

#include <signal.h>
#include <string.h>

static void launch(struct rig *r, const char *sender, const char *profile, uint64_t id)
{
	struct reply reply;

	rig_launch_sandbox(r, sender, profile, id, &reply);
	reply_done(&reply);
}

static sd_bus_message *call_signal(
	struct rig *r, const char *sender, uint64_t id, int signal, const char *whom)
{
	sd_bus_message *m = rig_call(r, sender, id, "Signal");

	assert_true(sd_bus_message_append(m, "is", signal, whom) >= 0);
	return m;
}

static sd_bus_message *call_stop(struct rig *r, const char *sender, uint64_t id, uint64_t timeout)
{
	sd_bus_message *m = rig_call(r, sender, id, "Stop");

	assert_true(sd_bus_message_append(m, "t", timeout) >= 0);
	return m;
}

static sd_bus_message *call_get(struct rig *r, const char *sender, uint64_t id, const char *property)
{
	sd_bus_message *m =
		rig_call_path(r, sender, id == 1 ? BAILIFF_SANDBOX_PREFIX "/1" : BAILIFF_SANDBOX_PREFIX "/99",
			"org.freedesktop.DBus.Properties", "Get");

	assert_true(sd_bus_message_append(m, "ss", BAILIFF_SANDBOX_INTERFACE, property) >= 0);
	return m;
}

/* What the library would answer by itself: what it finds missing in an object that is missing was an I/O
 * error. */
static void test_foreign_to_the_bus(struct rig *r)
{
	static const char *const paths[] = { BAILIFF_SANDBOX_PREFIX "/1", BAILIFF_SANDBOX_PREFIX "/99",
		BAILIFF_SANDBOX_PREFIX "/x" };
	static const char *const calls[][2] = { { "org.freedesktop.DBus.Introspectable", "Introspect" },
		{ "org.freedesktop.DBus.Properties", "Get" }, { "org.freedesktop.DBus.Properties", "GetAll" },
		{ "org.freedesktop.DBus.ObjectManager", "GetManagedObjects" },
		{ BAILIFF_SANDBOX_INTERFACE, "NoSuchMethod" }, { "no.such.Interface", "Wait" } };

	for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
		for (size_t k = 0; k < ELEMENTSOF(calls); k++)
			rig_expect(r, rig_call_path(r, BOB, paths[i], calls[k][0], calls[k][1]),
				BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
		rig_expect(r, rig_call_path(r, BOB, paths[i], NULL, "Wait"), BAILIFF_ERROR_NO_SUCH_SANDBOX,
			NULL);
	}
	rig_expect(r, call_get(r, BOB, 99, "NoSuchProperty"), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
}

/* A foreign sandbox and none at all: the same error with the same words, by every way in. */
static void test_foreign(void **state)
{
	static const char *const members[] = { "Wait", "GetPidfd", "Release" };
	struct reply foreign, unknown;
	struct rig *r = *state;

	launch(r, ALICE, "decoder", 1);
	for (size_t i = 0; i < ELEMENTSOF(members); i++) {
		rig_expect(r, rig_call(r, BOB, 1, members[i]), BAILIFF_ERROR_NO_SUCH_SANDBOX, &foreign);
		rig_expect(r, rig_call(r, BOB, 99, members[i]), BAILIFF_ERROR_NO_SUCH_SANDBOX, &unknown);
		assert_string_equal(foreign.text, unknown.text);
		reply_done(&foreign);
		reply_done(&unknown);
	}
	rig_expect(r, call_signal(r, BOB, 1, SIGKILL, "main"), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	rig_expect(r, call_stop(r, BOB, 1, 0), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	rig_expect(r, call_get(r, BOB, 1, "Tag"), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	rig_expect(r, call_get(r, BOB, 99, "Tag"), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	test_foreign_to_the_bus(r);
	rig_expect(r,
		rig_call_path(r, BOB, BAILIFF_SANDBOX_PREFIX "/1", "org.freedesktop.DBus.Introspectable",
			"Introspect"),
		BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	rig_expect(r,
		rig_call_path(r, ALICE, BAILIFF_SANDBOX_PREFIX "/01", BAILIFF_SANDBOX_INTERFACE, "Wait"),
		BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	rig_expect(r,
		rig_call_path(r, ALICE, BAILIFF_SANDBOX_PREFIX "/_1", BAILIFF_SANDBOX_INTERFACE, "Wait"),
		BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	assert_true(rig_launcher_idle(r));
	rig_expect(r, call_get(r, ALICE2, 1, "Tag"), NULL, NULL);
	rig_expect(r, call_get(r, ROOT, 1, "Tag"), NULL, NULL);
}

static size_t count_listed(struct rig *r, const char *sender)
{
	const char *path, *profile, *tag, *state;
	uint32_t owner, pid;
	struct reply reply;
	uint64_t id;
	size_t n = 0;

	rig_expect(r, rig_call(r, sender, 0, "ListSandboxes"), NULL, &reply);
	assert_true(sd_bus_message_enter_container(reply.message, 'a', "(otssuus)") >= 0);
	while (sd_bus_message_read(
		       reply.message, "(otssuus)", &path, &id, &profile, &tag, &owner, &pid, &state) > 0)
		n++;
	reply_done(&reply);
	return n;
}

static size_t count_introspected(struct rig *r, const char *sender)
{
	struct reply reply;
	const char *xml;
	size_t n = 0;

	rig_expect(r,
		rig_call_path(r, sender, BAILIFF_SANDBOX_PREFIX, "org.freedesktop.DBus.Introspectable",
			"Introspect"),
		NULL, &reply);
	assert_true(sd_bus_message_read(reply.message, "s", &xml) > 0);
	while ((xml = strstr(xml, "<node name="))) {
		xml++;
		n++;
	}
	reply_done(&reply);
	return n;
}

static uint32_t n_sandboxes(struct rig *r, const char *sender)
{
	sd_bus_message *m =
		rig_call_path(r, sender, BAILIFF_OBJECT_PATH, "org.freedesktop.DBus.Properties", "Get");
	struct reply reply;
	uint32_t n;

	assert_true(sd_bus_message_append(m, "ss", BAILIFF_MANAGER_INTERFACE, "NSandboxes") >= 0);
	rig_expect(r, m, NULL, &reply);
	assert_true(sd_bus_message_read(reply.message, "v", "u", &n) > 0);
	reply_done(&reply);
	return n;
}

static void test_listing(void **state)
{
	static const struct {
		const char *sender;
		size_t n;
	} rows[] = { { ALICE, 2 }, { ALICE2, 2 }, { BOB, 0 }, { ROOT, 3 } };
	struct rig *r = *state;

	launch(r, ALICE, "decoder", 1);
	launch(r, ALICE2, "decoder", 2);
	launch(r, ROOT, "admin", 3);
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		assert_int_equal(count_listed(r, rows[i].sender), rows[i].n);
		assert_int_equal(count_introspected(r, rows[i].sender), rows[i].n);
		assert_int_equal(n_sandboxes(r, rows[i].sender), rows[i].n);
	}
}

static void test_signal(void **state)
{
	static const int wrong[] = { 0, -1, 65, INT32_MAX, INT32_MIN };
	struct signal_request request;
	struct rig *r = *state;
	struct reply reply;
	struct request q;

	launch(r, ALICE, "decoder", 1);
	for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
		rig_expect(r, call_signal(r, ALICE, 1, wrong[i], "main"), SD_BUS_ERROR_INVALID_ARGS, NULL);
	rig_expect(r, call_signal(r, ALICE, 1, SIGTERM, "everybody"), SD_BUS_ERROR_INVALID_ARGS, NULL);
	rig_expect(r, call_signal(r, ALICE, 1, SIGTERM, ""), SD_BUS_ERROR_INVALID_ARGS, NULL);
	assert_true(rig_launcher_idle(r));
	rig_send(r, call_signal(r, ALICE2, 1, SIGUSR1, "all"), &reply);
	rig_take(r, WIRE_SIGNAL, &q);
	assert_int_equal(decode_signal_request(&q.body, &request), 0);
	assert_int_equal(request.signal, SIGUSR1);
	assert_true(request.all);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	rig_wait(r, &reply);
	assert_null(reply.error);
	reply_done(&reply);
	/* It ended between call and signal. */
	rig_send(r, call_signal(r, ALICE, 1, SIGUSR1, "main"), &reply);
	rig_take(r, WIRE_SIGNAL, &q);
	rig_answer_done(r, q.serial, -ESRCH);
	request_done(&q);
	rig_wait(r, &reply);
	assert_string_equal(reply.error, BAILIFF_ERROR_NO_SUCH_SANDBOX);
	reply_done(&reply);
}

static void test_stop(void **state)
{
	struct rig *r = *state;
	struct stop_request stop;
	struct reply reply;
	struct request q;

	launch(r, ALICE, "decoder", 1);
	rig_expect(r, call_stop(r, ALICE, 1, UINT64_MAX - 1), SD_BUS_ERROR_INVALID_ARGS, NULL);
	rig_send(r, call_stop(r, ROOT, 1, 5000), &reply);
	rig_take(r, WIRE_STOP, &q);
	assert_int_equal(decode_stop_request(&q.body, &stop), 0);
	assert_int_equal(stop.timeout_usec, 5000);
	assert_int_equal(stop.reason, RESULT_KILLED);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	rig_wait(r, &reply);
	assert_null(reply.error);
	reply_done(&reply);
	rig_tell_exited(r, 1, RESULT_KILLED, 0, SIGTERM);
	rig_settle(r);
	/* Once more does no harm. */
	rig_expect(r, call_stop(r, ALICE, 1, 0), NULL, NULL);
	/* its owner is not told that there is none */
	rig_expect_text(r, call_signal(r, ALICE, 1, SIGTERM, "main"), BAILIFF_ERROR_NO_SUCH_SANDBOX,
		"has ended: Wait() tells how");
	rig_expect_text(r, rig_call(r, ALICE, 1, "GetPidfd"), BAILIFF_ERROR_NO_SUCH_SANDBOX,
		"has ended: Wait() tells how");
	assert_true(rig_launcher_idle(r));
}

static void check_wait(struct reply *reply, const char *result, int code, int signal)
{
	const char *name, *key;
	int32_t got_code, got_signal;
	uint64_t usec;

	assert_null(reply->error);
	assert_true(sd_bus_message_read(reply->message, "sii", &name, &got_code, &got_signal) > 0);
	assert_string_equal(name, result);
	assert_int_equal(got_code, code);
	assert_int_equal(got_signal, signal);
	assert_true(sd_bus_message_read(reply->message, "a{sv}", 1, &key, "t", &usec) > 0);
	assert_string_equal(key, "cpu-usec");
	assert_int_equal(usec, 77);
	reply_done(reply);
}

static void test_wait(void **state)
{
	struct reply waiting[2], late;
	struct rig *r = *state;

	launch(r, ALICE, "decoder", 1);
	rig_send(r, rig_call(r, ALICE, 1, "Wait"), &waiting[0]);
	rig_send(r, rig_call(r, ROOT, 1, "Wait"), &waiting[1]);
	rig_settle(r);
	assert_false(waiting[0].there || waiting[1].there);
	rig_expect(r, rig_call(r, ALICE, 1, "Release"), BAILIFF_ERROR_BUSY, NULL);
	rig_tell_exited(r, 1, RESULT_EXIT_CODE, 42, 0);
	for (size_t i = 0; i < 2; i++) {
		rig_wait(r, &waiting[i]);
		check_wait(&waiting[i], "exit-code", 42, 0);
	}
	rig_expect(r, rig_call(r, ALICE2, 1, "Wait"), NULL, &late);
	check_wait(&late, "exit-code", 42, 0);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
}

/* D14; and who fills the quota with Wait() can still stop. */
static void test_wait_quota(void **state)
{
	struct reply waiting[4], reply;
	struct rig *r = *state;
	struct request q;

	launch(r, ALICE, "decoder", 1);
	for (size_t i = 0; i < 4; i++)
		rig_send(r, rig_call(r, ALICE, 1, "Wait"), &waiting[i]);
	rig_expect(r, rig_call(r, ALICE2, 1, "Wait"), BAILIFF_ERROR_QUOTA_EXCEEDED, NULL);
	rig_send(r, call_stop(r, ALICE, 1, 0), &reply);
	rig_take(r, WIRE_STOP, &q);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	rig_wait(r, &reply);
	assert_null(reply.error);
	reply_done(&reply);
	/* Q6: what a connection waited for is freed when it goes. */
	rig_leave(r, ALICE);
	rig_take(r, WIRE_STOP, &q); /* because it is gone */
	request_done(&q);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
}

/* D5: Exited and PropertiesChanged go to the connection that launched, and to nobody else. */
static void test_signals(void **state)
{
	size_t exited = 0, changed = 0;
	struct rig *r = *state;

	launch(r, ALICE, "decoder", 1);
	rig_tell_exited(r, 1, RESULT_SIGNAL, 0, SIGSEGV);
	rig_until(r, r->n_signals >= 2);
	rig_settle(r);
	for (size_t i = 0; i < r->n_signals; i++) {
		assert_string_equal(r->signals[i].destination, ALICE);
		exited += strcmp(r->signals[i].member, "Exited") == 0;
		changed += strcmp(r->signals[i].member, "PropertiesChanged") == 0;
	}
	assert_int_equal(exited, 1);
	assert_int_equal(changed, 1);
	assert_int_equal(r->n_signals, 2);
}

/* D11: a connection that goes takes its sandboxes with it, but for detached ones. */
static void test_owner_gone(void **state)
{
	struct rig *r = *state;
	sd_bus_message *m = rig_call(r, ALICE, 0, "LaunchSandboxed");
	struct stop_request stop;
	struct reply reply;
	struct request q;

	launch(r, ALICE, "decoder", 1);
	launch(r, ALICE2, "decoder", 2);
	assert_true(sd_bus_message_append(
			    m, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 0, 0, 1, "detach", "b", 1) >= 0);
	rig_send(r, m, &reply);
	rig_take(r, WIRE_LAUNCH, &q);
	rig_answer_launched(r, q.serial, 3);
	request_done(&q);
	rig_wait(r, &reply);
	reply_done(&reply);
	rig_leave(r, ALICE);
	rig_take(r, WIRE_STOP, &q);
	assert_int_equal(decode_stop_request(&q.body, &stop), 0);
	assert_int_equal(stop.id, 1);
	assert_int_equal(stop.timeout_usec, USEC_INFINITY);
	assert_int_equal(stop.reason, RESULT_CLIENT_GONE);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	assert_true(rig_launcher_idle(r));
	rig_tell_exited(r, 1, RESULT_CLIENT_GONE, 0, SIGTERM);
	rig_tell_exited(r, 3, RESULT_SUCCESS, 0, 0);
	rig_settle(r);
	/* Nobody is left to hear of it; the same user can still look. */
	assert_int_equal(r->n_signals, 0);
	assert_int_equal(count_listed(r, ALICE2), 3);
}

/* Exit states are kept until they are released, two for a user here; the oldest goes first. */
static void test_retention(void **state)
{
	struct rig *r = *state;
	struct request q;
	uint64_t id;

	for (uint64_t i = 1; i <= 3; i++) {
		launch(r, ALICE, "decoder", i);
		rig_tell_exited(r, i, RESULT_SUCCESS, 0, 0);
		rig_settle(r);
	}
	rig_take(r, WIRE_FORGET, &q);
	assert_int_equal(decode_id(&q.body, &id), 0);
	assert_int_equal(id, 1);
	assert_int_equal(q.serial, 0); /* it has no answer */
	request_done(&q);
	rig_expect(r, rig_call(r, ALICE, 1, "Wait"), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	rig_expect(r, rig_call(r, ALICE, 2, "Release"), NULL, NULL);
	rig_take(r, WIRE_FORGET, &q);
	request_done(&q);
	rig_expect(r, rig_call(r, ALICE, 2, "Release"), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	assert_int_equal(count_listed(r, ALICE), 1);
	assert_int_equal(r->broker.quota.total[QUOTA_RETAINED], 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_foreign),
		TEST(test_listing),
		TEST(test_signal),
		TEST(test_stop),
		TEST(test_wait),
		TEST(test_wait_quota),
		TEST(test_signals),
		TEST(test_owner_gone),
		TEST(test_retention),
	};

	return cmocka_run_group_tests_name("bus sandboxes", tests, NULL, NULL);
}
