/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* org.bailiff.Broker1.Profile: one object for each profile, on BAILIFF_PROFILE_PREFIX. */

#include "broker/body.h"
#include "broker/caller.h"
#include "catalog/compiled.h"

#include <systemd/sd-bus.h>

struct broker;

int profile_bus_add(struct broker *b, sd_bus *bus);
/* Is this the path of a profile. */
bool profile_bus_is_object(const struct broker *b, const char *path);
/* Reads the next argument of a call, the name of a profile; *ret_index: which of b->catalog, valid or not.
 * Else sets error (InvalidArgs, ProfileUnknown) and returns a negative errno. */
int profile_bus_read_name(const struct broker *b, struct reader *m, int *ret_index, sd_bus_error *error);
/* The score as D-Bus has it, -1 for a profile with errors. */
double profile_bus_exposure(const struct compiled_profile *p);
/* GetProfile() of the manager. */
int profile_bus_get(sd_bus_message *m, void *userdata, sd_bus_error *error);
