/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A client below GDBus, which reads whatever comes: this one writes only, so answers pile up, and it can be
 * gone right after its last byte. GDBus makes the messages' bytes.
 */

#include "rig.h"

/* A connection to this address, after Hello(), as a socket; close(2) ends it. */
int raw_connect(const char *address, uid_t uid);
/* Sends a call to the broker. False when the bus has closed the connection, or takes nothing for a second. */
bool raw_call(
	int fd, const char *path, const char *interface, const char *method, GVariant *args, bool no_reply);
