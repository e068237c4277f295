/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Control of sandboxes that run, as clients see it: freeze, limits, usage, lifelines, and a stop that the
 * launcher began by itself. A13, P11, P12. */

#include "base/error.h"
#include "dbus/names.h"
#include "jail/stage.h"
#include "plan/plan.h"
#include "rig.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int set_up(void **state)
{
	struct reply reply;
	int r = rig_setup(state);

	if (r == 0) {
		rig_launch_sandbox(*state, ALICE, "decoder", 1, &reply);
		reply_done(&reply);
	}
	return r;
}

static void answer_refused(struct rig *r, uint32_t serial, const struct refused *refused)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);

	assert_int_equal(encode_refused(&b, serial, refused), 0);
	assert_int_equal(wire_send(r->launcher, b.data, b.size, NULL, 0), 0);
}

static void expect_reply(struct rig *r, struct reply *reply, const char *error, const char *text)
{
	rig_wait(r, reply);
	if (!error)
		assert_null(reply->error);
	else
		assert_string_equal(reply->error, error);
	if (text)
		assert_non_null(strstr(reply->text, text));
	reply_done(reply);
}

static void test_freeze(void **state)
{
	static const char *const members[] = { "Thaw", "Freeze" };
	struct rig *r = *state;

	for (size_t i = 0; i < 2; i++) {
		char message[] = "no cgroup v2 hierarchy to freeze in";
		struct freeze_request m;
		struct reply reply;
		struct request q;

		rig_send(r, rig_call(r, ALICE2, 1, members[i]), &reply);
		rig_take(r, WIRE_FREEZE, &q);
		assert_int_equal(decode_freeze_request(&q.body, &m), 0);
		assert_int_equal(m.id, 1);
		assert_int_equal(m.freeze, i);
		rig_answer_done(r, q.serial, 0);
		request_done(&q);
		expect_reply(r, &reply, NULL, NULL);

		rig_send(r, rig_call(r, ROOT, 1, members[i]), &reply);
		rig_take(r, WIRE_FREEZE, &q);
		answer_refused(r, q.serial,
			&(struct refused){ .stage = STAGE_CGROUP, .error = -EOPNOTSUPP, .message = message });
		request_done(&q);
		expect_reply(r, &reply, BAILIFF_ERROR_SETUP_PREFIX "Cgroup", message);
		rig_expect(r, rig_call(r, BOB, 1, members[i]), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	}
	assert_true(rig_launcher_idle(r));
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
}

/* It ended between call and answer; and after it ended nothing is asked. */
static void test_ended(void **state)
{
	static const char *const members[] = { "Freeze", "Thaw" };
	struct rig *r = *state;
	struct reply reply;
	struct request q;

	rig_send(r, rig_call(r, ALICE, 1, "Freeze"), &reply);
	rig_take(r, WIRE_FREEZE, &q);
	rig_answer_done(r, q.serial, -ESRCH);
	request_done(&q);
	expect_reply(r, &reply, BAILIFF_ERROR_NO_SUCH_SANDBOX, "has ended: Wait() tells how");
	rig_tell_exited(r, 1, RESULT_SUCCESS, 0, 0);
	rig_settle(r);
	for (size_t i = 0; i < ELEMENTSOF(members); i++)
		rig_expect(r, rig_call(r, ALICE, 1, members[i]), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	assert_true(rig_launcher_idle(r));
}

#define LIMITS(r, ...)                                                                                       \
	({                                                                                                   \
		sd_bus_message *_m = rig_call((r), ALICE, 1, "SetLimits");                                   \
		assert_true(sd_bus_message_append(_m, "a{sv}", __VA_ARGS__) >= 0);                           \
		_m;                                                                                          \
	})

static void test_limits(void **state)
{
	char message[] = "tasks-max: a limit may be lowered, not raised";
	struct rig *r = *state;
	struct limit_request l;
	struct reply reply;
	struct request q;

	rig_send(r,
		LIMITS(r, 5, "memory-max", "t", UINT64_C(1) << 20, "tasks-max", "t", UINT64_C(9), "cpu-quota",
			"u", 150, "runtime-max-usec", "t", UINT64_C(7), "stop-timeout-usec", "t",
			UINT64_C(8)),
		&reply);
	rig_take(r, WIRE_LIMIT, &q);
	assert_int_equal(decode_limit_request(&q.body, &l), 0);
	assert_int_equal(l.memory_max, 1 << 20);
	assert_int_equal(l.tasks_max, 9);
	assert_int_equal(l.cpu_quota, 15000);
	assert_int_equal(l.runtime_max_usec, 7);
	assert_int_equal(l.timeout_stop_usec, 8);
	answer_refused(
		r, q.serial, &(struct refused){ .refusal = REFUSAL_OVERRIDE_DENIED, .message = message });
	request_done(&q);
	expect_reply(r, &reply, BAILIFF_ERROR_OVERRIDE_DENIED, "tasks-max");
}

static void test_bad_limits(void **state)
{
	const char *invalid = SD_BUS_ERROR_INVALID_ARGS;
	struct rig *r = *state;

	rig_expect(r, LIMITS(r, 1, "memory-max", "u", 5), invalid, NULL);
	rig_expect(r, LIMITS(r, 1, "cpu-quota", "t", UINT64_C(5)), invalid, NULL);
	rig_expect(r, LIMITS(r, 1, "memory-max", "t", UINT64_C(0)), invalid, NULL);
	rig_expect(r, LIMITS(r, 1, "cpu-quota", "u", 819201), invalid, NULL);
	rig_expect(r, LIMITS(r, 1, "runtime-max-usec", "t", TIMEOUT_USEC_MAX + 1), invalid, NULL);
	rig_expect(
		r, LIMITS(r, 2, "tasks-max", "t", UINT64_C(5), "tasks-max", "t", UINT64_C(5)), invalid, NULL);
	rig_expect(r, LIMITS(r, 1, "nice", "i", 5), BAILIFF_ERROR_UNKNOWN_OPTION, NULL);
	rig_expect(r, LIMITS(r, 1, "", "i", 5), BAILIFF_ERROR_UNKNOWN_OPTION, NULL);
	assert_true(rig_launcher_idle(r));
}

static uint64_t read_usage(struct reply *reply, const char *key)
{
	const char *name;
	uint64_t value, found = UINT64_MAX;

	assert_null(reply->error);
	assert_true(sd_bus_message_rewind(reply->message, true) >= 0);
	assert_true(sd_bus_message_enter_container(reply->message, 'a', "{st}") > 0);
	while (sd_bus_message_read(reply->message, "{st}", &name, &value) > 0)
		if (strcmp(name, key) == 0)
			found = value;
	return found;
}

static void answer_usage(struct rig *r, uint32_t serial, struct usage u)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);

	assert_int_equal(encode_usage(&b, serial, &u), 0);
	assert_int_equal(wire_send(r->launcher, b.data, b.size, NULL, 0), 0);
}

/* What is not known is not there. After the end the answer is the broker's own. */
static void test_usage(void **state)
{
	struct rig *r = *state;
	struct reply reply;
	struct request q;

	rig_send(r, rig_call(r, ALICE, 1, "GetUsage"), &reply);
	rig_take(r, WIRE_USAGE, &q);
	answer_usage(r, q.serial, (struct usage){ USAGE_CPU | USAGE_TASKS, 12, 0, 3 });
	request_done(&q);
	rig_wait(r, &reply);
	assert_int_equal(read_usage(&reply, "cpu-usec"), 12);
	assert_int_equal(read_usage(&reply, "tasks-peak"), 3);
	assert_true(read_usage(&reply, "memory-peak") == UINT64_MAX);
	assert_int_equal(read_usage(&reply, "setup-usec"), 300);
	assert_int_equal(read_usage(&reply, "setup-usec-namespaces"), 100);
	assert_int_equal(read_usage(&reply, "setup-usec-ids"), 7);
	assert_true(read_usage(&reply, "setup-usec-mounts") == UINT64_MAX);
	assert_true(read_usage(&reply, "setup-usec-") == UINT64_MAX);
	reply_done(&reply);
	rig_tell_exited(r, 1, RESULT_SUCCESS, 0, 0);
	rig_settle(r);
	rig_expect(r, rig_call(r, ALICE, 1, "GetUsage"), NULL, &reply);
	assert_int_equal(read_usage(&reply, "cpu-usec"), 77);
	assert_true(read_usage(&reply, "tasks-peak") == UINT64_MAX);
	reply_done(&reply);
	assert_true(rig_launcher_idle(r));
}

static sd_bus_message *call_attach(struct rig *r, const char *sender, int fd)
{
	sd_bus_message *m = rig_call(r, sender, 1, "AttachLifeline");

	assert_true(sd_bus_message_append(m, "h", fd) >= 0);
	return m;
}

static void test_attach(void **state)
{
	char message[] = "the sandbox has as many lifelines as one may have, 4";
	struct rig *r = *state;
	int ends[2], directory;
	struct reply reply;
	struct request q;
	uint64_t id = 0;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rig_expect(r, call_attach(r, BOB, ends[0]), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	rig_expect(r, call_attach(r, ALICE, ends[1]), BAILIFF_ERROR_INVALID_FD, NULL);
	rig_expect(r, call_attach(r, ALICE, directory), BAILIFF_ERROR_INVALID_FD, NULL);
	assert_true(rig_launcher_idle(r));
	rig_send(r, call_attach(r, ALICE, ends[0]), &reply);
	rig_take(r, WIRE_ATTACH, &q);
	assert_int_equal(decode_id(&q.body, &id), 0);
	assert_int_equal(id, 1);
	assert_int_equal(q.record.n_fds, 1);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	expect_reply(r, &reply, NULL, NULL);
	rig_send(r, call_attach(r, ALICE, ends[0]), &reply);
	rig_take(r, WIRE_ATTACH, &q);
	answer_refused(
		r, q.serial, &(struct refused){ .refusal = REFUSAL_QUOTA_EXCEEDED, .message = message });
	request_done(&q);
	expect_reply(r, &reply, BAILIFF_ERROR_QUOTA_EXCEEDED, NULL);
	(void)close(ends[0]);
	(void)close(ends[1]);
	(void)close(directory);
}

static void tell_stopping(struct rig *r, uint64_t id)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);

	assert_int_equal(encode_id(&b, WIRE_STOPPING, 0, id), 0);
	assert_int_equal(wire_send(r->launcher, b.data, b.size, NULL, 0), 0);
}

/* One change of state, told once; of a sandbox that is not known, none. */
static void test_stopping(void **state)
{
	struct rig *r = *state;

	tell_stopping(r, 99);
	rig_settle(r);
	assert_int_equal(r->n_signals, 0);
	tell_stopping(r, 1);
	tell_stopping(r, 1);
	rig_until(r, r->n_signals > 0);
	rig_settle(r);
	assert_int_equal(r->n_signals, 1);
	assert_string_equal(r->signals[0].member, "PropertiesChanged");
	assert_string_equal(r->signals[0].destination, ALICE);
	assert_int_equal(sandboxes_find(&r->broker.sandboxes, 1)->state, SANDBOX_STOPPING);
	rig_tell_exited(r, 1, RESULT_TIMEOUT, 0, 15);
	rig_settle(r);
	tell_stopping(r, 1);
	rig_settle(r);
	assert_int_equal(sandboxes_find(&r->broker.sandboxes, 1)->state, SANDBOX_EXITED);
}

static void tell_violation(struct rig *r, uint64_t id, uint32_t number)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	const struct violation_event e = { id,
		{ 5, 0xc000003e, number, 0x1000, { 1, 2, 3, 4, 5, 6 }, true } };

	assert_int_equal(encode_violation_event(&b, &e), 0);
	assert_int_equal(wire_send(r->launcher, b.data, b.size, NULL, 0), 0);
}

static size_t count_violations(struct rig *r, const char *first)
{
	const char *layer, *what, *detail;
	struct reply reply;
	uint64_t time;
	size_t n = 0;

	rig_expect(r, rig_call(r, ALICE, 1, "GetViolations"), NULL, &reply);
	assert_true(sd_bus_message_enter_container(reply.message, 'a', "(tsss)") >= 0);
	while (sd_bus_message_read(reply.message, "(tsss)", &time, &layer, &what, &detail) > 0)
		if (n++ == 0) {
			assert_string_equal(layer, "seccomp");
			assert_string_equal(what, first);
		}
	reply_done(&reply);
	return n;
}

/* A known call and one without a name; no more than are kept; none of a sandbox that is not known. */
static void test_violations(void **state)
{
	struct rig *r = *state;

	rig_expect(r, rig_call(r, BOB, 1, "GetViolations"), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	assert_int_equal(count_violations(r, ""), 0);
	tell_violation(r, 99, 101);
	rig_settle(r);
	assert_int_equal(r->n_signals, 0);
	tell_violation(r, 1, 101);
	rig_until(r, r->n_signals > 0);
	assert_string_equal(r->signals[0].member, "Violation");
	assert_string_equal(r->signals[0].destination, ALICE);
	for (uint32_t i = 0; i < 2 * VIOLATIONS_MAX; i++)
		tell_violation(r, 1, 100000 + i);
	rig_settle(r);
	assert_int_equal(count_violations(r, "ptrace"), VIOLATIONS_MAX);
	assert_int_equal(r->n_signals, VIOLATIONS_MAX);
}

/* The kernel killed it, and said no more. */
static void test_violation_unknown(void **state)
{
	struct rig *r = *state;

	rig_tell_exited(r, 1, RESULT_VIOLATION, 0, 31);
	rig_settle(r);
	assert_int_equal(count_violations(r, ""), 1);
}

/* The launcher ends while a call waits. */
static void test_launcher_gone(void **state)
{
	struct rig *r = *state;
	struct reply reply;
	struct request q;

	rig_send(r, rig_call(r, ALICE, 1, "Freeze"), &reply);
	rig_take(r, WIRE_FREEZE, &q);
	request_done(&q);
	(void)close(r->launcher);
	r->launcher = -1;
	expect_reply(r, &reply, BAILIFF_ERROR_FAILED, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_freeze),
		TEST(test_ended),
		TEST(test_limits),
		TEST(test_bad_limits),
		TEST(test_usage),
		TEST(test_attach),
		TEST(test_stopping),
		TEST(test_violations),
		TEST(test_violation_unknown),
		TEST(test_launcher_gone),
	};

	return cmocka_run_group_tests_name("bus control", tests, NULL, NULL);
}
