/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a connection of the direct socket has inside: a name, and an sd-bus object behind a gate that serves
 * all of ours. To make one takes longer than a client needs to say who it is. So one is made ahead while
 * nobody waits, for whoever comes next and takes descriptors; nothing of it is anybody's until then, and it
 * is used once.
 */

#include "base/cleanup.h"

#include <stdbool.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#define INSIDE_NAME_MAX 32

struct broker;
struct direct;

struct inside {
	char name[INSIDE_NAME_MAX]; /* among callers; no other connection has it, or had it */
	sd_bus *bus;                /* NULL: there is none */
	int inner;                  /* the gate's end of the pair; bus has the other */
};
#define INSIDE_NULL ((struct inside){ .inner = -1 })

void inside_done(struct inside *i);

/* The one that is made ahead. */
struct spare {
	struct inside inside;
	sd_event_source *timer; /* NULL: none is made ahead */
};
#define SPARE_NULL ((struct spare){ .inside = INSIDE_NULL })

/* One is there soon. */
int spare_begin(struct direct *d);
void spare_end(struct spare *s);
/* The one that is there, or one that is made now. @fds: its client takes descriptors. */
int inside_get(struct direct *d, bool fds, struct inside *ret);
