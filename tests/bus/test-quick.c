/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Questions that are answered without sd-bus: each answer says what sd-bus' does, to the same callers, and
 * what is refused is refused in the same words. One that is made so has a serial that sd-bus does not give.
 */

#include "base/error.h"
#include "broker/body.h"
#include "broker/launch-args.h"
#include "broker/quick.h"
#include "dbus/names.h"
#include "message/header.h"
#include "rig.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECALLED UINT32_MAX
#define QUICK    (UINT32_MAX - 1)

static const char *const callers[] = { ALICE, ALICE2, BOB, ROOT };

/* Is it answered without sd-bus? */
enum expected {
	NEVER,
	ALWAYS,
	WHERE_DENIED, /* to who may not launch the profile, of whose arguments nothing is read */
};

struct question {
	const char *member;
	const char *text; /* its first argument, or NULL */
	enum expected expected;
	/* of Explain */
	const char *argv[4], *env[4];
	bool option;
};

static const struct question questions[] = {
	{ "ListSandboxes", NULL, ALWAYS },
	{ "GetSanitizedUsername", "alice@example.org", ALWAYS },
	{ "GetSanitizedUsername", "Alice@Example.ORG", ALWAYS },
	{ "GetSanitizedUsername", "a", ALWAYS },
	{ "GetSanitizedUsername", "0143b707c7b6df490e420585315a80a35dc17bed", ALWAYS },
	{ "GetSanitizedUsername", "\x01\x7f ", ALWAYS },
	/* sd-bus has what these are refused with, and characters that it does not take */
	{ "GetSanitizedUsername", "", NEVER },
	{ "GetSanitizedUsername", "\xc3\xa4", NEVER },
	{ "Explain", "decoder", ALWAYS, { "/bin/true" } },
	{ "Explain", "decoder", ALWAYS, { "/bin/true", "", "-x" }, { "LANG", "C" } },
	{ "Explain", "decoder", ALWAYS, { "true" }, { "LANG", "", "PATH", "/bin" } },
	{ "Explain", "decoder", ALWAYS, { "/bin/false" } },
	{ "Explain", "admin", ALWAYS, { "/bin/true" } },
	{ "Explain", "broken", ALWAYS, { "/bin/true" } },
	{ "Explain", "label", ALWAYS, { "/bin/true" } },
	{ "Explain", "open", ALWAYS, { "/bin/true" } },
	{ "Explain", "polkit", ALWAYS, { "/bin/true" } },
	/* more is to be learnt of the caller, or of the question */
	{ "Explain", "unit", NEVER, { "/bin/true" } },
	{ "Explain", "nothing", NEVER, { "/bin/true" } },
	{ "Explain", "", NEVER, { "/bin/true" } },
	{ "Explain", "decoder", WHERE_DENIED },
	{ "Explain", "decoder", WHERE_DENIED, { "" } },
	{ "Explain", "decoder", WHERE_DENIED, { "/bin/true", "\xc3\xa4" } },
	{ "Explain", "decoder", WHERE_DENIED, { "/bin/true" }, { "=", "x" } },
	{ "Explain", "decoder", WHERE_DENIED, { "/bin/true" }, { "LANG", "x", "LANG", "y" } },
	{ "Explain", "decoder", WHERE_DENIED, { "/bin/true" }, .option = true },
};

static void fill_explain(sd_bus_message *m, const struct question *q)
{
	assert_true(sd_bus_message_open_container(m, 'a', "s") >= 0);
	for (size_t i = 0; i < ELEMENTSOF(q->argv) && q->argv[i]; i++)
		assert_true(sd_bus_message_append(m, "s", q->argv[i]) >= 0);
	assert_true(sd_bus_message_close_container(m) >= 0);
	assert_true(sd_bus_message_open_container(m, 'a', "{ss}") >= 0);
	for (size_t i = 0; i < ELEMENTSOF(q->env) && q->env[i]; i += 2)
		assert_true(sd_bus_message_append(m, "{ss}", q->env[i], q->env[i + 1]) >= 0);
	assert_true(sd_bus_message_close_container(m) >= 0);
	assert_true(sd_bus_message_append(m, "a{sv}", (int)q->option, "tag", "s", "t") >= 0);
}

static sd_bus_message *call(struct rig *r, const char *sender, const struct question *q)
{
	sd_bus_message *m = rig_call(r, sender, 0, q->member);

	if (q->text)
		assert_true(sd_bus_message_append(m, "s", q->text) >= 0);
	if (strcmp(q->member, "Explain") == 0)
		fill_explain(m, q);
	return m;
}

static uint64_t serial_of(const struct reply *reply)
{
	uint64_t serial;

	assert_true(sd_bus_message_get_cookie(reply->message, &serial) >= 0);
	return serial;
}

/* What it says: the body with all types, or the error's name and words; and for whom. */
static char *show(const struct reply *reply)
{
	size_t size = 0;
	char *text = NULL;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	fprintf(f, "%s %s %s %s %s\n", reply->error ? reply->error : "", reply->text ? reply->text : "",
		sd_bus_message_get_destination(reply->message),
		sd_bus_message_get_signature(reply->message, 1),
		sd_bus_message_get_sender(reply->message) ? "sender" : "no sender");
	assert_true(sd_bus_message_dump(reply->message, f, 0) >= 0);
	assert_int_equal(fclose(f), 0);
	return text;
}

/* Answers are not recalled; forms are. */
static void forget_answers(struct rig *r)
{
	for (size_t i = 0; i < RECALL_MAX; i++) {
		free(r->broker.recall.v[i].data);
		r->broker.recall.v[i] = (struct recalled){ 0 };
	}
}

static char *ask(struct rig *r, const char *sender, const struct question *q, bool *ret_quick)
{
	struct reply reply;
	char *text;

	forget_answers(r);
	rig_send(r, call(r, sender, q), &reply);
	rig_wait(r, &reply);
	*ret_quick = serial_of(&reply) == QUICK;
	assert_int_not_equal(serial_of(&reply), RECALLED);
	text = show(&reply);
	reply_done(&reply);
	return text;
}

static bool is_denied(const char *text)
{
	return strstr(text, "\"" BAILIFF_ERROR_ACCESS_DENIED "\"") != NULL;
}

/* As sd-bus answers, and quickly. */
static void compare(struct rig *r, const char *sender, const struct question *q)
{
	const struct question form = { q->member, !q->text ? NULL : "decoder", ALWAYS, { "/bin/true" } };
	_cleanup_free_ char *slow = NULL, *quick = NULL, *other = NULL, *again = NULL;
	bool is_quick;

	recall_forget(&r->broker.recall);
	slow = ask(r, sender, q, &is_quick);
	assert_false(is_quick);
	other = ask(r, sender, &form, &is_quick);
	quick = ask(r, sender, q, &is_quick);
	if (is_quick != (q->expected == ALWAYS || (q->expected == WHERE_DENIED && is_denied(slow))))
		fail_msg("%s %s %s of %s is %s", q->member, q->text, q->argv[0], sender,
			is_quick ? "quick" : "not quick");
	assert_string_equal(slow, quick);
	/* with what is ready of the profile by now */
	again = ask(r, sender, q, &is_quick);
	assert_string_equal(slow, again);
}

static void compare_all(struct rig *r)
{
	for (size_t i = 0; i < ELEMENTSOF(callers); i++)
		for (size_t k = 0; k < ELEMENTSOF(questions); k++)
			compare(r, callers[i], &questions[k]);
}

static void launch(struct rig *r, const char *profile, const char *tag, uint64_t id)
{
	sd_bus_message *m = rig_call(r, ALICE, 0, "LaunchSandboxed");
	struct reply reply;
	struct request q;

	assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", profile, 1, "/bin/true", 0, 0, 2, "tag",
			    "s", tag, "token", "s", tag) >= 0);
	rig_send(r, m, &reply);
	rig_take(r, WIRE_LAUNCH, &q);
	rig_answer_launched(r, q.serial, id);
	request_done(&q);
	rig_wait(r, &reply);
	assert_null(reply.error);
	reply_done(&reply);
}

/* Without sandboxes, with some, and with one that has ended. */
static void test_same_answers(void **state)
{
	struct rig *r = *state;

	compare_all(r);
	launch(r, "decoder", "t", 1);
	launch(r, "open", "longer_tag", 23);
	compare_all(r);
	rig_tell_exited(r, 1, RESULT_SUCCESS, 0, 0);
	rig_settle(r);
	compare_all(r);
}

static size_t count_sandboxes(struct rig *r, const char *sender, bool quick)
{
	struct reply reply;
	size_t n = 0;
	int k;

	rig_expect(r, rig_call(r, sender, 0, "ListSandboxes"), NULL, &reply);
	assert_int_equal(serial_of(&reply) == QUICK, quick);
	assert_true(sd_bus_message_enter_container(reply.message, 'a', "(otssuus)") >= 0);
	while ((k = sd_bus_message_skip(reply.message, "(otssuus)")) > 0)
		n++;
	assert_int_equal(k, 0);
	reply_done(&reply);
	return n;
}

/* What changes is seen at once, and by who may. */
static void test_of_now(void **state)
{
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(callers); i++)
		assert_int_equal(count_sandboxes(r, callers[i], false), 0);
	launch(r, "open", "t", 1);
	assert_int_equal(count_sandboxes(r, ALICE, true), 1);
	assert_int_equal(count_sandboxes(r, ALICE2, true), 1);
	assert_int_equal(count_sandboxes(r, BOB, true), 0);
	assert_int_equal(count_sandboxes(r, ROOT, true), 1);
	launch(r, "decoder", "u", 2);
	assert_int_equal(count_sandboxes(r, ALICE, true), 2);
}

/* A caller who has left is not known any more, whatever is remembered of its questions. */
static void test_gone(void **state)
{
	struct rig *r = *state;

	(void)count_sandboxes(r, ALICE, false);
	(void)count_sandboxes(r, ALICE, true);
	rig_leave(r, ALICE);
	rig_settle(r);
	rig_expect(r, rig_call(r, ALICE, 0, "ListSandboxes"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
}

/* Nothing is answered before what was said before is out, nor while the broker begins or ends. */
static void test_order(void **state)
{
	struct rig *r = *state;
	struct broker *b = &r->broker;

	(void)count_sandboxes(r, ALICE, false);
	(void)count_sandboxes(r, ALICE, true);
	assert_true(relay_is_idle(&b->link.relay, b->bus));
	assert_true(sd_bus_emit_signal(b->bus, "/x", "org.example.X", "Said", NULL) >= 0);
	assert_false(relay_is_idle(&b->link.relay, b->bus));
	assert_int_equal(bus_link_flush(&b->link), 1);
	assert_true(relay_is_idle(&b->link.relay, b->bus));
	b->ready = false;
	rig_expect(r, rig_call(r, ALICE, 0, "ListSandboxes"), BAILIFF_ERROR_BUSY, NULL);
	b->ready = true;
}

/* The header of a question of this form, and a text. */
static void make_question(const struct rig *r, enum form form, const char *text, struct buf *ret)
{
	const struct recalled_form *f = r->broker.recall.forms;
	struct writer w = { .bytes = ret };

	while (f->form != form)
		f++;
	buf_put(ret, f->data, f->question);
	if (text)
		writer_text(&w, text);
	assert_int_equal(message_end(ret, f->question), 0);
}

/* Where something of ours waits to go out nothing is written over it, and where something has come back to
 * sd-bus, it is asked in its turn. */
static void test_behind_others(void **state)
{
	_cleanup_(buf_done) struct buf name = BUF_INIT(4096), whole = BUF_INIT(4096);
	const struct message_span waits = { .data = (const uint8_t *)"x", .size = 1 };
	struct rig *r = *state;
	struct broker *b = &r->broker;
	struct relay *relay = &b->link.relay;
	struct message_span m;
	sd_bus_message *before;
	bool quick;

	(void)count_sandboxes(r, ALICE, false);
	free(ask(r, ALICE, &questions[1], &quick));
	make_question(r, FORM_SANITIZE, "somebody", &name);
	make_question(r, FORM_SANDBOXES, NULL, &whole);
	for (unsigned i = 0; i < 3; i++) {
		m = (struct message_span){ .data = i == 0 ? name.data : whole.data,
			.size = i == 0 ? name.size : whole.size };
		if (i == 2)
			recall_add(&b->recall, relay->owner, &m, &m);
		assert_int_equal(relay_post(relay, &waits), 1);
		assert_true(quick_deliver(b, relay, b->bus, &m) >= 0);
		assert_int_equal(relay->answer.size, waits.size);
		assert_int_equal(relay->answer.data[0], 'x');
		relay->answer.size = 0;
		assert_int_equal(bus_link_flush(&b->link), 1);
	}
	forget_answers(r);
	assert_true(quick_deliver(b, relay, b->bus, &m) >= 0);
	assert_true(relay->answer.size > 0);
	assert_int_equal(bus_link_flush(&b->link), 1);
	assert_true(sd_bus_message_new_signal(b->bus, &before, "/x", "org.example.X", "Y") >= 0);
	assert_true(sd_bus_message_seal(before, 5, 0) >= 0);
	assert_true(sd_bus_enqueue_for_read(b->bus, before) >= 0);
	sd_bus_message_unref(before);
	assert_true(quick_deliver(b, relay, b->bus, &m) >= 0);
	assert_int_equal(relay->answer.size, 0);
}

static size_t count_forms(const struct rig *r)
{
	size_t n = 0;

	for (size_t i = 0; i < FORMS_MAX; i++)
		n += r->broker.recall.forms[i].form != FORM_NONE;
	return n;
}

/* A reload forgets all forms. */
static void test_reload(void **state)
{
	const struct keeper_message m = { .type = WIRE_CATALOG, .generation = 2 };
	struct rig *r = *state;
	int fd;

	(void)count_sandboxes(r, ALICE, false);
	(void)count_sandboxes(r, BOB, false);
	(void)count_sandboxes(r, ALICE, true);
	assert_int_equal(count_forms(r), 2);
	fd = rig_catalog_memfd(0);
	assert_int_equal(keeper_send(r->keeper, &m, &fd, 1), 0);
	(void)close(fd);
	rig_until(r, r->broker.generation == 2);
	assert_int_equal(count_forms(r), 0);
	(void)count_sandboxes(r, ALICE, false);
	(void)count_sandboxes(r, ALICE, true);
}

/* An argument that says to be longer than the message is, or what is behind it. */
static void test_bad_bodies(void **state)
{
	static const uint8_t bodies[][16] = {
		{ 1, 0, 0, 0, 'x', 0 },
		{ 2, 0, 0, 0, 'x', 0 },
		{ 200, 0, 0, 0, 'x', 0 },
		{ 255, 255, 255, 255, 'x', 0 },
		{ 1, 0, 0, 0, 'x', 'y' },
		{ 1, 0, 0, 0, 0, 0 },
		{ 0, 0, 0, 0, 0 },
		{ 1, 0, 0, 0, 0x80, 0 },
	};

	for (size_t i = 0; i < ELEMENTSOF(bodies); i++)
		for (size_t n = 0; n <= sizeof(bodies[i]); n++) {
			struct cursor c = CURSOR_INIT(bodies[i], n);
			const char *text = body_text(&c);

			assert_int_equal(text != NULL, (i == 0 && n >= 6) || (i == 6 && n >= 5));
			/* what is left over is nobody's */
			assert_int_equal(cursor_end(&c) == 0, (i == 0 && n == 6) || (i == 6 && n == 5));
		}
}

/* An array that says to be longer than the message is, or ends in the middle of an element. */
static void test_bad_arrays(void **state)
{
	static const uint8_t body[32] = { 14, 0, 0, 0, 1, 0, 0, 0, 'x', 0, 0, 0, 1, 0, 0, 0, 'y', 0 };
	uint8_t changed[sizeof(body)];
	struct cursor c;
	size_t end;

	for (unsigned size = 0; size < 256; size++)
		for (size_t n = 0; n <= sizeof(body); n++) {
			memcpy(changed, body, sizeof(body));
			changed[0] = (uint8_t)size;
			c = CURSOR_INIT(changed, n);
			end = body_array(&c, 4);
			assert_true(end <= n);
			assert_int_equal(c.error < 0, n < 4 || size > n - 4);
			assert_int_equal(end, c.error < 0 ? c.at : 4 + size);
		}
	c = CURSOR_INIT(body, sizeof(body));
	assert_int_equal(body_array(&c, 4), 18);
	assert_string_equal(body_text(&c), "x");
	assert_string_equal(body_text(&c), "y");
	assert_int_equal(c.at, 18);
	/* what is left out is 0 */
	memcpy(changed, body, sizeof(body));
	changed[10] = 1;
	c = CURSOR_INIT(changed, sizeof(changed));
	assert_int_equal(body_array(&c, 4), 18);
	assert_string_equal(body_text(&c), "x");
	assert_null(body_text(&c));
}

static void assert_refused(struct reader *r, int k)
{
	assert_int_equal(k, -EBADMSG);
	/* and nothing more is read */
	assert_true(reader_enter(r, 'r', "u") < 0);
}

/* Two texts in an array, and a number behind it; whatever the array says of its length. */
static void test_reader_arrays(void **state)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	struct writer w = { .bytes = &b };
	const char *s;
	uint32_t n;
	int k;

	writer_open(&w, 'a', "s");
	writer_text(&w, "x");
	writer_text(&w, "y");
	writer_close(&w);
	writer_u32(&w, 7);
	assert_int_equal(writer_error(&w), 0);
	for (uint8_t size = 0; size < 32; size++) {
		struct cursor c = CURSOR_INIT(b.data, b.size);
		struct reader r = { .bytes = &c };
		unsigned n_read = 0;

		b.data[0] = size;
		k = reader_enter(&r, 'a', "s");
		while (k > 0 && (k = reader_basic(&r, 's', &s)) > 0)
			n_read++;
		if (k >= 0)
			k = reader_exit(&r);
		if (size == 14) {
			assert_int_equal(n_read, 2);
			assert_int_equal(reader_basic(&r, 'u', &n), 1);
			assert_int_equal(n, 7);
		} else if (size == 0 || size == 6)
			/* shorter, and good: what is behind it is no number then */
			assert_int_equal(k, 1);
		else
			assert_refused(&r, k);
	}
}

/* One value of each kind, of which the second is a wrong one. */
static void test_reader_values(void **state)
{
	const int fds[] = { 42 };

	for (uint32_t v = 0; v < 3; v++) {
		struct cursor c = CURSOR_INIT((const uint8_t *)&v, sizeof(v)), d = c;
		struct reader r = { .bytes = &c, .fds = fds, .n_fds = 1 }, q = { .bytes = &d };
		int got = -1;

		if (v == 0) {
			assert_int_equal(reader_basic(&r, 'h', &got), 1);
			assert_int_equal(got, 42);
			assert_refused(&q, reader_basic(&q, 'h', &got));
			assert_int_equal(got, 42);
			continue;
		}
		assert_refused(&r, reader_basic(&r, 'h', &got));
		assert_int_equal(got, -1);
		if (v == 1) {
			assert_int_equal(reader_basic(&q, 'b', &got), 1);
			assert_int_equal(got, 1);
		} else
			assert_refused(&q, reader_basic(&q, 'b', &got));
	}
}

/* What a variant says to have is what is read of it. */
static void test_reader_variants(void **state)
{
	static const uint8_t number[] = { 1, 'u', 0, 0, 5, 0, 0, 0 }, longer[] = { 2, 'u', 0, 0, 0, 0, 0, 0 };
	struct cursor c = CURSOR_INIT(number, sizeof(number)), d = c, e = CURSOR_INIT(longer, sizeof(longer));
	struct reader r = { .bytes = &c }, q = { .bytes = &d }, l = { .bytes = &e };
	const char *type;
	uint32_t n = 0;

	assert_int_equal(reader_variant(&r, &type), 1);
	assert_string_equal(type, "u");
	assert_int_equal(reader_enter(&r, 'v', "u"), 1);
	assert_int_equal(reader_basic(&r, 'u', &n), 1);
	assert_int_equal(n, 5);
	assert_int_equal(reader_exit(&r), 1);
	assert_refused(&q, reader_enter(&q, 'v', "i"));
	assert_refused(&l, reader_variant(&l, &type));
	/* nothing is open any more */
	assert_refused(&r, reader_exit(&r));
}

/* Nothing may be left over behind the arguments. */
static void test_reader_rest(void **state)
{
	for (size_t more = 0; more < 2; more++) {
		_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
		_cleanup_(launch_args_done) struct launch_args args;
		_cleanup_(buf_done) struct buf b = BUF_INIT(0);
		struct writer w = { .bytes = &b };
		struct cursor c;
		struct reader r = { .bytes = &c };

		launch_args_init(&args);
		writer_open(&w, 'a', "s");
		writer_text(&w, "x");
		writer_close(&w);
		writer_open(&w, 'a', "{ss}");
		writer_close(&w);
		writer_open(&w, 'a', "{sv}");
		writer_close(&w);
		if (more > 0)
			writer_u32(&w, 0);
		c = CURSOR_INIT(b.data, b.size);
		assert_int_equal(launch_args_read_question(&args, &r, &error) < 0, more > 0);
	}
}

/* As for sd-bus. */
static void test_writer_text(void **state)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	struct writer w = { .bytes = &b };

	writer_text(&w, "\xc3\xa4");
	assert_int_equal(writer_error(&w), 0);
	writer_text(&w, "\xc3");
	assert_int_equal(writer_error(&w), -EINVAL);
}

/* Everybody is known, and the salt is there. */
static int setup(void **state)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	const struct question name = { "GetSanitizedUsername", "x", ALWAYS };
	struct reply reply;
	struct request q;
	int k = rig_setup(state);
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(callers); i++)
		rig_expect(r, rig_call(r, callers[i], 0, "ListProfiles"), NULL, NULL);
	rig_send(r, call(r, ALICE, &name), &reply);
	rig_take(r, WIRE_SALT, &q);
	(void)encode_salt(&b, q.serial, "0123456789abcdef", 16);
	assert_int_equal(wire_send(r->launcher, b.data, b.size, NULL, 0), 0);
	request_done(&q);
	rig_wait(r, &reply);
	reply_done(&reply);
	return k;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_same_answers),
		TEST(test_of_now),
		TEST(test_gone),
		TEST(test_order),
		TEST(test_behind_others),
		TEST(test_reload),
		cmocka_unit_test(test_bad_bodies),
		cmocka_unit_test(test_bad_arrays),
		cmocka_unit_test(test_reader_arrays),
		cmocka_unit_test(test_reader_values),
		cmocka_unit_test(test_reader_variants),
		cmocka_unit_test(test_reader_rest),
		cmocka_unit_test(test_writer_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
