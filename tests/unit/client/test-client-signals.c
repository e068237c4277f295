/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Signals that no broker sends, impostors that come after one, and ends that nobody told of. */

#include "caller.h"
#include "lib/internal.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

struct heard {
	unsigned n_exits, n_ready, n_violations;
	int error, code;
};

static void on_exit_heard(int error, const bailiff_exit *e, void *userdata)
{
	struct heard *h = userdata;

	h->n_exits++;
	h->error = error;
	h->code = e ? e->code : -1;
}

static void on_ready_heard(bailiff_sandbox *s, void *userdata)
{
	struct heard *h = userdata;

	assert_non_null(s);
	h->n_ready++;
}

static void on_violation_heard(
	bailiff_sandbox *s, const char *layer, const char *what, const char *detail, void *userdata)
{
	struct heard *h = userdata;

	assert_int_equal(bailiff_sandbox_id(s), STAND_IN_ID);
	assert_string_equal(layer, "x");
	assert_string_equal(what, "x");
	assert_string_equal(detail, "x");
	h->n_violations++;
}

/* Until what arrives within a moment was told. */
static void process(bailiff_connection *c)
{
	while (bailiff_connection_wait(c, 200000) > 0)
		while (bailiff_connection_process(c) > 0)
			continue;
}

static void listen(bailiff_sandbox *sandbox, struct heard *h)
{
	assert_int_equal(bailiff_sandbox_on_exit(sandbox, on_exit_heard, h), 0);
	assert_int_equal(bailiff_sandbox_on_ready(sandbox, on_ready_heard, h), 0);
	assert_int_equal(bailiff_sandbox_on_violation(sandbox, on_violation_heard, h), 0);
}

/* What came before somebody listens is told, as far as it is kept; what has another form never is. */
static void test_signals(void **state)
{
	struct stand_in *s = *state;
	struct heard h = { 0 }, again = { 0 };
	bailiff_sandbox *sandbox = NULL;
	bailiff_connection *c;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	assert_int_equal(launch(c, "ok", &sandbox), 0);
	s->state->n_emit = 100;
	assert_int_equal(bailiff_sandbox_signal(sandbox, SIGUSR1, 0), 0);
	process(c);
	listen(sandbox, &h);
	process(c);
	assert_int_equal(h.n_exits, 0);
	assert_int_equal(h.n_ready, 1);
	assert_int_equal(h.n_violations, EARLY_MAX);
	assert_int_equal(bailiff_sandbox_signal(sandbox, SIGUSR1, 0), 0);
	process(c);
	assert_int_equal(h.n_ready, 1);
	assert_int_equal(h.n_violations, EARLY_MAX + 100);
	/* due, and nobody is to be told any more */
	assert_int_equal(bailiff_sandbox_signal(sandbox, SIGUSR1, 0), 0);
	assert_int_equal(bailiff_sandbox_on_violation(sandbox, NULL, NULL), 0);
	process(c);
	assert_int_equal(h.n_violations, EARLY_MAX + 100);
	assert_int_equal(bailiff_sandbox_on_ready(sandbox, on_ready_heard, &again), 0);
	assert_int_equal(bailiff_sandbox_signal(sandbox, SIGUSR1, 0), 0);
	bailiff_sandbox_free(sandbox);
	process(c);
	assert_int_equal(again.n_ready, 0);
	bailiff_connection_free(c);
}

/* D6: one that takes over the broker's name says things before anybody could ask the bus who it is. */
static void successor(struct stand_in *s, uid_t uid, struct heard *ret)
{
	bailiff_sandbox *sandbox = NULL;
	bailiff_connection *c;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	assert_int_equal(launch(c, "ok", &sandbox), 0);
	listen(sandbox, ret);
	stand_in_end_broker(s);
	s->state->n_emit = 1000; /* more than are held back */
	s->state->emits_when_started = true;
	stand_in_broker(s, uid, 0);
	process(c);
	process(c);
	bailiff_sandbox_free(sandbox);
	bailiff_connection_free(c);
}

#ifndef BAILIFF_OWN_BUS
/* D7: a bus lets no reply through that nobody asked for. Where one did, it would count only from who was
 * asked. */
static void test_replies_of_others(void **state)
{
	static const struct {
		const char *sender;
		int verdict;
	} replies[] = { { ":1.5", 0 }, { ":1.50", -EBADMSG }, { ":1.99", -EBADMSG },
		{ "org.freedesktop.DBus", -EBADMSG }, { NULL, -EBADMSG } };
	struct stand_in *s = *state;
	bailiff_connection *c = NULL;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		sd_bus_message *m = NULL;

		assert_true(sd_bus_message_new(c->bus, &m, SD_BUS_MESSAGE_METHOD_RETURN) >= 0);
		if (replies[i].sender)
			assert_true(sd_bus_message_set_sender(m, replies[i].sender) >= 0);
		assert_int_equal(reply_verdict(":1.5", m), replies[i].verdict);
		sd_bus_message_unref(m);
	}
	bailiff_connection_free(c);
}
#endif

static void test_signals_of_an_impostor(void **state)
{
	struct heard h = { 0 };

	successor(*state, NOBODY, &h);
	assert_int_equal(h.n_exits + h.n_ready + h.n_violations, 0);
}

static void test_signals_of_a_successor(void **state)
{
	struct heard h = { 0 };

	successor(*state, 0, &h);
	assert_int_equal(h.n_exits, 0);
	assert_int_equal(h.n_ready, 1);
	assert_true(h.n_violations > 0);
}

/* It ended while no broker was there, and the new one, which is asked, has the answer; or has it not. */
static void end_unseen(struct stand_in *s, struct heard *ret)
{
	bailiff_sandbox *sandbox = NULL;
	bailiff_connection *c;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	assert_int_equal(launch(c, "ok", &sandbox), 0);
	assert_int_equal(bailiff_sandbox_on_exit(sandbox, on_exit_heard, ret), 0);
	stand_in_end_broker(s);
	stand_in_end_payload(s);
	assert_int_equal(
		poll(&(struct pollfd){ .fd = bailiff_sandbox_pidfd(sandbox), .events = POLLIN }, 1, 20000),
		1);
	stand_in_broker(s, 0, 0);
	while (ret->n_exits == 0)
		process(c);
	process(c);
	assert_int_equal(ret->n_exits, 1);
	bailiff_sandbox_free(sandbox);
	bailiff_connection_free(c);
}

/* It was told over this connection, and has not been read yet: nobody is asked. Where nothing is told, the
 * broker is. */
static void wait_for_end(struct stand_in *s, bool told)
{
	bailiff_sandbox *sandbox = NULL;
	bailiff_connection *c;
	bailiff_exit e;

	stand_in_broker(s, 0, 0);
	c = connect_to(s);
	assert_int_equal(launch(c, "ok", &sandbox), 0);
	s->state->tells_end = told;
	assert_int_equal(bailiff_sandbox_signal(sandbox, SIGUSR1, 0), 0);
	stand_in_end_payload(s);
	assert_int_equal(
		poll(&(struct pollfd){ .fd = bailiff_sandbox_pidfd(sandbox), .events = POLLIN }, 1, 20000),
		1);
	assert_int_equal(bailiff_sandbox_wait(sandbox, 0, &e), 0);
	assert_string_equal(e.result, "exit-code");
	assert_int_equal(e.code, told ? 5 : 3);
	assert_int_equal(s->state->waits, told ? 0 : 1);
	bailiff_sandbox_free(sandbox);
	bailiff_connection_free(c);
}

static void test_end_that_is_told(void **state)
{
	wait_for_end(*state, true);
}

static void test_end_that_is_not_told(void **state)
{
	wait_for_end(*state, false);
}

static void test_end_that_nobody_saw(void **state)
{
	struct heard h = { 0 };

	end_unseen(*state, &h);
	assert_int_equal(h.error, 0);
	assert_int_equal(h.code, 3);
}

static void test_end_that_is_asked_for_again(void **state)
{
	struct stand_in *s = *state;
	struct heard h = { 0 };

	s->state->deaths_at_wait = 2;
	end_unseen(s, &h);
	assert_int_equal(h.error, 0);
	assert_int_equal(s->state->waits, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_signals, set_up, tear_down),
#ifndef BAILIFF_OWN_BUS
		cmocka_unit_test_setup_teardown(test_replies_of_others, set_up, tear_down),
#endif
		cmocka_unit_test_setup_teardown(test_signals_of_an_impostor, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_signals_of_a_successor, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_end_that_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_end_that_is_not_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_end_that_nobody_saw, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_end_that_is_asked_for_again, set_up, tear_down),
	};

	if (getuid() != 0) {
		(void)fprintf(
			stderr, "needs root: a broker is trusted only as root or as the user bailiff\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
