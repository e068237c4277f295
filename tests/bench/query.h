/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Round trips of calls that start nothing, against the emptiest call that the same broker answers. */

#include "stats.h"

#include <bailiff/bailiff.h>

struct query {
	const char *name;
	/* Peer.Ping goes over a bus connection of its own; the others over the library's. */
	int (*ask)(bailiff_connection *c, void *bus);
	struct samples took;
};

extern struct query queries[];
extern const size_t n_queries;

/* Measures all of them n times each, in turns. Negative errno and a sentence on standard error. */
int measure_queries(bailiff_connection *c, const char *address, size_t n);
