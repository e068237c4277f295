/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Requests about a sandbox that runs: freeze, limits, usage, lifelines. Each answers by itself; negative only
 * for a record that no honest broker sends. */

#include "launcher/server.h"

/* One that runs, or NULL, and then the answer was sent. */
struct sandbox *find_live(struct server *server, uint32_t serial, uint64_t id);
int request_freeze(struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record);
int request_limit(struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record);
int request_usage(struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record);
int request_attach(struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record);
