/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* GetSanitizedUsername, GetUserPaths, GetDaemonStorePath: the salt comes from the launcher, once; then the
 * name is hashed. */

#include "broker/body.h"

#include <systemd/sd-bus.h>

struct broker;
struct caller;

int sanitize_call(sd_bus_message *m, void *userdata, sd_bus_error *error);
/* GetSanitizedUsername, see quick.h, once the salt is there. */
int sanitize_quickly(struct broker *b, const struct caller *c, struct cursor *question, struct writer *w);
