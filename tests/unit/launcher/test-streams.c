/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The streams that the launcher itself makes: a pty, whose master it passes on and does not keep, and a
 * stream to the journal, here to one that only looks like it. */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/journal.h"
#include "tests/unit/launcher/harness.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

static int ask_resize(uint64_t id, uint16_t rows, uint16_t columns)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);

	(void)encode_resize_request(
		&b, ++L.serial, &(struct resize_request){ .id = id, .rows = rows, .columns = columns });
	assert_int_equal(wire_send(L.broker, b.data, b.size, NULL, 0), 0);
	return expect_done(&L, L.serial);
}

/* Launches on a pty; returns the id and the master. */
static uint64_t launch_pty(char *script, int *ret_master)
{
	_cleanup_(wire_record_done) struct wire_record record;
	struct launched launched = { 0 };
	struct launch_request m;
	struct cursor c;
	char *argv[4];
	uint32_t serial, got;
	uint64_t id;

	m = request_shell(&L, PROFILE_TERMINAL, argv, script);
	m.has_pty_size = true;
	m.pty_rows = 12;
	m.pty_columns = 34;
	serial = send_launch(&L, &m, NULL, 0);
	assert_int_equal(receive(&L, &record, &got, &c), WIRE_LAUNCHED);
	assert_int_equal(got, serial);
	assert_int_equal(decode_launched(&c, &launched), 0);
	assert_true(launched.has_pty);
	assert_int_equal(record.n_fds, 2);
	*ret_master = wire_record_steal_fd(&record, 1);
	id = launched.id;
	launched_done(&launched);
	return id;
}

/* Reads until the text came, or until the end when there is none. */
static void expect_text(int master, const char *text)
{
	char seen[4096];
	size_t n = 0;

	for (;;) {
		struct pollfd p = { .fd = master, .events = POLLIN };
		ssize_t k;

		assert_int_equal(poll(&p, 1, REPLY_MSEC), 1);
		k = read(master, seen + n, sizeof(seen) - 1 - n);
		n += k > 0 ? (size_t)k : 0;
		seen[n] = '\0';
		if (text && strstr(seen, text))
			return;
		if (k <= 0)
			break;
	}
	if (text)
		fail_msg("no \"%s\" in: %s", text, seen);
}

static void pty_is_resized(void **state)
{
	char script[] = "trap 'stty size' WINCH; stty size; while :; do sleep 0.05; done";
	int master;
	uint64_t id = launch_pty(script, &master);

	expect_text(master, "12 34\r\n");
	assert_int_equal(ask_resize(id, 43, 132), 0);
	expect_text(master, "43 132\r\n");
	assert_int_equal(ask_resize(id + 1, 1, 1), -ESRCH);
	/* the launcher has no copy: this is the hang-up */
	(void)close(master);
	assert_int_equal(expect_exit(&L, id).exit_signal, SIGHUP);
	assert_int_equal(ask_resize(id, 1, 1), -ESRCH);
}

/* Another broker still can. */
static void pty_outlives_the_broker(void **state)
{
	char script[] = "trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done";
	int master;
	uint64_t id = launch_pty(script, &master);

	expect_text(master, "ready\r\n");
	introduce_broker(&L);
	assert_int_equal(ask_resize(id, 7, 77), 0);
	expect_text(master, "7 77\r\n");
	assert_int_equal(ask_stop(&L, id, 0, RESULT_KILLED), 0);
	(void)expect_exit(&L, id);
	expect_text(master, NULL);
	(void)close(master);
}

/* Hung up, but nothing minds: there is no pty to resize. */
static void pty_that_was_hung_up(void **state)
{
	char script[] = "trap '' HUP; echo ready; while :; do sleep 0.05; done";
	int master;
	uint64_t id = launch_pty(script, &master);

	expect_text(master, "ready\r\n");
	(void)close(master);
	assert_int_equal(ask_resize(id, 1, 1), -EIO);
	assert_int_equal(ask_stop(&L, id, 0, RESULT_KILLED), 0);
	(void)expect_exit(&L, id);
}

static void no_pty(void **state)
{
	char script[] = "sleep 100";
	uint64_t id = launch(&L, PROFILE_SHELL, script, NULL);

	assert_int_equal(ask_resize(id, 1, 1), -ENOTTY);
	assert_int_equal(ask_stop(&L, id, 0, RESULT_KILLED), 0);
	(void)expect_exit(&L, id);
}

static void ptys_leak_nothing(void **state)
{
	char script[] = ":";
	size_t fds;
	int master;

	(void)expect_exit(&L, launch_pty(script, &master));
	(void)close(master);
	fds = count_settled_fds(&L);
	for (int i = 0; i < 30; i++) {
		(void)expect_exit(&L, launch_pty(script, &master));
		(void)close(master);
	}
	expect_nothing_left(&L, fds);
}

/* A socket of the kind asked for, or the broker's word counts for nothing. */
static void sockets_are_sockets(void **state)
{
	_cleanup_(wire_record_done) struct wire_record record;
	char script[] = "read a; echo $a >&0; read a", text[16] = "", *argv[4];
	struct launch_request m = request_shell(&L, PROFILE_SHELL, argv, script);
	int ends[2], pipe_ends[2];
	uint64_t id;

	m.stdio[0] = STDIO_SOCKET;
	m.n_fds = 1;
	m.fds[0].made = true;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	id = launch_request_ok(&L, &m, ends, 1, NULL, NULL);
	(void)close(ends[0]);
	assert_int_equal(write(ends[1], "hey\n", 4), 4);
	assert_int_equal(read(ends[1], text, sizeof(text)), 4);
	assert_string_equal(text, "hey\n");
	(void)close(ends[1]);
	(void)expect_exit(&L, id);
	assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
	wire_record_init(&record);
	(void)send_launch(&L, &m, pipe_ends, 1);
	assert_true(broker_is_cut_off(&L));
	introduce_broker(&L);
	(void)close(pipe_ends[0]);
	(void)close(pipe_ends[1]);
}

/* A listener at a fresh path; the path goes to *ret. */
static int listen_at(char ret[80])
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(ret, 80, "%s/stdout", L.dir);
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", ret);
	(void)unlink(ret);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* What systemd-journald expects of its stdout streams (src/journal/journald-stream.c). The journal itself is
 * not there in tests: this shows the framing. */
static void journal_header(void **state)
{
	static const char header[] = "bailiff/decoder\n\n6\n1\n0\n0\n0\n";
	_cleanup_close_ int listener = -1, ours = -1, stream = -1;
	char path[80], text[128] = "";

	listener = listen_at(path);
	assert_int_equal(journal_open(path, "decoder"), -ECONNREFUSED);
	assert_int_equal(listen(listener, 5), 0);
	stream = journal_open(path, "decoder");
	assert_true(stream >= 0);
	ours = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(ours >= 0);
	assert_int_equal(read(ours, text, sizeof(text)), strlen(header));
	assert_string_equal(text, header);
	assert_false(fcntl(stream, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(stream, F_GETFD) & FD_CLOEXEC);
	/* nothing comes back */
	assert_int_equal(read(stream, text, 1), 0);
	(void)unlink(path);
	assert_int_equal(journal_open(path, "decoder"), -ENOENT);
}

/* Full: the launcher does not wait. */
static void journal_that_does_not_answer(void **state)
{
	_cleanup_close_ int listener = -1;
	int streams[8], r = 0;
	char path[80];
	size_t n = 0;

	listener = listen_at(path);
	assert_int_equal(listen(listener, 0), 0);
	while (n < ELEMENTSOF(streams) && (r = journal_open(path, "decoder")) >= 0)
		streams[n++] = r;
	assert_int_equal(r, -EAGAIN);
	fd_close_many(streams, n);
	(void)unlink(path);
}

/* Another user's socket is not the journal, whatever it is called. */
static void journal_of_another(void **state)
{
	_cleanup_close_ int listener = -1;
	char path[80];

	listener = listen_at(path);
	assert_int_equal(seteuid(ALLOWED_UID), 0);
	assert_int_equal(listen(listener, 5), 0);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(journal_open(path, "decoder"), -EPERM);
	(void)unlink(path);
}

#define LAUNCHER_TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAUNCHER_TEST(pty_is_resized),
		LAUNCHER_TEST(pty_outlives_the_broker),
		LAUNCHER_TEST(pty_that_was_hung_up),
		LAUNCHER_TEST(no_pty),
		LAUNCHER_TEST(ptys_leak_nothing),
		LAUNCHER_TEST(sockets_are_sockets),
		LAUNCHER_TEST(journal_header),
		LAUNCHER_TEST(journal_that_does_not_answer),
		LAUNCHER_TEST(journal_of_another),
	};

	if (geteuid() != 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
