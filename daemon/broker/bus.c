/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/bus.h"
#include "base/error.h"
#include "base/log.h"
#include "broker/answer.h"
#include "broker/broker.h"
#include "broker/errors.h"
#include "broker/introspect.h"
#include "broker/manager-bus.h"
#include "broker/profile-bus.h"
#include "broker/sandbox-bus.h"
#include "broker/takeover.h"
#include "dbus/names.h"

#include <string.h>

#define DRIVER_NAME      "org.freedesktop.DBus"
#define DRIVER_PATH      "/org/freedesktop/DBus"
#define DRIVER_INTERFACE "org.freedesktop.DBus"

/* RequestName's answers, D-Bus specification. */
#define NAME_PRIMARY_OWNER 1
#define NAME_ALREADY_OWNER 4

/* The end of a unique name is the one change of owners that matters here. */
#define MATCH_GONE                                                                                           \
	"type='signal',sender='" DRIVER_NAME "',path='" DRIVER_PATH "',interface='" DRIVER_INTERFACE         \
	"',member='NameOwnerChanged',arg2=''"
/* sd-bus' own word, of nobody else's: messages that claim to come from there are dropped. */
#define MATCH_CONNECTED                                                                                      \
	"type='signal',sender='org.freedesktop.DBus.Local',path='/org/freedesktop/DBus/Local'"               \
	",interface='org.freedesktop.DBus.Local',member='Connected'"
#define MATCH_NAME_LOST                                                                                      \
	"type='signal',sender='" DRIVER_NAME "',path='" DRIVER_PATH "',interface='" DRIVER_INTERFACE         \
	"',member='NameLost',arg0='" BAILIFF_BUS_NAME "'"

int bus_open(struct broker *b, int fd)
{
	int r = bus_link_open(&b->link, b, fd, &b->bus);

	b->callers.bus = b->bus;
	return r;
}

void bus_close(struct broker *b)
{
	outflow_end(&b->outflow);
	for (size_t i = 0; i < b->n_slots; i++)
		b->slots[i] = sd_bus_slot_unref(b->slots[i]);
	b->n_slots = 0;
	b->bus = sd_bus_close_unref(b->bus);
	b->callers.bus = NULL;
	b->connected = false;
	bus_link_close(&b->link);
}

sd_bus_slot **bus_next_slot(struct broker *b)
{
	assert(b->n_slots < SLOTS_MAX);
	return &b->slots[b->n_slots++];
}

bool bus_is_from_driver(sd_bus_message *m)
{
	const char *sender = sd_bus_message_get_sender(m);

	return sender && strcmp(sender, DRIVER_NAME) == 0;
}

/*
 * Every call comes by here before any object is looked up. A negative result would end the connection to the
 * bus: whatever a caller sends, there must be none.
 */
static int filter(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct broker *b = userdata;
	uint8_t type;
	int r;

	if (sd_bus_message_get_type(m, &type) < 0 || type != SD_BUS_MESSAGE_METHOD_CALL)
		return 0;
	/* sd-bus would answer this one itself, and end the connection when it finds no /etc/machine-id. */
	if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Peer", "GetMachineId") > 0)
		return answer_refuse(
			m, SD_BUS_ERROR_NOT_SUPPORTED, "The broker sees no file, so no machine id either");
	if (!b->ready)
		return answer_refuse(m, BAILIFF_ERROR_BUSY, "The broker is starting or stopping");
	r = callers_filter(&b->callers, m);
	if (r != 0)
		return r;
	if (!sandbox_bus_is_missing(b, m))
		return introspect_answer(b, m);
	return answer_result(m, error_no_such_sandbox(error), error);
}

static int on_gone(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *name, *old, *new;
	struct broker *b = userdata;

	if (sd_bus_message_read(m, "sss", &name, &old, &new) > 0 && name[0] == ':' && new[0] == '\0')
		broker_client_gone(b, name);
	return 0;
}

static int on_name_lost(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	/* given back, then */
	if (!leave_has_begun(userdata))
		broker_fail(userdata, -ENOTCONN, "The bus name " BAILIFF_BUS_NAME " was lost");
	return 0;
}

/* Without these matches gone clients would go unnoticed. */
static int on_match_installed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const sd_bus_error *failure = sd_bus_message_get_error(m);

	if (failure)
		broker_fail(userdata, -sd_bus_error_get_errno(failure), "The bus refuses a match rule");
	return 1;
}

int bus_add_objects(struct broker *b, sd_bus *bus)
{
	int r;

	r = sd_bus_add_filter(bus, NULL, filter, b);
	if (r >= 0)
		r = manager_bus_add(b, bus);
	if (r >= 0)
		r = sandbox_bus_add(b, bus);
	if (r >= 0)
		r = profile_bus_add(b, bus);
	/* it lists what the enumerators list, and shows what the objects show: the caller's own */
	if (r >= 0)
		r = sd_bus_add_object_manager(bus, NULL, BAILIFF_OBJECT_PATH);
	return r;
}

/* Until here sd-bus would wait for the bus in some of its calls, and the link could not move meanwhile. */
static int on_connected(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	broker_connected(userdata);
	return 0;
}

int bus_attach(struct broker *b)
{
	int r;

	r = bus_add_objects(b, b->bus);
	if (r >= 0)
		r = sd_bus_add_match_async(b->bus, bus_next_slot(b), MATCH_CONNECTED, on_connected, NULL, b);
	if (r >= 0)
		r = sd_bus_add_match_async(
			b->bus, bus_next_slot(b), MATCH_GONE, on_gone, on_match_installed, b);
	if (r >= 0)
		r = sd_bus_add_match_async(
			b->bus, bus_next_slot(b), MATCH_NAME_LOST, on_name_lost, on_match_installed, b);
	if (r >= 0)
		r = sd_bus_set_exit_on_disconnect(b->bus, b->bus_mode == BUS_REQUIRED);
	if (r >= 0)
		r = sd_bus_attach_event(b->bus, b->event, SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0)
		r = outflow_begin(&b->outflow, b);
	return r;
}

static int on_name(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
	const sd_bus_error *error = sd_bus_message_get_error(reply);
	struct broker *b = userdata;
	uint32_t answer = 0;
	int r;

	if (error) {
		log_error("The bus refuses the name " BAILIFF_BUS_NAME ": %s: is its policy file installed?",
			error->message ? error->message : error->name);
		broker_fail(b, -sd_bus_error_get_errno(error), "No bus name");
		return 1;
	}
	r = bus_is_from_driver(reply) ? sd_bus_message_read_basic(reply, SD_BUS_TYPE_UINT32, &answer)
				      : -EPERM;
	if (r < 0)
		broker_fail(b, r, "The bus' answer about our name is not to be understood");
	else if (answer != NAME_PRIMARY_OWNER && answer != NAME_ALREADY_OWNER)
		broker_fail(
			b, -EEXIST, "The bus name " BAILIFF_BUS_NAME " is taken: does another bailiffd run?");
	else
		broker_serve(b);
	return 1;
}

void bus_ask_name(struct broker *b)
{
	int r;

	/* From here on, and not from the answer on: the call that the bus started us for may come before it.
	 */
	b->ready = true;
	r = sd_bus_request_name_async(b->bus, NULL, BAILIFF_BUS_NAME, 0, on_name, b);
	if (r < 0)
		broker_fail(b, r, "Can not ask for the bus name");
}

/* Whatever the answer: what was sent to the name came before it. */
static int on_given_back(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
	leave_in_silence(userdata);
	return 1;
}

int bus_give_name_back(struct broker *b)
{
	int r;

	if (!b->bus || !b->connected)
		return 0;
	r = sd_bus_release_name_async(b->bus, NULL, BAILIFF_BUS_NAME, on_given_back, b);
	return r < 0 ? r : 1;
}

struct check {
	struct broker *broker;
	char name[];
};

static int on_has_owner(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
	_cleanup_free_ struct check *check = userdata;
	struct broker *b = check->broker;
	int has_owner = 0;

	/* No answer is no owner: better a sandbox too few than one that nobody holds. */
	if (!bus_is_from_driver(reply) || sd_bus_message_is_method_error(reply, NULL) > 0 ||
		sd_bus_message_read_basic(reply, SD_BUS_TYPE_BOOLEAN, &has_owner) < 0 || !has_owner)
		broker_client_gone(b, check->name);
	b->n_checks--;
	takeover_proceed(b);
	return 1;
}

int bus_check_client(struct broker *b, const char *name)
{
	_cleanup_free_ struct check *check = NULL;
	const size_t size = strlen(name) + 1;
	int r;

	check = malloc(sizeof(*check) + size);
	if (!check)
		return -ENOMEM;
	check->broker = b;
	memcpy(check->name, name, size);
	r = sd_bus_call_method_async(b->bus, NULL, DRIVER_NAME, DRIVER_PATH, DRIVER_INTERFACE, "NameHasOwner",
		on_has_owner, check, "s", name);
	if (r < 0)
		return r;
	(void)steal_ptr(check);
	b->n_checks++;
	return 0;
}
