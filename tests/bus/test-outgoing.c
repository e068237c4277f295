/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What goes out as bytes of ours and what sd-bus writes of the same is one message, but for its serial. */

#include "base/error.h"
#include "broker/lifetime.h"
#include "broker/outgoing.h"
#include "broker/output.h"
#include "broker/sandbox-signals.h"
#include "dbus/names.h"
#include "rig.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERIAL (UINT32_MAX - 2) /* see outgoing.c */

struct relay *__real_output_relay(struct broker *b, const sd_bus *bus);
struct relay *__wrap_output_relay(struct broker *b, const sd_bus *bus);

int __real_relay_post(struct relay *r, const struct message_span *m);
int __wrap_relay_post(struct relay *r, const struct message_span *m);

ssize_t __real_stream_send(int fd, const void *data, size_t size, const int *fds, size_t n_fds);
ssize_t __wrap_stream_send(int fd, const void *data, size_t size, const int *fds, size_t n_fds);

static unsigned n_refused; /* times yet that nothing can be sent */
static bool by_sd_bus;
static bool full; /* there is no room for descriptors */
static FILE *told;
static unsigned n_bytes, n_others;

struct relay *__wrap_output_relay(struct broker *b, const sd_bus *bus)
{
	return by_sd_bus ? NULL : __real_output_relay(b, bus);
}

int __wrap_relay_post(struct relay *r, const struct message_span *m)
{
	return full && m->n_fds > 0 ? 0 : __real_relay_post(r, m);
}

ssize_t __wrap_stream_send(int fd, const void *data, size_t size, const int *fds, size_t n_fds)
{
	if (n_refused == 0)
		return __real_stream_send(fd, data, size, fds, n_fds);
	n_refused--;
	return -EAGAIN;
}

static const char *text(const char *s)
{
	return s ? s : "none";
}

/* All that there is to see of a message at its other end. */
static void show(sd_bus_message *m)
{
	uint64_t serial, answered = 0;
	uint8_t type;

	assert_true(sd_bus_message_get_type(m, &type) >= 0);
	assert_true(sd_bus_message_get_cookie(m, &serial) >= 0);
	(void)sd_bus_message_get_reply_cookie(m, &answered);
	*(serial == SERIAL ? &n_bytes : &n_others) += 1;
	fprintf(told, "%u %d %d %s %s %s %s %s %s\n", type, sd_bus_message_get_expect_reply(m), answered > 0,
		text(sd_bus_message_get_path(m)), text(sd_bus_message_get_interface(m)),
		text(sd_bus_message_get_member(m)), text(sd_bus_message_get_destination(m)),
		text(sd_bus_message_get_sender(m)), text(sd_bus_message_get_signature(m, true)));
	assert_true(sd_bus_message_dump(m, told, SD_BUS_MESSAGE_DUMP_SUBTREE_ONLY) >= 0);
	assert_true(sd_bus_message_rewind(m, true) >= 0);
}

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *member = sd_bus_message_get_member(m);

	if (sd_bus_message_is_signal(m, NULL, NULL) > 0 && member && strcmp(member, "NameOwnerChanged") != 0)
		show(m);
	return 0;
}

static void launch(struct rig *r, uint64_t id)
{
	sd_bus_message *m = rig_call(r, ALICE, 0, "LaunchSandboxed");
	struct reply reply;
	struct request q;

	assert_true(
		sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", "decoder", 1, "/bin/true", 0, 0, 3, "tag", "s",
			"\xc3\xa4", "token", "s", "T1", "stdio", "a{us}", 2, 0, "pipe", 1, "pipe") >= 0);
	rig_send(r, m, &reply);
	rig_take(r, WIRE_LAUNCH, &q);
	assert_int_equal(q.record.n_fds, 2);
	rig_answer_launched(r, q.serial, id);
	rig_wait(r, &reply);
	assert_null(reply.error);
	show(reply.message);
	reply_done(&reply);
	request_done(&q);
}

/* From the launch on to its end, and that it is forgotten. */
static char *live(struct rig *r, bool through_sd_bus)
{
	size_t size = 0;
	char *all = NULL;
	struct request q;

	by_sd_bus = through_sd_bus;
	told = open_memstream(&all, &size);
	assert_non_null(told);
	n_bytes = n_others = 0;
	launch(r, 1);
	output_begin(&r->broker);
	sandbox_emit_ready(sandboxes_find(&r->broker.sandboxes, 1));
	sandbox_emit_violation(sandboxes_find(&r->broker.sandboxes, 1), "seccomp", "ptrace", "x");
	output_push(&r->broker);
	rig_tell_exited(r, 1, RESULT_EXIT_CODE, 7, 0);
	rig_until(r, !sandbox_is_live(sandboxes_find(&r->broker.sandboxes, 1)));
	rig_settle(r);
	lifetime_forget(sandboxes_find(&r->broker.sandboxes, 1));
	rig_take(r, WIRE_FORGET, &q);
	request_done(&q);
	rig_settle(r);
	assert_int_equal(fclose(told), 0);
	return all;
}

/* Times, and numbers of descriptors, are each one's own. */
static void blank(char *all)
{
	for (char *at = all; (at = strstr(at, "USec\"")); at++)
		for (char *p = strstr(at, "UINT64 "); p && *p != ';'; p++)
			if (*p >= '0' && *p <= '9')
				*p = '#';
	for (char *at = all; (at = strstr(at, "UNIX_FD ")); at++)
		for (char *p = at; *p != ';'; p++)
			if (*p >= '0' && *p <= '9')
				*p = '#';
}

static void test_same(void **state)
{
	_cleanup_free_ char *bytes = NULL, *sd = NULL;
	struct rig *r = *state;

	sd = live(r, true);
	assert_int_equal(n_bytes, 0);
	assert_int_equal(n_others, 7);
	bytes = live(r, false);
	/* InterfacesAdded, the answer, Ready, Violation, PropertiesChanged, Exited; InterfacesRemoved came
	 * from elsewhere */
	assert_int_equal(n_bytes, 6);
	assert_int_equal(n_others, 1);
	blank(sd);
	blank(bytes);
	assert_string_equal(sd, bytes);
	assert_non_null(strstr(bytes, "InterfacesAdded"));
	assert_non_null(strstr(bytes, "oha{uh}a{sv}"));
}

/* An answer that there is no room for is sd-bus' to keep. */
static void test_full(void **state)
{
	_cleanup_free_ char *all = NULL;
	struct rig *r = *state;
	size_t size;

	told = open_memstream(&all, &size);
	assert_non_null(told);
	n_bytes = n_others = 0;
	full = true;
	launch(r, 1);
	full = false;
	assert_int_equal(fclose(told), 0);
	/* InterfacesAdded alone */
	assert_int_equal(n_bytes, 1);
	assert_int_equal(n_others, 1);
	assert_non_null(strstr(all, "oha{uh}a{sv}"));
}

/* Where no bus writes down who it is from, it says so itself. */
static void test_sender(void **state)
{
	_cleanup_free_ char *all = NULL;
	struct rig *r = *state;
	size_t size;

	told = open_memstream(&all, &size);
	assert_non_null(told);
	n_bytes = n_others = 0;
	r->broker.link.relay.sender = "org.example.Broker";
	launch(r, 1);
	r->broker.link.relay.sender = NULL;
	assert_int_equal(fclose(told), 0);
	assert_int_equal(n_bytes, 2);
	assert_non_null(strstr(all, " org.example.Broker oa{sa{sv}}\n"));
	assert_non_null(strstr(all, " org.example.Broker oha{uh}a{sv}\n"));
}

/* Behind what sd-bus has still to say. */
static void test_behind_sd_bus(void **state)
{
	const struct outgoing_signal signal = { .path = "/x", .interface = "org.example.X", .member = "Now" };
	struct rig *r = *state;
	struct broker *b = &r->broker;

	output_begin(b);
	for (unsigned i = 0; i < 2; i++) {
		_cleanup_(outgoing_done) struct outgoing o = OUTGOING_INIT;

		assert_int_equal(outgoing_signal(&o, b, b->bus, &signal), 0);
		assert_int_equal(o.relay != NULL, i == 0);
		if (i == 0)
			assert_true(sd_bus_emit_signal(b->bus, "/x", "org.example.X", "Said", NULL) >= 0);
	}
	output_push(b);
}

/* Outside of rounds that end with a push nothing would move it. */
static void test_only_where_pushed(void **state)
{
	struct rig *r = *state;
	struct broker *b = &r->broker;

	assert_null(output_relay(b, b->bus));
	output_begin(b);
	assert_ptr_equal(output_relay(b, b->bus), &b->link.relay);
	assert_null(output_relay(b, r->bus));
	output_push(b);
	assert_null(output_relay(b, b->bus));
}

/* What sd-bus has said before comes first. */
static void test_order(void **state)
{
	struct rig *r = *state;
	struct broker *b = &r->broker;
	const struct message_span m = { .data = (const uint8_t *)"x", .size = 1 };

	by_sd_bus = false;
	assert_true(relay_may_post(&b->link.relay, b->bus));
	assert_true(sd_bus_emit_signal(b->bus, "/x", "org.example.X", "Said", NULL) >= 0);
	assert_false(relay_may_post(&b->link.relay, b->bus));
	assert_false(relay_may_post(&b->link.relay, b->bus));
	assert_int_equal(bus_link_flush(&b->link), 1);
	assert_true(relay_may_post(&b->link.relay, b->bus));
	/* what waits of ours is bounded: more is for sd-bus to keep and for us to count */
	for (unsigned i = 0; relay_may_post(&b->link.relay, b->bus); i++) {
		assert_int_equal(relay_post(&b->link.relay, &m), 1);
		assert_true(i < 65536);
	}
	assert_true(b->link.relay.answer.size > 4096);
	buf_done(&b->link.relay.answer);
}

/* Nothing overtakes what waits, also where its reader has read meanwhile; and one that is too large is not
 * taken. */
static void test_room(void **state)
{
	static uint8_t large[RECALL_ANSWER_MAX / 2 + 1];
	const struct message_span first = { .data = (const uint8_t *)"x", .size = 1 };
	struct message_span m = { .data = large, .size = sizeof(large) };
	struct rig *r = *state;
	struct relay *relay = &r->broker.link.relay;
	const int fd = relay->inner;

	assert_int_equal(relay_post(relay, &m), 0);
	m.size--;
	assert_int_equal(relay_post(relay, &m), 1);
	assert_int_equal(relay_post(relay, &m), 1);
	assert_int_equal(buf_error(&relay->answer), 0);
	relay->answer.size = 0;
	assert_int_equal(relay_post(relay, &first), 1);
	m.fds = &fd;
	m.n_fds = 1;
	n_refused = 1;
	assert_int_equal(relay_post(relay, &m), 0);
	assert_int_equal(n_refused, 0);
	assert_int_equal(relay->answer.size, first.size);
	relay->answer.size = 0;
	/* of what is lost the other side would not know */
	relay->answer.error = -ENOMEM;
	assert_int_equal(relay_out(relay), -ENOMEM);
	relay->answer.error = 0;
}

static int setup(void **state)
{
	int k = rig_setup(state);
	struct rig *r = *state;

	by_sd_bus = false;
	rig_expect(r, rig_call(r, ALICE, 0, "ListProfiles"), NULL, NULL);
	assert_true(sd_bus_add_filter(r->bus, NULL, on_message, NULL) >= 0);
	return k;
}

static int setup_quietly(void **state)
{
	return rig_setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_same, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_sender, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_behind_sd_bus, setup_quietly, rig_teardown),
		cmocka_unit_test_setup_teardown(test_only_where_pushed, setup_quietly, rig_teardown),
		cmocka_unit_test_setup_teardown(test_order, setup_quietly, rig_teardown),
		cmocka_unit_test_setup_teardown(test_room, setup_quietly, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
