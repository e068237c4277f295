/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Who may launch by what others say of them: the bus of labels, the launcher of units, polkit of actions.
 * Rows A3, A4, A5, A7, A8, A14 and Q6 of the threat model, as far as they are the broker's.
 */

#include "base/error.h"
#include "broker/inquiry.h"
#include "dbus/names.h"
#include "rig.h"

#include <stdio.h>
#include <string.h>

#define UNIT_OK    "0::/system.slice/chrome@1.service\n"
#define UNIT_OTHER "0::/system.slice/other.service\n"

/* Without an error the launcher is asked to launch; it has no room, so that nothing is left behind. */
static void launch(struct rig *r, const char *sender, const char *profile, const char *error)
{
	const struct refused full = { .refusal = REFUSAL_BUSY };
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	struct reply reply;
	struct request q;

	rig_send(r, rig_launch(r, sender, profile), &reply);
	if (!error) {
		rig_take(r, WIRE_LAUNCH, &q);
		assert_int_equal(encode_refused(&b, q.serial, &full), 0);
		assert_int_equal(wire_send(r->launcher, b.data, b.size, NULL, 0), 0);
		request_done(&q);
	}
	rig_wait(r, &reply);
	if (!reply.error || strcmp(reply.error, error ? error : BAILIFF_ERROR_BUSY) != 0)
		fail_msg("%s: %s", reply.error ? reply.error : "success", reply.text ? reply.text : "");
	reply_done(&reply);
	assert_true(r->broker.inquiries == NULL || r->polkit == PLAY_SLOW);
}

/* "label" permits domain chrome_t. */
static void test_label(void **state)
{
	static const struct {
		const char *label;
		size_t size;
		bool selinux;
		const char *error;
	} rows[] = {
		{ "u:r:chrome_t:s0:c1", 0, true, NULL },
		{ "u:r:chrome_t", 13, true, NULL }, /* with its NUL */
		{ "u:r:chrome_t:s0", 0, false, BAILIFF_ERROR_ACCESS_DENIED },
		{ "u:r:other_t:s0", 0, true, BAILIFF_ERROR_ACCESS_DENIED },
		{ "chrome_t", 0, true, BAILIFF_ERROR_ACCESS_DENIED },
		{ NULL, 0, true, BAILIFF_ERROR_ACCESS_DENIED },
		/* a NUL inside is no label, and no half of one: the caller is not known at all */
		{ "u:r:chrome_t\0:s0", 16, true, BAILIFF_ERROR_ACCESS_DENIED },
	};
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct person *bob = rig_person(r, BOB);

		bob->label = rows[i].label;
		bob->label_size = rows[i].size;
		r->broker.callers.selinux = rows[i].selinux;
		launch(r, BOB, "label", rows[i].error);
		rig_leave(r, BOB);
		rig_until(r, r->broker.callers.n == 0);
		bob->gone = false;
	}
	/* nobody but the bus says what the label is */
	assert_int_equal(r->n_polkit, 0);
}

static void test_unit(void **state)
{
	static const struct {
		const char *name;
		bool pidfd;
		int error;
		uid_t uid;
		const char *cgroup;
		uint32_t confirmed;
		bool allowed;
	} rows[] = {
		{ "the unit", true, 0, 1001, UNIT_OK, 0, true },
		{ "the unit, by number", false, 0, 1001, UNIT_OK, 0, true },
		{ "behind other hierarchies", true, 0, 1001, "1:name=systemd:/x\n" UNIT_OK, 0, true },
		{ "another", true, 0, 1001, UNIT_OTHER, 0, false },
		{ "another, by number", false, 0, 1001, UNIT_OTHER, 0, false },
		{ "of a user's manager", true, 0, 1001,
			"0::/user.slice/user-1001.slice/user@1001.service/app.slice/chrome@1.service\n", 0,
			false },
		{ "below another", true, 0, 1001, "0::/system.slice/other.service/chrome@1.service\n", 0,
			false },
		{ "version 1 alone", true, 0, 1001, "1:name=systemd:/system.slice/chrome@1.service\n", 0,
			false },
		{ "no line", true, 0, 1001, "", 0, false },
		{ "a line without an end", true, 0, 1001, "0::/system.slice/chrome@1.service", 0, true },
		{ "A5 ended", true, -ESRCH, 1001, UNIT_OK, 0, false },
		{ "A5 ended, by number", false, -ESRCH, 1001, UNIT_OK, 0, false },
		{ "not to be read", true, -EACCES, 1001, UNIT_OK, 0, false },
		/* with a pidfd the owner of /proc/PID says nothing: 0 where a process is not dumpable */
		{ "A8 not dumpable", true, 0, 77, UNIT_OK, 0, true },
		{ "A5 the number is another user's", false, 0, 77, UNIT_OK, 0, false },
		{ "A5 the connection has another number", false, 0, 1001, UNIT_OK, 4712, false },
		{ "A3 the connection has gone", false, 0, 1001, UNIT_OK, 1, false },
	};
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct person *bob = rig_person(r, BOB);

		print_message("%s\n", rows[i].name);
		bob->pidfd = rows[i].pidfd;
		r->process.error = rows[i].error;
		r->process.uid = rows[i].uid;
		r->process.cgroup = rows[i].cgroup;
		r->confirmed_pid = rows[i].confirmed;
		r->n_process_fds = 0;
		launch(r, BOB, "unit", rows[i].allowed ? NULL : BAILIFF_ERROR_ACCESS_DENIED);
		assert_int_equal(r->n_process_fds, rows[i].pidfd);
		rig_leave(r, BOB);
		rig_until(r, r->broker.callers.n == 0);
		bob->gone = false;
		assert_int_equal(r->broker.callers.n_pidfds, 0);
	}
}

/* A process can be moved: what it was in before does not count. */
static void test_unit_is_looked_up_anew(void **state)
{
	struct rig *r = *state;

	rig_person(r, BOB)->pidfd = true;
	r->process.cgroup = UNIT_OK;
	launch(r, BOB, "unit", NULL);
	r->process.cgroup = UNIT_OTHER;
	launch(r, BOB, "unit", BAILIFF_ERROR_ACCESS_DENIED);
	r->process.cgroup = UNIT_OK;
	launch(r, BOB, "unit", NULL);
	assert_int_equal(r->n_processes, 3);
	assert_int_equal(r->n_asked, 1);
	/* others are looked at once, and administrators do not need a unit */
	launch(r, ALICE, "decoder", NULL);
	launch(r, ALICE, "decoder", NULL);
	launch(r, ROOT, "unit", NULL);
	launch(r, ROOT, "unit", NULL);
	assert_int_equal(r->n_processes, 5);
}

/* The launcher is told what the broker believes, to decide the same by itself. */
static void test_launcher_is_told(void **state)
{
	_cleanup_(launch_request_done) struct launch_request m = { 0 };
	struct rig *r = *state;
	struct reply reply;
	struct request q;

	r->broker.callers.selinux = true;
	rig_person(r, BOB)->label = "u:r:x_t:s0";
	rig_person(r, BOB)->pidfd = true;
	r->process.cgroup = UNIT_OK;
	rig_send(r, rig_launch(r, BOB, "unit"), &reply);
	rig_take(r, WIRE_LAUNCH, &q);
	assert_int_equal(decode_launch_request(&q.body, &m), 0);
	assert_string_equal(m.unit, "chrome@1.service");
	assert_string_equal(m.label, "u:r:x_t:s0");
	assert_false(m.polkit);
	assert_false(m.administrator);
	rig_answer_launched(r, q.serial, 7);
	request_done(&q);
	rig_wait(r, &reply);
	reply_done(&reply);
}

/* A4, Q6: the caller leaves while the launcher, the bus or polkit is asked about it. */
static void test_left_while_asked(void **state)
{
	static const char *const profiles[] = { "unit", "polkit" };
	struct rig *r = *state;
	struct reply reply;
	struct request q;

	r->polkit = PLAY_SLOW;
	r->process_by_hand = true;
	for (size_t i = 0; i < ELEMENTSOF(profiles); i++) {
		rig_send(r, rig_launch(r, BOB, profiles[i]), &reply);
		rig_take(r, WIRE_PROCESS, &q);
		if (i == 1) {
			rig_answer_process(r, q.serial);
			rig_until(r, r->n_polkit == 1);
		}
		rig_leave(r, BOB);
		rig_until(r, r->broker.callers.n == 0);
		assert_null(r->broker.inquiries);
		assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
		if (i == 0)
			rig_answer_process(r, q.serial);
		else {
			rig_until(r, r->n_cancelled == 1);
			rig_answer_polkit(r, PLAY_YES);
		}
		request_done(&q);
		assert_true(rig_launcher_idle(r));
		assert_false(reply.there);
		rig_person(r, BOB)->gone = false;
	}
	assert_int_equal(r->broker.n_launched, 0);
}

static void check_question(sd_bus_message *m, bool interactive)
{
	const char *kind, *key, *name, *action, *cancellation;
	uint32_t flags;

	assert_true(sd_bus_message_rewind(m, 1) >= 0);
	assert_true(sd_bus_message_read(m, "(sa{sv})s", &kind, 1, &key, "s", &name, &action) > 0);
	assert_string_equal(kind, "system-bus-name");
	assert_string_equal(key, "name");
	assert_string_equal(name, BOB);
	assert_string_equal(action, "org.example.launch");
	assert_true(sd_bus_message_enter_container(m, 'a', "{ss}") > 0);
	assert_true(sd_bus_message_read(m, "{ss}", &key, &name) > 0);
	assert_string_equal(key, "profile");
	assert_string_equal(name, "polkit");
	assert_true(sd_bus_message_read(m, "{ss}", &key, &name) > 0);
	assert_string_equal(key, "command_line");
	assert_string_equal(name, "/bin/true a\\x20b\\x0a \\xc3\\xa9");
	assert_int_equal(sd_bus_message_at_end(m, 0), 1);
	assert_true(sd_bus_message_exit_container(m) >= 0);
	assert_true(sd_bus_message_read(m, "us", &flags, &cancellation) > 0);
	assert_int_equal(flags, interactive);
	assert_true(strlen(cancellation) > 0);
}

static sd_bus_message *polkit_launch(struct rig *r, bool interactive)
{
	sd_bus_message *m = rig_call(r, BOB, 0, "LaunchSandboxed");

	assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", "polkit", 3, "/bin/true", "a b\n",
			    "\xc3\xa9", 0, 0, interactive, "interactive", "b", 1) >= 0);
	return m;
}

static void test_polkit_is_asked(void **state)
{
	struct rig *r = *state;
	struct reply reply;
	struct request q;

	r->polkit = PLAY_YES;
	for (int interactive = 0; interactive < 2; interactive++) {
		_cleanup_(launch_request_done) struct launch_request m = { 0 };
		sd_bus_message *call = polkit_launch(r, interactive);

		/* P26: only the option says that the user may be prompted */
		assert_true(sd_bus_message_set_allow_interactive_authorization(call, !interactive) >= 0);
		rig_send(r, call, &reply);
		rig_take(r, WIRE_LAUNCH, &q);
		assert_int_equal(decode_launch_request(&q.body, &m), 0);
		assert_true(m.polkit);
		assert_false(m.administrator);
		check_question(r->question, interactive);
		rig_answer_launched(r, q.serial, 7 + (uint64_t)interactive);
		request_done(&q);
		rig_wait(r, &reply);
		assert_null(reply.error);
		reply_done(&reply);
	}
	/* no answer is kept */
	assert_int_equal(r->n_polkit, 2);
	r->polkit = PLAY_NO;
	launch(r, BOB, "polkit", BAILIFF_ERROR_ACCESS_DENIED);
	assert_int_equal(r->n_polkit, 3);
	/* whom another rule lets in, or who administers, is not asked about */
	launch(r, ROOT, "polkit", NULL);
	launch(r, ALICE, "polkit", NULL);
	assert_int_equal(r->n_polkit, 3);
}

static void test_polkit_says_no(void **state)
{
	static const struct {
		enum polkit_play play;
		const char *says;
	} rows[] = {
		{ PLAY_ABSENT, "there is no polkit" },
		{ PLAY_NO, "polkit does not permit it" },
		{ PLAY_CHALLENGE, "authentication" },
		{ PLAY_GARBAGE, "does not answer as it should" },
		{ PLAY_REFUSES, "does not answer as it should" },
		{ PLAY_DIES, "does not answer as it should" },
	};
	struct rig *r = *state;
	struct reply reply;

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		r->polkit = rows[i].play;
		rig_expect(r, rig_launch(r, BOB, "polkit"), BAILIFF_ERROR_ACCESS_DENIED, &reply);
		if (!strstr(reply.text, rows[i].says))
			fail_msg("%s", reply.text);
		reply_done(&reply);
		rig_expect(r, rig_call(r, BOB, 0, "Reload"), BAILIFF_ERROR_ACCESS_DENIED, &reply);
		if (!strstr(reply.text, rows[i].says))
			fail_msg("%s", reply.text);
		reply_done(&reply);
		assert_null(r->broker.inquiries);
		assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
	}
	assert_true(rig_launcher_idle(r));
}

/* CVE-2020-1712: between question and answer everything may have changed. */
static void test_reloaded_while_asked(void **state)
{
	struct keeper_message m = { .type = WIRE_CATALOG, .generation = 2 };
	int fd = rig_catalog_memfd(0);
	struct rig *r = *state;
	struct reply reply;

	r->polkit = PLAY_SLOW;
	rig_send(r, rig_launch(r, BOB, "polkit"), &reply);
	rig_until(r, r->n_polkit == 1);
	assert_int_equal(keeper_send(r->keeper, &m, &fd, 1), 0);
	rig_until(r, r->broker.generation == 2);
	rig_answer_polkit(r, PLAY_YES);
	rig_wait(r, &reply);
	assert_string_equal(reply.error, BAILIFF_ERROR_BUSY);
	reply_done(&reply);
	assert_int_equal(close(fd), 0);
	assert_true(rig_launcher_idle(r));
}

/* Others are served while polkit thinks; one user's questions are bounded. */
static void test_polkit_is_slow(void **state)
{
	struct rig *r = *state;
	struct reply replies[6];
	size_t refused = 0;

	r->polkit = PLAY_SLOW;
	for (size_t i = 0; i < ELEMENTSOF(replies); i++)
		rig_send(r, rig_launch(r, BOB, "polkit"), &replies[i]);
	rig_until(r, r->n_polkit == 4); /* MaxCallsPerUser= of this catalog */
	launch(r, ALICE, "decoder", NULL);
	for (size_t i = 0; i < ELEMENTSOF(replies); i++)
		refused += replies[i].there;
	assert_int_equal(refused, 2);
	rig_leave(r, BOB);
	rig_until(r, r->n_cancelled == 4);
	for (size_t i = 0; i < ELEMENTSOF(replies); i++) {
		if (replies[i].there)
			assert_string_equal(replies[i].error, BAILIFF_ERROR_QUOTA_EXCEEDED);
		reply_done(&replies[i]);
	}
	assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
}

static sd_bus_message *polkit_launch_with_fds(struct rig *r)
{
	sd_bus_message *m = rig_call(r, BOB, 0, "LaunchSandboxed");

	assert_true(sd_bus_message_append(
			    m, "sasa{ss}a{uh}a{sv}", "polkit", 1, "/bin/true", 0, 2, 5, 0, 6, 0, 0) >= 0);
	return m;
}

/* Q1, D14: what calls carry while polkit thinks is counted, and given back whatever comes of it. */
static void test_polkit_holds_little(void **state)
{
	struct rig *r = *state;
	struct quota *q = &r->broker.quota;
	struct reply first, second;

	r->polkit = PLAY_SLOW;
	for (int leaves = 0; leaves < 2; leaves++) {
		const unsigned asked = r->n_polkit;

		r->broker.catalog->config.max_bytes_per_user = 2 * sizeof("/bin/true");
		r->broker.catalog->config.max_fds_per_user = 3;
		rig_send(r, polkit_launch_with_fds(r), &first);
		rig_until(r, r->n_polkit == asked + 1);
		assert_int_equal(quota_used(q, 1001, QUOTA_BYTES), sizeof("/bin/true"));
		assert_int_equal(quota_used(q, 1001, QUOTA_FDS), 2);
		rig_expect(r, polkit_launch_with_fds(r), BAILIFF_ERROR_QUOTA_EXCEEDED, &second);
		assert_non_null(strstr(second.text, "MaxFileDescriptorsPerUser="));
		reply_done(&second);
		r->broker.catalog->config.max_bytes_per_user = sizeof("/bin/true");
		rig_expect(r, rig_launch(r, BOB, "polkit"), BAILIFF_ERROR_QUOTA_EXCEEDED, &second);
		assert_non_null(strstr(second.text, "MaxBytesPerUser="));
		reply_done(&second);
		assert_int_equal(r->n_polkit, asked + 1);
		launch(r, ALICE, "label", BAILIFF_ERROR_ACCESS_DENIED);
		if (leaves)
			rig_leave(r, BOB);
		else
			rig_answer_polkit(r, PLAY_NO);
		rig_until(r, r->broker.inquiries == NULL);
		reply_done(&first);
		for (int kind = 0; kind < _QUOTA_MAX; kind++)
			assert_int_equal(q->total[kind], 0);
	}
}

/* Administrative methods: uid 0, and whom polkit permits to manage. */
static void test_manage(void **state)
{
	const char *kind, *key, *name, *action;
	struct rig *r = *state;
	sd_bus_message *m;

	r->polkit = PLAY_YES;
	m = rig_call(r, BOB, 0, "SetLogLevel");
	assert_true(sd_bus_message_append(m, "s", "emerg") >= 0);
	rig_expect(r, m, NULL, NULL);
	assert_int_equal(r->n_polkit, 1);
	assert_true(sd_bus_message_rewind(r->question, 1) >= 0);
	assert_true(sd_bus_message_read(r->question, "(sa{sv})s", &kind, 1, &key, "s", &name, &action) > 0);
	assert_string_equal(action, "org.bailiff.Broker1.manage");
	assert_string_equal(name, BOB);
	/* a permission is for the one call */
	r->polkit = PLAY_NO;
	m = rig_call(r, BOB, 0, "SetLogLevel");
	assert_true(sd_bus_message_append(m, "s", "debug") >= 0);
	rig_expect(r, m, BAILIFF_ERROR_ACCESS_DENIED, NULL);
	m = rig_call(r, ROOT, 0, "SetLogLevel");
	assert_true(sd_bus_message_append(m, "s", "emerg") >= 0);
	rig_expect(r, m, NULL, NULL);
	assert_int_equal(r->n_polkit, 2);
}

#define RIGHTS(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIGHTS(test_label),
		RIGHTS(test_unit),
		RIGHTS(test_unit_is_looked_up_anew),
		RIGHTS(test_launcher_is_told),
		RIGHTS(test_left_while_asked),
		RIGHTS(test_polkit_is_asked),
		RIGHTS(test_polkit_says_no),
		RIGHTS(test_reloaded_while_asked),
		RIGHTS(test_polkit_is_slow),
		RIGHTS(test_polkit_holds_little),
		RIGHTS(test_manage),
	};

	return cmocka_run_group_tests_name("bus rights", tests, NULL, NULL);
}
