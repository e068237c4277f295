/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* GetSanitizedUsername, GetUserPaths, GetDaemonStorePath: the salt comes from the launcher, once; then the
 * name is hashed. */

#include <systemd/sd-bus.h>

int sanitize_call(sd_bus_message *m, void *userdata, sd_bus_error *error);
