/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* LaunchSandboxed: from the call to the request to the launcher, and from its answer to the reply. */

#include "broker/body.h"
#include "broker/caller.h"

#include <systemd/sd-bus.h>

struct broker;

/* What is left of a call that sd-bus has not seen; borrowed. */
struct quick_call {
	sd_bus *bus;
	const char *sender; /* as the message states it, "" without */
	uint32_t serial;
};

/* The method's handler; userdata is the broker. */
int launch_call(sd_bus_message *m, void *userdata, sd_bus_error *error);
/* The same of a call that came with the header of one that began a launch. 0: it is sd-bus', and nothing was
 * done; 1: it has begun; 2: it is refused, by what sd-bus has written. */
int launch_quickly(struct broker *b, const struct caller *c, struct reader *m, const struct quick_call *call);
/* A connection has gone: what it is launching right now is killed when it comes to life. */
void launch_client_gone(struct broker *b, const char *name);
