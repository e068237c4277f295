/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Calls over the bus wait for their user's turn (Q1): what one user has asked before does not stand before
 * another's call, is bounded, and comes before the word that the user has left. Nor does it stand before the
 * keeper or the direct socket. What the launcher answers waits for no turn. */

#include "base/error.h"
#include "base/fd.h"
#include "dbus/names.h"
#include "rig.h"

#include <sys/socket.h>
#include <sys/un.h>

#define MANY  100
#define FLOOD (TURNS_SEATS_MAX + 400)

/* The broker knows who they are, and has looked at the process of the first. */
static int setup(void **state)
{
	int r = rig_setup(state);

	rig_expect(*state, rig_launch(*state, ALICE, "admin"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	rig_expect(*state, rig_call(*state, BOB, 0, "ListProfiles"), NULL, NULL);
	return r;
}

static size_t count_answered(const struct reply *replies, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += replies[i].there;
	return found;
}

static size_t finish(struct rig *r, struct reply *replies, size_t n, const char *error)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		rig_wait(r, &replies[i]);
		if (replies[i].error) {
			assert_non_null(error);
			assert_string_equal(replies[i].error, error);
			found++;
		}
		reply_done(&replies[i]);
	}
	return found;
}

static void test_other_first(void **state)
{
	static struct reply replies[MANY];
	struct rig *r = *state;
	struct reply bob;

	for (size_t i = 0; i < MANY; i++)
		rig_send(r, rig_call(r, ALICE, 0, "ListProfiles"), &replies[i]);
	rig_send(r, rig_call(r, BOB, 0, "ListProfiles"), &bob);
	rig_wait(r, &bob);
	assert_null(bob.error);
	reply_done(&bob);
	/* served while the others were read, and in one round of the loop */
	assert_true(count_answered(replies, MANY) < MANY / 2);
	assert_int_equal(finish(r, replies, MANY, NULL), 0);
	assert_null(r->broker.link.letters);
}

/* The flood's end is refused, and another user's call is not. */
static void test_bound(void **state)
{
	static struct reply replies[FLOOD];
	struct rig *r = *state;
	struct reply bob;
	size_t n;

	for (size_t i = 0; i < FLOOD; i++)
		rig_send(r, rig_call(r, ALICE, 0, "ListProfiles"), &replies[i]);
	rig_send(r, rig_call(r, BOB, 0, "ListProfiles"), &bob);
	n = finish(r, replies, FLOOD, BAILIFF_ERROR_BUSY);
	assert_true(n > 0 && n < FLOOD - TURNS_SEATS_MAX);
	assert_int_equal(finish(r, &bob, 1, NULL), 0);
	rig_expect(r, rig_call(r, ALICE, 0, "ListProfiles"), NULL, NULL);
}

static int on_direct_reply(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	assert_false(sd_bus_message_is_method_error(m, NULL));
	*(bool *)userdata = true;
	return 1;
}

static void ask_direct(sd_bus *bus, bool *ret)
{
	*ret = false;
	assert_true(sd_bus_call_method_async(bus, NULL, BAILIFF_BUS_NAME, BAILIFF_OBJECT_PATH,
			    BAILIFF_MANAGER_INTERFACE, "ListProfiles", on_direct_reply, ret, NULL) >= 0);
}

/* A client of the direct socket, which has asked something already. */
static sd_bus *connect_direct(struct rig *r)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t size = sizeof(address);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	sd_bus *bus;
	bool there;

	/* the kernel chooses a name */
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(direct_open(&r->broker.direct, &r->broker, fd), 0);
	assert_int_equal(direct_begin(&r->broker.direct), 0);

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
	assert_true(sd_bus_new(&bus) >= 0);
	assert_true(sd_bus_set_fd(bus, fd, fd) >= 0);
	assert_true(sd_bus_set_bus_client(bus, 1) >= 0);
	assert_true(sd_bus_start(bus) >= 0);
	assert_true(sd_bus_attach_event(bus, r->event, 0) >= 0);
	ask_direct(bus, &there);
	rig_until(r, there);
	return bus;
}

/* One round of the broker's loop; who floods it takes all answers, and has asked more before the next. */
static void step_broker(struct rig *r)
{
	assert_true(sd_event_run(r->broker_event, 0) >= 0);
	while (sd_event_run(r->event, 0) > 0)
		;
}

/* However much one client asks over the bus, the keeper and who is not on the bus have their turn. */
static void test_flood_holds_up_nobody(void **state)
{
	static const struct keeper_message ping = { .type = WIRE_PING };
	static struct reply replies[FLOOD];
	struct rig *r = *state;
	sd_bus *direct = connect_direct(r);
	struct keeper_message m;
	int fds[KEEPER_FDS_MAX], k;
	bool there;

	for (size_t i = 0; i < FLOOD; i++)
		rig_send(r, rig_call(r, ALICE, 0, "ListProfiles"), &replies[i]);
	while (!r->broker.link.letters)
		rig_step(r);
	ask_direct(direct, &there);
	assert_int_equal(keeper_send(r->keeper, &ping, NULL, 0), 0);
	while ((k = keeper_receive(r->keeper, &m, fds)) == -EAGAIN)
		step_broker(r);
	assert_int_equal(k, 1);
	assert_int_equal(m.type, WIRE_PONG);
	while (!there)
		step_broker(r);
	/* the flood is not over */
	assert_true(count_answered(replies, FLOOD) < FLOOD / 2);
	assert_non_null(r->broker.link.letters);
	(void)finish(r, replies, FLOOD, BAILIFF_ERROR_BUSY);
	sd_bus_close_unref(direct);
}

/* The launcher has answered: so has the broker, in that round of its loop, and over both ways. */
static void test_answer_in_one_round(void **state)
{
	struct rig *r = *state;
	struct reply reply;
	struct request q;

	rig_send(r, rig_launch(r, ALICE, "open"), &reply);
	rig_take(r, WIRE_LAUNCH, &q);
	rig_settle(r);
	rig_answer_launched(r, q.serial, 1);
	step_broker(r);
	assert_true(reply.there);
	assert_null(reply.error);
	reply_done(&reply);
	request_done(&q);
	rig_settle(r);
	r->n_signals = 0;
	rig_tell_exited(r, 1, RESULT_SUCCESS, 0, 0);
	step_broker(r);
	assert_int_equal(r->n_signals, 2);
}

static void test_direct_answer_in_one_round(void **state)
{
	struct rig *r = *state;
	sd_bus *direct = connect_direct(r);
	bool there = false;
	struct request q;

	/* whoever runs the test */
	callers_find_name(&r->broker.callers, ":direct.1")->uid = 1000;
	assert_true(sd_bus_call_method_async(direct, NULL, BAILIFF_BUS_NAME, BAILIFF_OBJECT_PATH,
			    BAILIFF_MANAGER_INTERFACE, "LaunchSandboxed", on_direct_reply, &there,
			    "sasa{ss}a{uh}a{sv}", "open", 1, "/bin/true", 0, 0, 0) >= 0);
	rig_take(r, WIRE_LAUNCH, &q);
	rig_settle(r);
	rig_answer_launched(r, q.serial, 1);
	step_broker(r);
	assert_true(there);
	request_done(&q);
	sd_bus_close_unref(direct);
}

/* A call that comes back, as more is known of its caller now, waits for no other round. */
static void test_back_in_one_round(void **state)
{
	struct rig *r = *state;
	struct reply launch;
	struct request q;
	uint32_t type;
	uint64_t n;

	r->process_by_hand = true;
	rig_send(r, rig_launch(r, ALICE2, "open"), &launch);
	rig_until(r, recv(r->launcher, &type, sizeof(type), MSG_PEEK | MSG_DONTWAIT) == sizeof(type));
	/* not where each launch is read as if it were not the caller's first */
	if (type == WIRE_PROCESS) {
		rig_take(r, WIRE_PROCESS, &q);
		rig_settle(r);
		rig_answer_process(r, q.serial);
		request_done(&q);
		step_broker(r);
		assert_true(sd_bus_get_n_queued_read(r->broker.bus, &n) >= 0);
		assert_int_equal(n, 0);
	}
	wire_record_init(&q.record);
	assert_int_equal(wire_receive(r->launcher, &q.record), 1);
	request_done(&q);
	r->launcher = fd_close(r->launcher);
	rig_wait(r, &launch);
	reply_done(&launch);
}

/* What a client said before it left is heard before that: here a launch, which is then stopped. */
static void test_gone(void **state)
{
	static struct reply replies[MANY];
	struct rig *r = *state;
	struct reply launched;
	struct request q;

	for (size_t i = 0; i < MANY; i++)
		rig_send(r, rig_call(r, ALICE, 0, "ListProfiles"), &replies[i]);
	rig_send(r, rig_launch(r, ALICE, "decoder"), &launched);
	rig_leave(r, ALICE);
	rig_take(r, WIRE_LAUNCH, &q);
	rig_take_abandon(r, q.serial);
	rig_answer_launched(r, q.serial, 1);
	request_done(&q);
	rig_take(r, WIRE_STOP, &q);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	rig_settle(r);
	assert_null(callers_find_name(&r->broker.callers, ALICE));
	assert_null(r->broker.link.letters);
	for (size_t i = 0; i < MANY; i++)
		reply_done(&replies[i]);
	reply_done(&launched);
}

/* The bus goes while calls wait: they go with it. */
static void test_bus_gone(void **state)
{
	static struct reply replies[MANY];
	struct rig *r = *state;

	for (size_t i = 0; i < MANY; i++)
		rig_send(r, rig_call(r, ALICE, 0, "ListProfiles"), &replies[i]);
	while (!r->broker.link.letters)
		rig_step(r);
	bus_link_close(&r->broker.link);
	assert_null(r->broker.link.letters);
	for (size_t i = 0; i < MANY; i++)
		reply_done(&replies[i]);
}

/* Who is refused for being at a limit, and asks on, is not answered as fast as that goes. */
static void test_pause(void **state)
{
	struct reply replies[10];
	struct rig *r = *state;
	uint64_t begin;

	rig_launch_sandbox(r, ALICE, "decoder", 1, &replies[0]);
	reply_done(&replies[0]);
	r->broker.catalog->config.max_calls_per_user = 0;
	begin = now_boottime_usec();
	for (size_t i = 0; i < ELEMENTSOF(replies); i++)
		rig_send(r, rig_launch(r, ALICE, "decoder"), &replies[i]);
	assert_int_equal(
		finish(r, replies, ELEMENTSOF(replies), BAILIFF_ERROR_QUOTA_EXCEEDED), ELEMENTSOF(replies));
	assert_true(now_boottime_usec() - begin >= (ELEMENTSOF(replies) - 1) * SERVING_PAUSE_USEC);
	/* the line goes when it is empty, and its time is over */
	rig_until(r, now_boottime_usec() - begin > (ELEMENTSOF(replies) + 1) * SERVING_PAUSE_USEC);
	rig_expect(r, rig_call(r, BOB, 0, "ListProfiles"), NULL, NULL);
	rig_expect(r, rig_call(r, BOB, 0, "ListProfiles"), NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_other_first, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_bound, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_flood_holds_up_nobody, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_answer_in_one_round, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_direct_answer_in_one_round, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_back_in_one_round, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_gone, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_bus_gone, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_pause, setup, rig_teardown),
	};

	return cmocka_run_group_tests_name("bus turns", tests, NULL, NULL);
}
