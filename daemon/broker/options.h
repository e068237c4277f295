/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The options of LaunchSandboxed: a closed table of keys, types and readers. A key that the table does not
 * have is an error unless the caller lists it in "optional"; so is one that the interface plans but this
 * version lacks.
 */

#include "broker/launch-args.h"

/* Reads the whole dictionary. */
int options_read(struct launch_args *a, struct reader *m, int proc_fd, sd_bus_error *error);
/* "option:KEY" for each key that works, and "stdio:MODE", for the property Features. */
int options_features(char ***features);
