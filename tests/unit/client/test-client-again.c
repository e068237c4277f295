/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bailiff_launch_async() of a broker that ends before it answers: what the library asks the next one, with
 * what it has copied, how often, and what the caller is told. A false broker plays each of them, as a script
 * says. Launches that real brokers are killed in are in tests/integration/test-retry.c.
 */

#include "false-broker.h"

#include "dbus/names.h"
#include "lib/internal.h"
#include "library-bus.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define CALLS_MAX 16
#define LIMIT     20000000ULL /* microseconds until something must have been heard */
#define FDS       20          /* more than a message carries */

/* What the broker says to each launch in turn; shared with it. */
enum answer {
	HANG_UP = 'h',
	BUSY = 'b',
	LAUNCHED = 'l',
	WITHOUT_STREAMS = 'w',
	ENDED = 'e',
	DENIED = 'd',
	HOLD = 'n', /* none, until the next call */
};

struct call_seen {
	char token[TOKEN_SIZE + 8], word[16];
	uint32_t numbers[BAILIFF_FDS_MAX];
	ino_t inodes[BAILIFF_FDS_MAX];
	unsigned n_fds;
};

struct orders {
	char script[CALLS_MAX];
	volatile unsigned n_launches, n_stops, n_looks;
	struct call_seen calls[CALLS_MAX];
};

static struct false_broker broker;

/* In the server: one record of the channel that descriptors go by where a message has no room for them. */
static void read_channel(int fd, struct call_seen *seen)
{
	struct iovec iov = { seen->numbers, sizeof(seen->numbers) };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int) * BAILIFF_FDS_MAX)];
	} control;
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	ssize_t n = recvmsg(fd, &h, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&h) : NULL;
	struct stat st;
	int passed;

	for (size_t i = 0; c && i < (size_t)n / sizeof(uint32_t); i++) {
		memcpy(&passed, CMSG_DATA(c) + i * sizeof(int), sizeof(passed));
		seen->inodes[seen->n_fds++] = fstat(passed, &st) == 0 ? st.st_ino : 0;
		(void)close(passed);
	}
}

static void read_fds(sd_bus_message *m, struct call_seen *seen)
{
	struct stat st;
	int fd;

	(void)sd_bus_message_enter_container(m, 'a', "{uh}");
	while (sd_bus_message_read(m, "{uh}", &seen->numbers[seen->n_fds], &fd) > 0)
		seen->inodes[seen->n_fds++] = fstat(fd, &st) == 0 ? st.st_ino : 0;
	(void)sd_bus_message_exit_container(m);
}

static void read_launch(sd_bus_message *m, struct call_seen *seen)
{
	const char *word, *key, *type, *token;
	int channel;

	(void)sd_bus_message_skip(m, "s");
	(void)sd_bus_message_enter_container(m, 'a', "s");
	if (sd_bus_message_read_basic(m, 's', &word) > 0)
		(void)snprintf(seen->word, sizeof(seen->word), "%s", word);
	(void)sd_bus_message_exit_container(m);
	(void)sd_bus_message_skip(m, "a{ss}");
	read_fds(m, seen);
	(void)sd_bus_message_enter_container(m, 'a', "{sv}");
	while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
		(void)sd_bus_message_read_basic(m, 's', &key);
		(void)sd_bus_message_peek_type(m, NULL, &type);
		if (strcmp(key, BAILIFF_OPTION_TOKEN) == 0 && sd_bus_message_read(m, "v", "s", &token) > 0)
			(void)snprintf(seen->token, sizeof(seen->token), "%s", token);
		else if (strcmp(key, BAILIFF_OPTION_FD_CHANNEL) == 0 &&
			 sd_bus_message_read(m, "v", "h", &channel) > 0)
			read_channel(channel, seen);
		else
			(void)sd_bus_message_skip(m, "v");
		(void)sd_bus_message_exit_container(m);
	}
}

static int reply_launched(sd_bus_message *m, bool streams)
{
	return sd_bus_reply_method_return(m, "oha{uh}a{sv}", BAILIFF_SANDBOX_PREFIX "/7", STDERR_FILENO, 0, 2,
		BAILIFF_INFO_ID, "t", (uint64_t)7, BAILIFF_INFO_LOST_STREAMS, "au", streams ? 0 : 1, 1);
}

static int on_launch(sd_bus_message *m, struct orders *o)
{
	unsigned n = o->n_launches;

	if (n >= CALLS_MAX)
		_exit(91);
	read_launch(m, &o->calls[n]);
	o->n_launches = n + 1;
	switch ((enum answer)o->script[n]) {
	case BUSY:
		return sd_bus_reply_method_errorf(m, BAILIFF_ERROR_BUSY, "being launched");
	case LAUNCHED:
	case WITHOUT_STREAMS:
		return reply_launched(m, o->script[n] == LAUNCHED);
	case ENDED:
		return sd_bus_reply_method_errorf(m, BAILIFF_ERROR_NO_SUCH_SANDBOX, "has ended");
	case DENIED:
		return sd_bus_reply_method_errorf(m, BAILIFF_ERROR_ACCESS_DENIED, "no");
	case HOLD:
		return 1;
	case HANG_UP:
		break;
	}
	hang_up(m);
	return 1;
}

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *reterr_error)
{
	struct orders *o = userdata;

	(void)reterr_error;
	if (sd_bus_message_is_method_call(m, NULL, "LaunchSandboxed"))
		return on_launch(m, o);
	o->n_stops += sd_bus_message_is_method_call(m, NULL, "Stop") > 0;
	o->n_looks += sd_bus_message_is_method_call(m, NULL, "GetAll") > 0;
	return reply_right(m);
}

static int set_up(void **state)
{
	*state = &broker;
	return false_broker_start(&broker, sizeof(struct orders), on_call);
}

static int tear_down(void **state)
{
	false_broker_stop(*state);
	return 0;
}

struct told {
	unsigned n;
	int error;
	bailiff_sandbox *s;
};

static void on_launched(int error, bailiff_sandbox *s, void *userdata)
{
	struct told *t = userdata;

	t->n++;
	t->error = error;
	t->s = s;
}

static struct orders *play(const char *script)
{
	struct orders *o = broker.orders;

	memset(o, 0, sizeof(*o));
	(void)snprintf(o->script, sizeof(o->script), "%s", script);
	return o;
}

static bailiff_connection *connect_to(void)
{
	bailiff_connection *c = NULL;

	assert_int_equal(bailiff_connect_address(broker.address, &c), 0);
	return c;
}

static void begin(bailiff_connection *c, struct told *t)
{
	static const char *const argv[] = { "word", NULL };
	bailiff_request *r = NULL;

	assert_int_equal(bailiff_request_new(&r, "p"), 0);
	assert_int_equal(bailiff_request_set_argv(r, argv), 0);
	assert_int_equal(bailiff_launch_async(c, r, on_launched, t), 0);
	(void)bailiff_request_free(r);
}

/* A loop that asks everything anew before each wait, as the manual page says. */
static void turn(bailiff_connection *c)
{
	struct pollfd p = { .fd = bailiff_connection_get_fd(c),
		.events = (short)bailiff_connection_get_events(c) };
	uint64_t until, left;

	assert_int_equal(bailiff_connection_get_timeout(c, &until), 0);
	assert_true(p.fd >= 0 && p.events == POLLIN);
	left = deadline_left(until);
	assert_true(poll(&p, 1, left < LIMIT ? (int)((left + 999) / 1000) : (int)(LIMIT / 1000)) >= 0);
	while (bailiff_connection_process(c) > 0)
		continue;
}

static void await(bailiff_connection *c, const volatile unsigned *n, unsigned expected)
{
	uint64_t deadline = deadline_after(LIMIT);

	while (*n < expected) {
		turn(c);
		assert_true(deadline_left(deadline) > 0);
	}
	assert_int_equal(*n, expected);
}

static void test_results(void **state)
{
	static const struct {
		const char *script;
		int error;
		unsigned launches, stops, looks;
	} rows[] = {
		{ "l", 0, 1, 0, 0 },
		{ "d", -EACCES, 1, 0, 0 },
		{ "b", -EBUSY, 1, 0, 0 }, /* nothing was lost: the caller decides */
		{ "hl", 0, 2, 0, 0 },
		{ "hhl", 0, 3, 0, 0 },
		{ "hbbl", 0, 4, 0, 0 }, /* the one before is being adopted */
		{ "hd", -EACCES, 2, 0, 0 },
		{ "he", 0, 2, 0, 1 },
		{ "hw", -ECONNRESET, 2, 1, 0 },
		{ "hhbhw", -ECONNRESET, 5, 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct orders *o = play(rows[i].script);
		bailiff_connection *c = connect_to();
		struct told t = { 0 };

		begin(c, &t);
		assert_int_equal(t.n, 0);
		await(c, &t.n, 1);
		if (t.error != rows[i].error)
			fail_msg("%s: %d: %s", rows[i].script, t.error, bailiff_last_error_message(c));
		assert_int_equal(o->n_launches, rows[i].launches);
		assert_int_equal(o->n_stops, rows[i].stops);
		assert_int_equal(o->n_looks, rows[i].looks);
		for (unsigned k = 0; k < o->n_launches; k++) {
			assert_string_equal(o->calls[k].token, o->calls[0].token);
			assert_string_equal(o->calls[k].word, "word");
		}
		assert_int_equal(strlen(o->calls[0].token), TOKEN_SIZE - 1);
		assert_true((t.error == 0) == (t.s != NULL));
		assert_true(!t.s || bailiff_sandbox_id(t.s) == 7);
		(void)bailiff_sandbox_free(t.s);
		(void)bailiff_connection_free(c);
		assert_int_equal(t.n, 1);
	}
}

/* It ended when the connection had just been found open: nothing could be sent. */
static void test_nobody_hears(void **state)
{
	struct orders *o = play("l");
	bailiff_connection *c = connect_to();
	struct told t = { 0 };

	(void)state;
	assert_int_equal(shutdown(library_get_fd(c->bus), SHUT_RDWR), 0);
	begin(c, &t);
	await(c, &t.n, 1);
	assert_int_equal(t.error, 0);
	assert_int_equal(o->n_launches, 1);
	(void)bailiff_sandbox_free(t.s);
	(void)bailiff_connection_free(c);
}

static size_t count_fds(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* A request with n descriptors that nobody else has. */
static bailiff_request *with_pipes(unsigned n, ino_t *inodes)
{
	static const char *const argv[] = { "word", NULL };
	bailiff_request *r = NULL;

	assert_int_equal(bailiff_request_new(&r, "p"), 0);
	assert_int_equal(bailiff_request_set_argv(r, argv), 0);
	for (unsigned i = 0; i < n; i++) {
		int pair[2];
		struct stat st;

		assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
		assert_int_equal(fstat(pair[0], &st), 0);
		inodes[i] = st.st_ino;
		assert_int_equal(bailiff_request_map_fd(r, (int)i + 3, pair[0]), 0);
		(void)close(pair[1]);
	}
	return r;
}

static void check_calls(const struct orders *o, unsigned n_fds, const ino_t *inodes)
{
	for (unsigned k = 0; k < o->n_launches; k++) {
		assert_int_equal(o->calls[k].n_fds, n_fds);
		for (unsigned i = 0; i < n_fds; i++) {
			assert_int_equal(o->calls[k].numbers[i], i + 3);
			assert_int_equal(o->calls[k].inodes[i], inodes[i]);
		}
	}
}

/* Each asking has every descriptor, in the message or beside it, though the caller has none of them open any
 * more; and they are closed when the handler is called. */
static void test_descriptors(void **state)
{
	static const unsigned numbers[] = { 1, FDS };

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
		struct orders *o = play("hhl");
		bailiff_connection *c = connect_to();
		struct told t = { 0 };
		ino_t inodes[FDS];
		bailiff_request *r;
		size_t before;

		assert_true(bailiff_connection_get_fd(c) >= 0);
		before = count_fds();
		r = with_pipes(numbers[i], inodes);
		assert_int_equal(bailiff_launch_async(c, r, on_launched, &t), 0);
		for (unsigned k = 0; k < numbers[i]; k++)
			(void)close(r->fds[k].fd);
		(void)bailiff_request_free(r);
		await(c, &t.n, 1);
		assert_int_equal(t.error, 0);
		assert_int_equal(o->n_launches, 3);
		check_calls(o, numbers[i], inodes);
		(void)bailiff_sandbox_free(t.s);
		/* a lifeline, which stays, has two */
		assert_int_equal(count_fds(), before + 2);
		(void)bailiff_connection_free(c);
	}
}

/* Several at once: each has a token of its own, and is asked for again by that. */
static void test_several(void **state)
{
	struct orders *o = play("nnhlll");
	bailiff_connection *c = connect_to();
	struct told told[3] = { 0 };
	unsigned found = 0;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(told); i++)
		begin(c, &told[i]);
	for (size_t i = 0; i < ELEMENTSOF(told); i++) {
		await(c, &told[i].n, 1);
		assert_int_equal(told[i].error, 0);
		(void)bailiff_sandbox_free(told[i].s);
	}
	assert_int_equal(o->n_launches, 6);
	for (unsigned i = 0; i < 3; i++)
		for (unsigned k = 0; k < 3; k++)
			found += strcmp(o->calls[i].token, o->calls[3 + k].token) == 0;
	assert_int_equal(found, 3);
	(void)bailiff_connection_free(c);
}

/* The loop's descriptor is the same before and after, and what else came by it still comes. */
static void test_one_fd(void **state)
{
	bailiff_connection *c = connect_to();
	int fd = bailiff_connection_get_fd(c);

	(void)state;
	assert_true(fd >= 0);
	for (unsigned i = 0; i < 3; i++) {
		struct told t = { 0 };

		(void)play("hl");
		begin(c, &t);
		await(c, &t.n, 1);
		assert_int_equal(t.error, 0);
		assert_int_equal(bailiff_connection_get_fd(c), fd);
		(void)bailiff_sandbox_free(t.s);
	}
	(void)bailiff_connection_free(c);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

/* Nobody is told; what was launched, then or before, is stopped. */
static void test_cancel(void **state)
{
	static const struct {
		const char *script;
		unsigned before; /* the launch that the broker has got when it is cancelled */
		unsigned launches, stops;
	} rows[] = { { "l", 0, 1, 1 }, { "hl", 1, 2, 1 }, { "hhbl", 2, 4, 1 }, { "d", 0, 1, 0 },
		{ "he", 1, 2, 0 } };

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct orders *o = play(rows[i].script);
		bailiff_connection *c = connect_to();
		struct told t = { 0 }, other = { 0 };
		uint64_t deadline = deadline_after(LIMIT);

		assert_int_equal(bailiff_launch_cancel(NULL, &t), -EINVAL);
		assert_int_equal(bailiff_launch_cancel(c, &t), -ESRCH);
		begin(c, &t);
		while (o->n_launches < rows[i].before)
			turn(c);
		assert_int_equal(bailiff_launch_cancel(c, &other), -ESRCH);
		assert_int_equal(bailiff_launch_cancel(c, &t), 0);
		assert_int_equal(bailiff_launch_cancel(c, &t), -ESRCH);
		while (c->operations || c->waiting || c->due) {
			turn(c);
			assert_true(deadline_left(deadline) > 0);
		}
		assert_int_equal(t.n, 0);
		assert_int_equal(o->n_launches, rows[i].launches);
		assert_int_equal(o->n_stops, rows[i].stops);
		(void)bailiff_connection_free(c);
	}
}

/* What was answered, and read by another call, but not told yet. */
static void test_cancel_due(void **state)
{
	struct orders *o = play("l");
	bailiff_connection *c = connect_to();
	bailiff_sandbox *s = NULL;
	struct told t = { 0 };

	(void)state;
	begin(c, &t);
	while (!c->due)
		assert_int_equal(bailiff_sandbox_open(c, 7, &s), 0), s = bailiff_sandbox_free(s);
	assert_int_equal(bailiff_launch_cancel(c, &t), 0);
	await(c, &o->n_stops, 1);
	assert_int_equal(t.n, 0);
	(void)bailiff_connection_free(c);
}

/* Whoever chose the token asks for what was launched before, and gets it without its streams. */
static void test_chosen_token(void **state)
{
	static const char *const argv[] = { "word", NULL };
	struct orders *o = play("hw");
	bailiff_connection *c = connect_to();
	bailiff_request *r = NULL;
	struct told t = { 0 };

	(void)state;
	assert_int_equal(bailiff_request_new(&r, "p"), 0);
	assert_int_equal(bailiff_request_set_argv(r, argv), 0);
	assert_int_equal(bailiff_request_set_token(r, "mine"), 0);
	assert_int_equal(bailiff_launch_async(c, r, on_launched, &t), 0);
	(void)bailiff_request_free(r);
	await(c, &t.n, 1);
	assert_int_equal(t.error, 0);
	assert_string_equal(o->calls[1].token, "mine");
	(void)bailiff_sandbox_free(t.s);
	(void)bailiff_connection_free(c);
}

/* None comes back: after half a minute this is told, the loop ends, and a call finds the next one. */
static void test_none_comes_back(void **state)
{
	bailiff_connection *c;
	struct told t = { 0 };
	uint64_t until;
	int r;

	(void)play("n");
	c = connect_to();
	begin(c, &t);
	while (((struct orders *)broker.orders)->n_launches == 0)
		turn(c);
	(void)tear_down(state);
	do
		r = bailiff_connection_wait(c, LIMIT);
	while (r > 0 && (r = bailiff_connection_process(c)) >= 0);
	assert_int_equal(r, -ENOTCONN);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.error, -ECONNRESET);
	assert_int_equal(bailiff_connection_get_fd(c), -ENOTCONN);
	assert_int_equal(bailiff_connection_get_events(c), -ENOTCONN);
	assert_int_equal(bailiff_connection_get_timeout(c, &until), -ENOTCONN);
	assert_int_equal(set_up(state), 0);
	(void)play("l");
	t = (struct told){ 0 };
	begin(c, &t);
	await(c, &t.n, 1);
	assert_int_equal(t.error, 0);
	(void)bailiff_sandbox_free(t.s);
	(void)bailiff_connection_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_nobody_hears),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_one_fd),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_cancel_due),
		cmocka_unit_test(test_chosen_token),
		cmocka_unit_test(test_none_comes_back),
	};

	if (getuid() != 0) {
		(void)fprintf(
			stderr, "needs root: a broker is trusted only as root or as the user bailiff\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
