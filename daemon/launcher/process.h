/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * WIRE_PROCESS: the files of /proc that say to which control group a caller's process belongs and who logged
 * it in, as they are. What is in them is for the broker to read. A request tells nothing that every user of
 * the host could not read.
 */

#include "launcher/server.h"

int request_process(struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record);
