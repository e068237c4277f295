/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Streams that others than the caller make: what is asked of the launcher, what comes back in "streams", and
 * ResizePty. A pipe's end stands for the master. F16. */

#include "base/error.h"
#include "base/fd.h"
#include "dbus/names.h"
#include "rig.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct compiled_profile *profile(struct rig *r)
{
	return &r->broker.catalog->profiles[catalog_index(r->broker.catalog, "open")];
}

static int setup(void **state)
{
	struct rig *r;
	int k = rig_setup(state);

	if (k < 0)
		return k;
	r = *state;
	for (size_t i = 0; i < 3; i++)
		profile(r)->stdio[i] = STDIO_PTY;
	return 0;
}

static sd_bus_message *call_launch(struct rig *r, const char *options, ...)
{
	sd_bus_message *m = rig_call(r, ALICE, 0, "LaunchSandboxed");
	va_list ap;

	assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}", "open", 1, "/bin/true", 0, 0) >= 0);
	va_start(ap, options);
	assert_true(sd_bus_message_appendv(m, options, ap) >= 0);
	va_end(ap);
	return m;
}

static sd_bus_message *call_resize(
	struct rig *r, const char *sender, uint64_t id, uint16_t rows, uint16_t columns)
{
	sd_bus_message *m = rig_call(r, sender, id, "ResizePty");

	assert_true(sd_bus_message_append(m, "qq", rows, columns) >= 0);
	return m;
}

static void read_streams(sd_bus_message *m, int streams[3])
{
	const char *path;
	uint32_t number;
	int fd;

	for (size_t i = 0; i < 3; i++)
		streams[i] = -1;
	assert_true(sd_bus_message_read(m, "oh", &path, &fd) > 0);
	assert_true(sd_bus_message_enter_container(m, 'a', "{uh}") > 0);
	while (sd_bus_message_read(m, "{uh}", &number, &fd) > 0)
		streams[number] = fd;
	assert_true(sd_bus_message_exit_container(m) > 0);
}

/* Sends m and takes what the launcher is asked. */
static void ask(
	struct rig *r, sd_bus_message *m, struct reply *reply, struct request *q, struct launch_request *l)
{
	rig_send(r, m, reply);
	rig_take(r, WIRE_LAUNCH, q);
	assert_int_equal(decode_launch_request(&q->body, l), 0);
}

/* A sandbox with a pty; id 1. The master's other end is returned. */
static int launch(struct rig *r, struct reply *reply)
{
	struct launch_request l;
	struct request q;
	int ends[2];

	ask(r, call_launch(r, "a{sv}", 1, "pty", "(qq)", 24, 80), reply, &q, &l);
	assert_true(l.has_pty_size);
	assert_int_equal(l.pty_rows, 24);
	assert_int_equal(l.pty_columns, 80);
	assert_int_equal(l.n_fds, 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	rig_answer_launched_pty(r, q.serial, 1, ends[0]);
	(void)close(ends[0]);
	launch_request_done(&l);
	request_done(&q);
	rig_wait(r, reply);
	assert_null(reply->error);
	return ends[1];
}

/* Once, and under the lowest number; nobody else keeps it. */
static void test_master(void **state)
{
	struct rig *r = *state;
	struct reply reply;
	int streams[3], other = launch(r, &reply);
	char c = 'x';

	read_streams(reply.message, streams);
	assert_true(streams[0] >= 0);
	assert_true(fcntl(streams[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(streams[1], -1);
	assert_int_equal(streams[2], -1);
	assert_int_equal(write(other, &c, 1), 1);
	reply_done(&reply);
	rig_settle(r);
	assert_int_equal(write(other, &c, 1), -1);
	assert_int_equal(errno, EPIPE);
	(void)close(other);
}

static void test_resize(void **state)
{
	static const struct {
		int error;
		const char *name;
	} answers[] = { { 0, NULL }, { -ESRCH, BAILIFF_ERROR_NO_SUCH_SANDBOX },
		{ -EIO, BAILIFF_ERROR_INVALID_FD }, { -ENOTTY, BAILIFF_ERROR_INVALID_FD },
		{ -EPERM, BAILIFF_ERROR_FAILED } };
	struct rig *r = *state;
	struct resize_request m;
	struct reply reply;
	struct request q;

	(void)close(launch(r, &reply));
	reply_done(&reply);
	for (size_t i = 0; i < ELEMENTSOF(answers); i++) {
		rig_send(r, call_resize(r, i % 2 ? ROOT : ALICE2, 1, 65535, 0), &reply);
		rig_take(r, WIRE_RESIZE, &q);
		assert_int_equal(decode_resize_request(&q.body, &m), 0);
		assert_int_equal(m.id, 1);
		assert_int_equal(m.rows, 65535);
		assert_int_equal(m.columns, 0);
		rig_answer_done(r, q.serial, answers[i].error);
		request_done(&q);
		rig_wait(r, &reply);
		if (answers[i].name)
			assert_string_equal(reply.error, answers[i].name);
		else
			assert_null(reply.error);
		reply_done(&reply);
	}
	rig_expect(r, call_resize(r, BOB, 1, 1, 1), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	rig_expect(r, call_resize(r, ALICE, 99, 1, 1), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	rig_tell_exited(r, 1, RESULT_SUCCESS, 0, 0);
	rig_settle(r);
	rig_expect_text(r, call_resize(r, ALICE, 1, 1, 1), BAILIFF_ERROR_NO_SUCH_SANDBOX,
		"has ended: Wait() tells how");
	assert_true(rig_launcher_idle(r));
}

static void test_resize_without(void **state)
{
	struct rig *r = *state;
	struct reply reply;

	rig_launch_sandbox(r, ALICE, "decoder", 2, &reply);
	reply_done(&reply);
	rig_expect(r, call_resize(r, ALICE, 2, 1, 1), BAILIFF_ERROR_INVALID_FD, NULL);
	assert_true(rig_launcher_idle(r));
}

/* Both ways, one pair for each stream. */
static void test_sockets(void **state)
{
	struct rig *r = *state;
	struct launch_request l;
	struct reply reply;
	struct request q;
	int streams[3];
	char c = 'x';

	ask(r, call_launch(r, "a{sv}", 1, "stdio", "a{us}", 3, 0, "socket", 1, "null", 2, "socket"), &reply,
		&q, &l);
	assert_int_equal(l.stdio[0], STDIO_SOCKET);
	assert_int_equal(l.n_fds, 2);
	assert_int_equal(q.record.n_fds, 2);
	rig_answer_launched(r, q.serial, 3);
	rig_wait(r, &reply);
	read_streams(reply.message, streams);
	assert_int_equal(streams[1], -1);
	for (size_t i = 0; i < 2; i++) {
		assert_true(l.fds[i].made);
		assert_int_equal(write(streams[2 * i], &c, 1), 1);
		assert_int_equal(read(q.record.fds[i], &c, 1), 1);
		assert_int_equal(write(q.record.fds[i], &c, 1), 1);
		assert_int_equal(read(streams[2 * i], &c, 1), 1);
	}
	launch_request_done(&l);
	request_done(&q);
	reply_done(&reply);
}

static void test_refused(void **state)
{
	struct rig *r = *state;

	rig_expect(r, call_launch(r, "a{sv}", 1, "stdio", "a{us}", 1, 0, "journal"),
		SD_BUS_ERROR_INVALID_ARGS, NULL);
	rig_expect(r, call_launch(r, "a{sv}", 1, "stdio", "a{us}", 1, 1, "journal"),
		BAILIFF_ERROR_OVERRIDE_DENIED, NULL);
	rig_expect(r, call_launch(r, "a{sv}", 1, "pty", "(uu)", 24, 80), SD_BUS_ERROR_INVALID_ARGS, NULL);
	rig_expect(r,
		call_launch(r, "a{sv}", 2, "stdio", "a{us}", 3, 0, "null", 1, "null", 2, "pipe", "pty",
			"(qq)", 24, 80),
		BAILIFF_ERROR_OVERRIDE_DENIED, NULL);
	profile(r)->stdio[0] = STDIO_INHERIT;
	rig_expect(r, call_launch(r, "a{sv}", 1, "stdio", "a{us}", 1, 0, "pty"),
		BAILIFF_ERROR_OVERRIDE_DENIED, NULL);
	assert_true(rig_launcher_idle(r));
}

/* A launcher that answers with no master where there is one, or with one where there is none, is broken. */
static void answer_wrong(struct rig *r, bool with, const char *options)
{
	struct launch_request l;
	struct reply reply;
	struct request q;
	int status;

	ask(r, call_launch(r, "a{sv}", 1, "stdio", "a{us}", 3, 0, options, 1, options, 2, options), &reply,
		&q, &l);
	if (with)
		rig_answer_launched_pty(r, q.serial, 1, STDIN_FILENO);
	else
		rig_answer_launched(r, q.serial, 1);
	rig_until(r, rig_broker_ended(r, &status));
	assert_int_not_equal(status, 0);
	launch_request_done(&l);
	request_done(&q);
	reply_done(&reply);
}

static void test_master_missing(void **state)
{
	answer_wrong(*state, false, "pty");
}

static void test_master_unasked(void **state)
{
	answer_wrong(*state, true, "null");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_master, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_resize, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_resize_without, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_sockets, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_master_missing, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_master_unasked, setup, rig_teardown),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
