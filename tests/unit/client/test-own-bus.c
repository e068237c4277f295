/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * client/bus where tests/fuzz/client does not lead: names and errors beside libsystemd's, addresses, and
 * other sides of a connection that refuse, say nonsense, hang up or say nothing. What the library does over
 * it is in the tests that end with "-own".
 */

#include "base/error.h"
#include "base/fd.h"
#include "own-calls.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define GUID "0123456789abcdef0123456789abcdef"
/* Of what is said first: the greeting, and Hello with the number 1. */
#define AUTH      "\0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n"
#define WAIT_USEC 3000000

static void test_names(void **state)
{
	static const char *const names[] = { "", "/", "//", "/a", "/a/", "/a//b", "/a_1/B", "a", "/a-b",
		"/\xc3\xa4", "a.b", ".a.b", "a.", "a..b", "1.b", "a.1", "a-b.c", "_a._b", ":1.5", ":1", ":",
		":a.1-b", ":1.", "A.b-c", "M", "M1", "M.", "M-", "org.freedesktop.DBus", "a b.c", "a.b ",
		"\n", ":.a" };
	char longest[300];

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		const char *n = names[i];

		assert_int_equal(own_sd_bus_object_path_is_valid(n) > 0, sd_bus_object_path_is_valid(n) > 0);
		assert_int_equal(
			own_sd_bus_interface_name_is_valid(n) > 0, sd_bus_interface_name_is_valid(n) > 0);
		assert_int_equal(own_sd_bus_member_name_is_valid(n) > 0, sd_bus_member_name_is_valid(n) > 0);
		if ((own_sd_bus_service_name_is_valid(n) > 0) != (sd_bus_service_name_is_valid(n) > 0))
			fail_msg("\"%s\"", n);
	}
	/* libsystemd takes it, D-Bus does not */
	assert_int_equal(own_sd_bus_member_name_is_valid("1M"), 0);
	for (size_t size = 253; size < 258; size++) {
		memset(longest, 'a', size);
		longest[size] = '\0';
		longest[10] = '.';
		assert_int_equal(
			own_sd_bus_service_name_is_valid(longest), sd_bus_service_name_is_valid(longest));
		longest[0] = ':';
		assert_int_equal(
			own_sd_bus_service_name_is_valid(longest), sd_bus_service_name_is_valid(longest));
	}
}

static void test_errors(void **state)
{
	static const char *const names[] = { SD_BUS_ERROR_FAILED, SD_BUS_ERROR_NO_MEMORY,
		SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER, SD_BUS_ERROR_NO_REPLY,
		SD_BUS_ERROR_IO_ERROR, SD_BUS_ERROR_BAD_ADDRESS, SD_BUS_ERROR_NOT_SUPPORTED,
		SD_BUS_ERROR_LIMITS_EXCEEDED, SD_BUS_ERROR_ACCESS_DENIED, SD_BUS_ERROR_AUTH_FAILED,
		SD_BUS_ERROR_NO_SERVER, SD_BUS_ERROR_TIMEOUT, SD_BUS_ERROR_NO_NETWORK,
		SD_BUS_ERROR_ADDRESS_IN_USE, SD_BUS_ERROR_DISCONNECTED, SD_BUS_ERROR_INVALID_ARGS,
		SD_BUS_ERROR_FILE_NOT_FOUND, SD_BUS_ERROR_FILE_EXISTS, SD_BUS_ERROR_UNKNOWN_METHOD,
		SD_BUS_ERROR_UNKNOWN_OBJECT, SD_BUS_ERROR_UNKNOWN_INTERFACE, SD_BUS_ERROR_UNKNOWN_PROPERTY,
		SD_BUS_ERROR_PROPERTY_READ_ONLY, SD_BUS_ERROR_UNIX_PROCESS_ID_UNKNOWN,
		SD_BUS_ERROR_INVALID_SIGNATURE, SD_BUS_ERROR_INCONSISTENT_MESSAGE,
		SD_BUS_ERROR_MATCH_RULE_NOT_FOUND, SD_BUS_ERROR_MATCH_RULE_INVALID,
		SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, "org.freedesktop.DBus.Error.TimedOut",
		"org.freedesktop.DBus.Error.InvalidFileContent", "org.freedesktop.DBus.Error.ObjectPathInUse",
		"org.freedesktop.DBus.Error.SELinuxSecurityContextUnknown", "org.freedesktop.DBus.Error.New",
		"System.Error.ENOSPC", "System.Error.EUNHEARDOF", "System.Error.", "org.example.Error", "" };

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		const sd_bus_error e = { .name = names[i] };

		if (own_sd_bus_error_get_errno(&e) != sd_bus_error_get_errno(&e))
			fail_msg("%s: %d, %d", names[i], own_sd_bus_error_get_errno(&e),
				sd_bus_error_get_errno(&e));
	}
	assert_int_equal(own_sd_bus_error_get_errno(NULL), 0);
}

static int start(const char *address, sd_bus **ret)
{
	assert_int_equal(own_sd_bus_new(ret), 0);
	assert_int_equal(own_sd_bus_set_address(*ret, address), 0);
	assert_int_equal(own_sd_bus_set_bus_client(*ret, 1), 0);
	assert_int_equal(own_sd_bus_negotiate_fds(*ret, 1), 0);
	return own_sd_bus_start(*ret);
}

/* Until it is ready, or is over. */
static int settle(sd_bus *bus)
{
	for (unsigned i = 0; i < 100; i++) {
		int r = own_sd_bus_is_ready(bus);

		if (r == 0)
			r = own_sd_bus_process(bus, NULL);
		else
			return r;
		if (r == 0)
			r = own_sd_bus_wait(bus, WAIT_USEC);
		if (r < 0)
			return r;
	}
	return -ETIMEDOUT;
}

static void test_addresses(void **state)
{
	static const struct {
		const char *address;
		int error;
	} rows[] = {
		{ "", -EINVAL },
		{ "nonsense", -EINVAL },
		{ "unix:", -EAFNOSUPPORT },
		{ "unix:path=/nonexistent/bus", -ENOENT },
		{ "unix:path=/dev/null", -ECONNREFUSED },
		{ "unix:path=/none%2", -EINVAL },
		{ "tcp:host=127.0.0.1,port=1", -EAFNOSUPPORT },
		{ "tcp:port=1;unix:path=/nonexistent/bus", -ENOENT },
		{ "unixexec:", -EINVAL },
		{ "unixexec:argv1=x", -EINVAL },
		{ "unixexec:path=", -EINVAL },
		{ "unixexec:path=/bin/true,path=/bin/true", -EINVAL },
		{ "unixexec:path=/bin/true,argv2=x", -EINVAL },
		{ "unixexec:path=/bin/true,argv99=x", -EINVAL },
		{ "unixexec:path=/bin/true,argvx=x", -EINVAL },
		{ "x-machine-unix:", -EINVAL },
		{ "x-machine-unix:machine=none-there", -EHOSTDOWN },
		{ "x-machine-unix:machine=..%2fx", -EINVAL },
	};

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		sd_bus *bus = NULL;
		const int r = start(rows[i].address, &bus);

		if (r != rows[i].error)
			fail_msg("%s: %d", rows[i].address, r);
		assert_true(own_sd_bus_is_open(bus) <= 0);
		own_sd_bus_close_unref(bus);
	}
}

static size_t count_children(void)
{
	return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD ? 0 : 1;
}

/* Of one that has ended before the greeting is written, that tells. */
static void expect_end(const char *address)
{
	sd_bus *bus = NULL;
	int r = start(address, &bus);

	assert_int_equal(r == 0 ? settle(bus) : r, r == 0 ? -ECONNRESET : -EPIPE);
	own_sd_bus_close_unref(bus);
}

/* A program that ends at once; one that says nothing, and is ended; one that ignores that. */
static void test_programs(void **state)
{
	static const char *const silent[] = { "unixexec:path=sleep,argv1=1000",
		"unixexec:path=/bin/sh,argv1=-c,argv2=trap%20%22%22%20TERM%3bcat%20>/dev/"
		"null%3bexec%20sleep%201000" };
	sd_bus *bus = NULL;
	struct timespec begun, now;

	expect_end("unixexec:path=/bin/true");
	expect_end("unixexec:path=/nonexistent/program");
	for (size_t i = 0; i < ELEMENTSOF(silent); i++) {
		assert_int_equal(start(silent[i], &bus), 0);
		assert_int_equal(own_sd_bus_wait(bus, 200000), 0);
		(void)clock_gettime(CLOCK_MONOTONIC, &begun);
		own_sd_bus_close_unref(bus);
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		assert_true(now.tv_sec - begun.tv_sec < 60);
		assert_int_equal(count_children(), 0);
	}
}

/* What the other side says, byte for byte. */
struct script {
	int listener;
	char address[64];
	pid_t pid;
};

static void listen_on(struct script *s)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t size = sizeof(sa_family_t);

	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* the kernel chooses an abstract name */
	assert_return_code(bind(s->listener, (const struct sockaddr *)&a, size), errno);
	assert_return_code(listen(s->listener, 4), errno);
	size = sizeof(a);
	assert_return_code(getsockname(s->listener, (struct sockaddr *)&a, &size), errno);
	(void)snprintf(s->address, sizeof(s->address), "unix:abstract=%.*s",
		(int)(size - offsetof(struct sockaddr_un, sun_path) - 1), a.sun_path + 1);
}

/* In a process of its own: reads what is said first, says this, and hangs up or stays. */
static void play(struct script *s, const char *says, size_t size, bool stays)
{
	char byte;
	int fd;

	listen_on(s);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid > 0) {
		(void)close(s->listener);
		return;
	}
	(void)alarm(30);
	fd = accept(s->listener, NULL, NULL);
	for (size_t i = 0; i < sizeof(AUTH) - 1; i++)
		if (read(fd, &byte, 1) != 1 || byte != AUTH[i])
			_exit(1);
	if (send(fd, says, size, MSG_NOSIGNAL) != (ssize_t)size)
		_exit(2);
	while (stays && read(fd, &byte, 1) == 1)
		;
	_exit(0);
}

static void end_play(struct script *s)
{
	int status;

	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	assert_int_equal(status, 0);
}

/* A message with this head, fields and body; all numbers below 256. */
#define HEAD(type, body, serial, fields) "l" type "\0\1" body "\0\0\0" serial "\0\0\0" fields "\0\0\0"
#define REPLY_SERIAL(n)                  "\5\1u\0" n "\0\0\0"
#define TEXT_S                           "\10\1g\0\1s\0\0"
#define NAME                             HEAD("\2", "\12", "\1", "\17") REPLY_SERIAL("\1") TEXT_S "\5\0\0\0:1.77\0"
#define ACCEPTS                          "DATA\r\nOK " GUID "\r\nAGREE_UNIX_FD\r\n"

static void test_greetings(void **state)
{
	static const struct {
		const char *says;
		size_t size;
		bool stays;
		int result;
	} rows[] = {
#define ROW(says, stays, result) { says, sizeof(says) - 1, stays, result }
		ROW(ACCEPTS NAME, true, 1),
		ROW("OK " GUID "\r\nAGREE_UNIX_FD\r\n" NAME, true, 1), /* without asking for the name */
		ROW("DATA\r\nOK " GUID "\r\nERROR no\r\n" NAME, true, 1),
		ROW("", false, -ECONNRESET),
		ROW("REJECTED EXTERNAL\r\n", true, -EPERM),
		ROW("DATA\r\nREJECTED EXTERNAL\r\n", true, -EPERM),
		ROW("OK\r\n", true, -EPERM),
		ROW("OK 1\r\n", true, -EPERM),
		ROW("HTTP/1.1 400 Bad Request\r\n", true, -EPERM),
		ROW(ACCEPTS, false, -ECONNRESET),
		ROW(ACCEPTS "l", false, -ECONNRESET),
		ROW(ACCEPTS "no message at all, nor anything like it", true, -EBADMSG),
		ROW(ACCEPTS HEAD("\2", "\12", "\1", "\17") REPLY_SERIAL("\2") TEXT_S "\5\0\0\0:1.77\0", true,
			-EIO),
		ROW(ACCEPTS HEAD("\2", "\12", "\1", "\17") REPLY_SERIAL("\1") TEXT_S "\5\0\0\0a1.77\0", true,
			-EBADMSG),
		ROW(ACCEPTS HEAD("\2", "\12", "\1", "\17") REPLY_SERIAL("\1") TEXT_S "\377\0\0\0:1.77\0",
			true, -EBADMSG),
		ROW(ACCEPTS HEAD("\2", "\0", "\1", "\10") REPLY_SERIAL("\1"), true, -EBADMSG),
		ROW(ACCEPTS HEAD("\3", "\0", "\1", "\27") REPLY_SERIAL("\1") "\4\1s\0\6\0\0\0a.Fail\0\0",
			true, -EIO),
	};

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct script s;
		sd_bus *bus = NULL;
		int r;

		play(&s, rows[i].says, rows[i].size, rows[i].stays);
		assert_int_equal(start(s.address, &bus), 0);
		r = settle(bus);
		if (r != rows[i].result)
			fail_msg("%zu: %d", i, r);
		own_sd_bus_close_unref(bus);
		end_play(&s);
	}
}

/* A line without end. */
static void test_endless_line(void **state)
{
	char says[4096];
	sd_bus *bus = NULL;
	struct script s;

	memset(says, 'A', sizeof(says));
	play(&s, says, sizeof(says), true);
	assert_int_equal(start(s.address, &bus), 0);
	assert_int_equal(settle(bus), -ECONNRESET);
	own_sd_bus_close_unref(bus);
	end_play(&s);
}

struct heard {
	unsigned n;
	int error;
	char sender[32], text[64];
};

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct heard *h = userdata;
	const sd_bus_error *e = own_sd_bus_message_get_error(m);

	h->n++;
	h->error = own_sd_bus_error_get_errno(e);
	(void)snprintf(h->sender, sizeof(h->sender), "%s", own_sd_bus_message_get_sender(m));
	(void)snprintf(h->text, sizeof(h->text), "%s", e && e->message ? e->message : "");
	return 1;
}

static void call(sd_bus *bus, sd_bus_slot **slot, struct heard *h, uint64_t usec)
{
	sd_bus_message *m = NULL;

	assert_int_equal(own_sd_bus_message_new_method_call(bus, &m, "a.b", "/a", "a.b", "C"), 0);
	assert_true(own_sd_bus_call_async(bus, slot, m, on_reply, h, usec) >= 0);
	(void)own_sd_bus_message_unref(m);
}

/* Its time goes by; then the other side leaves, and what is under way is answered, but for what nobody waits
 * for any more. */
static void test_calls_without_answer(void **state)
{
	struct heard timed = { 0 }, left = { 0 }, forgotten = { 0 };
	sd_bus_slot *slots[3] = { NULL };
	sd_bus *bus = NULL;
	struct script s;

	play(&s, ACCEPTS NAME, sizeof(ACCEPTS NAME) - 1, true);
	assert_int_equal(start(s.address, &bus), 0);
	assert_int_equal(settle(bus), 1);
	call(bus, &slots[0], &timed, 100000);
	call(bus, &slots[1], &left, UINT64_MAX);
	call(bus, &slots[2], &forgotten, UINT64_MAX);
	while (timed.n == 0) {
		assert_true(own_sd_bus_process(bus, NULL) >= 0);
		assert_true(own_sd_bus_wait(bus, WAIT_USEC) >= 0);
	}
	assert_int_equal(timed.error, ETIMEDOUT);
	assert_string_equal(timed.sender, "org.freedesktop.DBus");
	slots[2] = own_sd_bus_slot_unref(slots[2]);
	assert_return_code(kill(s.pid, SIGKILL), errno);
	assert_int_equal(waitpid(s.pid, NULL, 0), s.pid);
	while (own_sd_bus_process(bus, NULL) >= 0)
		assert_true(own_sd_bus_wait(bus, WAIT_USEC) >= 0 || own_sd_bus_is_open(bus) <= 0);
	assert_int_equal(own_sd_bus_process(bus, NULL), -ECONNRESET);
	assert_int_equal(left.n, 1);
	assert_string_equal(left.text, "Connection terminated");
	assert_int_equal(forgotten.n, 0);
	(void)own_sd_bus_slot_unref(slots[0]);
	own_sd_bus_close_unref(bus);
	/* it outlives its connection */
	(void)own_sd_bus_slot_unref(slots[1]);
}

/* A call of ours, behind a greeting. */
static const char calls[] =
	ACCEPTS NAME HEAD("\1", "\0", "\11", "\32") "\1\1o\0\2\0\0\0/a\0\0\0\0\0\0\3\1s\0\1\0\0\0M\0"
						    "\0\0\0\0\0\0";

/* Filters: the first gives back those behind it. */
struct filters {
	sd_bus_slot *others[2];
	unsigned n, n_others;
};

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct filters *f = userdata;

	f->n++;
	for (size_t i = 0; i < ELEMENTSOF(f->others); i++)
		f->others[i] = own_sd_bus_slot_unref(f->others[i]);
	return 0;
}

static int on_other(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct filters *f = userdata;

	f->n_others++;
	return 0;
}

static void test_filters(void **state)
{
	struct filters f = { 0 };
	struct script s;
	sd_bus *bus = NULL;

	play(&s, calls, sizeof(calls) - 1, true);
	assert_int_equal(start(s.address, &bus), 0);
	assert_int_equal(settle(bus), 1);
	assert_true(own_sd_bus_add_filter(bus, NULL, on_message, &f) >= 0);
	for (size_t i = 0; i < ELEMENTSOF(f.others); i++)
		assert_true(own_sd_bus_add_filter(bus, &f.others[i], on_other, &f) >= 0);
	while (f.n == 0) {
		assert_true(own_sd_bus_process(bus, NULL) >= 0);
		assert_true(f.n > 0 || own_sd_bus_wait(bus, WAIT_USEC) >= 0);
	}
	assert_int_equal(f.n, 1);
	assert_int_equal(f.n_others, 0);
	own_sd_bus_close_unref(bus);
	end_play(&s);
}

/* Who is called is told that there is nothing. */
static void test_called(void **state)
{
	char got[4096];
	size_t size = 0;
	int ends = -1;
	struct script s;
	sd_bus *bus = NULL;

	listen_on(&s);
	assert_int_equal(start(s.address, &bus), 0);
	ends = accept4(s.listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(ends >= 0);
	(void)close(s.listener);
	assert_int_equal(send(ends, calls, sizeof(calls) - 1, MSG_NOSIGNAL), sizeof(calls) - 1);
	assert_int_equal(settle(bus), 1);
	for (unsigned i = 0; i < 10; i++)
		assert_true(own_sd_bus_process(bus, NULL) >= 0);
	size = (size_t)recv(ends, got, sizeof(got), MSG_DONTWAIT);
	assert_non_null(memmem(got, size, "org.freedesktop.DBus.Error.UnknownObject", 40));
	own_sd_bus_close_unref(bus);
	(void)close(ends);
}

/* More than the socket takes at once goes bit by bit. */
static void test_large_message(void **state)
{
	const size_t size = 1024 * 1024;
	char *text = malloc(size + 1);
	sd_bus_message *m = NULL;
	struct heard h = { 0 };
	sd_bus_slot *slot = NULL;
	struct script s;
	sd_bus *bus = NULL;

	assert_non_null(text);
	memset(text, 'x', size);
	text[size] = '\0';
	play(&s, ACCEPTS NAME, sizeof(ACCEPTS NAME) - 1, true);
	assert_int_equal(start(s.address, &bus), 0);
	assert_int_equal(settle(bus), 1);
	assert_int_equal(own_sd_bus_message_new_method_call(bus, &m, "a.b", "/a", "a.b", "C"), 0);
	assert_true(own_sd_bus_message_append_basic(m, 's', text) >= 0);
	assert_true(own_sd_bus_call_async(bus, &slot, m, on_reply, &h, UINT64_MAX) >= 0);
	while (own_sd_bus_get_events(bus) & POLLOUT) {
		assert_true(own_sd_bus_process(bus, NULL) >= 0);
		assert_true(own_sd_bus_wait(bus, WAIT_USEC) >= 0);
	}
	(void)own_sd_bus_slot_unref(slot);
	(void)own_sd_bus_message_unref(m);
	own_sd_bus_close_unref(bus);
	end_play(&s);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_greetings),
		cmocka_unit_test(test_endless_line),
		cmocka_unit_test(test_calls_without_answer),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_called),
		cmocka_unit_test(test_large_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
