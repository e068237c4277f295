/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Option fd-channel: descriptors beside the message, whole, late, too many, wrong, and of a sender who
 * leaves. */

#include "base/error.h"
#include "base/fd.h"
#include "dbus/names.h"
#include "rig.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SO_PASSPIDFD /* Linux 6.5 */
#define SO_PASSPIDFD 76
#endif

#define FIRST 10 /* number of the first descriptor in the program */

struct channel {
	int ours, theirs;
};

static struct channel channel_new(void)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	return (struct channel){ ends[0], ends[1] };
}

/* What is to be sent, and how long it says to be. */
static void send_raw(int socket, const void *data, size_t size, const int *fds, size_t n_fds)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = size };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int) * 253)];
	} control = { 0 };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n_fds > 0) {
		struct cmsghdr *c = &control.head;

		h.msg_control = control.bytes;
		h.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
	}
	assert_true(sendmsg(socket, &h, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0);
}

/* n numbers from first on, each with a descriptor of /dev/null. */
static void send_fds(int socket, uint32_t first, size_t n)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), fds[253];
	uint32_t numbers[253];

	for (size_t i = 0; i < n; i++) {
		numbers[i] = first + (uint32_t)i;
		fds[i] = null;
	}
	send_raw(socket, numbers, n * sizeof(*numbers), fds, n);
	(void)close(null);
}

/* A launch over the socket, which the message duplicates and the caller keeps. */
static sd_bus_message *with_channel(struct rig *r, int socket)
{
	sd_bus_message *m = rig_call(r, ALICE, 0, "LaunchSandboxed");

	/* the profile "open" takes what the option does */
	r->broker.catalog->profiles[4].max_fds = FDS_MAX;
	assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 0, 0, 1,
			    "fd-channel", "h", socket) >= 0);
	return m;
}

/* The launcher is asked for so many, in their order. */
static void launched_with(struct rig *r, struct reply *reply, size_t n)
{
	struct launch_request l;
	struct request q;

	rig_take(r, WIRE_LAUNCH, &q);
	assert_int_equal(decode_launch_request(&q.body, &l), 0);
	assert_int_equal(l.n_fds, n);
	assert_int_equal(q.record.n_fds, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(l.fds[i].target, FIRST + i);
	rig_answer_launched(r, q.serial, 1);
	launch_request_done(&l);
	request_done(&q);
	rig_wait(r, reply);
	assert_null(reply->error);
	reply_done(reply);
}

static void refused(struct rig *r, struct channel *ch, const char *error)
{
	size_t before;
	struct reply reply;

	(void)close(ch->ours);
	before = rig_count_fds();
	rig_expect(r, with_channel(r, ch->theirs), error, &reply);
	assert_non_null(strstr(reply.text, "fd-channel"));
	reply_done(&reply);
	rig_settle(r);
	assert_int_equal(rig_count_fds(), before);
	assert_int_equal(r->broker.quota.n_accounts, 0);
	(void)close(ch->theirs);
}

static void test_all_there(void **state)
{
	struct channel ch = channel_new();
	struct rig *r = *state;
	struct reply reply;

	send_fds(ch.ours, FIRST, FDS_MAX);
	(void)close(ch.ours);
	rig_send(r, with_channel(r, ch.theirs), &reply);
	(void)close(ch.theirs);
	launched_with(r, &reply, FDS_MAX);
}

/* One by one, and the broker has time for others in between. */
static void test_slow(void **state)
{
	struct channel ch = channel_new();
	struct rig *r = *state;
	struct reply reply;

	rig_send(r, with_channel(r, ch.theirs), &reply);
	for (uint32_t i = 0; i < 20; i++) {
		rig_until(r, r->broker.quota.total[QUOTA_CALLS] == 1);
		send_fds(ch.ours, FIRST + i, 1);
		rig_expect(r, rig_call(r, ROOT, 0, "ListSandboxes"), NULL, NULL);
		assert_true(rig_launcher_idle(r) && !reply.there);
	}
	assert_int_equal(shutdown(ch.ours, SHUT_WR), 0);
	launched_with(r, &reply, 20);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
	(void)close(ch.ours);
	(void)close(ch.theirs);
}

/* An empty record is the end as well; what comes behind it is not looked at. */
static void test_empty_record(void **state)
{
	struct channel ch = channel_new();
	struct rig *r = *state;
	struct reply reply;

	send_fds(ch.ours, FIRST, 3);
	send_raw(ch.ours, "", 0, NULL, 0);
	send_fds(ch.ours, FIRST + 3, 3);
	rig_send(r, with_channel(r, ch.theirs), &reply);
	launched_with(r, &reply, 3);
	(void)close(ch.ours);
	(void)close(ch.theirs);
}

static void test_too_many(void **state)
{
	struct channel ch = channel_new();
	struct rig *r = *state;

	send_fds(ch.ours, FIRST, FDS_MAX + 1);
	refused(r, &ch, BAILIFF_ERROR_INVALID_FD);
	ch = channel_new();
	send_fds(ch.ours, FIRST, FDS_MAX);
	send_fds(ch.ours, FIRST + FDS_MAX, 1);
	refused(r, &ch, BAILIFF_ERROR_INVALID_FD);
	ch = channel_new();
	send_fds(ch.ours, FIRST, 253);
	refused(r, &ch, BAILIFF_ERROR_INVALID_FD);
	assert_true(rig_launcher_idle(r));
}

/* Those in fds count with them, and a number is given once. */
static void test_with_others(void **state)
{
	struct rig *r = *state;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < 2; i++) {
		struct channel ch = channel_new();
		sd_bus_message *m = rig_call(r, ALICE, 0, "LaunchSandboxed");
		struct reply reply;

		r->broker.catalog->profiles[4].max_fds = FDS_MAX;
		send_fds(ch.ours, FIRST, i == 0 ? FDS_MAX : 1);
		(void)close(ch.ours);
		assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 0, 1,
				    i == 0 ? 200 : FIRST, null, 1, "fd-channel", "h", ch.theirs) >= 0);
		rig_expect(r, m, BAILIFF_ERROR_INVALID_FD, &reply);
		assert_non_null(strstr(reply.text, i == 0 ? "More than 64" : "given twice"));
		reply_done(&reply);
		(void)close(ch.theirs);
	}
	(void)close(null);
	assert_true(rig_launcher_idle(r));
}

static void test_garbage(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 5, 8, 1016, 4096, 65536 };
	static const char bytes[65536];
	struct rig *r = *state;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
		struct channel ch = channel_new();

		send_raw(ch.ours, bytes, sizes[i], NULL, 0);
		refused(r, &ch, BAILIFF_ERROR_INVALID_FD);
		ch = channel_new();
		send_raw(ch.ours, bytes, sizes[i], &null, 1);
		refused(r, &ch, BAILIFF_ERROR_INVALID_FD);
	}
	(void)close(null);
	assert_true(rig_launcher_idle(r));
}

/* Each is looked at like one that came in the message. */
static void test_wrong_fds(void **state)
{
	static const uint32_t number = FIRST, high = FD_TARGET_MAX + 1, twice[] = { FIRST, FIRST };
	int directory[2] = { open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), -1 };
	struct rig *r = *state;
	struct reply reply;

	for (size_t i = 0; i < 3; i++) {
		struct channel ch = channel_new();

		directory[1] = directory[0];
		send_raw(ch.ours,
			i == 0   ? &number
			: i == 1 ? &high
				 : twice,
			i < 2 ? sizeof(number) : sizeof(twice), directory, i < 2 ? 1 : 2);
		(void)close(ch.ours);
		rig_expect(r, with_channel(r, ch.theirs), BAILIFF_ERROR_INVALID_FD, &reply);
		reply_done(&reply);
		(void)close(ch.theirs);
	}
	(void)close(directory[0]);
	assert_true(rig_launcher_idle(r));
}

static int listening(void)
{
	const struct sockaddr_un any = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&any, sizeof(any.sun_family)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void test_wrong_sockets(void **state)
{
	struct rig *r = *state;
	int stream[2], datagram[2], ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, datagram), 0);
	{
		int wrong[] = { ends[0], ends[1], stream[0], stream[1], datagram[0], datagram[1], listening(),
			socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0),
			socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), open("/", O_PATH | O_CLOEXEC) };

		for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
			struct channel ch = { -1, wrong[i] };

			refused(r, &ch, BAILIFF_ERROR_INVALID_FD);
		}
	}
	assert_true(rig_launcher_idle(r));
}

/* Who made the socket may have the kernel add things to what it carries, one of them a descriptor. */
static void test_added_by_kernel(void **state)
{
	static const int options[] = { SO_PASSCRED, SO_PASSPIDFD };
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(options); i++) {
		struct channel ch = channel_new();

		if (setsockopt(ch.theirs, SOL_SOCKET, options[i], &(int){ 1 }, sizeof(int)) < 0) {
			assert_int_equal(errno, ENOPROTOOPT);
			(void)close(ch.ours);
			(void)close(ch.theirs);
			continue;
		}
		send_fds(ch.ours, FIRST, 2);
		refused(r, &ch, BAILIFF_ERROR_INVALID_FD);
	}
	assert_true(rig_launcher_idle(r));
}

/* Q6: nothing is kept for who has left. */
static void test_caller_leaves(void **state)
{
	struct channel ch = channel_new();
	size_t before = rig_count_fds() - 1; /* without theirs */
	struct rig *r = *state;
	struct reply reply;

	rig_expect(r, rig_call(r, ALICE, 0, "ListSandboxes"), NULL, NULL);
	rig_send(r, with_channel(r, ch.theirs), &reply);
	(void)close(ch.theirs);
	send_fds(ch.ours, FIRST, 30);
	rig_until(r, rig_count_fds() >= before + 30);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 1);
	rig_leave(r, ALICE);
	rig_until(r, r->broker.quota.total[QUOTA_CALLS] == 0);
	rig_settle(r);
	assert_int_equal(rig_count_fds(), before);
	assert_int_equal(send(ch.ours, "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, EPIPE);
	assert_null(r->broker.fd_channels);
	(void)close(ch.ours);
	assert_true(rig_launcher_idle(r));
}

/* What one user's calls that wait can hold. */
static void test_held(void **state)
{
	struct rig *r = *state;
	struct channel ch[5];
	struct reply reply[5];

	r->broker.catalog->config.max_fds_per_user = 4 * FDS_MAX;
	for (size_t i = 0; i < ELEMENTSOF(ch); i++) {
		ch[i] = channel_new();
		send_fds(ch[i].ours, FIRST, FDS_MAX);
		rig_send(r, with_channel(r, ch[i].theirs), &reply[i]);
		(void)close(ch[i].theirs);
		rig_settle(r);
	}
	rig_wait(r, &reply[4]);
	assert_string_equal(reply[4].error, BAILIFF_ERROR_QUOTA_EXCEEDED);
	for (size_t i = 0; i < ELEMENTSOF(ch) - 1; i++)
		assert_false(reply[i].there);
	assert_int_equal(r->broker.quota.total[QUOTA_FDS], 4 * FDS_MAX);
	rig_leave(r, ALICE);
	rig_until(r, r->broker.quota.total[QUOTA_CALLS] == 0);
	for (size_t i = 0; i < ELEMENTSOF(ch); i++) {
		(void)close(ch[i].ours);
		reply_done(&reply[i]);
	}
	assert_true(rig_launcher_idle(r));
}

/* Its end does not come: also when the caller sends the other end through it, and nobody else has that. */
static void test_too_late(void **state)
{
	static const uint32_t number = FIRST;
	struct channel ch = channel_new();
	uint64_t begun = now_boottime_usec();
	struct rig *r = *state;
	struct reply reply;

	send_raw(ch.ours, &number, sizeof(number), &ch.ours, 1);
	(void)close(ch.ours);
	rig_send(r, with_channel(r, ch.theirs), &reply);
	(void)close(ch.theirs);
	while (!reply.there) {
		assert_true(now_boottime_usec() < begun + 40000000);
		rig_step(r);
	}
	assert_true(now_boottime_usec() >= begun + 10000000);
	assert_string_equal(reply.error, BAILIFF_ERROR_INVALID_FD);
	assert_non_null(strstr(reply.text, "10 seconds"));
	reply_done(&reply);
	assert_int_equal(r->broker.quota.n_accounts, 0);
	assert_true(rig_launcher_idle(r));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_there),
		TEST(test_slow),
		TEST(test_empty_record),
		TEST(test_too_many),
		TEST(test_with_others),
		TEST(test_garbage),
		TEST(test_wrong_fds),
		TEST(test_wrong_sockets),
		TEST(test_added_by_kernel),
		TEST(test_caller_leaves),
		TEST(test_held),
		TEST(test_too_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
