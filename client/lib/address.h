/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which bus to speak to; also for bailiffctl, which says so when there is none. */

#define ADDRESS_DIRECT "unix:path=/run/bailiff/broker" /* the broker's own socket */

#include <stdbool.h>

/* Whether descriptors can come through: not by a program's pipes, wherever those lead. */
bool address_passes_fds(const char *address);

/* Whether it looks like the broker's own socket, on which nobody else can be asked for. */
bool address_is_direct(const char *address);

/* The first of the two that is set and not empty ($BAILIFF_ADDRESS, $DBUS_SYSTEM_BUS_ADDRESS), else the
 * system bus. */
const char *address_choose(const char *own, const char *system_bus);
