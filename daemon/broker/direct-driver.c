/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/direct-driver.h"
#include "base/error.h"
#include "broker/answer.h"
#include "dbus/names.h"

#include <stdbool.h>
#include <string.h>

/* Whose connection it is: the description of its sd-bus object. */
static const char *self_of(sd_bus_message *m)
{
	const char *name;

	return sd_bus_get_description(sd_bus_message_get_bus(m), &name) >= 0 && name ? name : "";
}

static int method_hello(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return sd_bus_reply_method_return(m, "s", self_of(m));
}

static int read_name(sd_bus_message *m, const char **ret_owner)
{
	const char *name, *self = self_of(m);
	int r;

	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &name);
	if (r < 0)
		return r;
	if (strcmp(name, BAILIFF_BUS_NAME) == 0 || strcmp(name, "org.freedesktop.DBus") == 0)
		*ret_owner = strcmp(name, BAILIFF_BUS_NAME) == 0 ? BAILIFF_BUS_NAME : "org.freedesktop.DBus";
	else
		*ret_owner = strcmp(name, self) == 0 ? self : NULL;
	return 0;
}

static int method_get_name_owner(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *owner;
	int r = read_name(m, &owner);

	if (r < 0)
		return r;
	return owner ? sd_bus_reply_method_return(m, "s", owner)
		     : sd_bus_error_set(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER,
			       "This socket is the broker's alone: there is no other name");
}

static int method_name_has_owner(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *owner;
	int r = read_name(m, &owner);

	return r < 0 ? r : sd_bus_reply_method_return(m, "b", owner != NULL);
}

static int method_list_names(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return sd_bus_reply_method_return(m, "as", 3, "org.freedesktop.DBus", BAILIFF_BUS_NAME, self_of(m));
}

static int method_list_activatable(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return sd_bus_reply_method_return(m, "as", 0);
}

/* Signals go to the connection that they are meant for in any case. */
static int method_match(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return sd_bus_reply_method_return(m, NULL);
}

ANSWERED(method_hello)
ANSWERED(method_match)
ANSWERED(method_get_name_owner)
ANSWERED(method_name_has_owner)
ANSWERED(method_list_names)
ANSWERED(method_list_activatable)

static const sd_bus_vtable driver_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Hello", NULL, "s", method_hello_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("AddMatch", "s", NULL, method_match_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("RemoveMatch", "s", NULL, method_match_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("GetNameOwner", "s", "s", method_get_name_owner_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("NameHasOwner", "s", "b", method_name_has_owner_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("ListNames", NULL, "as", method_list_names_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("ListActivatableNames", NULL, "as", method_list_activatable_answered,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

int direct_driver_add(sd_bus *bus)
{
	return sd_bus_add_object_vtable(
		bus, NULL, "/org/freedesktop/DBus", "org.freedesktop.DBus", driver_vtable, NULL);
}
