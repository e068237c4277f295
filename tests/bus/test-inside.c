/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The insides of connections of the direct socket that are made ahead: whose they become, and when. */

#include "base/error.h"
#include "dbus/names.h"
#include "rig.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un address;
static socklen_t address_size;

/* The kernel chooses a name. */
static int setup(void **state)
{
	int r = rig_setup(state), fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct broker *b = &((struct rig *)*state)->broker;

	address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	address_size = sizeof(address);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &address_size), 0);
	assert_int_equal(direct_open(&b->direct, b, fd), 0);
	assert_int_equal(direct_begin(&b->direct), 0);
	return r;
}

static int connect_to_it(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, address_size), 0);
	return fd;
}

/* A client that has been told its name. */
static sd_bus *open_client(struct rig *r, bool fds, const char **ret_name)
{
	int fd = connect_to_it();
	sd_bus *bus;

	assert_true(sd_bus_new(&bus) >= 0);
	assert_true(sd_bus_set_fd(bus, fd, fd) >= 0);
	assert_true(sd_bus_set_bus_client(bus, 1) >= 0);
	assert_true(sd_bus_negotiate_fds(bus, fds) >= 0);
	assert_true(sd_bus_start(bus) >= 0);
	assert_true(sd_bus_attach_event(bus, r->event, 0) >= 0);
	rig_until(r, sd_bus_is_ready(bus) > 0);
	assert_true(sd_bus_get_unique_name(bus, ret_name) >= 0);
	return bus;
}

static int on_profiles(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	assert_false(sd_bus_message_is_method_error(m, NULL));
	*(bool *)userdata = true;
	return 1;
}

static void check_served(struct rig *r, sd_bus *bus)
{
	bool there = false;

	assert_true(sd_bus_call_method_async(bus, NULL, BAILIFF_BUS_NAME, BAILIFF_OBJECT_PATH,
			    BAILIFF_MANAGER_INTERFACE, "ListProfiles", on_profiles, &there, NULL) >= 0);
	rig_until(r, there);
}

static const struct inside *spare(const struct rig *r)
{
	return &r->broker.direct.spare.inside;
}

/* The one that is there is the next client's, and then another one is made. */
static void test_taken_once(void **state)
{
	struct rig *r = *state;
	const char *name;
	sd_bus *clients[3];

	for (size_t i = 0; i < ELEMENTSOF(clients); i++) {
		char expected[INSIDE_NAME_MAX];
		const sd_bus *made;

		rig_until(r, spare(r)->bus);
		made = spare(r)->bus;
		memcpy(expected, spare(r)->name, sizeof(expected));
		clients[i] = open_client(r, true, &name);
		assert_string_equal(name, expected);
		assert_ptr_equal(callers_bus(&r->broker.callers, name), made);
		assert_ptr_not_equal(spare(r)->bus, made);
		check_served(r, clients[i]);
	}
	for (size_t i = 0; i < ELEMENTSOF(clients); i++)
		sd_bus_close_unref(clients[i]);
	rig_until(r, r->broker.direct.n == 0);
	assert_int_equal(r->broker.direct.n_ever, ELEMENTSOF(clients) + (spare(r)->bus != NULL));
}

/* Nobody waits for one to be made ahead. */
static void test_without(void **state)
{
	struct rig *r = *state;
	const char *name;
	sd_bus *bus;

	assert_null(spare(r)->bus);
	(void)sd_event_source_set_enabled(r->broker.direct.spare.timer, SD_EVENT_OFF);
	bus = open_client(r, true, &name);
	assert_string_equal(name, ":direct.1");
	check_served(r, bus);
	sd_bus_close_unref(bus);
}

/* It takes descriptors: who does not gets another one. So does who never says whom it is, and who says
 * nonsense. */
static void test_not_taken(void **state)
{
	static const char nonsense[] = "\0AUTH ANONYMOUS\r\nBEGIN\r\n";
	struct rig *r = *state;
	const char *name;
	int silent, talker;
	sd_bus *bus;

	rig_until(r, spare(r)->bus);
	silent = connect_to_it();
	talker = connect_to_it();
	assert_int_equal(send(talker, nonsense, sizeof(nonsense) - 1, 0), sizeof(nonsense) - 1);
	bus = open_client(r, false, &name);
	assert_string_equal(name, ":direct.2");
	assert_string_equal(spare(r)->name, ":direct.1");
	assert_non_null(spare(r)->bus);
	assert_int_equal(r->broker.direct.n_ever, 2);
	check_served(r, bus);
	sd_bus_close_unref(bus);
	(void)close(silent);
	(void)close(talker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_taken_once, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_without, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_not_taken, setup, rig_teardown),
	};

	return cmocka_run_group_tests_name("bus inside", tests, NULL, NULL);
}
