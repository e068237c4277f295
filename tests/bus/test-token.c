/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Option "token": the path that an owner chose, and launches that are asked for again. */

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "broker/note.h"
#include "dbus/names.h"
#include "rig.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define TOKEN   "a_Token1"
#define BY_NAME BAILIFF_SANDBOX_PREFIX "/" TOKEN

/* A launch of "open", with a tag that makes it another one, and a pipe for each bit of pipes. */
static sd_bus_message *call_with(
	struct rig *r, const char *sender, const char *token, const char *tag, bool pipe)
{
	sd_bus_message *m = rig_call(r, sender, 0, "LaunchSandboxed");

	assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}", "open", 1, "/bin/true", 0, 0) >= 0);
	assert_true(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
	assert_true(sd_bus_message_append(m, "{sv}{sv}", "token", "s", token, "tag", "s", tag) >= 0);
	if (pipe)
		assert_true(sd_bus_message_append(m, "{sv}", "stdio", "a{us}", 1, 1, "pipe") >= 0);
	assert_true(sd_bus_message_close_container(m) >= 0);
	return m;
}

static void launch(struct rig *r, const char *sender, const char *token, uint64_t id, bool pipe)
{
	struct reply reply;
	struct request q;

	rig_send(r, call_with(r, sender, token, "", pipe), &reply);
	rig_take(r, WIRE_LAUNCH, &q);
	rig_answer_launched(r, q.serial, id);
	request_done(&q);
	rig_wait(r, &reply);
	assert_null(reply.error);
	reply_done(&reply);
}

static void expect_path(struct rig *r, const char *sender, uint64_t id, const char *path)
{
	sd_bus_message *m = rig_call(r, sender, 0, "GetSandbox");
	struct reply reply;
	const char *got;

	assert_true(sd_bus_message_append(m, "t", id) >= 0);
	rig_expect(r, m, NULL, &reply);
	assert_true(sd_bus_message_read(reply.message, "o", &got) > 0);
	assert_string_equal(got, path);
	reply_done(&reply);
	rig_expect(r, rig_call(r, sender, 0, "ListSandboxes"), NULL, &reply);
	assert_true(sd_bus_message_enter_container(reply.message, 'a', "(otssuus)") > 0);
	assert_true(sd_bus_message_enter_container(reply.message, 'r', "otssuus") > 0);
	assert_true(sd_bus_message_read(reply.message, "o", &got) > 0);
	assert_string_equal(got, path);
	reply_done(&reply);
	rig_expect(r,
		rig_call_path(r, sender, BAILIFF_OBJECT_PATH, "org.freedesktop.DBus.ObjectManager",
			"GetManagedObjects"),
		NULL, &reply);
	assert_true(sd_bus_message_enter_container(reply.message, 'a', "{oa{sa{sv}}}") > 0);
	do {
		assert_true(sd_bus_message_enter_container(reply.message, 'e', "oa{sa{sv}}") > 0);
		assert_true(sd_bus_message_read(reply.message, "o", &got) > 0);
		assert_true(sd_bus_message_skip(reply.message, "a{sa{sv}}") > 0);
		assert_true(sd_bus_message_exit_container(reply.message) > 0);
	} while (strcmp(got, path) != 0);
	reply_done(&reply);
}

static void ask(struct rig *r, const char *sender, const char *path, const char *error)
{
	rig_expect(r, rig_call_path(r, sender, path, BAILIFF_SANDBOX_INTERFACE, "GetPidfd"), error, NULL);
}

/* D10: to its owner it is the token, to others who may see it the id; nobody else finds it by either. */
static void test_path(void **state)
{
	struct rig *r = *state;

	launch(r, ALICE, TOKEN, 7, false);
	expect_path(r, ALICE, 7, BY_NAME);
	expect_path(r, ALICE2, 7, BY_NAME);
	expect_path(r, ROOT, 7, BAILIFF_SANDBOX_PREFIX "/7");
	ask(r, ALICE, BY_NAME, NULL);
	ask(r, ALICE, BAILIFF_SANDBOX_PREFIX "/7", NULL);
	ask(r, ROOT, BAILIFF_SANDBOX_PREFIX "/7", NULL);
	ask(r, ROOT, BY_NAME, BAILIFF_ERROR_NO_SUCH_SANDBOX);
	ask(r, BOB, BY_NAME, BAILIFF_ERROR_NO_SUCH_SANDBOX);
	ask(r, BOB, BAILIFF_SANDBOX_PREFIX "/7", BAILIFF_ERROR_NO_SUCH_SANDBOX);
	ask(r, ALICE, BY_NAME "x", BAILIFF_ERROR_NO_SUCH_SANDBOX);
	ask(r, ALICE, BY_NAME "/x", BAILIFF_ERROR_NO_SUCH_SANDBOX);
}

/* Two users, one word: two sandboxes. */
static void test_same_word(void **state)
{
	struct rig *r = *state;

	launch(r, ALICE, TOKEN, 7, false);
	launch(r, ROOT, TOKEN, 8, false);
	expect_path(r, ALICE, 7, BY_NAME);
	assert_ptr_equal(sandboxes_find_token(&r->broker.sandboxes, 0, TOKEN),
		sandboxes_find(&r->broker.sandboxes, 8));
	expect_path(r, ROOT, 7, BAILIFF_SANDBOX_PREFIX "/7");
	ask(r, ROOT, BY_NAME, NULL);
}

/* What info says of a repeated call; the number of lost streams. */
static size_t read_lost(sd_bus_message *m, bool *ret_repeated, uint64_t *ret_id)
{
	const char *key;
	uint32_t stream;
	size_t n = 0;
	int repeated = 0;

	assert_true(sd_bus_message_enter_container(m, 'a', "{sv}") > 0);
	while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
		assert_true(sd_bus_message_read(m, "s", &key) > 0);
		if (strcmp(key, "id") == 0)
			assert_true(sd_bus_message_read(m, "v", "t", ret_id) > 0);
		else if (strcmp(key, "repeated") == 0)
			assert_true(sd_bus_message_read(m, "v", "b", &repeated) > 0);
		else if (strcmp(key, "lost-streams") == 0) {
			assert_true(sd_bus_message_enter_container(m, 'v', "au") > 0);
			assert_true(sd_bus_message_enter_container(m, 'a', "u") > 0);
			while (sd_bus_message_read(m, "u", &stream) > 0)
				n += stream == 1;
			assert_true(sd_bus_message_exit_container(m) > 0);
			assert_true(sd_bus_message_exit_container(m) > 0);
		} else
			assert_true(sd_bus_message_skip(m, "v") > 0);
		assert_true(sd_bus_message_exit_container(m) > 0);
	}
	*ret_repeated = repeated != 0;
	return n;
}

static void expect_again(struct rig *r, const char *sender, bool pipe)
{
	uint64_t id = 0;
	struct reply reply;
	const char *path;
	bool repeated;

	rig_expect(r, call_with(r, sender, TOKEN, "", pipe), NULL, &reply);
	assert_true(sd_bus_message_read(reply.message, "oh", &path, NULL) > 0);
	assert_string_equal(path, BY_NAME);
	assert_true(sd_bus_message_enter_container(reply.message, 'a', "{uh}") > 0);
	assert_true(sd_bus_message_at_end(reply.message, false) > 0);
	assert_true(sd_bus_message_exit_container(reply.message) > 0);
	assert_int_equal(read_lost(reply.message, &repeated, &id), pipe);
	assert_true(repeated);
	assert_int_equal(id, 7);
	reply_done(&reply);
	assert_true(rig_launcher_idle(r));
	assert_int_equal(quota_used(&r->broker.quota, 1000, QUOTA_LIVE), 1);
	assert_int_equal(quota_used(&r->broker.quota, 1000, QUOTA_CALLS), 0);
}

static void test_again(void **state)
{
	struct rig *r = *state;

	launch(r, ALICE, TOKEN, 7, false);
	expect_again(r, ALICE, false);
	expect_again(r, ALICE2, false);
}

static void test_again_streams(void **state)
{
	struct rig *r = *state;

	launch(r, ALICE, TOKEN, 7, true);
	expect_again(r, ALICE, true);
	rig_tell_exited(r, 7, RESULT_SUCCESS, 0, 0);
	rig_settle(r);
	rig_expect(r, call_with(r, ALICE, TOKEN, "", true), BAILIFF_ERROR_FAILED, NULL);
}

/* Whoever asks again for what nobody owns any more owns it. */
static void test_inherits(void **state)
{
	struct rig *r = *state;
	struct request q;

	launch(r, ALICE, TOKEN, 7, false);
	rig_leave(r, ALICE);
	rig_take(r, WIRE_STOP, &q);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	expect_again(r, ALICE2, false);
	assert_string_equal(sandboxes_find(&r->broker.sandboxes, 7)->owner_name, ALICE2);
}

static void test_other_request(void **state)
{
	struct rig *r = *state;
	struct reply reply;
	struct request q;

	launch(r, ALICE, TOKEN, 7, false);
	rig_expect(r, call_with(r, ALICE, TOKEN, "x", false), SD_BUS_ERROR_INVALID_ARGS, NULL);
	rig_expect(r, call_with(r, ALICE, TOKEN, "", true), SD_BUS_ERROR_INVALID_ARGS, NULL);
	/* while one is under way, too: and Busy for the same */
	rig_send(r, call_with(r, ALICE, "t2", "", false), &reply);
	rig_take(r, WIRE_LAUNCH, &q);
	rig_expect(r, call_with(r, ALICE2, "t2", "", false), BAILIFF_ERROR_BUSY, NULL);
	rig_expect(r, call_with(r, ALICE2, "t2", "x", false), SD_BUS_ERROR_INVALID_ARGS, NULL);
	rig_answer_launched(r, q.serial, 8);
	request_done(&q);
	rig_wait(r, &reply);
	reply_done(&reply);
	assert_true(rig_launcher_idle(r));
}

/* An end is told by the object; when that is released the token is free. */
static void test_ended(void **state)
{
	struct rig *r = *state;

	launch(r, ALICE, TOKEN, 7, false);
	rig_tell_exited(r, 7, RESULT_EXIT_CODE, 3, 0);
	rig_settle(r);
	rig_expect(r, call_with(r, ALICE, TOKEN, "", false), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	rig_expect(r, rig_call_path(r, ALICE, BY_NAME, BAILIFF_SANDBOX_INTERFACE, "Wait"), NULL, NULL);
	rig_expect(r, rig_call_path(r, ALICE, BY_NAME, BAILIFF_SANDBOX_INTERFACE, "Release"), NULL, NULL);
	ask(r, ALICE, BY_NAME, BAILIFF_ERROR_NO_SUCH_SANDBOX);
	{
		struct request q;

		rig_take(r, WIRE_FORGET, &q);
		request_done(&q);
	}
	launch(r, ALICE, TOKEN, 9, false);
	expect_path(r, ALICE, 9, BY_NAME);
}

static void test_form(void **state)
{
	static const char longest[] = "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd";
	static const char *const bad[] = { "", "7", "0123456789", "a-b", "a/b", "a.b", "\xc3\xa4", "a b" };
	struct rig *r = *state;
	char long_one[TOKEN_MAX + 2];

	for (size_t i = 0; i < ELEMENTSOF(bad); i++)
		rig_expect(r, call_with(r, ALICE, bad[i], "", false), SD_BUS_ERROR_INVALID_ARGS, NULL);
	(void)snprintf(long_one, sizeof(long_one), "%se", longest);
	rig_expect(r, call_with(r, ALICE, long_one, "", false), SD_BUS_ERROR_INVALID_ARGS, NULL);
	assert_true(rig_launcher_idle(r));
	launch(r, ALICE, longest, 7, false);
	launch(r, ALICE, "0_", 8, false);
}

/* The note has it for the next broker, and the launcher is told not to break the launch off. */
static void test_note(void **state)
{
	_cleanup_free_ char *owner = NULL;
	struct launch_request l = { 0 };
	struct rig *r = *state;
	struct token token;
	struct reply reply;
	struct request q;
	bool direct;

	rig_send(r, call_with(r, ALICE, TOKEN, "", true), &reply);
	rig_take(r, WIRE_LAUNCH, &q);
	assert_int_equal(decode_launch_request(&q.body, &l), 0);
	assert_true(l.adoptable);
	assert_int_equal(note_read(r->broker.bus, l.note, l.n_note, &owner, &direct, &token), 0);
	assert_string_equal(owner, ALICE);
	assert_string_equal(token.name, TOKEN);
	assert_int_equal(token.streams, 2);
	rig_answer_launched(r, q.serial, 7);
	rig_wait(r, &reply);
	reply_done(&reply);
	assert_memory_equal(
		token.digest, sandboxes_find(&r->broker.sandboxes, 7)->token.digest, TOKEN_DIGEST);
	/* no byte of it may be missing or changed in its form */
	for (size_t n = 0; n < l.n_note; n++)
		assert_true(note_read(r->broker.bus, l.note, n, &owner, &direct, &token) < 0);
	launch_request_done(&l);
	request_done(&q);
}

/* The broker that asked has ended: the next one knows the token. */
static void test_taken_over(void **state)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	_cleanup_close_ int pidfd = process_pidfd_open(getpid());
	const struct token token = { .name = TOKEN, .digest = { 1 } };
	char profile[] = "open", empty[] = "";
	struct sandbox_entry e = { .launched = { .id = 7, .host_pid = 1, .uid = 65534, .cgroup = empty },
		.generation = 1,
		.profile = profile,
		.tag = empty,
		.owner = 1000,
		.stop_signal = 15,
		.state = SANDBOX_RUNNING };
	struct rig *r = *state;
	struct request q;

	rig_take(r, WIRE_LIST, &q);
	rig_settle(r);
	assert_int_equal(note_write(r->broker.bus, ALICE, &token, e.note, &e.n_note), 0);
	assert_int_equal(encode_sandbox_entry(&b, q.serial, &e), 0);
	assert_int_equal(wire_send(r->launcher, b.data, b.size, &pidfd, 1), 0);
	rig_finish_start(r, q.serial);
	request_done(&q);
	expect_path(r, ALICE, 7, BY_NAME);
	/* of another request, as its digest has it */
	rig_expect(r, call_with(r, ALICE, TOKEN, "", false), SD_BUS_ERROR_INVALID_ARGS, NULL);
	assert_true(rig_launcher_idle(r));
}

#define BUS_TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BUS_TEST(test_path),
		BUS_TEST(test_same_word),
		BUS_TEST(test_again),
		BUS_TEST(test_again_streams),
		BUS_TEST(test_inherits),
		BUS_TEST(test_other_request),
		BUS_TEST(test_ended),
		BUS_TEST(test_form),
		BUS_TEST(test_note),
		cmocka_unit_test_setup_teardown(test_taken_over, rig_setup_unfinished, rig_teardown),
	};

	return cmocka_run_group_tests_name("bus token", tests, NULL, NULL);
}
