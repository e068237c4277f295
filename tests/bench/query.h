/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Round trips of calls that start nothing, one after the other, against an empty method of a service that is
 * nothing but sd-bus: over a bus on the same bus, and beside the direct socket over a socket pair.
 */

#include "stats.h"

#include <stdbool.h>
#include <systemd/sd-bus.h>

struct query {
	const char *name, *interface, *member;
	int (*fill)(sd_bus_message *m); /* its arguments; NULL: none */
	struct samples took;
};

/* The first is the empty method. */
extern struct query queries[];
extern const size_t n_queries;

/* Measures all of them n times each, in turns. Negative errno and a sentence on standard error. */
int measure_queries(const char *address, bool direct, size_t n);
