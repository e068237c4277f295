/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "base/fd.h"
#include "message/pump.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

/* a: the sender's end of the one pair; b: the receiver's of the other */
struct line {
	int a, from, to, b;
	struct pump pump;
};

static void line_open(struct line *l, size_t limit)
{
	int one[2], two[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, one), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, two), 0);
	*l = (struct line){ one[0], one[1], two[0], two[1], { 0 } };
	pump_init(&l->pump, l->from, l->to, limit);
}

static void line_close(struct line *l)
{
	pump_done(&l->pump);
	(void)close(l->a);
	(void)close(l->from);
	(void)close(l->to);
	(void)close(l->b);
}

/* A message of this many bytes, in either byte order, with 8 bytes of fields. */
static uint8_t *message(size_t size, bool little)
{
	uint8_t *m = malloc(size);
	uint32_t body = (uint32_t)size - 24;

	assert_non_null(m);
	memset(m, 0x5a, size);
	m[0] = little ? 'l' : 'B';
	m[3] = 1;
	for (int i = 0; i < 4; i++) {
		m[little ? 4 + i : 7 - i] = (uint8_t)(body >> (8 * i));
		m[little ? 12 + i : 15 - i] = i == 0 ? 8 : 0;
	}
	return m;
}

static void test_whole_messages(void **state)
{
	static const size_t sizes[] = { 24, 25, 1000, 1024, 1025, 70000 };

	for (size_t i = 0; i < 2 * ELEMENTSOF(sizes); i++) {
		const size_t size = sizes[i / 2];
		_cleanup_free_ uint8_t *m = message(size, i % 2), *got = malloc(size);
		struct line l;

		line_open(&l, 100000);
		assert_int_equal(pump_read(&l.pump), 0);
		assert_int_equal(send(l.a, m, size - 1, 0), size - 1);
		assert_int_equal(pump_read(&l.pump), 0);
		assert_false(pump_full(&l.pump));
		assert_int_equal(recv(l.b, got, size, 0), -1);
		assert_int_equal(send(l.a, m + size - 1, 1, 0), 1);
		assert_int_equal(pump_read(&l.pump), 1);
		assert_true(pump_full(&l.pump));
		assert_int_equal(pump_write(&l.pump), 1);
		assert_false(pump_full(&l.pump));
		assert_int_equal(recv(l.b, got, size, MSG_WAITALL), size);
		assert_memory_equal(m, got, size);
		line_close(&l);
	}
}

/* Both are read at once. */
static void test_fds_stay_with_their_message(void **state)
{
	_cleanup_free_ uint8_t *m = message(40, true);
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC), fds[STREAM_FDS_MAX];
	uint8_t got[100];
	size_t n = 0;
	struct line l;

	line_open(&l, 1000);
	assert_int_equal(stream_send(l.a, m, 40, NULL, 0), 40);
	assert_int_equal(stream_send(l.a, m, 40, &null_fd, 1), 40);
	assert_int_equal(pump_read(&l.pump), 1);
	assert_int_equal(pump_get(&l.pump).n_fds, 0);
	assert_int_equal(pump_write(&l.pump), 1);
	assert_int_equal(pump_read(&l.pump), 1);
	assert_int_equal(pump_get(&l.pump).n_fds, 1);
	assert_int_equal(pump_write(&l.pump), 1);
	assert_int_equal(l.pump.n_fds, 0);
	assert_int_equal(stream_receive(l.b, got, 40, fds, &n), 40);
	assert_int_equal(n, 0);
	assert_int_equal(stream_receive(l.b, got, 40, fds, &n), 40);
	assert_int_equal(n, 1);
	fd_close_many(fds, n);
	(void)close(null_fd);
	line_close(&l);
}

/* Those without a descriptor go out together; one with, and what is behind it, does not. */
static void test_run(void **state)
{
	_cleanup_free_ uint8_t *m = message(40, true);
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC), fds[STREAM_FDS_MAX];
	uint8_t got[1000];
	size_t n = 0;
	struct line l;

	line_open(&l, 1000);
	for (size_t i = 0; i < 5; i++) {
		m[39] = (uint8_t)i;
		assert_int_equal(stream_send(l.a, m, 40, &null_fd, i == 3), 40);
	}
	/* half of one more */
	assert_int_equal(stream_send(l.a, m, 20, NULL, 0), 20);
	assert_int_equal(pump_read(&l.pump), 1);
	assert_int_equal(pump_write(&l.pump), 1);
	assert_int_equal(stream_receive(l.b, got, sizeof(got), fds, &n), 120);
	assert_int_equal(n, 0);
	for (uint8_t i = 0; i < 3; i++)
		assert_int_equal(got[40 * i + 39], i);
	assert_int_equal(pump_read(&l.pump), 1);
	assert_int_equal(pump_write(&l.pump), 1);
	assert_int_equal(stream_receive(l.b, got, sizeof(got), fds, &n), 40);
	assert_int_equal(n, 1);
	assert_int_equal(got[39], 3);
	assert_int_equal(pump_read(&l.pump), 1);
	assert_int_equal(pump_write(&l.pump), 1);
	assert_int_equal(recv(l.b, got, sizeof(got), 0), 40);
	assert_int_equal(got[39], 4);
	assert_int_equal(pump_read(&l.pump), 0);
	assert_false(pump_full(&l.pump));
	assert_false(pump_middle(&l.pump));
	fd_close_many(fds, n);
	(void)close(null_fd);
	line_close(&l);
}

#define RUN_MESSAGES 2000U

/* As much at a time as there is room for, wherever that ends. */
static void test_run_in_parts(void **state)
{
	static uint8_t sent[RUN_MESSAGES * 100], got[sizeof(sent)];
	size_t n_sent = 0, n_put = 0, n_got = 0, piece = 1;
	const int size = 4096;
	struct line l;

	line_open(&l, 1000);
	assert_int_equal(setsockopt(l.to, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	for (size_t i = 0; i < RUN_MESSAGES; i++) {
		const size_t bytes = 24 + i % 76;
		_cleanup_free_ uint8_t *m = message(bytes, i % 2);

		m[bytes - 1] = (uint8_t)i;
		memcpy(sent + n_sent, m, bytes);
		n_sent += bytes;
	}
	while (n_got < n_sent) {
		ssize_t n = send(l.a, sent + n_put, n_sent - n_put, MSG_DONTWAIT);

		n_put += n > 0 ? (size_t)n : 0;
		while (pump_read(&l.pump) > 0 && pump_write(&l.pump) > 0)
			;
		piece = piece % 3001 + 977;
		n = recv(l.b, got + n_got, piece < n_sent - n_got ? piece : n_sent - n_got, MSG_DONTWAIT);
		n_got += n > 0 ? (size_t)n : 0;
	}
	assert_memory_equal(got, sent, n_sent);
	assert_false(pump_middle(&l.pump));
	line_close(&l);
}

static const size_t any_sizes[] = { 24, 31, 4000, 200, 25, 9000, 64, 4096, 40 };

/* Every third one has a descriptor, and goes out in one piece. */
static void send_any(struct line *l, size_t i, size_t cut, int null_fd)
{
	const size_t size = any_sizes[i % ELEMENTSOF(any_sizes)];
	_cleanup_free_ uint8_t *m = message(size, i % 2);
	const bool with = i % 3 == 0;
	size_t piece = cut > size / 20 ? cut : size / 20;

	m[size - 1] = (uint8_t)i;
	for (size_t at = 0, n; at < size; at += n) {
		n = with || size - at < piece ? size - at : piece;
		assert_int_equal(stream_send(l->a, m + at, n, &null_fd, with && at == 0), n);
	}
}

static void take_any(struct line *l, size_t i)
{
	struct message_span m;

	for (unsigned tries = 0; pump_read(&l->pump) == 0; tries++)
		assert_true(tries < 100);
	m = pump_get(&l->pump);
	assert_int_equal(m.size, any_sizes[i % ELEMENTSOF(any_sizes)]);
	assert_int_equal(m.data[m.size - 1], i);
	assert_int_equal(m.n_fds, i % 3 == 0);
	pump_drop(&l->pump);
	assert_false(l->pump.n_fds > 0 && l->pump.fds_at < l->pump.start);
}

/* Messages of all sizes, some with fds, cut anywhere: each comes out as it went in, with what was its own. */
static void test_any_cut(void **state)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct line l;

	for (size_t cut = 1; cut < 60; cut += 7) {
		line_open(&l, 10000);
		for (size_t i = 0, taken = 0; i < 60; i++) {
			send_any(&l, i, cut, null_fd);
			while (i % 6 == 5 && taken <= i)
				take_any(&l, taken++);
		}
		assert_int_equal(l.pump.n_fds, 0);
		line_close(&l);
	}
	(void)close(null_fd);
}

static void test_too_many_fds(void **state)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC), many[STREAM_FDS_MAX];
	struct line l;

	for (size_t i = 0; i < STREAM_FDS_MAX; i++)
		many[i] = null_fd;
	line_open(&l, 1000);
	assert_int_equal(stream_send(l.a, "l", 1, many, STREAM_FDS_MAX), 1);
	assert_int_equal(pump_read(&l.pump), 0);
	assert_int_equal(l.pump.n_fds, STREAM_FDS_MAX);
	assert_int_equal(stream_send(l.a, "\1", 1, many, 1), 1);
	assert_true(pump_read(&l.pump) < 0);
	line_close(&l);
	(void)close(null_fd);
}

static void test_heads(void **state)
{
	static const struct {
		uint8_t head[16];
		int result;
	} heads[] = {
		{ { 'l', 1, 0, 1, 0, 0, 0, 0x40, 1, 0, 0, 0, 8 }, -EMSGSIZE },
		{ { 'B', 1, 0, 1, 0x40, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 8 }, -EMSGSIZE },
		{ { 'l', 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff }, -EMSGSIZE },
		{ { 'l', 1, 0, 1, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff }, -EMSGSIZE },
		{ { 'l', 1, 0, 1, 0xd9, 3, 0, 0, 1, 0, 0, 0, 1 }, -EMSGSIZE }, /* 1001 with the padding */
		{ { 'l', 1, 0, 1, 0xd0, 3, 0, 0, 1, 0, 0, 0, 1 }, 0 },
		{ { 'l', 1, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0, 8 }, -EBADMSG },
		{ { 'b', 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 8 }, -EBADMSG },
		{ { 'l', 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0 }, -EBADMSG },
	};

	for (size_t i = 0; i < ELEMENTSOF(heads); i++) {
		struct line l;

		line_open(&l, 1000);
		assert_int_equal(send(l.a, heads[i].head, 16, 0), 16);
		assert_int_equal(pump_read(&l.pump), heads[i].result);
		line_close(&l);
	}
}

/* A receiver that does not read holds up one message. */
static void test_blocked(void **state)
{
	_cleanup_free_ uint8_t *m = message(4000, true);
	struct line l;
	bool blocked = false;

	line_open(&l, 4000);
	for (int i = 0; i < 100000 && !blocked; i++) {
		(void)!send(l.a, m, 4000, 0);
		if (pump_read(&l.pump) > 0)
			blocked = pump_write(&l.pump) == 0;
	}
	assert_true(blocked);
	assert_true(pump_full(&l.pump));
	assert_int_equal(pump_write(&l.pump), 0);
	(void)close(l.b);
	l.b = -1;
	assert_int_equal(pump_write(&l.pump), -EPIPE);
	line_close(&l);
}

/* F12: of three descriptors only the first finds a place: the connection is not to be trusted any more, and
 * what came is closed with it. */
static void test_out_of_fds(void **state)
{
	_cleanup_free_ uint8_t *m = message(40, true);
	struct rlimit old, tight;
	int three[3], highest, r;
	struct line l;

	line_open(&l, 1000);
	for (size_t i = 0; i < ELEMENTSOF(three); i++)
		three[i] = l.a;
	assert_int_equal(stream_send(l.a, m, 40, three, ELEMENTSOF(three)), 40);
	highest = dup(l.a);
	assert_true(highest > l.b);
	(void)close(highest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	tight = old;
	tight.rlim_cur = (rlim_t)highest + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	r = pump_read(&l.pump);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(r, -EMFILE);
	assert_int_equal(recv(l.b, m, 40, 0), -1);
	line_close(&l);
	assert_int_equal(fcntl(highest, F_GETFD), -1);
}

static void test_end(void **state)
{
	struct line l;

	line_open(&l, 100);
	assert_int_equal(send(l.a, "l\1\0\1", 4, 0), 4);
	(void)close(l.a);
	l.a = -1;
	assert_int_equal(pump_read(&l.pump), 0);
	assert_int_equal(pump_read(&l.pump), -EPIPE);
	line_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_messages),
		cmocka_unit_test(test_fds_stay_with_their_message),
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_run_in_parts),
		cmocka_unit_test(test_any_cut),
		cmocka_unit_test(test_too_many_fds),
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_out_of_fds),
		cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
