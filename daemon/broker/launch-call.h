/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* LaunchSandboxed: from the call to the request to the launcher, and from its answer to the reply. */

#include <systemd/sd-bus.h>

struct broker;

/* The method's handler; userdata is the broker. */
int launch_call(sd_bus_message *m, void *userdata, sd_bus_error *error);
/* A connection has gone: what it is launching right now is killed when it comes to life. */
void launch_client_gone(struct broker *b, const char *name);
