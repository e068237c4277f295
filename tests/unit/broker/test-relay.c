/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the relay refuses goes no further, and its sender is told between two messages of the other side's. */

#include "base/error.h"
#include "base/fd.h"
#include "broker/gate.h"
#include "broker/relay.h"
#include "sink.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

struct line {
	int client, fd, inner, other;
	struct relay relay;
};

static void line_open(struct line *l)
{
	int one[2], two[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, one), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, two), 0);
	*l = (struct line){ .client = one[0], .fd = one[1], .inner = two[0], .other = two[1] };
	relay_init(&l->relay, l->fd, l->inner, 100000, 100000);
}

static void line_close(struct line *l)
{
	relay_done(&l->relay);
	(void)close(l->client);
	(void)close(l->fd);
	(void)close(l->inner);
	(void)close(l->other);
}

/* A call with a signature of 255 bytes. */
static void make_bad(struct buf *ret, uint8_t flags, const char *sender)
{
	struct message_parts p = message_call();
	char signature[256];

	memset(signature, 'y', 255);
	signature[255] = '\0';
	p.flags = flags;
	p.fields[p.n_fields++] = message_text(8, "g", signature);
	if (sender)
		p.fields[p.n_fields++] = message_text(7, "s", sender);
	message_make(&p, ret);
}

static void send_to(int fd, const struct buf *b, int with)
{
	assert_int_equal(stream_send(fd, b->data, b->size, &with, with >= 0), b->size);
}

static void test_refused(void **state)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC), next;
	_cleanup_(buf_done) struct buf bad = BUF_INIT(0), good = BUF_INIT(0);
	uint8_t got[1024];
	struct message_fault fault;
	struct message_span m;
	struct line l;
	ssize_t n;
	size_t n_fds;

	line_open(&l);
	l.relay.sender = "org.example.Broker";
	make_bad(&bad, 0, ":1.7");
	message_sample(0, &good, &n_fds);
	next = fcntl(null_fd, F_DUPFD_CLOEXEC, 3);
	(void)close(next);
	send_to(l.client, &bad, null_fd);
	send_to(l.client, &good, -1);
	assert_int_equal(relay_read(&l.relay), -ENOMSG);
	assert_int_equal(l.relay.in.n_fds, 0);
	assert_true(relay_blocked(&l.relay));
	/* first the answer, then the next message */
	assert_false(relay_wants_in(&l.relay));
	assert_int_equal(relay_out(&l.relay), 1);
	assert_int_equal(relay_out(&l.relay), 0);
	assert_true(relay_wants_in(&l.relay));
	n = recv(l.client, got, sizeof(got), 0);
	assert_true(n > 0);
	assert_int_equal(message_check(got, (size_t)n, 0, &fault), 0);
	assert_int_equal(got[1], SD_BUS_MESSAGE_METHOD_ERROR);
	assert_non_null(memmem(got, (size_t)n, SD_BUS_ERROR_INVALID_ARGS, strlen(SD_BUS_ERROR_INVALID_ARGS)));
	assert_non_null(memmem(got, (size_t)n, ":1.7", 5));
	assert_non_null(memmem(got, (size_t)n, "org.example.Broker", 19));
	assert_int_equal(relay_read(&l.relay), 1);
	m = pump_get(&l.relay.in);
	assert_int_equal(m.size, good.size);
	assert_memory_equal(m.data, good.data, good.size);
	pump_drop(&l.relay.in);
	assert_int_equal(relay_read(&l.relay), 0);
	assert_int_equal(fcntl(null_fd, F_DUPFD_CLOEXEC, 3), next);
	(void)close(next);
	(void)close(null_fd);
	line_close(&l);
}

/* Not in the middle of what the other side says. */
static void test_between_messages(void **state)
{
	_cleanup_(buf_done) struct buf bad = BUF_INIT(0), large = BUF_INIT(0);
	struct message_parts long_one = message_call();
	const int size = 4096;
	uint8_t got[1024];
	struct line l;
	ssize_t n;

	line_open(&l);
	make_bad(&bad, 0, NULL);
	assert_int_equal(setsockopt(l.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	l.relay.out.limit = 200000;
	long_one.n_body = 150000;
	message_make(&long_one, &large);
	/* more than the client's socket takes at once */
	for (size_t sent = 0; sent < large.size;) {
		n = stream_send(l.other, large.data + sent, large.size - sent, NULL, 0);

		sent += n > 0 ? (size_t)n : 0;
		assert_int_equal(relay_out(&l.relay), 0);
	}
	assert_int_equal(relay_out(&l.relay), 0);
	assert_true(pump_middle(&l.relay.out));
	send_to(l.client, &bad, -1);
	assert_int_equal(relay_read(&l.relay), -ENOMSG);
	for (size_t had = 0; had < large.size;) {
		n = recv(l.client, got, large.size - had < sizeof(got) ? large.size - had : sizeof(got), 0);
		assert_true(n > 0);
		assert_memory_equal(got, large.data + had, (size_t)n);
		had += (size_t)n;
		(void)relay_out(&l.relay);
	}
	while (relay_blocked(&l.relay))
		assert_true(relay_out(&l.relay) >= 0);
	assert_true(recv(l.client, got, sizeof(got), 0) > 0);
	assert_int_equal(got[1], SD_BUS_MESSAGE_METHOD_ERROR);
	line_close(&l);
}

static void test_unanswered(void **state)
{
	_cleanup_(buf_done) struct buf bad = BUF_INIT(0);
	struct line l;

	line_open(&l);
	make_bad(&bad, 1, NULL);
	send_to(l.client, &bad, -1);
	assert_int_equal(relay_read(&l.relay), -ENOMSG);
	assert_true(l.relay.fault.readable);
	assert_false(l.relay.fault.answer);
	assert_true(relay_wants_in(&l.relay));
	assert_int_equal(relay_out(&l.relay), 0);
	line_close(&l);
}

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	++*(unsigned *)userdata;
	return 0;
}

/* sd-bus sends what it has before it reads: it has acted on the message all the same. */
static void test_all_acted_on(void **state)
{
	_cleanup_(buf_done) struct buf good = BUF_INIT(0);
	struct message_parts parts = message_call();
	static uint8_t taken[65536];
	struct message_span m;
	struct relay relay;
	unsigned n = 0;
	uint64_t unsent;
	int pair[2], inner;
	sd_bus *bus;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(
		gate_open("test", SD_ID128_MAKE(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16), false,
			&bus, &inner),
		0);
	assert_true(sd_bus_add_filter(bus, NULL, on_message, &n) >= 0);
	relay_init(&relay, pair[1], inner, 100000, 100000);
	message_make(&parts, &good);
	m = (struct message_span){ .data = good.data, .size = good.size };
	assert_true(relay_is_idle(&relay, bus));
	do {
		assert_true(sd_bus_emit_signal(bus, "/x", "org.example.X", "Said", NULL) >= 0);
		assert_true(sd_bus_get_n_queued_write(bus, &unsent) >= 0);
	} while (unsent < 3);
	assert_false(relay_is_idle(&relay, bus));
	assert_true(recv(inner, taken, sizeof(taken), 0) > 0);
	assert_true(relay_deliver(&relay, bus, &m) >= 0);
	assert_int_equal(n, 1);
	assert_true(sd_bus_get_n_queued_write(bus, &unsent) >= 0);
	assert_int_equal(unsent, 0);
	relay_done(&relay);
	sd_bus_close_unref(bus);
	(void)close(inner);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

/* To the end of what there is, at both ends. */
static void drain(struct relay *relay, int client)
{
	static uint8_t taken[65536];

	do
		while (recv(client, taken, sizeof(taken), 0) > 0)
			;
	while (relay_out(relay) > 0);
}

/* What sd-bus has not given out yet comes first, wherever that is: with itself, on the way, or with us. */
static void test_may_post(void **state)
{
	struct relay relay;
	uint64_t unsent;
	int pair[2], inner;
	sd_bus *bus;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(
		gate_open("test", SD_ID128_MAKE(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16), false,
			&bus, &inner),
		0);
	relay_init(&relay, pair[1], inner, 100000, 100000);
	assert_true(relay_may_post(&relay, bus));
	do {
		assert_true(sd_bus_emit_signal(bus, "/x", "org.example.X", "Said", NULL) >= 0);
		assert_true(sd_bus_get_n_queued_write(bus, &unsent) >= 0);
	} while (unsent < 3);
	assert_false(relay_may_post(&relay, bus));
	drain(&relay, pair[0]);
	assert_true(pump_empty(&relay.out));
	assert_true(sd_bus_get_n_queued_write(bus, &unsent) >= 0 && unsent > 0);
	assert_false(relay_may_post(&relay, bus));
	while (unsent > 0)
		assert_true(sd_bus_process(bus, NULL) >= 0 && sd_bus_get_n_queued_write(bus, &unsent) >= 0);
	assert_false(relay_may_post(&relay, bus));
	drain(&relay, pair[0]);
	assert_true(relay_may_post(&relay, bus));
	/* also where nobody thought that there was anything */
	pump_rest(&relay.out);
	assert_true(sd_bus_emit_signal(bus, "/x", "org.example.X", "Said", NULL) >= 0);
	assert_false(relay_may_post(&relay, bus));
	relay_done(&relay);
	sd_bus_close_unref(bus);
	(void)close(inner);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static int on_waited(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	if (sd_bus_message_is_method_call(m, "org.example.X", "Waited") > 0)
		recall_form(userdata, m, FORM_LAUNCH);
	return 0;
}

/* What has come back to sd-bus is acted on first, and then the message: else what comes next would be before
 * it. Nor is it taken for that one, though its caller gives both one serial. */
static void test_behind_others(void **state)
{
	_cleanup_(buf_done) struct buf good = BUF_INIT(0);
	struct message_parts parts = message_call();
	struct recall recall = { 0 };
	struct message_span m;
	sd_bus_message *waited;
	struct relay relay;
	unsigned n = 0;
	int inner;
	sd_bus *bus;

	assert_int_equal(
		gate_open("test", SD_ID128_MAKE(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16), false,
			&bus, &inner),
		0);
	assert_true(sd_bus_add_filter(bus, NULL, on_waited, &recall) >= 0);
	assert_true(sd_bus_add_filter(bus, NULL, on_message, &n) >= 0);
	relay_init(&relay, -1, inner, 100000, 100000);
	relay.recall = &recall;
	relay.owner = recall_owner(&recall);
	message_make(&parts, &good);
	m = (struct message_span){ .data = good.data, .size = good.size };
	for (unsigned i = 0; i < 3; i++) {
		assert_true(sd_bus_message_new_method_call(
				    bus, &waited, NULL, "/x", "org.example.X", "Waited") >= 0);
		assert_true(sd_bus_message_seal(waited, parts.serial, 0) >= 0);
		assert_true(sd_bus_enqueue_for_read(bus, waited) >= 0);
		sd_bus_message_unref(waited);
	}
	assert_true(relay_deliver(&relay, bus, &m) >= 0);
	assert_int_equal(n, 4);
	assert_null(recall_find_form(&recall, relay.owner, &m));
	relay_done(&relay);
	recall_forget(&recall);
	sd_bus_close_unref(bus);
	(void)close(inner);
}

/* What there is to read, and how many descriptors came with it. */
static size_t take(struct line *l, uint8_t *got, size_t size, size_t *ret_n_fds)
{
	int fds[STREAM_FDS_MAX];
	ssize_t n;

	*ret_n_fds = 0;
	n = stream_receive(l->client, got, size, fds, ret_n_fds);
	fd_close_many(fds, *ret_n_fds);
	return n > 0 ? (size_t)n : 0;
}

/* In their order; descriptors with the message that has them, and with no byte of another. */
static void test_posted(void **state)
{
	const struct message_span first = { .data = (const uint8_t *)"first", .size = 5 };
	struct message_span second = { .data = (const uint8_t *)"second", .size = 6, .n_fds = 1 };
	uint8_t got[64];
	struct line l;
	size_t n_fds;
	int with;

	line_open(&l);
	with = l.other;
	second.fds = &with;
	assert_int_equal(relay_post(&l.relay, &first), 1);
	assert_int_equal(relay_post(&l.relay, &first), 1);
	assert_true(relay_blocked(&l.relay));
	assert_int_equal(take(&l, got, sizeof(got), &n_fds), 0);
	assert_int_equal(relay_post(&l.relay, &second), 1);
	assert_false(relay_blocked(&l.relay));
	assert_int_equal(take(&l, got, 10, &n_fds), 10);
	assert_int_equal(n_fds, 0);
	assert_memory_equal(got, "firstfirst", 10);
	assert_int_equal(take(&l, got, sizeof(got), &n_fds), 6);
	assert_int_equal(n_fds, 1);
	assert_memory_equal(got, "second", 6);
	assert_int_equal(relay_post(&l.relay, &first), 1);
	assert_int_equal(relay_out(&l.relay), 1);
	assert_int_equal(take(&l, got, sizeof(got), &n_fds), 5);
	line_close(&l);
}

/* One with descriptors is taken when it goes out, or not at all; of one that went in part the rest follows
 * before anything else. */
static void test_posted_without_room(void **state)
{
	static uint8_t large[60000], got[sizeof(large) + 64];
	const struct message_span first = { .data = (const uint8_t *)"first", .size = 5 };
	struct message_span m = { .data = large, .size = 14000, .n_fds = 1 };
	const int size = 4096;
	size_t n_fds, had = 0, filled = 0;
	struct line l;
	ssize_t n;
	int with;

	line_open(&l);
	with = l.other;
	m.fds = &with;
	assert_int_equal(setsockopt(l.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	while ((n = stream_send(l.fd, large, 1024, NULL, 0)) > 0)
		filled += (size_t)n;
	assert_int_equal(relay_post(&l.relay, &m), 0);
	assert_false(relay_blocked(&l.relay));
	assert_int_equal(relay_post(&l.relay, &first), 1);
	assert_int_equal(relay_post(&l.relay, &m), 0);
	while (had < filled)
		had += take(&l, got, sizeof(got), &n_fds);
	assert_int_equal(relay_out(&l.relay), 1);
	assert_int_equal(take(&l, got, sizeof(got), &n_fds), 5);
	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (uint8_t)(i * 7);
	assert_int_equal(relay_post(&l.relay, &m), 1);
	assert_true(relay_blocked(&l.relay));
	assert_int_equal(relay_post(&l.relay, &first), 1);
	for (had = 0; had < m.size + first.size;) {
		size_t part = take(&l, got + had, sizeof(got) - had, &n_fds);

		assert_int_equal(n_fds, had == 0);
		had += part;
		(void)relay_out(&l.relay);
	}
	assert_memory_equal(got, large, m.size);
	assert_memory_equal(got + m.size, "first", first.size);
	assert_false(relay_blocked(&l.relay));
	line_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_between_messages),
		cmocka_unit_test(test_unanswered),
		cmocka_unit_test(test_all_acted_on),
		cmocka_unit_test(test_may_post),
		cmocka_unit_test(test_behind_others),
		cmocka_unit_test(test_posted),
		cmocka_unit_test(test_posted_without_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
