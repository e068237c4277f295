/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is kept of questions and answers, and that nothing is that does not belong together. */

#include "base/error.h"
#include "broker/recall.h"
#include "sink.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define SENDER ":1.7"
#define SERIAL 7

static struct message_span span_of(const struct buf *b)
{
	return (struct message_span){ .data = b->data, .size = b->size };
}

static struct message_parts question(uint32_t serial)
{
	struct message_parts p = message_call();

	p.serial = serial;
	p.fields[p.n_fields++] = message_text(7, "s", SENDER);
	p.n_body = 8;
	return p;
}

/* As sd-bus has it. */
static struct message_parts answer(uint32_t serial, const char *destination)
{
	return (struct message_parts){ .type = 2,
		.version = 1,
		.serial = 99,
		.fields = { message_number(5, serial), message_text(6, "s", destination) },
		.n_fields = 2,
		.n_body = 24 };
}

static struct recall fresh(void)
{
	return (struct recall){ .wanted = true, .serial = SERIAL, .sender = SENDER };
}

/* Keeps, or does not; tells which. */
static bool keeps(struct recall *r, const struct message_parts *q, const struct message_parts *a)
{
	_cleanup_(buf_done) struct buf asked, answered, found = BUF_INIT(RECALL_ANSWER_MAX);
	struct message_span question_span, answer_span;
	int known;

	message_make(q, &asked);
	message_make(a, &answered);
	question_span = span_of(&asked);
	answer_span = span_of(&answered);
	recall_keep(r, 1, &question_span, &answer_span);
	known = recall_find(r, 1, &question_span, &found);
	assert_true(known >= 0);
	if (known > 0) {
		assert_int_equal(found.size, answered.size);
		assert_memory_equal(found.data, answered.data, 8);
		assert_memory_equal(found.data + 12, answered.data + 12, answered.size - 12);
	}
	return known > 0;
}

static void test_again(void **state)
{
	_cleanup_(buf_done) struct buf again, found = BUF_INIT(RECALL_ANSWER_MAX), none = BUF_INIT(0);
	struct message_parts q = question(SERIAL), a = answer(SERIAL, SENDER);
	struct recall r = fresh();
	struct message_span m;
	uint32_t serial = 8, got;

	assert_true(keeps(&r, &q, &a));
	q.serial = serial;
	message_make(&q, &again);
	m = span_of(&again);
	assert_int_equal(recall_find(&r, 1, &m, &found), 1);
	memcpy(&got, found.data + 20, sizeof(got));
	assert_int_equal(got, serial);
	memcpy(&got, found.data + 8, sizeof(got));
	assert_int_equal(got, UINT32_MAX);
	/* over another connection, with another byte, with a descriptor */
	assert_int_equal(recall_find(&r, 2, &m, &none), 0);
	again.data[again.size - 1] ^= 1;
	assert_int_equal(recall_find(&r, 1, &m, &none), 0);
	again.data[again.size - 1] ^= 1;
	m.n_fds = 1;
	assert_int_equal(recall_find(&r, 1, &m, &none), 0);
	m.n_fds = 0;
	assert_int_equal(recall_find(&r, 1, &m, &none), 1);
	recall_forget(&r);
	assert_int_equal(recall_find(&r, 1, &m, &none), 0);
}

/* A call that wants no answer gets none. */
static void test_flags_count(void **state)
{
	_cleanup_(buf_done) struct buf silent, none = BUF_INIT(0);
	struct message_parts q = question(SERIAL), a = answer(SERIAL, SENDER);
	struct recall r = fresh();
	struct message_span m;

	assert_true(keeps(&r, &q, &a));
	q.flags = 1;
	message_make(&q, &silent);
	m = span_of(&silent);
	assert_int_equal(recall_find(&r, 1, &m, &none), 0);
	recall_forget(&r);
}

/* What the handler wanted kept is the answer to another call. */
static void test_not_wanted(void **state)
{
	const struct message_parts q = question(SERIAL), a = answer(SERIAL, SENDER);
	struct recall r = fresh();

	r.wanted = false;
	assert_false(keeps(&r, &q, &a));
	r.wanted = true;
	r.serial = 8;
	assert_false(keeps(&r, &q, &a));
	r.serial = SERIAL;
	r.sender[3] = '8';
	assert_false(keeps(&r, &q, &a));
	r.sender[3] = SENDER[3];
	assert_true(keeps(&r, &q, &a));
	recall_forget(&r);
}

static void expect_not_kept(const struct message_parts *a)
{
	const struct message_parts q = question(SERIAL);
	struct recall r = fresh();

	assert_false(keeps(&r, &q, a));
	recall_forget(&r);
}

static void expect_not_kept_of(uint32_t serial, const char *destination)
{
	const struct message_parts a = answer(serial, destination);

	expect_not_kept(&a);
}

static void test_not_its_answer(void **state)
{
	expect_not_kept_of(8, SENDER);
	expect_not_kept_of(SERIAL, ":1.8");
	expect_not_kept_of(SERIAL, ":1.77");
}

static void test_not_kept(void **state)
{
	struct message_parts a = answer(SERIAL, SENDER), q = question(SERIAL);
	struct recall r = fresh();

	a.n_fields = 1;
	expect_not_kept(&a);
	a.n_fields = 2;
	a.type = 3;
	expect_not_kept(&a);
	a.type = 2;
	a.big = true;
	expect_not_kept(&a);
	a.big = false;
	a.n_body = RECALL_ANSWER_MAX;
	expect_not_kept(&a);
	a.n_body = 24;
	q.n_body = RECALL_QUESTION_MAX;
	assert_false(keeps(&r, &q, &a));
	q.n_body = 8;
	assert_true(keeps(&r, &q, &a));
	recall_forget(&r);
}

/* A form is the header, all of it but the serial and how long the body is. */
static void test_form(void **state)
{
	_cleanup_(buf_done) struct buf asked, answered, again, head = BUF_INIT(0);
	struct message_fault fault, checked;
	struct message_parts q = question(SERIAL), a = answer(SERIAL, SENDER);
	struct recall r = fresh();
	const struct recalled_form *f;
	struct message_span m, about, other;
	uint32_t got;

	message_make(&q, &asked);
	message_make(&a, &answered);
	m = span_of(&asked);
	about = span_of(&answered);
	r.wanted = false;
	recall_keep(&r, 1, &m, &about);
	assert_null(recall_find_form(&r, 1, &m));
	assert_false(recall_check(&r, 1, &m, &fault));
	r.form = FORM_SANITIZE;
	recall_keep(&r, 1, &m, &about);
	recall_keep(&r, 1, &m, &about);
	assert_int_equal(r.next_form, 1);
	f = recall_find_form(&r, 1, &m);
	assert_non_null(f);
	assert_int_equal(f->form, FORM_SANITIZE);
	assert_string_equal(f->sender, SENDER);
	assert_int_equal(f->question, asked.size - q.n_body);
	assert_int_equal(f->answer, answered.size - a.n_body);
	for (size_t i = 0; i < asked.size; i++) {
		asked.data[i] ^= 1;
		assert_int_equal(recall_find_form(&r, 1, &m) != NULL, (i >= 4 && i < 12) || i >= f->question);
		asked.data[i] ^= 1;
	}
	/* as if it had been checked anew */
	q.serial = 200;
	message_make(&q, &again);
	other = span_of(&again);
	assert_int_equal(message_check(other.data, other.size, 0, &checked), 0);
	assert_true(recall_check(&r, 1, &other, &fault));
	assert_null(fault.why);
	assert_null(checked.why);
	assert_int_equal(fault.type, checked.type);
	assert_int_equal(fault.serial, checked.serial);
	assert_int_equal(fault.readable, checked.readable);
	assert_int_equal(fault.answer, checked.answer);
	assert_string_equal(fault.sender, checked.sender);
	memset(again.data + 8, 0, 4);
	assert_false(recall_check(&r, 1, &other, &fault));
	assert_false(recall_check(&r, 2, &m, &fault));
	assert_null(recall_find_form(&r, 2, &m));
	m.n_fds = 1;
	assert_null(recall_find_form(&r, 1, &m));
	m.n_fds = 0;
	/* cut off: never so as message_check() lets it through */
	for (m.size = 0; m.size < f->question; m.size++)
		assert_null(recall_find_form(&r, 1, &m));
	assert_non_null(recall_find_form(&r, 1, &m));
	recall_begin_answer(f, &head);
	buf_put(&head, "12345678", 8);
	asked.data[8] = 77;
	recall_end_answer(f, &m, &head);
	assert_memory_equal(head.data, answered.data, 4);
	memcpy(&got, head.data + 4, sizeof(got));
	assert_int_equal(got, 8);
	memcpy(&got, head.data + 8, sizeof(got));
	assert_int_equal(got, UINT32_MAX - 1);
	assert_memory_equal(head.data + 12, answered.data + 12, 8);
	memcpy(&got, head.data + 20, sizeof(got));
	assert_int_equal(got, 77);
	assert_memory_equal(head.data + 24, answered.data + 24, f->answer - 24);
	recall_forget(&r);
	assert_null(recall_find_form(&r, 1, &m));
}

/* Of a launch no answer tells whose it is: the call's serial and sender alone do. */
static void test_form_of_launch(void **state)
{
	_cleanup_(buf_done) struct buf asked, large;
	static char text[RECALL_QUESTION_MAX];
	struct message_parts q = question(SERIAL);
	struct recall r = fresh();
	struct message_span m;

	message_make(&q, &asked);
	m = span_of(&asked);
	r.wanted = false;
	r.form = FORM_LAUNCH;
	r.sender[3] = '8';
	recall_keep(&r, 1, &m, NULL);
	assert_null(recall_find_form(&r, 1, &m));
	r.sender[3] = SENDER[3];
	r.serial++;
	recall_keep(&r, 1, &m, NULL);
	assert_null(recall_find_form(&r, 1, &m));
	r.serial--;
	recall_keep(&r, 1, &m, NULL);
	assert_non_null(recall_find_form(&r, 1, &m));
	/* a header may take so much memory */
	memset(text, 'x', sizeof(text) - 1);
	q.fields[q.n_fields++] = message_text(99, "s", text);
	message_make(&q, &large);
	m = span_of(&large);
	recall_keep(&r, 1, &m, NULL);
	assert_null(recall_find_form(&r, 1, &m));
	recall_forget(&r);
}

/* The oldest makes room. */
static void test_forms_room(void **state)
{
	_cleanup_(buf_done) struct buf asked, answered;
	struct message_parts q = question(SERIAL), a = answer(SERIAL, SENDER);
	struct recall r = fresh();
	struct message_span m, about;

	message_make(&q, &asked);
	message_make(&a, &answered);
	m = span_of(&asked);
	about = span_of(&answered);
	r.form = FORM_SANDBOXES;
	for (uint64_t owner = 1; owner <= FORMS_MAX + 1; owner++)
		recall_keep(&r, owner, &m, &about);
	assert_null(recall_find_form(&r, 1, &m));
	assert_non_null(recall_find_form(&r, 2, &m));
	assert_non_null(recall_find_form(&r, FORMS_MAX + 1, &m));
	recall_forget(&r);
}

/* What is written in the other byte order is sd-bus', also where its numbers look like others in ours: 65,536
 * bytes of fields like 256. */
static void test_other_order(void **state)
{
	_cleanup_(buf_done) struct buf small, large;
	static char text[65536];
	struct message_parts q = question(SERIAL);
	struct recall r = fresh();
	struct message_fault fault;
	struct message_span m;

	q.big = true;
	q.n_body = 0;
	message_make(&q, &small);
	memset(text, 'x', sizeof(text) - (small.size - MESSAGE_HEAD_SIZE) - 9);
	q.fields[q.n_fields++] = message_text(99, "s", text);
	message_make(&q, &large);
	m = span_of(&large);
	assert_int_equal(m.size, MESSAGE_HEAD_SIZE + 65536);
	assert_int_equal(message_check(m.data, m.size, 0, &fault), 0);
	r.form = FORM_LAUNCH;
	recall_keep(&r, 1, &m, NULL);
	assert_null(recall_find_form(&r, 1, &m));
	large.data[m.size - 2] = 'y';
	assert_null(recall_find_form(&r, 1, &m));
	recall_forget(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_flags_count),
		cmocka_unit_test(test_not_wanted),
		cmocka_unit_test(test_not_its_answer),
		cmocka_unit_test(test_not_kept),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_form_of_launch),
		cmocka_unit_test(test_forms_room),
		cmocka_unit_test(test_other_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
