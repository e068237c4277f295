/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What sandboxes say to their notification sockets. It is handed to the broker unread, one datagram a sandbox
 * at a time: until the broker has said WIRE_NOTED, the next one stays in the socket, and the kernel has who
 * sends more wait. So a flood costs what the broker lets it cost. It stays in the socket itself until then,
 * so nothing is lost when a broker or a launcher ends.
 */

#include "launcher/server.h"

/* Exec has happened: waits for them, if this jail has such a socket. */
int notices_watch(struct server *server, struct sandbox *s);
/* A new broker has the list of sandboxes: it gets what the one before may not have read. */
void notices_repeat(struct server *server);
int request_noted(struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record);
