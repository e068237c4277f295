/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Explain and ExplainFor: what LaunchSandboxed would say, from the same plan, without a launch. */

#include "broker/body.h"

#include <systemd/sd-bus.h>

struct broker;
struct caller;

int explain_call(sd_bus_message *m, void *userdata, sd_bus_error *error);
int explain_for_call(sd_bus_message *m, void *userdata, sd_bus_error *error);
/* Explain without options, see quick.h. */
int explain_quickly(struct broker *b, const struct caller *c, struct cursor *question, struct writer *w);
