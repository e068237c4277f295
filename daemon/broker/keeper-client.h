/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The socket to the keeper: catalogs, the launcher's socket, the end; and back: ready, reload. */

#include "catalog/catalog.h"
#include "wire/messages.h"

#include <systemd/sd-event.h>

struct broker;

struct keeper_client {
	struct broker *broker;
	int fd;
	bool started; /* WIRE_START came */
	sd_event_source *source;
	/* a catalog is read while others are served */
	struct catalog_reader reader;
	struct keeper_message offered; /* what it came with */
	sd_event_source *reading;
	uint32_t reload_serial; /* of the last request to reload: never 0 once there was one */
	bool reload_due;        /* its outcome is still to come */
};

/* Takes fd over. */
int keeper_client_open(struct keeper_client *k, struct broker *b, int fd);
void keeper_client_close(struct keeper_client *k);
int keeper_say_ready(struct keeper_client *k);
/* bus_arrived() follows when there is a bus. */
int keeper_ask_bus(struct keeper_client *k);
int keeper_ask_reload(struct keeper_client *k);
