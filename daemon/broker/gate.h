/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The inside of a connection of the direct socket: an sd-bus object that serves one end of a socket pair. */

#include <stdbool.h>
#include <systemd/sd-bus.h>

/*
 * An object that is ready to take messages, and the other end of its pair, where they are put. @name: its
 * description, by which the callers know it. @fds: its client takes file descriptors.
 */
int gate_open(const char *name, sd_id128_t id, bool fds, sd_bus **ret, int *ret_fd);
