/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What cannot be sent is said by an error, or by the end of the connection. sendmsg(2) fails here as often as
 * a test says, for whoever calls it. */

#include "base/error.h"
#include "broker/answer.h"
#include "broker/gate.h"
#include "message/check.h"
#include "sink.h"
#include "wire/stream.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NO_ANSWER 1 /* a flag of messages */

static unsigned to_fail;

/* libsystemd's calls come here, too */
__attribute__((visibility("default"))) ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	if (to_fail > 0) {
		to_fail--;
		errno = ENOBUFS;
		return -1;
	}
	return syscall(SYS_sendmsg, fd, m, flags);
}

enum way {
	SUCCEEDS,
	FAILS,
	NAMES_AN_ERROR,
	NAMES_AN_ERROR_AND_SUCCEEDS,
	REFUSES,
	NAMES_NO_TEXT, /* that D-Bus would carry */
};

static int method(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const enum way *way = userdata;

	switch (*way) {
	case FAILS:
		return -ENOENT;
	case NAMES_AN_ERROR:
		return sd_bus_error_set(error, "org.example.Named", "text");
	case NAMES_AN_ERROR_AND_SUCCEEDS:
		(void)sd_bus_error_set(error, "org.example.Named", "text");
		return 0;
	case REFUSES:
		return answer_refuse(m, "org.example.Refused", "text");
	case NAMES_NO_TEXT:
		return sd_bus_error_set(error, "org.example.Named", "\xff");
	default:
		return sd_bus_reply_method_return(m, "s", "done");
	}
}

ANSWERED(method)

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Method", NULL, "s", method_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

/* One call, and what comes of it: bytes, 0: nothing, -1: the connection has been closed. */
static ssize_t call(enum way way, uint8_t flags, unsigned failures, char answer[1024])
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	struct message_parts p = message_call();
	sd_bus *bus;
	ssize_t n;
	int fd;

	assert_int_equal(
		gate_open("test", SD_ID128_MAKE(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16), true,
			&bus, &fd),
		0);
	assert_true(sd_bus_add_object_vtable(
			    bus, NULL, "/org/example", "org.example.Interface", vtable, &way) >= 0);
	p.flags = flags;
	p.fields[p.n_fields++] = message_text(2, "s", "org.example.Interface");
	message_make(&p, &b);
	assert_int_equal(stream_send(fd, b.data, b.size, NULL, 0), (ssize_t)b.size);
	to_fail = failures;
	/* a connection that was closed in there is no failure of this */
	for (int i = 0; i < 4 && sd_bus_process(bus, NULL) >= 0; i++)
		;
	to_fail = 0;
	n = recv(fd, answer, 1024, MSG_DONTWAIT);
	if (n < 0)
		assert_int_equal(errno, EAGAIN);
	n = n < 0 ? 0 : n == 0 ? -1 : n;
	assert_int_equal(sd_bus_is_open(bus) > 0, n >= 0);
	sd_bus_close_unref(bus);
	(void)close(fd);
	return n;
}

/* @name: of the error; NULL: it succeeds. */
static void expect(enum way way, unsigned failures, const char *name)
{
	char answer[1024];
	ssize_t n = call(way, 0, failures, answer);
	uint64_t size;

	/* one message */
	assert_int_equal(message_measure((const uint8_t *)answer, &size), 0);
	assert_int_equal(size, n);
	assert_int_equal(answer[1], name ? SD_BUS_MESSAGE_METHOD_ERROR : SD_BUS_MESSAGE_METHOD_RETURN);
	assert_true(!name || memmem(answer, (size_t)n, name, strlen(name) + 1));
}

static void test_handlers(void **state)
{
	expect(SUCCEEDS, 0, NULL);
	expect(FAILS, 0, SD_BUS_ERROR_FILE_NOT_FOUND);
	expect(NAMES_AN_ERROR, 0, "org.example.Named");
	expect(NAMES_AN_ERROR_AND_SUCCEEDS, 0, "org.example.Named");
	expect(REFUSES, 0, "org.example.Refused");
	expect(NAMES_NO_TEXT, 0, SD_BUS_ERROR_INVALID_ARGS);
}

/* There is no room, and then there is. */
static void test_again(void **state)
{
	/* an answer that was lost is not made once more: what it was for may not be done twice */
	expect(SUCCEEDS, 1, SD_BUS_ERROR_LIMITS_EXCEEDED);
	expect(SUCCEEDS, 3, SD_BUS_ERROR_LIMITS_EXCEEDED);
	expect(NAMES_AN_ERROR, 2, SD_BUS_ERROR_LIMITS_EXCEEDED);
	expect(FAILS, 1, SD_BUS_ERROR_FILE_NOT_FOUND);
	expect(NAMES_AN_ERROR, 1, "org.example.Named");
	expect(NAMES_AN_ERROR_AND_SUCCEEDS, 1, "org.example.Named");
	expect(REFUSES, 1, "org.example.Refused");
}

static void test_closed(void **state)
{
	char answer[1024];

	assert_int_equal(call(SUCCEEDS, 0, 4, answer), -1);
	assert_int_equal(call(FAILS, 0, 3, answer), -1);
	assert_int_equal(call(NAMES_AN_ERROR, 0, 3, answer), -1);
	assert_int_equal(call(NAMES_AN_ERROR_AND_SUCCEEDS, 0, 3, answer), -1);
	assert_int_equal(call(REFUSES, 0, 3, answer), -1);
}

/* Who waits for nothing loses nothing. */
static void test_no_answer(void **state)
{
	char answer[1024];

	for (enum way way = SUCCEEDS; way <= NAMES_NO_TEXT; way++) {
		assert_int_equal(call(way, NO_ANSWER, 0, answer), 0);
		assert_int_equal(call(way, NO_ANSWER, 4, answer), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handlers),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
