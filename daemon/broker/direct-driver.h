/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * org.freedesktop.DBus on the direct socket, as far as a client needs it that knows nothing but buses: it
 * says Hello, asks who owns a name, and adds matches. There is one name, the broker's; every signal comes
 * anyway.
 */

#include <systemd/sd-bus.h>

/* The name that it tells a connection is the description of its sd-bus object. */
int direct_driver_add(sd_bus *bus);
