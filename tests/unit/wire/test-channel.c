/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The channel on real sockets: sizes, fds, and every way in which a peer can be wrong (design rows P6, P27,
 * F12). */

#include "base/error.h"
#include "base/fd.h"
#include "tests/unit/unit.h"
#include "wire/channel.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct pair {
	int one, other;
};

static int set_up(void **state)
{
	static struct pair p;
	int fds[2];

	assert_int_equal(wire_channel_pair(fds), 0);
	p = (struct pair){ fds[0], fds[1] };
	*state = &p;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *p = *state;

	p->one = fd_close(p->one);
	p->other = fd_close(p->other);
	return 0;
}

/* Open fds of this process, the one that counts left out. */
static unsigned count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	(void)closedir(d);
	return n;
}

static void test_pair(void **state)
{
	const struct pair *p = *state;
	const int fds[] = { p->one, p->other };

	for (size_t i = 0; i < ELEMENTS(fds); i++) {
		int type = 0;
		socklen_t len = sizeof(type);

		assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
		assert_true(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
		assert_int_equal(getsockopt(fds[i], SOL_SOCKET, SO_TYPE, &type, &len), 0);
		assert_int_equal(type, SOCK_SEQPACKET);
	}
}

static void test_sizes(void **state)
{
	const struct pair *p = *state;
	static const size_t sizes[] = { 1, 7, 4095, 4096, 4097, 131072, WIRE_RECORD_MAX - 1,
		WIRE_RECORD_MAX };
	static uint8_t data[WIRE_RECORD_MAX + 1];

	for (size_t i = 0; i < ELEMENTS(sizes); i++) {
		struct wire_record r;

		/* no two parts of it are alike, nor two records */
		for (size_t at = 0; at < sizes[i]; at++)
			data[at] = (uint8_t)(at ^ (at >> 8) ^ (at >> 16) ^ (i << 5));
		wire_record_init(&r);
		assert_int_equal(wire_send(p->one, data, sizes[i], NULL, 0), 0);
		assert_int_equal(wire_receive(p->other, &r), 1);
		assert_int_equal(r.size, sizes[i]);
		assert_memory_equal(r.data, data, sizes[i]);
		assert_int_equal(r.n_fds, 0);
		wire_record_done(&r);
	}
	assert_int_equal(wire_send(p->one, data, 0, NULL, 0), -EINVAL);
	assert_int_equal(wire_send(p->one, data, WIRE_RECORD_MAX + 1, NULL, 0), -EMSGSIZE);
	assert_int_equal(wire_send(-1, data, 1, NULL, 0), -EBADF);
}

static void test_order_and_nothing(void **state)
{
	const struct pair *p = *state;
	struct wire_record r;

	wire_record_init(&r);
	assert_int_equal(wire_receive(p->other, &r), -EAGAIN);
	for (uint8_t i = 0; i < 50; i++)
		assert_int_equal(wire_send(p->one, &i, 1, NULL, 0), 0);
	for (uint8_t i = 0; i < 50; i++) {
		assert_int_equal(wire_receive(p->other, &r), 1);
		assert_int_equal(r.data[0], i);
		wire_record_done(&r);
	}
	assert_int_equal(wire_receive(p->other, &r), -EAGAIN);
}

/* A reader that does not read makes the sender wait, and loses nothing. */
static void test_full_queue(void **state)
{
	const struct pair *p = *state;
	static uint8_t data[WIRE_RECORD_MAX];
	unsigned sent = 0, received = 0;
	struct wire_record r;
	int q;

	while ((q = wire_send(p->one, data, sizeof(data), NULL, 0)) == 0)
		sent++;
	assert_int_equal(q, -EAGAIN);
	assert_true(sent > 0);
	wire_record_init(&r);
	for (; (q = wire_receive(p->other, &r)) == 1; received++)
		wire_record_done(&r);
	assert_int_equal(q, -EAGAIN);
	assert_int_equal(received, sent);
}

static void test_fds(void **state)
{
	const struct pair *p = *state;
	static const size_t counts[] = { 1, 2, FDS_MAX, WIRE_FDS_MAX };
	int fds[WIRE_FDS_MAX + 1], stolen;
	unsigned before;
	struct stat mine, theirs;

	for (size_t i = 0; i < ELEMENTS(fds); i++)
		fds[i] = p->one;
	assert_int_equal(fstat(p->one, &mine), 0);
	before = count_fds();
	for (size_t i = 0; i < ELEMENTS(counts); i++) {
		struct wire_record r;

		wire_record_init(&r);
		assert_int_equal(wire_send(p->one, "x", 1, fds, counts[i]), 0);
		assert_int_equal(wire_receive(p->other, &r), 1);
		assert_int_equal(r.n_fds, counts[i]);
		for (size_t k = 0; k < WIRE_FDS_MAX; k++)
			assert_int_equal(r.fds[k] >= 0, k < counts[i]);
		assert_true(fcntl(r.fds[0], F_GETFD) & FD_CLOEXEC);
		assert_int_equal(fstat(r.fds[0], &theirs), 0);
		assert_int_equal(mine.st_ino, theirs.st_ino);
		stolen = wire_record_steal_fd(&r, 0);
		assert_true(stolen >= 0);
		assert_int_equal(r.fds[0], -1);
		assert_int_equal(wire_record_steal_fd(&r, counts[i]), -1);
		wire_record_done(&r);
		assert_int_equal(count_fds(), before + 1);
		(void)fd_close(stolen);
	}
	assert_int_equal(count_fds(), before);
	assert_int_equal(wire_send(p->one, "x", 1, fds, WIRE_FDS_MAX + 1), -E2BIG);
	fds[1] = -1;
	assert_int_equal(wire_send(p->one, "x", 1, fds, 2), -EBADF);
}

static void test_end_of_file(void **state)
{
	struct pair *p = *state;
	struct wire_record r;

	wire_record_init(&r);
	assert_int_equal(wire_send(p->one, "last", 4, NULL, 0), 0);
	p->one = fd_close(p->one);
	assert_int_equal(wire_receive(p->other, &r), 1);
	wire_record_done(&r);
	assert_int_equal(wire_receive(p->other, &r), 0);
	assert_int_equal(wire_receive(p->other, &r), 0);
	assert_int_equal(wire_send(p->other, "x", 1, NULL, 0), -EPIPE);
}

/* What a peer sent before it died with unread records of ours is not lost. */
static void test_reset(void **state)
{
	struct pair *p = *state;
	struct wire_record r;

	wire_record_init(&r);
	assert_int_equal(wire_send(p->other, "unread", 6, NULL, 0), 0);
	assert_int_equal(wire_send(p->one, "last", 4, NULL, 0), 0);
	p->one = fd_close(p->one);
	assert_int_equal(wire_receive(p->other, &r), 1);
	assert_int_equal(r.size, 4);
	wire_record_done(&r);
	assert_int_equal(wire_receive(p->other, &r), 0);
}

/* The same, when the first thing done afterwards is to send. */
static void test_reset_send(void **state)
{
	struct pair *p = *state;

	assert_int_equal(wire_send(p->other, "unread", 6, NULL, 0), 0);
	p->one = fd_close(p->one);
	assert_int_equal(wire_send(p->other, "x", 1, NULL, 0), -EPIPE);
	assert_int_equal(wire_send(p->other, "x", 1, NULL, 0), -EPIPE);
}

/* As a broken or hostile peer would: the library's own wire_send() can't. */
static void send_raw(int fd, size_t size, const int *fds, size_t n_fds)
{
	static uint8_t data[2 * WIRE_RECORD_MAX];
	union {
		struct cmsghdr head;
		uint8_t bytes[CMSG_SPACE(sizeof(int) * 253)];
	} control = { 0 };
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n_fds > 0) {
		h.msg_control = control.bytes;
		h.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(&control.head), fds, sizeof(int) * n_fds);
	}
	assert_int_equal(sendmsg(fd, &h, MSG_NOSIGNAL), size);
}

static void test_empty_record(void **state)
{
	const struct pair *p = *state;
	unsigned before = count_fds();
	struct wire_record r;

	wire_record_init(&r);
	send_raw(p->one, 0, NULL, 0);
	assert_int_equal(wire_receive(p->other, &r), -EBADMSG);
	send_raw(p->one, 0, &p->one, 1);
	assert_int_equal(wire_receive(p->other, &r), -EBADMSG);
	assert_int_equal(count_fds(), before);
	assert_int_equal(r.n_fds, 0);
}

static void test_too_long(void **state)
{
	const struct pair *p = *state;
	unsigned before = count_fds();
	struct wire_record r;

	wire_record_init(&r);
	send_raw(p->one, WIRE_RECORD_MAX + 1, &p->one, 1);
	assert_int_equal(wire_receive(p->other, &r), -EMSGSIZE);
	assert_int_equal(count_fds(), before);
	assert_null(r.data);
}

static void test_too_many_fds(void **state)
{
	const struct pair *p = *state;
	int fds[253];
	unsigned before = count_fds();
	struct wire_record r;

	for (size_t i = 0; i < ELEMENTS(fds); i++)
		fds[i] = p->one;
	wire_record_init(&r);
	send_raw(p->one, 1, fds, WIRE_FDS_MAX + 1);
	assert_int_equal(wire_receive(p->other, &r), -EMFILE);
	send_raw(p->one, 1, fds, ELEMENTS(fds));
	assert_int_equal(wire_receive(p->other, &r), -EMFILE);
	assert_int_equal(count_fds(), before);
}

/* What the keeper reads with: any other size or number of fds is refused, closed, and costs no memory. */
static void test_fixed(void **state)
{
	const struct pair *p = *state;
	int fds[5] = { p->one, p->one, p->one, p->one, p->one }, got[2];
	unsigned before = count_fds();
	uint8_t data[24];
	size_t n;

	assert_int_equal(wire_receive_fixed(p->other, data, sizeof(data), got, 2, &n), -EAGAIN);
	for (size_t i = 3; i <= 5; i++) {
		send_raw(p->one, sizeof(data), fds, i);
		assert_int_equal(wire_receive_fixed(p->other, data, sizeof(data), got, 2, &n), -EBADMSG);
	}
	send_raw(p->one, WIRE_RECORD_MAX, fds, 1);
	assert_int_equal(wire_receive_fixed(p->other, data, sizeof(data), got, 2, &n), -EBADMSG);
	send_raw(p->one, sizeof(data) - 1, fds, 1);
	assert_int_equal(wire_receive_fixed(p->other, data, sizeof(data), got, 2, &n), -EBADMSG);
	assert_int_equal(count_fds(), before);
	send_raw(p->one, sizeof(data), fds, 1);
	assert_int_equal(wire_receive_fixed(p->other, data, sizeof(data), got, 2, &n), 1);
	assert_int_equal(n, 1);
	assert_true(got[0] >= 0);
	assert_int_equal(got[1], -1);
	(void)close(got[0]);
}

/* F12: where some fds fit and some don't, the kernel hands over the first ones. */
static void test_out_of_numbers(void **state)
{
	const struct pair *p = *state;
	struct rlimit old, tight;
	unsigned before = count_fds();
	int fds[8], highest;
	struct wire_record r;

	for (size_t i = 0; i < ELEMENTS(fds); i++)
		fds[i] = p->one;
	highest = dup(p->one);
	assert_true(highest >= 0);
	(void)close(highest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	tight = old;
	tight.rlim_cur = (rlim_t)highest + 3;
	assert_int_equal(wire_send(p->one, "x", 1, fds, ELEMENTS(fds)), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	wire_record_init(&r);
	assert_int_equal(wire_receive(p->other, &r), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(count_fds(), before);
	assert_int_equal(wire_send(p->one, "x", 1, fds, ELEMENTS(fds)), 0);
	assert_int_equal(wire_receive(p->other, &r), 1);
	assert_int_equal(r.n_fds, ELEMENTS(fds));
	wire_record_done(&r);
}

/* Control data that nobody asked for: here credentials, because somebody switched them on. */
static void test_foreign_control(void **state)
{
	const struct pair *p = *state;
	unsigned before = count_fds();
	struct wire_record r;
	int on = 1;

	assert_int_equal(setsockopt(p->other, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
	wire_record_init(&r);
	assert_int_equal(wire_send(p->one, "x", 1, NULL, 0), 0);
	assert_int_equal(wire_receive(p->other, &r), -EBADMSG);
	assert_int_equal(wire_send(p->one, "x", 1, &p->one, 1), 0);
	assert_int_equal(wire_receive(p->other, &r), -EBADMSG);
	assert_int_equal(count_fds(), before);
}

int main(void)
{
#define CHANNEL_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		CHANNEL_TEST(test_pair),
		CHANNEL_TEST(test_sizes),
		CHANNEL_TEST(test_order_and_nothing),
		CHANNEL_TEST(test_full_queue),
		CHANNEL_TEST(test_fds),
		CHANNEL_TEST(test_end_of_file),
		CHANNEL_TEST(test_reset),
		CHANNEL_TEST(test_reset_send),
		CHANNEL_TEST(test_empty_record),
		CHANNEL_TEST(test_too_long),
		CHANNEL_TEST(test_too_many_fds),
		CHANNEL_TEST(test_fixed),
		CHANNEL_TEST(test_out_of_numbers),
		CHANNEL_TEST(test_foreign_control),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
