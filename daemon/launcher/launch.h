/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* From a launch request to a jail that is being set up. */

#include "launcher/server.h"

/*
 * Handles the body of WIRE_LAUNCH: decides again what the broker decided (the plan is made here, from our own
 * look at the catalog and the fds), records the sandbox, starts its jail. A refusal is sent here; the answer
 * to a launch that was begun comes from sandbox.c. Negative only for a record that no honest broker sends.
 */
int request_launch(struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record);
