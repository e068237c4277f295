/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The launcher by its private protocol: what it starts, refuses, stops, remembers, and what it does not put
 * up with. */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/process.h"
#include "tests/unit/launcher/harness.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct launcher L;

static int start(void **state)
{
	/* each test has a record of its own; fd 0 stands for none */
	if (L.uids_fd > 0)
		L.uids_fd = close(L.uids_fd);
	launcher_start(&L);
	return 0;
}

static int stop(void **state)
{
	launcher_stop(&L);
	return 0;
}

static char nothing[] = ":", sleeps[] = "while :; do sleep 0.05; done";

static void launch_and_exit_code(void **state)
{
	char seven[] = "exit 7";
	uint64_t id = launch(&L, PROFILE_SHELL, nothing, NULL), second;
	struct sandbox_exit e = expect_exit(&L, id);

	assert_int_equal(e.result, RESULT_SUCCESS);
	assert_true(e.exited_realtime_usec > 0);
	second = launch(&L, PROFILE_SHELL, seven, NULL);
	assert_true(second == id + 1);
	e = expect_exit(&L, second);
	assert_int_equal(e.result, RESULT_EXIT_CODE);
	assert_int_equal(e.exit_code, 7);
	assert_int_equal(e.exit_signal, 0);
}

static void launch_signal_results(void **state)
{
	char term[] = "kill -TERM $$", sys[] = "kill -SYS $$";
	struct sandbox_exit e = expect_exit(&L, launch(&L, PROFILE_SHELL, term, NULL));

	assert_int_equal(e.result, RESULT_SIGNAL);
	assert_int_equal(e.exit_signal, SIGTERM);
	e = expect_exit(&L, launch(&L, PROFILE_SHELL, sys, NULL));
	assert_int_equal(e.result, RESULT_VIOLATION);
	assert_int_equal(e.exit_signal, SIGSYS);
}

static void launch_counts_cpu_time(void **state)
{
	char busy[] = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";

	assert_true(expect_exit(&L, launch(&L, PROFILE_SHELL, busy, NULL)).usage.cpu_usec > 1000);
}

static void launch_pidfd_is_the_payload(void **state)
{
	struct pollfd p = { .events = POLLIN };
	uint64_t id = launch(&L, PROFILE_SHELL, sleeps, &p.fd);

	assert_int_equal(process_signal(p.fd, 0), 0);
	assert_int_equal(ask_signal(&L, id, SIGKILL, false), 0);
	assert_int_equal(expect_exit(&L, id).result, RESULT_KILLED);
	assert_int_equal(poll(&p, 1, REPLY_MSEC), 1);
	(void)fd_close(p.fd);
}

static void launch_pipe_for_output(void **state)
{
	char *argv[4], text[16] = "", script[] = "echo hello; echo from-5 >&5";
	struct launch_request m = request_shell(&L, PROFILE_SHELL, argv, script);
	int out[2], five[2], fds[2];
	uint64_t id;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(five, O_CLOEXEC), 0);
	m.stdio[1] = STDIO_PIPE;
	m.n_fds = 2;
	m.fds[0].target = 1;
	m.fds[0].made = true;
	m.fds[1].target = 5;
	fds[0] = out[1];
	fds[1] = five[1];
	id = launch_request_ok(&L, &m, fds, 2, NULL, NULL);
	(void)close(out[1]);
	(void)close(five[1]);
	assert_int_equal(expect_exit(&L, id).result, RESULT_SUCCESS);
	/* up to the end of file: nobody else kept the writing end */
	assert_int_equal(read_full(out[0], text, sizeof(text)), 6);
	assert_string_equal(text, "hello\n");
	assert_int_equal(read_full(five[0], text, sizeof(text)), 7);
	(void)close(out[0]);
	(void)close(five[0]);
}

static void refuse_by_access(void **state)
{
	char *argv[4];
	struct launch_request m = request_shell(&L, PROFILE_SHELL, argv, nothing);
	struct refused refused;

	m.uid = ALLOWED_UID + 1;
	refused = launch_refused(&L, &m, NULL, 0);
	assert_int_equal(refused.refusal, REFUSAL_ACCESS_DENIED);
	refused_done(&refused);
	/* the broker's word alone makes nobody an administrator */
	m.administrator = true;
	refused = launch_refused(&L, &m, NULL, 0);
	assert_int_equal(refused.refusal, REFUSAL_ACCESS_DENIED);
	refused_done(&refused);
	m.uid = 0;
	(void)expect_exit(&L, launch_request_ok(&L, &m, NULL, 0, NULL, NULL));
}

static void refuse_by_plan(void **state)
{
	char *argv[4], other[] = "/usr/bin/env", loader[] = "LD_PRELOAD=x", *env[] = { loader, NULL };
	struct launch_request m = request_shell(&L, PROFILE_SHELL, argv, nothing);
	struct refused refused;

	argv[0] = other;
	refused = launch_refused(&L, &m, NULL, 0);
	assert_int_equal(refused.refusal, REFUSAL_ARGV_DENIED);
	refused_done(&refused);
	m = request_shell(&L, PROFILE_SHELL, argv, nothing);
	m.env = env;
	refused = launch_refused(&L, &m, NULL, 0);
	assert_int_equal(refused.refusal, REFUSAL_ENV_DENIED);
	refused_done(&refused);
	m = request_shell(&L, PROFILE_SHELL, argv, nothing);
	m.detach = true;
	refused = launch_refused(&L, &m, NULL, 0);
	assert_int_equal(refused.refusal, REFUSAL_ACCESS_DENIED);
	refused_done(&refused);
}

/* The broker said pipe, which the plan would allow; the launcher looks for itself. */
static void refuse_fd_by_own_look(void **state)
{
	char *argv[4];
	struct launch_request m = request_shell(&L, PROFILE_SHELL, argv, nothing);
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct refused refused;

	m.n_fds = 1;
	m.fds[0].target = 5;
	refused = launch_refused(&L, &m, &fd, 1);
	assert_int_equal(refused.refusal, REFUSAL_INVALID_FD);
	refused_done(&refused);
	(void)close(fd);
}

static void refuse_other_generations(void **state)
{
	char *argv[4];
	struct launch_request m = request_shell(&L, PROFILE_SHELL, argv, nothing);
	struct refused refused;

	m.generation = 2;
	refused = launch_refused(&L, &m, NULL, 0);
	assert_int_equal(refused.refusal, REFUSAL_BUSY);
	refused_done(&refused);
}

static void refuse_failed_stage(void **state)
{
	size_t fds;

	fds = count_settled_fds(&L);
	for (int i = 0; i < 20; i++)
		launch_missing(&L);
	expect_nothing_left(&L, fds);
}

static void refuse_past_the_quota(void **state)
{
	uint64_t ids[MAX_LIVE];
	char *argv[4];
	struct launch_request m = request_shell(&L, PROFILE_SHELL, argv, nothing);
	struct refused refused;

	for (size_t i = 0; i < MAX_LIVE; i++)
		ids[i] = launch(&L, PROFILE_SHELL, sleeps, NULL);
	refused = launch_refused(&L, &m, NULL, 0);
	assert_int_equal(refused.refusal, REFUSAL_QUOTA_EXCEEDED);
	refused_done(&refused);
	assert_int_equal(ask_stop(&L, ids[1], 0, RESULT_KILLED), 0);
	(void)expect_exit(&L, ids[1]);
	(void)expect_exit(&L, launch(&L, PROFILE_SHELL, nothing, NULL));
}

static void stop_by_signal(void **state)
{
	uint64_t id = launch(&L, PROFILE_SHELL, sleeps, NULL);
	struct sandbox_exit e;

	assert_int_equal(ask_stop(&L, id, USEC_INFINITY, RESULT_KILLED), 0);
	e = expect_exit(&L, id);
	assert_int_equal(e.result, RESULT_KILLED);
	assert_int_equal(e.exit_signal, SIGTERM);
	assert_int_equal(ask_stop(&L, id, 0, RESULT_KILLED), -ESRCH);
	assert_int_equal(ask_signal(&L, id, SIGTERM, false), -ESRCH);
}

/* A script that says on fd 5 when it has its trap. */
static uint64_t launch_stubborn(void)
{
	char *argv[4], c, script[] = "trap '' TERM; echo >&5; while :; do sleep 0.05; done";
	struct launch_request m = request_shell(&L, PROFILE_SHELL, argv, script);
	int five[2];
	uint64_t id;

	assert_int_equal(pipe2(five, O_CLOEXEC), 0);
	m.n_fds = 1;
	m.fds[0].target = 5;
	id = launch_request_ok(&L, &m, &five[1], 1, NULL, NULL);
	assert_int_equal(read(five[0], &c, 1), 1);
	(void)close(five[0]);
	(void)close(five[1]);
	return id;
}

static void stop_kills_after_the_grace(void **state)
{
	uint64_t id = launch_stubborn(), before = now_boottime_usec(), took;
	struct sandbox_exit e;

	assert_int_equal(ask_stop(&L, id, 200000, RESULT_KILLED), 0);
	e = expect_exit(&L, id);
	took = now_boottime_usec() - before;
	assert_int_equal(e.result, RESULT_KILLED);
	assert_int_equal(e.exit_signal, SIGKILL);
	assert_true(took >= 200000);
}

static void stop_may_be_hurried(void **state)
{
	uint64_t id = launch_stubborn();

	assert_int_equal(ask_stop(&L, id, 60 * UINT64_C(1000000), RESULT_CLIENT_GONE), 0);
	assert_int_equal(ask_stop(&L, id, 1000, RESULT_KILLED), 0);
	assert_int_equal(expect_exit(&L, id).result, RESULT_CLIENT_GONE);
}

static void stop_at_runtime_max(void **state)
{
	uint64_t id = launch(&L, PROFILE_SHORT, sleeps, NULL);

	assert_int_equal(expect_exit(&L, id).result, RESULT_TIMEOUT);
}

static uint64_t launch_with_lifeline(int *ret_writer)
{
	char *argv[4];
	struct launch_request m = request_shell(&L, PROFILE_SHELL, argv, sleeps);
	int lifeline[2];
	uint64_t id;

	assert_int_equal(pipe2(lifeline, O_CLOEXEC), 0);
	m.has_lifeline = true;
	id = launch_request_ok(&L, &m, &lifeline[0], 1, NULL, NULL);
	(void)close(lifeline[0]);
	*ret_writer = lifeline[1];
	return id;
}

static void lifeline_stops(void **state)
{
	int writer;
	uint64_t id = launch_with_lifeline(&writer);

	/* words on it mean nothing */
	assert_int_equal(write(writer, "x", 1), 1);
	assert_int_equal(ask_forget(&L, id), -EBUSY);
	(void)close(writer);
	assert_int_equal(expect_exit(&L, id).result, RESULT_CLIENT_GONE);
}

static void lifeline_must_be_a_pipe_or_socket(void **state)
{
	char *argv[4];
	struct launch_request m = request_shell(&L, PROFILE_SHELL, argv, nothing);
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	struct refused refused;

	m.has_lifeline = true;
	refused = launch_refused(&L, &m, &fd, 1);
	assert_int_equal(refused.refusal, REFUSAL_INVALID_FD);
	refused_done(&refused);
	(void)close(fd);
}

static void forget_ended_ones_only(void **state)
{
	uint64_t id = launch(&L, PROFILE_SHELL, sleeps, NULL);

	assert_int_equal(ask_forget(&L, id), -EBUSY);
	assert_int_equal(ask_signal(&L, id, SIGKILL, true), 0);
	(void)expect_exit(&L, id);
	assert_int_equal(ask_forget(&L, id), 0);
	assert_int_equal(ask_forget(&L, id), -ESRCH);
}

/* All entries up to WIRE_DONE. */
static size_t list(struct sandbox_entry *entries, int pidfds[], size_t max)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	size_t n = 0;

	(void)encode_empty(&b, WIRE_LIST, ++L.serial);
	assert_int_equal(wire_send(L.broker, b.data, b.size, NULL, 0), 0);
	for (;;) {
		_cleanup_(wire_record_done) struct wire_record record;
		struct cursor c;
		uint32_t serial, type = receive(&L, &record, &serial, &c);

		assert_int_equal(serial, L.serial);
		if (type == WIRE_DONE)
			return n;
		assert_int_equal(type, WIRE_ENTRY);
		assert_true(n < max);
		assert_int_equal(decode_sandbox_entry(&c, &entries[n]), 0);
		assert_int_equal(record.n_fds, entries[n].state != SANDBOX_EXITED);
		pidfds[n] = entries[n].state != SANDBOX_EXITED ? wire_record_steal_fd(&record, 0) : -1;
		n++;
	}
}

static void list_after_a_new_broker(void **state)
{
	struct sandbox_entry entries[MAX_LIVE];
	char seven[] = "exit 7";
	int writer, pidfds[MAX_LIVE];
	uint64_t ended = launch(&L, PROFILE_SHELL, seven, NULL), live;
	size_t n;

	(void)expect_exit(&L, ended);
	live = launch_with_lifeline(&writer);
	connect_broker(&L);
	n = list(entries, pidfds, MAX_LIVE);
	assert_int_equal(n, 2);
	assert_true(entries[0].launched.id == ended && entries[1].launched.id == live);
	assert_int_equal(entries[0].state, SANDBOX_EXITED);
	assert_int_equal(entries[0].exit.exit_code, 7);
	assert_int_equal(entries[1].state, SANDBOX_RUNNING);
	assert_int_equal(entries[1].owner, ALLOWED_UID);
	assert_string_equal(entries[1].profile, "shell");
	assert_int_equal(entries[1].n_note, 4);
	assert_memory_equal(entries[1].note, "note", 4);
	assert_int_equal(process_signal(pidfds[1], 0), 0);
	(void)fd_close(pidfds[1]);
	for (size_t i = 0; i < n; i++)
		sandbox_entry_done(&entries[i]);
	(void)close(writer);
	assert_int_equal(expect_exit(&L, live).result, RESULT_CLIENT_GONE);
}

static void await_no_children(void)
{
	for (int i = 0; count_children(&L) > 0; i++) {
		assert_true(i < 2000);
		(void)usleep(10000);
	}
}

static void expect_listed_end(uint64_t id)
{
	struct sandbox_entry entry;
	int pidfd;

	assert_int_equal(list(&entry, &pidfd, 1), 1);
	assert_true(entry.launched.id == id);
	assert_int_equal(entry.state, SANDBOX_EXITED);
	assert_int_equal(entry.exit.result, RESULT_CLIENT_GONE);
	sandbox_entry_done(&entry);
}

static void end_without_a_broker_is_kept(void **state)
{
	int writer;
	uint64_t id = launch_with_lifeline(&writer);

	L.broker = fd_close(L.broker);
	(void)close(writer);
	await_no_children();
	connect_broker(&L);
	expect_listed_end(id);
}

/* A broker that has not asked for the list yet is told of nothing that will be in it. */
static void end_before_the_list(void **state)
{
	int writer;
	uint64_t id = launch_with_lifeline(&writer);

	connect_broker(&L);
	(void)close(writer);
	await_no_children();
	expect_listed_end(id);
}

/* A launch whose answer nobody reads leaves no sandbox that nobody owns. */
static void launch_of_a_broker_that_went(void **state)
{
	struct sandbox_entry entry;
	char *argv[4];
	int pidfd;

	for (int i = 0; i < 30; i++) {
		struct launch_request m = request_shell(&L, PROFILE_SHELL, argv, sleeps);

		(void)send_launch(&L, &m, NULL, 0);
		connect_broker(&L);
		/* either it was answered before the connection was seen to end, or it never was */
		if (list(&entry, &pidfd, 1) == 1) {
			assert_int_equal(ask_stop(&L, entry.launched.id, 0, RESULT_KILLED), 0);
			(void)expect_exit(&L, entry.launched.id);
			assert_int_equal(ask_forget(&L, entry.launched.id), 0);
			(void)fd_close(pidfd);
			sandbox_entry_done(&entry);
		}
	}
	await_no_children();
}

static void broken_record(const void *data, size_t size, const int *fds, size_t n_fds)
{
	assert_int_equal(wire_send(L.broker, data, size, fds, n_fds), 0);
	assert_true(broker_is_cut_off(&L));
	introduce_broker(&L);
}

static void garbage_ends_the_connection(void **state)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	uint32_t head[2] = { WIRE_LAUNCHED, 1 };
	uint8_t noise[300];
	unsigned seed = 3;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	size_t fds;

	fds = count_settled_fds(&L);
	broken_record("x", 1, NULL, 0);
	broken_record(head, sizeof(head), NULL, 0); /* an answer, not a request */
	head[0] = WIRE_LIST;
	broken_record(head, sizeof(head), &fd, 1); /* an fd where none belongs */
	(void)encode_id(&b, WIRE_FORGET, 1, 5);
	broken_record(b.data, b.size - 1, NULL, 0);
	buf_put_u8(&b, 0);
	broken_record(b.data, b.size, NULL, 0);
	for (int i = 0; i < 300; i++) {
		size_t size = 9 + (size_t)i % (sizeof(noise) - 8);

		for (size_t j = 0; j < sizeof(noise); j++)
			noise[j] = (uint8_t)rand_r(&seed);
		head[0] = (uint32_t)i % (WIRE_PROCESS + 2);
		memcpy(noise, head, sizeof(head));
		/* of the right size it would be a good request */
		broken_record(noise, size + (head[0] == WIRE_PROCESS && size == 12), &fd, (size_t)i % 2);
	}
	assert_int_equal(ask_forget(&L, 1), -ESRCH);
	assert_int_equal(count_fds(&L), fds);
	(void)close(fd);
	(void)expect_exit(&L, launch(&L, PROFILE_SHELL, nothing, NULL));
}

static void send_broken_launch(const struct launch_request *m, const int *fds, size_t n_fds)
{
	(void)send_launch(&L, m, fds, n_fds);
	assert_true(broker_is_cut_off(&L));
	introduce_broker(&L);
	assert_int_equal(count_children(&L), 0);
}

/* Requests that decode, but that the broker's own code never makes. */
static void dishonest_launches_end_the_connection(void **state)
{
	char *argv[4];
	struct launch_request m = request_shell(&L, PROFILE_SHELL, argv, nothing);
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	m.profile = N_PROFILES;
	send_broken_launch(&m, NULL, 0);
	m.profile = PROFILE_SHELL;
	send_broken_launch(&m, fds, 1); /* one fd more than said */
	m.n_fds = 1;
	m.fds[0].target = 1;
	m.fds[0].made = true;
	send_broken_launch(&m, &fds[1], 1); /* a made pipe that nobody asked for */
	send_broken_launch(&m, NULL, 0);    /* one fd less than said */
	m.stdio[1] = STDIO_PIPE;
	m.n_fds = 0;
	send_broken_launch(&m, NULL, 0); /* asked for, not made */
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void reload_keeps_the_generation_before(void **state)
{
	char *argv[4];
	struct launch_request m = request_shell(&L, PROFILE_SHELL, argv, nothing);
	struct refused refused;
	uint64_t live = launch(&L, PROFILE_SHELL, sleeps, NULL);
	int garbage;

	tell_launcher(&L, WIRE_CATALOG, 2, 0, catalog_memfd(&L));
	expect_keeper(&L, WIRE_CATALOG_OK);
	(void)expect_exit(&L, launch_request_ok(&L, &m, NULL, 0, NULL, NULL));
	m.generation = 2;
	(void)expect_exit(&L, launch_request_ok(&L, &m, NULL, 0, NULL, NULL));
	assert_int_equal(memfd_sealed("garbage", "not a catalog", 13, &garbage), 0);
	tell_launcher(&L, WIRE_CATALOG, 3, 0, garbage);
	expect_keeper(&L, WIRE_CATALOG_BAD);
	tell_launcher(&L, WIRE_CATALOG, 2, 0, catalog_memfd(&L)); /* not a new number */
	expect_keeper(&L, WIRE_CATALOG_BAD);
	tell_launcher(&L, WIRE_CATALOG, 3, 0, catalog_memfd(&L));
	expect_keeper(&L, WIRE_CATALOG_OK);
	m.generation = 1;
	refused = launch_refused(&L, &m, NULL, 0);
	assert_int_equal(refused.refusal, REFUSAL_BUSY);
	refused_done(&refused);
	assert_int_equal(ask_stop(&L, live, 0, RESULT_KILLED), 0);
	(void)expect_exit(&L, live);
}

static void salt_is_served(void **state)
{
	uint8_t first[SALT_MAX];

	for (int i = 0; i < 2; i++) {
		_cleanup_(wire_record_done) struct wire_record record;
		_cleanup_(buf_done) struct buf b = BUF_INIT(0);
		const void *salt;
		struct cursor c;
		uint32_t serial;
		size_t size;

		(void)encode_empty(&b, WIRE_SALT, ++L.serial);
		assert_int_equal(wire_send(L.broker, b.data, b.size, NULL, 0), 0);
		assert_int_equal(receive(&L, &record, &serial, &c), WIRE_SALT_IS);
		assert_int_equal(decode_salt(&c, &salt, &size), 0);
		assert_int_equal(size, 16);
		if (i > 0)
			assert_memory_equal(first, salt, size);
		memcpy(first, salt, size);
	}
}

static void many_launches_leak_nothing(void **state)
{
	uint64_t id = launch(&L, PROFILE_SHELL, nothing, NULL);
	size_t fds;

	(void)expect_exit(&L, id);
	assert_int_equal(ask_forget(&L, id), 0);
	fds = count_settled_fds(&L);
	for (int i = 0; i < 100; i++) {
		id = launch(&L, i % 2 ? PROFILE_SHELL : PROFILE_DYNAMIC, nothing, NULL);
		(void)expect_exit(&L, id);
		if (i % 3)
			assert_int_equal(ask_forget(&L, id), 0);
	}
	expect_nothing_left(&L, fds);
}

/* The launcher without the broker's requests read: launches go on, and everything comes out in the end. */
static void answers_wait_for_a_slow_broker(void **state)
{
	char *argv[4], wrong[] = "/usr/bin/env";
	struct launch_request m = request_shell(&L, PROFILE_SHELL, argv, nothing);
	struct refused refused;
	uint32_t first = L.serial + 1;
	const uint32_t n = 5000;

	argv[0] = wrong;
	for (uint32_t sent = 0, got = 0; got < n;) {
		_cleanup_(wire_record_done) struct wire_record record;
		_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
		struct cursor c;
		uint32_t serial;

		wire_record_init(&record);
		assert_int_equal(encode_launch_request(&b, first + sent, &m), 0);
		/* as many as go, only then is an answer read */
		if (sent < n && wire_send(L.broker, b.data, b.size, NULL, 0) == 0) {
			sent++;
			continue;
		}
		assert_int_equal(receive(&L, &record, &serial, &c), WIRE_REFUSED);
		assert_int_equal(serial, first + got++);
		assert_int_equal(decode_refused(&c, &refused), 0);
		refused_done(&refused);
	}
	L.serial += n;
}

static void shutdown_stops_all(void **state)
{
	uint64_t before;
	int pidfds[2];
	struct pollfd p = { .events = POLLIN };

	(void)launch(&L, PROFILE_SHELL, sleeps, &pidfds[0]);
	(void)launch_stubborn();
	(void)launch(&L, PROFILE_SHELL, sleeps, &pidfds[1]);
	before = now_boottime_usec();
	launcher_stop(&L);
	assert_true(now_boottime_usec() - before >= 300000); /* the stubborn one had its grace */
	for (size_t i = 0; i < 2; i++) {
		p.fd = pidfds[i];
		assert_int_equal(poll(&p, 1, 0), 1);
		(void)fd_close(pidfds[i]);
	}
}

/* The keeper gone: everything dies with the launcher. */
static void no_keeper_no_sandbox(void **state)
{
	struct pollfd p = { .events = POLLIN };

	(void)launch(&L, PROFILE_SHELL, sleeps, &p.fd);
	L.keeper = fd_close(L.keeper);
	launcher_stop(&L);
	assert_int_equal(poll(&p, 1, REPLY_MSEC), 1);
	(void)fd_close(p.fd);
}

#define LAUNCHER_TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAUNCHER_TEST(launch_and_exit_code),
		LAUNCHER_TEST(launch_signal_results),
		LAUNCHER_TEST(launch_counts_cpu_time),
		LAUNCHER_TEST(launch_pidfd_is_the_payload),
		LAUNCHER_TEST(launch_pipe_for_output),
		LAUNCHER_TEST(refuse_by_access),
		LAUNCHER_TEST(refuse_by_plan),
		LAUNCHER_TEST(refuse_fd_by_own_look),
		LAUNCHER_TEST(refuse_other_generations),
		LAUNCHER_TEST(refuse_failed_stage),
		LAUNCHER_TEST(refuse_past_the_quota),
		LAUNCHER_TEST(stop_by_signal),
		LAUNCHER_TEST(stop_kills_after_the_grace),
		LAUNCHER_TEST(stop_may_be_hurried),
		LAUNCHER_TEST(stop_at_runtime_max),
		LAUNCHER_TEST(lifeline_stops),
		LAUNCHER_TEST(lifeline_must_be_a_pipe_or_socket),
		LAUNCHER_TEST(forget_ended_ones_only),
		LAUNCHER_TEST(list_after_a_new_broker),
		LAUNCHER_TEST(end_without_a_broker_is_kept),
		LAUNCHER_TEST(end_before_the_list),
		LAUNCHER_TEST(launch_of_a_broker_that_went),
		LAUNCHER_TEST(garbage_ends_the_connection),
		LAUNCHER_TEST(dishonest_launches_end_the_connection),
		LAUNCHER_TEST(reload_keeps_the_generation_before),
		LAUNCHER_TEST(salt_is_served),
		LAUNCHER_TEST(many_launches_leak_nothing),
		LAUNCHER_TEST(answers_wait_for_a_slow_broker),
		cmocka_unit_test_setup(shutdown_stops_all, start),
		cmocka_unit_test_setup(no_keeper_no_sandbox, start),
	};

	if (geteuid() != 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
