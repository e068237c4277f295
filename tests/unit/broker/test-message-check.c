/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * message_check() against what it is for: each way in which libsystemd 252 drops a message with its
 * descriptors is refused, good messages are not, and whatever comes through, random changes of good messages
 * among it, sd-bus takes.
 */

#include "base/error.h"
#include "message/check.h"
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

#ifdef BAILIFF_SANITIZING
#define CHANGED 20000
#else
#define CHANGED 200000
#endif

static void check(const struct message_parts *p, size_t n_fds, const char *why)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	struct message_fault fault;
	int r;

	message_make(p, &b);
	r = message_check(b.data, b.size, n_fds, &fault);
	if (why && r == 0)
		fail_msg("not refused: %s", why);
	if (!why && r < 0)
		fail_msg("refused: %s", fault.why);
	if (why)
		assert_string_equal(fault.why, why);
}

static void test_good_ones(void **state)
{
	struct sink *s = *state;

	for (size_t i = 0; i < SAMPLES; i++) {
		_cleanup_(buf_done) struct buf b = BUF_INIT(0);
		struct message_fault fault;
		size_t n_fds;

		message_sample(i, &b, &n_fds);
		if (message_check(b.data, b.size, n_fds, &fault) < 0)
			fail_msg("%zu: %s", i, fault.why);
		assert_true(sink_takes(s, b.data, b.size, n_fds));
	}
}

/* One field beside those of a good call, or in the place of one of them. */
static void test_fields(void **state)
{
	static const char type[] = "has a header field of a wrong type", twice[] = "has a header field twice";
	static const char apart[] = "has header fields that can not be told apart";
	static const struct {
		struct message_field f;
		const char *why;
	} tries[] = {
		{ { 0, "s", "x", 1, 0 }, type },
		{ { 1, "s", "/a", 2, 0 }, type },
		{ { 1, "o", "/a", 2, 0 }, twice },
		{ { 2, "s", "nodot", 5, 0 }, "has an interface's name that is none" },
		{ { 2, "s", "org.freedesktop.DBus.Local", 26, 0 }, "has the local interface" },
		{ { 3, "s", "M", 1, 0 }, twice },
		{ { 4, "s", "1.2", 3, 0 }, "has an error's name that is none" },
		{ { 4, "s", "a.b", 3, 0 }, NULL },
		{ { 5, "u", NULL, 0, 0 }, "answers the call 0" },
		{ { 5, "u", NULL, 0, 1 }, "answers a call, and is no answer" },
		{ { 5, "t", NULL, 0, 1 }, type },
		{ { 6, "s", "a..b", 4, 0 }, "has a bus name that is none" },
		{ { 7, "s", "org.freedesktop.DBus.Local", 26, 0 }, "has the local sender" },
		{ { 7, "s", ":1.5", 4, 0 }, NULL },
		{ { 8, "s", "s", 1, 0 }, type },
		{ { 8, "gg", "s", 1, 0 }, apart },
		{ { 8, "", NULL, 0, 0 }, apart },
		{ { 9, "u", NULL, 0, 1 }, "came with another number of descriptors than it says" },
		{ { 9, "i", NULL, 0, 0 }, type },
		{ { 10, "s", "ascii", 5, 0 }, NULL },
		{ { 10, "s", "\xef\xbf\xbe", 3, 0 }, "has an unknown header field that is more than ASCII" },
		{ { 10, "o", "nopath", 6, 0 }, "has a header field that is no object path" },
		{ { 10, "g", "a", 1, 0 }, "has a header field that is no signature" },
		{ { 10, "s", "a\0b", 3, 0 }, apart },
		{ { 10, "v", NULL, 0, 0 }, apart },
		{ { 10, "(y)", NULL, 0, 0 }, apart },
		{ { 255, "y", NULL, 0, 3 }, NULL },
		{ { 255, "q", NULL, 0, 3 }, NULL },
		{ { 255, "d", NULL, 0, 3 }, NULL },
	};

	for (size_t i = 0; i < 2 * ELEMENTSOF(tries); i++) {
		struct message_parts p = message_call();

		p.big = i % 2;
		p.fields[p.n_fields++] = tries[i / 2].f;
		check(&p, 0, tries[i / 2].why);
	}
}

static void test_what_must_be_there(void **state)
{
	static const char lacks[] = "lacks a header field", none[] = "is of a type that D-Bus does not have";

	for (uint8_t type = 0; type < 8; type++) {
		struct message_parts p = message_call();

		p.type = type;
		check(&p, 0, type == 0 || type > 4 ? none : type == 1 ? NULL : lacks);
		p.n_fields = 1;
		check(&p, 0, type == 0 || type > 4 ? none : lacks);
		p.fields[0] = message_number(5, 1);
		check(&p, 0, type == 0 || type > 4 ? none : type == 2 ? NULL : lacks);
		p.serial = 0;
		check(&p, 0, "has no number");
	}
}

static void test_signatures(void **state)
{
	static const char *const good[] = { "", "ybnqiuxtdsogh", "v", "av", "a{sv}", "a{oa{s(v)}}", "(y)",
		"((((y))))", "aaa(ya{yay})" };
	static const char *const bad[] = { "a", "(", ")", "()", "{sv}", "a{s}", "a{sss}", "a{vs}", "a{ays}",
		"a{(y)s}", "r", "e", "m", "z", "a}", "(a)", "a{s(}", "(a{sv)}", "\x80", "y\n" };
	char deep[300];

	for (size_t i = 0; i < ELEMENTSOF(good); i++)
		assert_true(message_signature_is_valid(good[i], strlen(good[i])));
	for (size_t i = 0; i < ELEMENTSOF(bad); i++)
		assert_false(message_signature_is_valid(bad[i], strlen(bad[i])));
	assert_false(message_signature_is_valid("y\0y", 3));
	memset(deep, 'a', sizeof(deep));
	deep[32] = deep[33] = 'y';
	assert_true(message_signature_is_valid(deep, 33));
	assert_false(message_signature_is_valid(deep + 1, sizeof(deep) - 1));
	deep[32] = 'a';
	assert_false(message_signature_is_valid(deep, 34));
	memset(deep, '(', 33);
	memset(deep + 33, ')', 33);
	deep[32] = 'y';
	assert_true(message_signature_is_valid(deep, 65));
	deep[32] = '(';
	assert_false(message_signature_is_valid(deep, 66));
	memset(deep, 'y', sizeof(deep));
	assert_true(message_signature_is_valid(deep, 254));
	assert_false(message_signature_is_valid(deep, 255));
}

/* The fault that this is for: D-Bus permits 255 bytes; and paths as long as messages. */
static void test_answerable(void **state)
{
	_cleanup_free_ char *path = malloc(70000);
	struct message_parts p = message_call();
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	struct message_fault fault;
	char signature[256];

	memset(signature, 'y', 255);
	signature[255] = '\0';
	p.fields[p.n_fields++] = message_text(8, "g", signature);
	p.fields[p.n_fields++] = message_text(7, "s", ":1.42");
	message_make(&p, &b);
	assert_int_equal(message_check(b.data, b.size, 0, &fault), -EBADMSG);
	assert_true(fault.answer);
	assert_int_equal(fault.serial, 7);
	assert_string_equal(fault.sender, ":1.42");
	buf_done(&b);
	p.flags = 1;
	message_make(&p, &b);
	assert_int_equal(message_check(b.data, b.size, 0, &fault), -EBADMSG);
	assert_false(fault.answer);
	memset(path, 'a', 70000);
	path[0] = '/';
	path[69999] = '\0';
	p = message_call();
	p.fields[0] = message_text(1, "o", path);
	check(&p, 0, "has an object path that is none, or too long");
}

/* Of a signal of the bus' daemon: what it is about. Nothing beyond the message is looked at. */
static void test_first_text(void **state)
{
	struct message_parts p = message_call();
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);

	p.n_body = 16;
	message_make(&p, &b);
	memcpy(b.data + b.size - 16, "\5\0\0\0:1.42\0\0\0\0\0\0", 16);
	assert_string_equal(message_first_text(b.data, b.size), ":1.42");
	b.data[b.size - 16] = 4;
	assert_null(message_first_text(b.data, b.size));
	b.data[b.size - 16] = 200;
	assert_null(message_first_text(b.data, b.size));
	buf_done(&b);
	b = BUF_INIT(0);
	p.n_body = 0;
	message_make(&p, &b);
	assert_null(message_first_text(b.data, b.size));
}

/* Every byte, one at a time, and random ones together with sizes and numbers of descriptors. */
static void change(uint8_t *data, size_t size)
{
	const unsigned n = (unsigned)random() % 3 + 1;

	for (unsigned i = 0; i < n; i++) {
		/* mostly the header */
		const size_t at = (size_t)random() % (random() % 8 ? (size < 160 ? size : 160) : size);
		static const uint8_t edges[] = { 0, 1, 2, 4, 8, 16, 0x7f, 0x80, 0xff, 'a', 's', '(', 'v' };

		if (random() % 2)
			data[at] = edges[(size_t)random() % sizeof(edges)];
		else
			data[at] ^= (uint8_t)(1U << random() % 8);
	}
}

static void test_changed(void **state)
{
	struct sink *s = *state;
	unsigned n_passed = 0;

	srandom(1);
	for (unsigned i = 0; i < CHANGED; i++) {
		_cleanup_(buf_done) struct buf b = BUF_INIT(0);
		struct message_fault fault;
		size_t n_fds;

		message_sample(i % SAMPLES, &b, &n_fds);
		change(b.data, b.size);
		n_fds = random() % 16 ? n_fds : (size_t)random() % 4;
		if (message_check(b.data, b.size, n_fds, &fault) < 0)
			continue;
		n_passed++;
		if (!sink_takes(s, b.data, b.size, n_fds))
			fail_msg("change %u: sd-bus drops it", i);
	}
	print_message("%u of %u came through\n", n_passed, (unsigned)CHANGED);
	assert_true(n_passed > CHANGED / 20 && n_passed < CHANGED);
}

static int set_up(void **state)
{
	static struct sink sink;

	sink_open(&sink);
	*state = &sink;
	return 0;
}

static int tear_down(void **state)
{
	sink_close(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_ones),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_what_must_be_there),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_answerable),
		cmocka_unit_test(test_first_text),
		cmocka_unit_test(test_changed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
