/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* KillAll: a signal to every sandbox of a profile, whoever launched it. */

#include <systemd/sd-bus.h>

int kill_all_call(sd_bus_message *m, void *userdata, sd_bus_error *error);
