/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Methods of org.bailiff.Broker1.Sandbox about one that runs: freeze, limits, usage, lifelines. */

#include "broker/sandbox.h"

#include <systemd/sd-bus.h>

/* Handlers of the object's vtable; userdata is the sandbox. */
int control_freeze(sd_bus_message *m, void *userdata, sd_bus_error *error);
int control_thaw(sd_bus_message *m, void *userdata, sd_bus_error *error);
int control_set_limits(sd_bus_message *m, void *userdata, sd_bus_error *error);
int control_get_usage(sd_bus_message *m, void *userdata, sd_bus_error *error);
int control_resize_pty(sd_bus_message *m, void *userdata, sd_bus_error *error);
int control_attach_lifeline(sd_bus_message *m, void *userdata, sd_bus_error *error);
/* An open dictionary gets the entries for what is known; type: of its values, "t" or "v". */
int control_append_usage(sd_bus_message *m, const struct usage *u, const char *type);
