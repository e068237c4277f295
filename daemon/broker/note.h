/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The broker's own words beside each sandbox in the launcher's table, for the broker that comes after it:
 * over which bus and connection it was launched. A bus that was started anew gives its unique names out a
 * second time, hence its id.
 */

#include "base/bounds.h"

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

/* -EMSGSIZE when it does not fit into NOTE_MAX. */
int note_write(sd_bus *bus, const char *owner_name, uint8_t ret[NOTE_MAX], size_t *ret_size);
/* The owner's unique name, or NULL when it was on another bus. -EBADMSG for bytes that no broker wrote. */
int note_read(sd_bus *bus, const uint8_t *note, size_t size, char **ret_owner_name);
