/* SPDX-License-Identifier: GPL-2.0-or-later */

/* LaunchSandboxed's way from the call to the launcher and back. */

#include "base/error.h"
#include "base/fd.h"
#include "dbus/names.h"
#include "jail/stage.h"
#include "rig.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void take_launch(struct rig *r, struct request *q, struct launch_request *ret)
{
	rig_take(r, WIRE_LAUNCH, q);
	*ret = (struct launch_request){ 0 };
	assert_int_equal(decode_launch_request(&q->body, ret), 0);
}

/* A launch with these options: signature and values as sd_bus_message_append() takes them behind the key. */
#define LAUNCH_WITH(r, profile, ...)                                                                         \
	({                                                                                                   \
		sd_bus_message *m_ = rig_call(r, ALICE, 0, "LaunchSandboxed");                               \
		assert_true(sd_bus_message_append(m_, "sasa{ss}a{uh}a{sv}", profile, 1, "/bin/true", 0, 0,   \
				    __VA_ARGS__) >= 0);                                                      \
		m_;                                                                                          \
	})

static void check_info(sd_bus_message *m)
{
	uint32_t pid = 0, generation = 0;
	uint64_t id = 0, usec = 0;
	const char *key;

	assert_true(sd_bus_message_enter_container(m, 'a', "{sv}") > 0);
	while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
		assert_true(sd_bus_message_read(m, "s", &key) > 0);
		if (strcmp(key, "id") == 0)
			assert_true(sd_bus_message_read(m, "v", "t", &id) > 0);
		else if (strcmp(key, "pid") == 0)
			assert_true(sd_bus_message_read(m, "v", "u", &pid) > 0);
		else if (strcmp(key, "generation") == 0)
			assert_true(sd_bus_message_read(m, "v", "u", &generation) > 0);
		else if (strcmp(key, "setup-usec") == 0)
			assert_true(sd_bus_message_read(m, "v", "t", &usec) > 0);
		else
			assert_true(sd_bus_message_skip(m, "v") > 0);
		assert_true(sd_bus_message_exit_container(m) > 0);
	}
	assert_int_equal(id, 5);
	assert_int_equal(pid, 4711);
	assert_int_equal(generation, 1);
	assert_int_equal(usec, 300);
}

static void test_plain(void **state)
{
	struct rig *r = *state;
	struct launch_request l;
	struct reply reply;
	struct request q;
	const char *path;
	int pidfd;

	rig_send(r, rig_launch(r, ALICE, "decoder"), &reply);
	take_launch(r, &q, &l);
	assert_int_equal(l.uid, 1000);
	assert_int_equal(l.n_gids, 2);
	assert_int_equal(l.gids[1], 44);
	assert_false(l.administrator);
	assert_int_equal(l.generation, 1);
	assert_int_equal(l.profile, catalog_index(r->broker.catalog, "decoder"));
	assert_string_equal(l.argv[0], "/bin/true");
	assert_null(l.argv[1]);
	assert_int_equal(q.record.n_fds, 0);
	/* The reply waits for the launcher's word that the program was executed. */
	rig_settle(r);
	assert_false(reply.there);
	rig_answer_launched(r, q.serial, 5);
	rig_wait(r, &reply);
	assert_null(reply.error);
	assert_true(sd_bus_message_read(reply.message, "oh", &path, &pidfd) > 0);
	assert_string_equal(path, BAILIFF_SANDBOX_PREFIX "/5");
	assert_true(fcntl(pidfd, F_GETFD) & FD_CLOEXEC);
	assert_true(sd_bus_message_skip(reply.message, "a{uh}") > 0);
	check_info(reply.message);
	reply_done(&reply);
	launch_request_done(&l);
	request_done(&q);
}

/* P20: what looks like an option or a path goes through byte for byte; argv-bytes may be any bytes. */
static void test_arguments(void **state)
{
	static const char strange[] = "\xff\xfe --help";
	struct rig *r = *state;
	struct launch_request l;
	struct reply reply;
	struct request q;
	sd_bus_message *m = rig_call(r, ALICE, 0, "LaunchSandboxed");

	assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}", "decoder", 0, 1, "LANG", "C=D", 0) >= 0);
	assert_true(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
	assert_true(sd_bus_message_open_container(m, 'e', "sv") >= 0);
	assert_true(sd_bus_message_append(m, "s", "argv-bytes") >= 0);
	assert_true(sd_bus_message_open_container(m, 'v', "aay") >= 0);
	assert_true(sd_bus_message_open_container(m, 'a', "ay") >= 0);
	assert_true(sd_bus_message_append_array(m, 'y', "/bin/true", 9) >= 0);
	assert_true(sd_bus_message_append_array(m, 'y', strange, sizeof(strange) - 1) >= 0);
	assert_true(sd_bus_message_append_array(m, 'y', NULL, 0) >= 0);
	for (int i = 0; i < 4; i++)
		assert_true(sd_bus_message_close_container(m) >= 0);
	rig_send(r, m, &reply);
	take_launch(r, &q, &l);
	assert_string_equal(l.argv[1], strange);
	assert_string_equal(l.argv[2], "");
	assert_null(l.argv[3]);
	assert_string_equal(l.env[0], "LANG=C=D");
	launch_request_done(&l);
	rig_answer_launched(r, q.serial, 1);
	request_done(&q);
	rig_wait(r, &reply);
	assert_null(reply.error);
	reply_done(&reply);
}

static void test_options(void **state)
{
	struct rig *r = *state;
	struct launch_request l;
	struct reply reply;
	struct request q;

	rig_send(r,
		LAUNCH_WITH(r, "open", 9, "cwd", "s", "/tmp", "tag", "s", "t1", "detach", "b", 1, "unset-env",
			"as", 1, "HOME", "stop-signal", "i", 2, "stop-timeout-usec", "t", UINT64_C(1000),
			"runtime-max-usec", "t", UINT64_C(2000), "rlimits", "a{s(tt)}", 1, "NOFILE",
			UINT64_C(8), UINT64_C(16), "optional", "as", 1, "later"),
		&reply);
	take_launch(r, &q, &l);
	assert_true(l.has_cwd && l.detach);
	assert_string_equal(l.cwd, "/tmp");
	assert_string_equal(l.tag, "t1");
	assert_string_equal(l.unset_env[0], "HOME");
	assert_int_equal(l.stop_signal, 2);
	assert_int_equal(l.timeout_stop_usec, 1000);
	assert_int_equal(l.runtime_max_usec, 2000);
	assert_int_equal(l.n_limits, 1);
	assert_int_equal(l.limits[0].resource, RLIMIT_NOFILE);
	assert_int_equal(l.limits[0].soft, 8);
	assert_int_equal(l.limits[0].hard, 16);
	launch_request_done(&l);
	rig_answer_launched(r, q.serial, 1);
	request_done(&q);
	rig_wait(r, &reply);
	assert_null(reply.error);
	reply_done(&reply);
}

/* Those that tighten arrive in the launcher's units; an empty list and "no" ask for nothing. */
static void test_tightening_options(void **state)
{
	struct rig *r = *state;
	struct launch_request l;
	struct reply reply;
	struct request q;

	rig_send(r,
		LAUNCH_WITH(r, "open", 7, "memory-max", "t", UINT64_MAX, "tasks-max", "t", UINT64_C(9),
			"cpu-quota", "u", 150, "nice", "i", 19, "oom-score-adj", "i", 0, "drop-capabilities",
			"as", 3, "CAP_NET_RAW", "CAP_CHOWN", "CAP_CHOWN", "no-network", "b", 1),
		&reply);
	take_launch(r, &q, &l);
	assert_true(l.tighter.memory_max == UINT64_MAX);
	assert_int_equal(l.tighter.tasks_max, 9);
	assert_int_equal(l.tighter.cpu_quota, 15000);
	assert_true(l.tighter.has_nice && l.tighter.has_oom_score_adjust && l.tighter.no_network);
	assert_int_equal(l.tighter.nice, 19);
	assert_int_equal(l.tighter.oom_score_adjust, 0);
	assert_int_equal(l.tighter.drop_capabilities, 1 << 13 | 1 << 0);
	launch_request_done(&l);
	rig_answer_launched(r, q.serial, 1);
	request_done(&q);
	rig_wait(r, &reply);
	assert_null(reply.error);
	reply_done(&reply);
	rig_send(r, LAUNCH_WITH(r, "open", 2, "drop-capabilities", "as", 0, "no-network", "b", 0), &reply);
	take_launch(r, &q, &l);
	assert_false(l.tighter.no_network || l.tighter.has_nice || l.tighter.drop_capabilities != 0);
	launch_request_done(&l);
	rig_answer_launched(r, q.serial, 2);
	request_done(&q);
	rig_wait(r, &reply);
	assert_null(reply.error);
	reply_done(&reply);
}

static void read_streams(sd_bus_message *m, int streams[3])
{
	const char *path;
	uint32_t number;
	int fd;

	assert_true(sd_bus_message_read(m, "oh", &path, &fd) > 0);
	assert_true(sd_bus_message_enter_container(m, 'a', "{uh}") > 0);
	while (sd_bus_message_read(m, "{uh}", &number, &fd) > 0)
		streams[number] = fd;
	assert_true(sd_bus_message_exit_container(m) > 0);
}

/* F16: the client's ends are close-on-exec and go one way; the program's ends are the other halves. */
static void test_streams(void **state)
{
	int streams[3] = { -1, -1, -1 };
	struct rig *r = *state;
	struct launch_request l;
	struct reply reply;
	struct request q;
	char c = 'x';

	rig_send(r, LAUNCH_WITH(r, "decoder", 1, "stdio", "a{us}", 2, 0, "pipe", 1, "pipe"), &reply);
	take_launch(r, &q, &l);
	assert_int_equal(l.n_fds, 2);
	assert_int_equal(l.stdio[0], STDIO_PIPE);
	assert_int_equal(l.stdio[2], PLAN_STDIO_UNSET);
	assert_int_equal(q.record.n_fds, 2);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(l.fds[i].made);
		assert_int_equal(l.fds[i].target, i);
		assert_int_equal(fcntl(q.record.fds[i], F_GETFL) & O_ACCMODE, i == 0 ? O_RDONLY : O_WRONLY);
	}
	rig_answer_launched(r, q.serial, 1);
	rig_wait(r, &reply);
	read_streams(reply.message, streams);
	assert_int_equal(fcntl(streams[0], F_GETFL) & O_ACCMODE, O_WRONLY);
	assert_int_equal(fcntl(streams[1], F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(streams[2], -1);
	assert_true(fcntl(streams[1], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(streams[0], &c, 1), 1);
	assert_int_equal(read(q.record.fds[0], &c, 1), 1);
	/* Nobody else holds the program's end: when the program goes, the client sees the end of file. */
	launch_request_done(&l);
	request_done(&q);
	rig_settle(r);
	assert_int_equal(read(streams[1], &c, 1), 0);
	reply_done(&reply);
}

static void test_caller_fds(void **state)
{
	struct rig *r = *state;
	sd_bus_message *m = rig_call(r, ALICE, 0, "LaunchSandboxed");
	struct launch_request l;
	struct reply reply;
	struct request q;
	int pipe_fds[2], lifeline[2];

	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	assert_int_equal(pipe2(lifeline, O_CLOEXEC), 0);
	assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", "decoder", 1, "/bin/true", 0, 1, 3,
			    pipe_fds[1], 1, "lifeline", "h", lifeline[0]) >= 0);
	(void)close(pipe_fds[1]);
	(void)close(lifeline[0]);
	rig_send(r, m, &reply);
	take_launch(r, &q, &l);
	assert_int_equal(l.n_fds, 1);
	assert_int_equal(l.fds[0].target, 3);
	assert_false(l.fds[0].made);
	assert_true(l.has_lifeline);
	assert_int_equal(q.record.n_fds, 2);
	rig_answer_launched(r, q.serial, 9);
	launch_request_done(&l);
	request_done(&q);
	rig_wait(r, &reply);
	assert_null(reply.error);
	reply_done(&reply);
	/* It is the launcher that holds and watches the lifeline. */
	(void)close(lifeline[1]);
	rig_settle(r);
	assert_true(rig_launcher_idle(r));
	(void)close(pipe_fds[0]);
}

/* An fd for a mount slot travels behind the mapped ones and before the lifeline; of its place the launcher is
 * told the name alone. */
static void test_bound_fds(void **state)
{
	struct rig *r = *state;
	sd_bus_message *m = rig_call(r, ALICE, 0, "LaunchSandboxed");
	int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), pipe_fds[2];
	struct stat ours, theirs;
	struct launch_request l;
	struct reply reply;
	struct request q;

	assert_true(directory >= 0);
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", "decoder", 1, "/bin/true", 0, 1, 3,
			    pipe_fds[1], 1, "bind-fds", "a(hsb)", 1, directory, "input", 1) >= 0);
	(void)close(pipe_fds[1]);
	rig_send(r, m, &reply);
	take_launch(r, &q, &l);
	assert_int_equal(l.n_fds, 1);
	assert_int_equal(l.n_binds, 1);
	assert_string_equal(l.binds[0].slot, "input");
	assert_true(l.binds[0].read_only);
	assert_false(l.has_lifeline);
	assert_int_equal(q.record.n_fds, 2);
	assert_int_equal(fstat(directory, &ours), 0);
	assert_int_equal(fstat(q.record.fds[1], &theirs), 0);
	assert_int_equal(ours.st_ino, theirs.st_ino);
	rig_answer_launched(r, q.serial, 9);
	launch_request_done(&l);
	request_done(&q);
	rig_wait(r, &reply);
	assert_null(reply.error);
	reply_done(&reply);
	(void)close(directory);
	(void)close(pipe_fds[0]);
}

static void answer_refused(struct rig *r, const struct refused *refused, const char *error)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	struct reply reply;
	struct request q;

	rig_send(r, rig_launch(r, ALICE, "decoder"), &reply);
	rig_take(r, WIRE_LAUNCH, &q);
	(void)encode_refused(&b, q.serial, refused);
	assert_int_equal(wire_send(r->launcher, b.data, b.size, NULL, 0), 0);
	request_done(&q);
	rig_wait(r, &reply);
	assert_string_equal(reply.error, error);
	reply_done(&reply);
	assert_int_equal(r->broker.quota.n_accounts, 0);
	assert_int_equal(r->broker.sandboxes.n, 0);
}

/* The stage of a failed set-up stands in the error's name. */
static void test_refused(void **state)
{
	char message[] = "/usr/\xff\x1bx", rule[] = "decoder.profile:3";
	const struct refused rows[] = {
		{ .stage = STAGE_MOUNTS, .error = -ENOENT, .message = message },
		{ .stage = STAGE_EXEC, .error = -E2BIG },
		{ .stage = STAGE_SELINUX, .error = -EOPNOTSUPP },
		{ .refusal = REFUSAL_ARGV_DENIED, .rule = rule, .message = message },
		{ .refusal = REFUSAL_BUSY, .message = message },
	};
	static const char *const errors[] = { BAILIFF_ERROR_SETUP_PREFIX "Mounts",
		BAILIFF_ERROR_SETUP_PREFIX "Exec", BAILIFF_ERROR_SETUP_PREFIX "SELinux",
		BAILIFF_ERROR_ARGV_DENIED, BAILIFF_ERROR_BUSY };

	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		answer_refused(*state, &rows[i], errors[i]);
}

/* A4: who leaves during the launch leaves nothing behind: the launcher hears of it at once, and what it had
 * launched by then is killed. */
static void test_left_during_launch(void **state)
{
	struct stop_request stop;
	struct rig *r = *state;
	struct reply reply;
	struct request q;
	uint32_t launch;

	rig_send(r, rig_launch(r, ALICE, "open"), &reply);
	rig_take(r, WIRE_LAUNCH, &q);
	launch = q.serial;
	request_done(&q);
	rig_leave(r, ALICE);
	rig_take_abandon(r, launch);
	rig_answer_launched(r, launch, 3);
	rig_take(r, WIRE_STOP, &q);
	assert_int_equal(decode_stop_request(&q.body, &stop), 0);
	assert_int_equal(stop.id, 3);
	assert_int_equal(stop.timeout_usec, 0);
	assert_int_equal(stop.reason, RESULT_CLIENT_GONE);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	rig_settle(r);
	assert_false(reply.there);
}

/* The same when it could be broken off: then there is nothing to kill. */
static void test_left_in_time(void **state)
{
	const struct refused refused = { .stage = STAGE_EXEC, .error = -ECANCELED };
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	struct rig *r = *state;
	struct reply reply;
	struct request q;

	rig_send(r, rig_launch(r, ALICE, "open"), &reply);
	rig_take(r, WIRE_LAUNCH, &q);
	rig_leave(r, ALICE);
	rig_take_abandon(r, q.serial);
	assert_int_equal(encode_refused(&b, q.serial, &refused), 0);
	assert_true(wire_send(r->launcher, b.data, b.size, NULL, 0) >= 0);
	request_done(&q);
	rig_settle(r);
	assert_true(rig_launcher_idle(r));
	/* said to nobody */
	reply_done(&reply);
	assert_int_equal(r->broker.sandboxes.n, 0);
	assert_int_equal(r->broker.quota.total[QUOTA_LIVE], 0);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
}

/* With detach the sandbox outlives the connection, whenever that ends: its user finds it in the list. */
static void test_left_detached(void **state)
{
	struct rig *r = *state;
	const struct sandbox *s;
	struct reply reply;
	struct request q;

	rig_send(r, LAUNCH_WITH(r, "open", 1, "detach", "b", 1), &reply);
	rig_take(r, WIRE_LAUNCH, &q);
	rig_leave(r, ALICE);
	rig_settle(r);
	assert_true(rig_launcher_idle(r));
	rig_answer_launched(r, q.serial, 3);
	request_done(&q);
	rig_settle(r);
	assert_true(rig_launcher_idle(r));
	reply_done(&reply);
	assert_int_equal(r->broker.n_launched, 1);
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
	s = sandboxes_find(&r->broker.sandboxes, 3);
	assert_non_null(s);
	assert_int_equal(s->state, SANDBOX_RUNNING);
	assert_int_equal(s->owner, 1000);
	assert_null(s->owner_name);
}

static void test_quota(void **state)
{
	struct rig *r = *state;
	struct reply replies[3], reply;
	struct request q[3];

	/* In flight counts as live: two of "open" for one user. */
	for (size_t i = 0; i < 2; i++) {
		rig_send(r, rig_launch(r, ALICE, "open"), &replies[i]);
		rig_take(r, WIRE_LAUNCH, &q[i]);
	}
	rig_expect(r, rig_launch(r, ALICE2, "open"), BAILIFF_ERROR_QUOTA_EXCEEDED, NULL);
	for (size_t i = 0; i < 2; i++) {
		rig_answer_launched(r, q[i].serial, i + 1);
		request_done(&q[i]);
		rig_wait(r, &replies[i]);
		reply_done(&replies[i]);
	}
	rig_expect(r, rig_launch(r, ALICE, "open"), BAILIFF_ERROR_QUOTA_EXCEEDED, NULL);
	/* Three for one user altogether. */
	rig_launch_sandbox(r, ALICE, "decoder", 3, &reply);
	reply_done(&reply);
	rig_expect(r, rig_launch(r, ALICE2, "decoder"), BAILIFF_ERROR_QUOTA_EXCEEDED, NULL);
	/* One that has ended makes room. */
	rig_tell_exited(r, 2, RESULT_SUCCESS, 0, 0);
	rig_settle(r);
	rig_launch_sandbox(r, ALICE, "open", 4, &reply);
	reply_done(&reply);
	assert_int_equal(r->broker.quota.total[QUOTA_LIVE], 3);
}

/* The keeper introduces another one, which is asked for its table. */
/* The launcher's end: who waits for its answer is told, and what lives is not touched. */
static void test_launcher_gone(void **state)
{
	struct rig *r = *state;
	struct reply launched, waiting, launching;
	struct request q;

	rig_launch_sandbox(r, ALICE, "decoder", 1, &launched);
	reply_done(&launched);
	rig_send(r, rig_call(r, ALICE, 1, "Wait"), &waiting);
	rig_send(r, rig_launch(r, ALICE, "decoder"), &launching);
	rig_take(r, WIRE_LAUNCH, &q);
	request_done(&q);
	r->launcher = fd_close(r->launcher);
	rig_until(r, launching.there);
	assert_string_equal(launching.error, BAILIFF_ERROR_FAILED);
	reply_done(&launching);
	assert_false(waiting.there);
	rig_next_launcher(r, &q);
	/* it has neither the sandbox nor ever had the launch */
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	rig_until(r, waiting.there);
	assert_null(waiting.error);
	reply_done(&waiting);
}

/* A launcher that does not keep to the protocol is not listened to any longer. */
static void test_launcher_broken(void **state)
{
	struct rig *r = *state;
	struct reply reply;
	struct request q;
	int status = 0;

	rig_send(r, rig_launch(r, ALICE, "decoder"), &reply);
	rig_take(r, WIRE_LAUNCH, &q);
	rig_answer_done(r, q.serial + 1, 0);
	request_done(&q);
	rig_until(r, rig_broker_ended(r, &status) && reply.there);
	assert_int_not_equal(status, 0);
	assert_string_equal(reply.error, BAILIFF_ERROR_FAILED);
	reply_done(&reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plain, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_arguments, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_options, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_tightening_options, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_streams, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_caller_fds, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_bound_fds, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_refused, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_left_during_launch, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_left_in_time, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_left_detached, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_quota, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_launcher_gone, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_launcher_broken, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests_name("bus launch", tests, NULL, NULL);
}
