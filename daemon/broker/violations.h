/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Calls that processes of a sandbox were killed for: kept with it, told to its owner, shown by GetViolations.
 */

#include "broker/sandbox.h"

#include <systemd/sd-bus.h>

/* The launcher reports one; one of a sandbox that is not known is dropped. */
void violations_add(struct broker *b, const struct violation_event *event);
/* The method's handler; userdata is the sandbox. */
int violations_get(sd_bus_message *m, void *userdata, sd_bus_error *error);
