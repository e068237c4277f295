/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * org.freedesktop.DBus on the direct socket, as far as a client needs it that knows nothing but buses: it
 * says Hello, asks who owns a name, and adds matches. There is one name, the broker's; every signal comes
 * anyway.
 */

#include <systemd/sd-bus.h>

/* @name: the connection's; must live as long as the slot. */
int direct_driver_add(sd_bus *bus, sd_bus_slot **ret, const char *name);
