/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The broker's own words beside each sandbox in the launcher's table, for the broker that comes after it:
 * over which bus and connection it was launched, and its owner's token. A bus that was started anew gives its
 * unique names out a second time, hence its id.
 */

#include "base/bounds.h"
#include "broker/token.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

/* @bus: over which it was launched; NULL: over the direct socket. -EMSGSIZE when it does not fit into
 * NOTE_MAX. */
int note_write(sd_bus *bus, const char *owner_name, const struct token *token, uint8_t ret[NOTE_MAX],
	size_t *ret_size);
/* The owner's unique name on this bus, or NULL when that was on another one or on the direct socket, of which
 * no connection outlives the broker. @bus: NULL when there is none. -EBADMSG for bytes that no broker wrote.
 */
int note_read(sd_bus *bus, const uint8_t *note, size_t size, char **ret_owner_name, bool *ret_direct,
	struct token *ret_token);
