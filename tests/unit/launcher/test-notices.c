/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Datagrams to the notification socket: handed on one by one, unread, once more to a new broker; and what the
 * broker's word makes of a sandbox' time. */

#include "base/error.h"
#include "base/fd.h"
#include "tests/unit/launcher/harness.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct launcher L;

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

/* systemd-notify(1) waits, by BARRIER=1, until what it said was read, unless it is told not to. */
#define SAY(text) "systemd-notify --no-block " text ";"

static uint64_t launch_notifying(char *script)
{
	struct launch_request m;
	struct launched launched;
	char *argv[4];
	uint64_t id;

	m = request_shell(&L, PROFILE_NOTIFY, argv, script);
	m.notify = true;
	id = launch_request_ok(&L, &m, NULL, 0, &launched, NULL);
	launched_done(&launched);
	return id;
}

static void expect_notice(uint64_t id, const char *text)
{
	_cleanup_(wire_record_done) struct wire_record record;
	struct notice_event m;
	struct cursor c;
	uint32_t serial;

	assert_int_equal(receive(&L, &record, &serial, &c), WIRE_NOTICE);
	assert_int_equal(serial, 0);
	assert_int_equal(record.n_fds, 0);
	assert_int_equal(decode_notice_event(&c, &m), 0);
	assert_true(m.id == id);
	assert_true(m.size >= strlen(text) && memmem(m.text, m.size, text, strlen(text)));
}

static int ask_noted(uint64_t id, bool ready, bool stopping)
{
	struct buf b = BUF_INIT(0);

	(void)encode_noted_request(&b, ++L.serial, &(struct noted_request){ id, ready, stopping });
	return ask(&L, &b);
}

/* What the launcher's table says of the only sandbox. */
static uint32_t listed_state(void)
{
	_cleanup_(sandbox_entry_done) struct sandbox_entry entry = { 0 };
	_cleanup_(wire_record_done) struct wire_record record;
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	struct cursor c;
	uint32_t serial;

	(void)encode_empty(&b, WIRE_LIST, ++L.serial);
	assert_int_equal(wire_send(L.broker, b.data, b.size, NULL, 0), 0);
	assert_int_equal(receive(&L, &record, &serial, &c), WIRE_ENTRY);
	assert_int_equal(decode_sandbox_entry(&c, &entry), 0);
	assert_int_equal(expect_done(&L, L.serial), 0);
	return entry.state;
}

static void end(uint64_t id)
{
	assert_int_equal(ask_stop(&L, id, 0, RESULT_KILLED), 0);
	assert_int_equal(expect_exit(&L, id).result, RESULT_KILLED);
}

/* The second comes after the word about the first. */
static void one_by_one(void **state)
{
	char script[] = SAY("--status=one") SAY("--ready") "exec sleep 100";
	uint64_t id = launch_notifying(script);

	expect_notice(id, "STATUS=one");
	assert_int_equal(ask_noted(id + 1, true, false), -ESRCH);
	assert_int_equal(listed_state(), SANDBOX_RUNNING);
	/* which is what a new broker does: it gets it once more */
	expect_notice(id, "STATUS=one");
	assert_int_equal(ask_noted(id, false, false), 0);
	expect_notice(id, "READY=1");
	assert_int_equal(ask_noted(id, true, false), 0);
	assert_int_equal(listed_state(), SANDBOX_READY);
	/* nothing is waited for any more */
	assert_int_equal(ask_noted(id, true, false), -ESRCH);
	end(id);
}

/* systemd-notify(1) as it is used: it goes on when its descriptor was closed, which is not the launcher's. */
static void barrier(void **state)
{
	char script[] = "systemd-notify --ready; exit 7";
	uint64_t id = launch_notifying(script);
	size_t fds = count_fds(&L);

	expect_notice(id, "READY=1");
	assert_int_equal(ask_noted(id, true, false), 0);
	expect_notice(id, "BARRIER=1");
	assert_int_equal(count_fds(&L), fds);
	assert_int_equal(expect_exit(&L, id).exit_code, 7);
	assert_int_equal(ask_noted(id, false, false), -ESRCH);
}

/* Said while no broker was there, and before the one that died could act on it. */
static void brokers_end(void **state)
{
	char script[] = SAY("--ready") "exec sleep 100";
	uint64_t id = launch_notifying(script);

	expect_notice(id, "READY=1");
	connect_broker(&L);
	assert_int_equal(listed_state(), SANDBOX_RUNNING);
	expect_notice(id, "READY=1");
	connect_broker(&L);
	assert_int_equal(listed_state(), SANDBOX_RUNNING);
	expect_notice(id, "READY=1");
	assert_int_equal(ask_noted(id, true, false), 0);
	connect_broker(&L);
	assert_int_equal(listed_state(), SANDBOX_READY);
	end(id);
}

static void expect_stopping(uint64_t id)
{
	_cleanup_(wire_record_done) struct wire_record record;
	struct cursor c;
	uint32_t serial;
	uint64_t which;

	assert_int_equal(receive(&L, &record, &serial, &c), WIRE_STOPPING);
	assert_int_equal(decode_id(&c, &which), 0);
	assert_true(which == id);
}

static void never_ready(void **state)
{
	char script[] = "exec sleep 100";
	uint64_t id = launch_notifying(script);
	struct sandbox_exit e;

	expect_stopping(id);
	e = expect_exit(&L, id);
	assert_int_equal(e.result, RESULT_TIMEOUT);
	assert_int_equal(e.exit_signal, SIGTERM);
}

/* Its time to be ready is over, its time is not. */
static void ready_in_time(void **state)
{
	char script[] = SAY("--ready") "sleep 5; exit 5";
	uint64_t id = launch_notifying(script);

	expect_notice(id, "READY=1");
	assert_int_equal(ask_noted(id, true, false), 0);
	assert_int_equal(expect_exit(&L, id).exit_code, 5);
}

/* The time is that of those who have to say it. */
static void not_asked(void **state)
{
	char script[] = "sleep 5; exit 6";
	uint64_t id = launch(&L, PROFILE_NOTIFY, script, NULL);

	assert_int_equal(expect_exit(&L, id).exit_code, 6);
}

/* One that says it ends, and does not. One that does keeps its status. */
static void leaving(void **state)
{
	char stays[] = "trap '' TERM;" SAY("STOPPING=1") "while :; do sleep 1; done";
	char goes[] = SAY("STOPPING=1") "exit 4";
	uint64_t id = launch_notifying(stays);
	struct sandbox_exit e;

	expect_notice(id, "STOPPING=1");
	assert_int_equal(ask_noted(id, false, true), 0);
	e = expect_exit(&L, id);
	assert_int_equal(e.result, RESULT_TIMEOUT);
	assert_int_equal(e.exit_signal, SIGKILL);

	id = launch_notifying(goes);
	expect_notice(id, "STOPPING=1");
	e = expect_exit(&L, id);
	assert_int_equal(e.result, RESULT_EXIT_CODE);
	assert_int_equal(e.exit_code, 4);
}

static void leaks_nothing(void **state)
{
	char script[] = SAY("--status=x") "exit 0";
	size_t fds;

	fds = count_settled_fds(&L);
	for (int i = 0; i < 8; i++) {
		uint64_t id = launch_notifying(script);

		expect_notice(id, "STATUS=x");
		(void)expect_exit(&L, id);
		assert_int_equal(ask_forget(&L, id), 0);
	}
	expect_nothing_left(&L, fds);
}

#define LAUNCHER_TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAUNCHER_TEST(one_by_one),
		LAUNCHER_TEST(barrier),
		LAUNCHER_TEST(brokers_end),
		LAUNCHER_TEST(never_ready),
		LAUNCHER_TEST(ready_in_time),
		LAUNCHER_TEST(not_asked),
		LAUNCHER_TEST(leaving),
		LAUNCHER_TEST(leaks_nothing),
	};

	if (geteuid() != 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
