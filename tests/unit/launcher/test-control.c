/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the real launcher does with requests about a sandbox that runs: lifelines, limits, usage, and freezing
 * where there is no cgroup; about one that does not run yet, and one that has ended. Needs root. */

#include "base/fd.h"
#include "harness.h"
#include "plan/plan.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define LIFELINES 4

static struct launcher L;
static char sleeps[] = "sleep 1000";

static int start(void **state)
{
	launcher_start(&L);
	return 0;
}

static int stop(void **state)
{
	launcher_stop(&L);
	return 0;
}

/* Sends, and expects to be refused. Free. */
static struct refused ask_refused(struct buf *b, const int *fds, size_t n_fds)
{
	_cleanup_(wire_record_done) struct wire_record record;
	struct refused refused = { 0 };
	struct cursor c;
	uint32_t serial;

	assert_int_equal(wire_send(L.broker, b->data, b->size, fds, n_fds), 0);
	buf_done(b);
	assert_int_equal(receive(&L, &record, &serial, &c), WIRE_REFUSED);
	assert_int_equal(serial, L.serial);
	assert_int_equal(decode_refused(&c, &refused), 0);
	return refused;
}

static struct buf attach_request(uint64_t id)
{
	struct buf b = BUF_INIT(0);

	assert_int_equal(encode_id(&b, WIRE_ATTACH, ++L.serial, id), 0);
	return b;
}

/* A pipe whose read end the launcher holds; the other end. */
static int attach(uint64_t id, int expected)
{
	struct buf b = attach_request(id);
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(wire_send(L.broker, b.data, b.size, &ends[0], 1), 0);
	buf_done(&b);
	assert_int_equal(expect_done(&L, L.serial), expected);
	(void)close(ends[0]);
	return ends[1];
}

static void expect_stopping(uint64_t id)
{
	_cleanup_(wire_record_done) struct wire_record record;
	uint64_t stopping = 0;
	struct cursor c;
	uint32_t serial;

	assert_int_equal(receive(&L, &record, &serial, &c), WIRE_STOPPING);
	assert_int_equal(serial, 0);
	assert_int_equal(decode_id(&c, &stopping), 0);
	assert_true(stopping == id);
}

/* The end of any of them is the sandbox's. */
static void any_lifeline_stops(void **state)
{
	for (size_t k = 0; k < LIFELINES; k++) {
		uint64_t id = launch(&L, PROFILE_SHELL, sleeps, NULL);
		int writers[LIFELINES];

		for (size_t i = 0; i < LIFELINES; i++)
			writers[i] = attach(id, 0);
		(void)close(writers[k]);
		expect_stopping(id);
		assert_int_equal(expect_exit(&L, id).result, RESULT_CLIENT_GONE);
		for (size_t i = 0; i < LIFELINES; i++)
			if (i != k)
				(void)close(writers[i]);
	}
}

static void lifelines_are_bounded(void **state)
{
	uint64_t id = launch(&L, PROFILE_SHELL, sleeps, NULL);
	int writers[LIFELINES], ends[2];
	struct refused refused;
	struct buf b;

	for (size_t i = 0; i < LIFELINES; i++)
		writers[i] = attach(id, 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	b = attach_request(id);
	refused = ask_refused(&b, &ends[0], 1);
	assert_int_equal(refused.refusal, REFUSAL_QUOTA_EXCEEDED);
	refused_done(&refused);
	(void)close(ends[0]);
	(void)close(ends[1]);
	assert_int_equal(ask_signal(&L, id, SIGKILL, true), 0);
	assert_int_equal(expect_exit(&L, id).result, RESULT_KILLED);
	for (size_t i = 0; i < LIFELINES; i++)
		(void)close(writers[i]);
}

static void lifelines_have_a_kind(void **state)
{
	uint64_t id = launch(&L, PROFILE_SHELL, sleeps, NULL);
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	struct buf b = attach_request(id);
	struct refused refused = ask_refused(&b, &fd, 1);

	assert_int_equal(refused.refusal, REFUSAL_INVALID_FD);
	refused_done(&refused);
	(void)close(fd);
	assert_int_equal(ask_signal(&L, id, SIGKILL, true), 0);
	(void)expect_exit(&L, id);
	(void)close(attach(id, -ESRCH));
}

/* One whose other end is closed already stops it at once. */
static void lifeline_that_is_over(void **state)
{
	uint64_t id = launch(&L, PROFILE_SHELL, sleeps, NULL);
	struct buf b = attach_request(id);
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	(void)close(ends[1]);
	assert_int_equal(wire_send(L.broker, b.data, b.size, &ends[0], 1), 0);
	buf_done(&b);
	(void)close(ends[0]);
	assert_int_equal(expect_done(&L, L.serial), 0);
	assert_int_equal(expect_exit(&L, id).result, RESULT_CLIENT_GONE);
}

static void attach_without_an_fd(void **state)
{
	struct buf b = attach_request(1);

	assert_int_equal(wire_send(L.broker, b.data, b.size, NULL, 0), 0);
	buf_done(&b);
	assert_true(broker_is_cut_off(&L));
}

static struct buf limit_request(struct limit_request m)
{
	struct buf b = BUF_INIT(0);

	assert_int_equal(encode_limit_request(&b, ++L.serial, &m), 0);
	return b;
}

static void expect_loose(struct limit_request m, const char *what)
{
	struct buf b = limit_request(m);
	struct refused refused = ask_refused(&b, NULL, 0);

	assert_int_equal(refused.refusal, REFUSAL_OVERRIDE_DENIED);
	assert_int_equal(strncmp(refused.message, what, strlen(what)), 0);
	refused_done(&refused);
}

/* Each may be lowered, again and again, and never raised; one that is refused changes nothing. */
static void times_only_tighten(void **state)
{
	uint64_t id = launch(&L, PROFILE_SHELL, sleeps, NULL);
	struct buf b = limit_request((struct limit_request){ .id = id, .runtime_max_usec = 900000000 });

	assert_int_equal(ask(&L, &b), 0);
	expect_loose((struct limit_request){ .id = id, .runtime_max_usec = 900000001 }, "runtime-max-usec");
	expect_loose(
		(struct limit_request){ .id = id, .timeout_stop_usec = USEC_INFINITY }, "stop-timeout-usec");
	expect_loose(
		(struct limit_request){ .id = id, .runtime_max_usec = 1, .timeout_stop_usec = USEC_INFINITY },
		"stop-timeout-usec");
	b = limit_request((struct limit_request){ .id = id });
	assert_int_equal(ask(&L, &b), 0);
	/* it has run for longer than that */
	b = limit_request((struct limit_request){ .id = id, .runtime_max_usec = 1 });
	assert_int_equal(ask(&L, &b), 0);
	expect_stopping(id);
	assert_int_equal(expect_exit(&L, id).result, RESULT_TIMEOUT);
	b = limit_request((struct limit_request){ .id = id });
	assert_int_equal(ask(&L, &b), -ESRCH);
}

static void expect_no_cgroup(struct buf b)
{
	struct refused refused = ask_refused(&b, NULL, 0);

	assert_int_equal(refused.stage, STAGE_CGROUP);
	assert_int_equal(refused.error, -EOPNOTSUPP);
	refused_done(&refused);
}

/* The launcher of these tests was given no cgroup. What fails with one limit leaves the others alone. */
static void no_cgroup(void **state)
{
	uint64_t id = launch(&L, PROFILE_SHELL, sleeps, NULL);
	struct buf b = BUF_INIT(0);

	assert_int_equal(
		encode_freeze_request(&b, ++L.serial, &(struct freeze_request){ .id = id, .freeze = true }),
		0);
	expect_no_cgroup(b);
	expect_no_cgroup(limit_request((struct limit_request){ .id = id, .memory_max = 1 << 20 }));
	expect_no_cgroup(limit_request((struct limit_request){ .id = id, .tasks_max = 5 }));
	expect_no_cgroup(limit_request((struct limit_request){ .id = id, .cpu_quota = 5000 }));
	expect_no_cgroup(
		limit_request((struct limit_request){ .id = id, .tasks_max = 5, .runtime_max_usec = 1 }));
	assert_int_equal(ask_signal(&L, id, SIGKILL, true), 0);
	assert_int_equal(expect_exit(&L, id).result, RESULT_KILLED);
}

static struct usage ask_usage(uint64_t id)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	_cleanup_(wire_record_done) struct wire_record record;
	struct usage u = { 0 };
	struct cursor c;
	uint32_t serial;

	assert_int_equal(encode_id(&b, WIRE_USAGE, ++L.serial, id), 0);
	assert_int_equal(wire_send(L.broker, b.data, b.size, NULL, 0), 0);
	assert_int_equal(receive(&L, &record, &serial, &c), WIRE_USAGE_IS);
	assert_int_equal(decode_usage(&c, &u), 0);
	return u;
}

/* Without a cgroup nothing is known before the end, and then the time of the processors alone. */
static void usage_is_honest(void **state)
{
	uint64_t id = launch(&L, PROFILE_SHELL, sleeps, NULL);
	struct buf b = BUF_INIT(0);

	assert_int_equal(ask_usage(id).has, 0);
	assert_int_equal(ask_signal(&L, id, SIGKILL, true), 0);
	assert_int_equal(expect_exit(&L, id).usage.has, USAGE_CPU);
	assert_int_equal(ask_usage(id).has, USAGE_CPU);
	assert_int_equal(ask_forget(&L, id), 0);
	assert_int_equal(encode_id(&b, WIRE_USAGE, ++L.serial, id), 0);
	assert_int_equal(ask(&L, &b), -ESRCH);
}

static struct buf abandon_request(uint64_t launch)
{
	struct buf b = BUF_INIT(0);

	assert_int_equal(encode_id(&b, WIRE_ABANDON, ++L.serial, launch), 0);
	return b;
}

/* The two answers, to the launch and to the word that nobody waits for it, in any order. The sandbox' id, or
 * 0 when it was broken off; then it must say so. *ret_runs: it was answered before. */
static uint64_t answers_to_abandoned(uint32_t launch, bool *ret_runs)
{
	uint64_t id = 0;

	*ret_runs = false;
	for (int i = 0; i < 2; i++) {
		_cleanup_(wire_record_done) struct wire_record record;
		_cleanup_(launched_done) struct launched launched = { 0 };
		_cleanup_(refused_done) struct refused refused = { 0 };
		struct cursor c;
		uint32_t serial, type = receive(&L, &record, &serial, &c);

		if (type == WIRE_DONE) {
			assert_int_equal(serial, L.serial);
			*ret_runs = id != 0;
			continue;
		}
		assert_int_equal(serial, launch);
		if (type == WIRE_LAUNCHED) {
			assert_int_equal(decode_launched(&c, &launched), 0);
			id = launched.id;
			continue;
		}
		assert_int_equal(type, WIRE_REFUSED);
		assert_int_equal(decode_refused(&c, &refused), 0);
		assert_int_equal(refused.stage, STAGE_EXEC);
		assert_int_equal(refused.error, -ECANCELED);
		assert_string_equal(refused.message, "the client went away");
	}
	return id;
}

/* A4: at any moment; what runs already is the broker's to stop. Of those that may be asked for again it must
 * learn that they ran, and they are killed all the same. */
static void abandoned(bool adoptable)
{
	size_t fds;

	fds = count_settled_fds(&L);
	for (int i = 0; i < 30; i++) {
		char *argv[4];
		struct launch_request m = request_shell(&L, PROFILE_SHELL, argv, sleeps);
		struct buf b;
		uint32_t serial;
		uint64_t id;
		bool runs;

		m.adoptable = adoptable;
		serial = send_launch(&L, &m, NULL, 0);
		(void)usleep((useconds_t)i * 50);
		b = abandon_request(serial);
		assert_int_equal(wire_send(L.broker, b.data, b.size, NULL, 0), 0);
		buf_done(&b);
		id = answers_to_abandoned(serial, &runs);
		if (id == 0)
			continue;
		if (runs)
			assert_int_equal(ask_signal(&L, id, SIGKILL, true), 0);
		else
			assert_true(adoptable);
		assert_int_equal(expect_exit(&L, id).exit_signal, SIGKILL);
		assert_int_equal(ask_forget(&L, id), 0);
	}
	expect_nothing_left(&L, fds);
}

static void launch_whose_client_left(void **state)
{
	abandoned(false);
	abandoned(true);
}

/* Nothing is broken off but a launch, and none but that one. */
static void abandoned_by_mistake(void **state)
{
	uint64_t id = launch(&L, PROFILE_SHELL, sleeps, NULL);
	const uint32_t launched = L.serial;
	struct buf b = abandon_request(launched);

	assert_int_equal(ask(&L, &b), 0);
	b = abandon_request(UINT32_MAX);
	assert_int_equal(ask(&L, &b), 0);
	assert_int_equal(ask_signal(&L, id, SIGTERM, false), 0);
	assert_int_equal(expect_exit(&L, id).exit_signal, SIGTERM);
	b = abandon_request((uint64_t)UINT32_MAX + 1 + launched);
	assert_int_equal(wire_send(L.broker, b.data, b.size, NULL, 0), 0);
	buf_done(&b);
	assert_true(broker_is_cut_off(&L));
	introduce_broker(&L);
}

#define LAUNCHER_TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

/* The next answer is that of the next question. */
static void forget_without_answer(void **state)
{
	const uint64_t id = launch(&L, PROFILE_SHELL, sleeps, NULL);
	struct buf b = BUF_INIT(0);

	(void)encode_id(&b, WIRE_FORGET, 0, id);
	assert_int_equal(wire_send(L.broker, b.data, b.size, NULL, 0), 0);
	assert_int_equal(ask_signal(&L, id, SIGKILL, true), 0);
	(void)expect_exit(&L, id);
	assert_int_equal(wire_send(L.broker, b.data, b.size, NULL, 0), 0);
	assert_int_equal(ask_forget(&L, id), -ESRCH);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAUNCHER_TEST(any_lifeline_stops),
		LAUNCHER_TEST(lifelines_are_bounded),
		LAUNCHER_TEST(lifelines_have_a_kind),
		LAUNCHER_TEST(lifeline_that_is_over),
		LAUNCHER_TEST(attach_without_an_fd),
		LAUNCHER_TEST(times_only_tighten),
		LAUNCHER_TEST(no_cgroup),
		LAUNCHER_TEST(usage_is_honest),
		LAUNCHER_TEST(launch_whose_client_left),
		LAUNCHER_TEST(abandoned_by_mistake),
		LAUNCHER_TEST(forget_without_answer),
	};

	if (geteuid() != 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
