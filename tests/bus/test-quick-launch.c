/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Launches that are read without sd-bus: which are, that they come to the same request, and who keeps their
 * descriptors. test-*-always-quick have all else that there is to try about launches. */

#include "base/error.h"
#include "base/fd.h"
#include "broker/gate.h"
#include "broker/launch-queue.h"
#include "broker/quick.h"
#include "dbus/names.h"
#include "message/header.h"
#include "rig.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned n_seen;

/* What sd-bus sees of calls. */
static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	n_seen += sd_bus_message_is_method_call(m, BAILIFF_MANAGER_INTERFACE, "LaunchSandboxed") > 0;
	return 0;
}

static size_t count_forms(const struct rig *r)
{
	size_t n = 0;

	for (size_t i = 0; i < FORMS_MAX; i++)
		n += r->broker.recall.forms[i].form == FORM_LAUNCH;
	return n;
}

#define LAUNCH(r, sender, profile, argument, ...)                                                            \
	({                                                                                                   \
		sd_bus_message *m_ = rig_call(r, sender, 0, "LaunchSandboxed");                              \
		assert_true(sd_bus_message_append(m_, "sasa{ss}", profile, 2, "/bin/true", argument, 1,      \
				    "LANG", "C") >= 0);                                                      \
		assert_true(sd_bus_message_append(m_, __VA_ARGS__) >= 0);                                    \
		m_;                                                                                          \
	})
#define PLAIN(r, sender, argument) LAUNCH(r, sender, "decoder", argument, "a{uh}a{sv}", 0, 0)

/* The request as the launcher gets it, but for its serial. */
static void launch(struct rig *r, sd_bus_message *m, uint64_t id, struct request *ret)
{
	char sender[16];
	struct reply reply;

	assert_true(snprintf(sender, sizeof(sender), "%s", sd_bus_message_get_sender(m)) > 0);
	rig_send(r, m, &reply);
	rig_settle(r);
	if (reply.there)
		fail_msg("%s: %s", reply.error, reply.text);
	rig_take(r, WIRE_LAUNCH, ret);
	rig_answer_launched(r, ret->serial, id);
	rig_wait(r, &reply);
	assert_null(reply.error);
	assert_string_equal(sd_bus_message_get_destination(reply.message), sender);
	reply_done(&reply);
}

static void launch_plainly(struct rig *r, const char *sender, const char *argument, uint64_t id, bool quick)
{
	const unsigned before = n_seen;
	struct request q;

	launch(r, PLAIN(r, sender, argument), id, &q);
	assert_int_equal(n_seen - before, !quick);
	request_done(&q);
}

/* The second time, of the same connection alone, until the profiles change. */
static void test_learnt(void **state)
{
	struct rig *r = *state;

	launch_plainly(r, ALICE, "a", 1, false);
	launch_plainly(r, ALICE, "a", 2, true);
	launch_plainly(r, ALICE, "something else", 3, true);
	launch_plainly(r, ALICE2, "a", 4, false);
	launch_plainly(r, ALICE2, "a", 5, true);
	assert_int_equal(count_forms(r), 2);
	recall_forget(&r->broker.recall);
	launch_plainly(r, ALICE, "a", 6, false);
	r->broker.ready = false;
	rig_expect(r, PLAIN(r, ALICE, "a"), BAILIFF_ERROR_BUSY, NULL);
	r->broker.ready = true;
	launch_plainly(r, ALICE, "a", 7, true);
}

/* Nobody is answered, so nothing says that it was good. */
static void test_no_reply(void **state)
{
	struct rig *r = *state;

	for (uint64_t i = 1; i < 3; i++) {
		sd_bus_message *m = PLAIN(r, ALICE, "a");
		struct request q;

		assert_true(sd_bus_message_set_expect_reply(m, 0) >= 0);
		assert_true(sd_bus_send(r->bus, m, NULL) >= 0);
		sd_bus_message_unref(m);
		rig_take(r, WIRE_LAUNCH, &q);
		rig_answer_launched(r, q.serial, i);
		request_done(&q);
		rig_until(r, r->broker.sandboxes.n == i);
		assert_int_equal(n_seen, i);
		assert_int_equal(count_forms(r), 0);
	}
}

/* Its end to read; the program may have it as its 3. */
static int new_pipe(void)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	(void)close(ends[1]);
	return ends[0];
}

static void assert_same_file(int a, int b)
{
	struct stat x, y;

	assert_int_equal(fstat(a, &x), 0);
	assert_int_equal(fstat(b, &y), 0);
	assert_int_equal(x.st_dev, y.st_dev);
	assert_int_equal(x.st_ino, y.st_ino);
}

static void assert_same(const struct request *a, const struct request *b)
{
	assert_int_equal(a->record.n_fds, b->record.n_fds);
	for (size_t i = 0; i < a->record.n_fds; i++)
		assert_same_file(a->record.fds[i], b->record.fds[i]);
	/* what it was read up to is the head, with the serial */
	assert_int_equal(a->body.size - a->body.at, b->body.size - b->body.at);
	assert_memory_equal(a->body.data + a->body.at, b->body.data + b->body.at, a->body.size - a->body.at);
}

/* By sd-bus and without, with options of each form. */
static void test_same_request(void **state)
{
	struct rig *r = *state;
	int life[2], file;
	uint64_t id = 1;

	assert_int_equal(pipe2(life, O_CLOEXEC), 0);
	file = new_pipe();
	for (unsigned i = 0; i < 4; i++) {
		struct request slow, quick;

		for (unsigned k = 0; k < 2; k++) {
			const unsigned before = n_seen;
			sd_bus_message *m =
				i == 0   ? PLAIN(r, ALICE, "")
				: i == 1 ? LAUNCH(r, ALICE, "decoder", "x", "a{uh}a{sv}", 1, 3, file, 1,
						   "lifeline", "h", life[0])
				: i == 2
					? LAUNCH(r, ALICE, "decoder", "x", "a{uh}a{sv}", 0, 6, "tag", "s",
						  "a tag", "cwd", "s", "/", "stdio", "a{us}", 2, 1, "pipe", 2,
						  "null", "rlimits", "a{s(tt)}", 1, "NOFILE", (uint64_t)16,
						  (uint64_t)32, "nice", "i", 5, "cpu-quota", "u", 50)
					: LAUNCH(r, ALICE, "decoder", "x", "a{uh}a{sv}", 1, 3, file, 5,
						  "unset-env", "as", 1, "PATH", "stop-timeout-usec", "t",
						  (uint64_t)1000000, "no-network", "b", 1, "optional", "as",
						  2, "x", "y", "drop-capabilities", "as", 1, "CAP_NET_RAW");

			launch(r, m, id++, k == 0 ? &slow : &quick);
			assert_int_equal(n_seen - before, i == 2 && k == 0 ? 0 : k == 0);
		}
		/* pipes are each launch's own */
		if (i != 2)
			assert_same(&slow, &quick);
		request_done(&slow);
		request_done(&quick);
	}
	(void)close(file);
	(void)close(life[0]);
	(void)close(life[1]);
}

/* The message is gone long before a launch that waits goes on. */
static void test_waits(void **state)
{
	const int file = new_pipe();
	struct reply replies[LAUNCHES_AT_ONCE + 2];
	struct request q[LAUNCHES_AT_ONCE + 2];
	struct rig *r = *state;
	size_t before;

	launch(r, LAUNCH(r, ALICE, "decoder", "x", "a{uh}a{sv}", 1, 3, file, 0), 100, &q[0]);
	request_done(&q[0]);
	before = rig_count_fds();
	for (size_t i = 0; i < ELEMENTSOF(replies); i++)
		rig_send(r, LAUNCH(r, ALICE, "decoder", "x", "a{uh}a{sv}", 1, 3, file, 0), &replies[i]);
	for (size_t i = 0; i < LAUNCHES_AT_ONCE; i++)
		rig_take(r, WIRE_LAUNCH, &q[i]);
	rig_settle(r);
	assert_true(rig_launcher_idle(r));
	assert_int_equal(n_seen, 1);
	/* those that were taken, and one for each that waits */
	assert_int_equal(rig_count_fds(), before + LAUNCHES_AT_ONCE + 2);
	for (size_t i = 0; i < ELEMENTSOF(replies); i++) {
		if (i >= LAUNCHES_AT_ONCE)
			rig_take(r, WIRE_LAUNCH, &q[i]);
		assert_int_equal(q[i].record.n_fds, 1);
		assert_same_file(q[i].record.fds[0], file);
		rig_answer_launched(r, q[i].serial, i + 1);
		rig_wait(r, &replies[i]);
		assert_null(replies[i].error);
		reply_done(&replies[i]);
		request_done(&q[i]);
	}
	/* a pidfd of each */
	assert_int_equal(rig_count_fds(), before + ELEMENTSOF(replies));
	(void)close(file);
}

/* Who leaves takes them along. */
static void test_waits_and_leaves(void **state)
{
	const int file = new_pipe();
	struct reply replies[LAUNCHES_AT_ONCE + 2];
	struct rig *r = *state;
	struct request q;
	size_t before;

	launch(r, LAUNCH(r, ALICE, "decoder", "x", "a{uh}a{sv}", 1, 3, file, 0), 100, &q);
	request_done(&q);
	before = rig_count_fds();
	for (size_t i = 0; i < ELEMENTSOF(replies); i++)
		rig_send(r, LAUNCH(r, ALICE, "decoder", "x", "a{uh}a{sv}", 1, 3, file, 0), &replies[i]);
	for (size_t i = 0; i < LAUNCHES_AT_ONCE; i++) {
		rig_take(r, WIRE_LAUNCH, &q);
		request_done(&q);
	}
	rig_settle(r);
	assert_int_equal(rig_count_fds(), before + 2);
	rig_leave(r, ALICE);
	rig_settle(r);
	assert_int_equal(rig_count_fds(), before);
	(void)close(file);
}

/* What is wrong is refused by sd-bus' way, in its words, and is not tried again before something was good. */
static void test_wrong(void **state)
{
	struct rig *r = *state;
	sd_bus_message *wrong[] = {
		LAUNCH(r, ALICE, "nothing", "x", "a{uh}a{sv}", 0, 0),
		LAUNCH(r, ALICE, "broken", "x", "a{uh}a{sv}", 0, 0),
		LAUNCH(r, ALICE, "admin", "x", "a{uh}a{sv}", 0, 0),
		LAUNCH(r, ALICE, "decoder", "x", "a{uh}a{sv}", 0, 1, "nice", "i", 77),
		LAUNCH(r, ALICE, "decoder", "x", "a{uh}a{sv}", 0, 1, "nice", "u", 7),
		LAUNCH(r, ALICE, "decoder", "x", "a{uh}a{sv}", 0, 1, "nothing", "u", 7),
		LAUNCH(r, ALICE, "decoder", "x", "a{uh}a{sv}", 0, 2, "tag", "s", "a", "tag", "s", "b"),
		LAUNCH(r, ALICE, "decoder", "x", "a{uh}a{sv}", 0, 1, "stdio", "a{us}", 1, 0, "journal"),
	};
	static const char *const errors[] = { BAILIFF_ERROR_PROFILE_UNKNOWN, BAILIFF_ERROR_PROFILE_INVALID,
		BAILIFF_ERROR_ACCESS_DENIED, SD_BUS_ERROR_INVALID_ARGS, SD_BUS_ERROR_INVALID_ARGS,
		BAILIFF_ERROR_PREFIX "UnknownOption", SD_BUS_ERROR_INVALID_ARGS, SD_BUS_ERROR_INVALID_ARGS };

	for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
		unsigned before;

		launch_plainly(r, ALICE, "a", i + 1, false);
		assert_int_equal(count_forms(r), 1);
		before = n_seen;
		rig_expect(r, wrong[i], errors[i], NULL);
		assert_int_equal(n_seen, before + 1);
		assert_int_equal(count_forms(r), 0);
	}
	/* other characters than ASCII are sd-bus' to judge, and may be good */
	launch_plainly(r, ALICE, "a", 100, false);
	launch_plainly(r, ALICE, "\xc3\xa4", 101, false);
	launch_plainly(r, ALICE, "a", 102, true);
}

/* What the plan refuses, and a quota, has been counted: it is refused where it was read, once. */
static void test_refused(void **state)
{
	struct rig *r = *state;
	sd_bus_message *m;
	struct reply reply;

	launch_plainly(r, ALICE, "a", 1, false);
	for (unsigned i = 0; i < 2; i++) {
		m = rig_call(r, ALICE, 0, "LaunchSandboxed");
		assert_true(sd_bus_message_append(
				    m, "sasa{ss}a{uh}a{sv}", "decoder", 1, "/bin/false", 0, 0, 0) >= 0);
		rig_expect(r, m, BAILIFF_ERROR_PREFIX "ArgvDenied", &reply);
		assert_non_null(strstr(reply.text, "/bin/false"));
		assert_string_equal(sd_bus_message_get_destination(reply.message), ALICE);
		reply_done(&reply);
		assert_int_equal(n_seen, 1);
		assert_int_equal(r->broker.quota.total[QUOTA_CALLS], 0);
	}
	assert_true(rig_launcher_idle(r));
	assert_int_equal(count_forms(r), 1);
}

/* More is to be learnt of who asks. */
static void test_unit(void **state)
{
	struct rig *r = *state;

	launch_plainly(r, ALICE, "a", 1, false);
	for (unsigned i = 0; i < 2; i++) {
		rig_expect(r, LAUNCH(r, ALICE, "unit", "x", "a{uh}a{sv}", 0, 0), BAILIFF_ERROR_ACCESS_DENIED,
			NULL);
		assert_true(n_seen >= 2 + i);
	}
}

/* The launcher is asked about a process before its first launch, for the record. */
static void test_not_looked_at(void **state)
{
	struct rig *r = *state;
	struct caller *alice = callers_find_name(&r->broker.callers, ALICE);
	struct request q;

	launch_plainly(r, ALICE, "a", 1, false);
	alice->looked = false;
	launch(r, PLAIN(r, ALICE, "a"), 2, &q);
	request_done(&q);
	assert_true(alice->looked);
	assert_true(n_seen >= 2);
}

/* The header of a launch that has begun, and another body. */
static void make_launch(const struct rig *r, const char *program, struct buf *ret)
{
	const struct recalled_form *f = &r->broker.recall.forms[0];
	struct writer w = { .bytes = ret };

	assert_int_equal(f->form, FORM_LAUNCH);
	buf_put(ret, f->data, f->question);
	writer_text(&w, "decoder");
	writer_open(&w, 'a', "s");
	writer_text(&w, program);
	writer_close(&w);
	for (size_t i = 0; i < 3; i++) {
		writer_open(&w, 'a', i == 0 ? "{ss}" : i == 1 ? "{uh}" : "{sv}");
		writer_close(&w);
	}
	assert_int_equal(message_end(ret, f->question), 0);
}

/* What comes back to sd-bus, as a call that has waited does, is acted on before what comes now. */
static void test_after_others(void **state)
{
	struct rig *r = *state;
	struct broker *b = &r->broker;

	launch_plainly(r, ALICE, "a", 1, false);
	for (unsigned i = 0; i < 2; i++) {
		_cleanup_(buf_done) struct buf whole = BUF_INIT(4096);
		struct message_span m;
		sd_bus_message *before;
		struct request q;

		make_launch(r, "/bin/true", &whole);
		m = (struct message_span){ .data = whole.data, .size = whole.size };
		if (i > 0) {
			assert_true(
				sd_bus_message_new_signal(b->bus, &before, "/x", "org.example.X", "Y") >= 0);
			assert_true(sd_bus_message_seal(before, 5, 0) >= 0);
			assert_true(sd_bus_enqueue_for_read(b->bus, before) >= 0);
			sd_bus_message_unref(before);
		}
		assert_true(quick_deliver(b, &b->link.relay, b->bus, &m) >= 0);
		assert_int_equal(n_seen, 1 + i);
		rig_take(r, WIRE_LAUNCH, &q);
		rig_answer_launched(r, q.serial, 2 + i);
		request_done(&q);
		rig_settle(r);
	}
}

/* What refuses it is sd-bus', and is there to be sent at once. */
static void test_refused_at_once(void **state)
{
	_cleanup_(buf_done) struct buf whole = BUF_INIT(4096);
	struct rig *r = *state;
	struct broker *b = &r->broker;
	struct message_span m;

	launch_plainly(r, ALICE, "a", 1, false);
	make_launch(r, "/bin/false", &whole);
	m = (struct message_span){ .data = whole.data, .size = whole.size };
	assert_true(quick_deliver(b, &b->link.relay, b->bus, &m) >= 0);
	assert_int_equal(n_seen, 1);
	assert_int_equal(relay_out(&b->link.relay), 1);
}

/* Over the direct socket it is the connection that says who asks, whoever's name the message states. */
static void test_stated_sender(void **state)
{
	_cleanup_(buf_done) struct buf whole = BUF_INIT(4096);
	_cleanup_(identity_done) struct identity bob = IDENTITY_NULL;
	struct rig *r = *state;
	struct broker *b = &r->broker;
	struct message_span m;
	struct relay relay;
	int inner;
	sd_bus *bus;

	launch_plainly(r, ALICE, "a", 1, false);
	make_launch(r, "/bin/true", &whole);
	m = (struct message_span){ .data = whole.data, .size = whole.size };
	assert_int_equal(gate_open(":direct.7", r->bus_id, false, &bus, &inner), 0);
	relay_init(&relay, -1, inner, 100000, 100000);
	relay.recall = &b->recall;
	relay.owner = recall_owner(&b->recall);
	bob.uid = 1001;
	assert_int_equal(callers_add_direct(&b->callers, ":direct.7", bus, &bob), 0);
	callers_find_name(&b->callers, ":direct.7")->looked = true;
	b->recall.form = FORM_LAUNCH;
	b->recall.serial = message_serial(whole.data);
	(void)memcpy(b->recall.sender, ALICE, sizeof(ALICE));
	recall_keep(&b->recall, relay.owner, &m, NULL);
	assert_string_equal(recall_find_form(&b->recall, relay.owner, &m)->sender, ALICE);
	assert_true(quick_deliver(b, &relay, bus, &m) >= 0);
	assert_null(b->launches);
	assert_null(recall_find_form(&b->recall, relay.owner, &m));
	callers_lost(&b->callers, ":direct.7");
	relay_done(&relay);
	sd_bus_close_unref(bus);
	(void)close(inner);
}

/* One that says to have other descriptors than it came with is no good message, known header or not. */
static void test_other_descriptors(void **state)
{
	static const uint8_t header[16] = { 'l', 1, 0, 1, 0, 0, 0, 0, 7 };
	const struct message_span question = { .data = header, .size = sizeof(header), .n_fds = 1 };
	struct message_span other = question;
	struct message_fault fault;
	struct recall recall = { 0 };

	(void)state;
	recall.forms[0] = (struct recalled_form){ .form = FORM_LAUNCH,
		.owner = 3,
		.data = malloc(sizeof(header)),
		.question = sizeof(header),
		.n_fds = 1,
		.sender = strdup("") };
	memcpy(recall.forms[0].data, header, sizeof(header));
	assert_ptr_equal(recall_find_form(&recall, 3, &question), &recall.forms[0]);
	assert_true(recall_check(&recall, 3, &question, &fault));
	other.n_fds = 0;
	assert_null(recall_find_form(&recall, 3, &other));
	other.n_fds = 2;
	assert_false(recall_check(&recall, 3, &other, &fault));
	assert_null(recall_find_form(&recall, 4, &question));
	recall_drop_form(&recall, &recall.forms[0]);
	assert_null(recall_find_form(&recall, 3, &question));
	recall_forget(&recall);
}

static int setup(void **state)
{
	int k = rig_setup(state);
	struct rig *r = *state;

	n_seen = 0;
	r->broker.catalog->config.max_calls_per_user = 64;
	r->broker.catalog->config.max_sandboxes_per_user = 128;
	r->broker.launch_turns.n_shared = LAUNCHES_AT_ONCE;
	/* the last that is added is the first to be asked */
	assert_true(sd_bus_add_filter(r->broker.bus, NULL, on_message, NULL) >= 0);
	for (size_t i = 0; i < 2; i++) {
		const char *sender = i == 0 ? ALICE : ALICE2;

		rig_expect(r, rig_call(r, sender, 0, "ListProfiles"), NULL, NULL);
		/* the launcher is asked about it once */
		callers_find_name(&r->broker.callers, sender)->looked = true;
	}
	return k;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_learnt),
		TEST(test_no_reply),
		TEST(test_same_request),
		TEST(test_waits),
		TEST(test_waits_and_leaves),
		TEST(test_wrong),
		TEST(test_refused),
		TEST(test_unit),
		TEST(test_not_looked_at),
		TEST(test_after_others),
		TEST(test_refused_at_once),
		TEST(test_stated_sender),
		cmocka_unit_test(test_other_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
