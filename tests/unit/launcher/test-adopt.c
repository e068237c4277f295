/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Adoptable launches whose broker ends at any moment: the next one is told of each whose program may have
 * started, and of no other. Programs say that they started with a byte in a pipe.
 */

#include "base/error.h"
#include "base/fd.h"
#include "tests/unit/launcher/harness.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define ROUNDS         60
#define DELAY_MAX_USEC 6000 /* a launch takes about half of it */

static struct launcher L;

static int setup(void **state)
{
	launcher_start(&L);
	return 0;
}

static int teardown(void **state)
{
	launcher_stop(&L);
	return 0;
}

/* A launch that is under way, with the number of its programs to come out of the pipe. */
static int begin(uint32_t profile, char *script)
{
	char *argv[4];
	struct launch_request m = request_shell(&L, profile, argv, script);
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	m.adoptable = true;
	if (profile == PROFILE_SHELL) {
		m.n_fds = 1;
		m.fds[0].target = 5;
	}
	(void)send_launch(&L, &m, &ends[1], m.n_fds);
	(void)fd_close(ends[1]);
	return ends[0];
}

/* Bytes that have come, or -1 when there is an end and none. */
static int count_starts(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char bytes[8];

	assert_int_equal(poll(&p, 1, REPLY_MSEC), 1);
	return (int)read(fd, bytes, sizeof(bytes));
}

/* What the new broker is told: the one sandbox, or none (its id is 0). Events of ends may come between. */
static struct sandbox_entry list_one(void)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	struct sandbox_entry e = { 0 };

	(void)encode_empty(&b, WIRE_LIST, ++L.serial);
	assert_int_equal(wire_send(L.broker, b.data, b.size, NULL, 0), 0);
	for (;;) {
		_cleanup_(wire_record_done) struct wire_record record;
		struct cursor c;
		uint32_t serial, type = receive(&L, &record, &serial, &c);

		if (type == WIRE_DONE)
			return e;
		/* nothing of the launch itself: nobody here asked for it */
		assert_int_equal(type, WIRE_ENTRY);
		assert_int_equal(serial, L.serial);
		assert_int_equal(e.launched.id, 0);
		assert_int_equal(decode_sandbox_entry(&c, &e), 0);
	}
}

static void test_any_moment(void **state)
{
	static char script[] = "printf x >&5; exec 5>&-; exec sleep 1000";
	unsigned adopted = 0;

	srandom(1);
	for (int i = 0; i < ROUNDS; i++) {
		_cleanup_close_ int fd = begin(PROFILE_SHELL, script);
		struct sandbox_entry e;

		if (i % 3 != 0)
			(void)usleep((unsigned)(random() % DELAY_MAX_USEC));
		connect_broker(&L);
		e = list_one();
		if (e.launched.id == 0) {
			assert_int_equal(count_starts(fd), 0);
			continue;
		}
		adopted++;
		assert_int_equal(e.state, SANDBOX_RUNNING);
		assert_int_equal(e.n_note, 4);
		assert_int_equal(count_starts(fd), 1);
		assert_int_equal(ask_signal(&L, e.launched.id, SIGKILL, true), 0);
		assert_int_equal(expect_exit(&L, e.launched.id).result, RESULT_KILLED);
		assert_int_equal(ask_forget(&L, e.launched.id), 0);
		assert_int_equal(count_starts(fd), 0);
		sandbox_entry_done(&e);
	}
	print_message("%u of %d adopted\n", adopted, ROUNDS);
	assert_true(adopted > 0);
}

/* The broker after it goes as well, and the one after that. */
static void test_brokers_in_a_row(void **state)
{
	static char script[] = "printf x >&5; exec 5>&-; exec sleep 1000";
	_cleanup_close_ int fd = begin(PROFILE_SHELL, script);
	struct sandbox_entry e;

	assert_int_equal(count_starts(fd), 1);
	for (int i = 0; i < 5; i++)
		connect_broker(&L);
	e = list_one();
	assert_true(e.launched.id != 0);
	assert_int_equal(ask_signal(&L, e.launched.id, SIGKILL, true), 0);
	(void)expect_exit(&L, e.launched.id);
	assert_int_equal(ask_forget(&L, e.launched.id), 0);
	assert_int_equal(count_starts(fd), 0);
	sandbox_entry_done(&e);
}

/* One that fails is nowhere. */
static void test_failure(void **state)
{
	static char script[] = "";

	for (int i = 0; i < 10; i++) {
		(void)fd_close(begin(PROFILE_MISSING, script));
		(void)usleep((unsigned)i * 300);
		connect_broker(&L);
		assert_int_equal(list_one().launched.id, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_any_moment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_brokers_in_a_row, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failure, setup, teardown),
	};

	if (geteuid() != 0)
		return 77;
	return cmocka_run_group_tests_name("launcher adopt", tests, NULL, NULL);
}
