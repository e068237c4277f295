/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A catalog in use, counted: sandboxes that are being started or run keep the generation they came from. */

#include "catalog/catalog.h"

struct generation {
	uint32_t number;
	unsigned references;
	struct catalog *catalog;
};

/* Takes the catalog over. The result has one reference; NULL without memory. */
struct generation *generation_new(uint32_t number, struct catalog *catalog);
struct generation *generation_ref(struct generation *g);
/* Accepts NULL; returns NULL. */
struct generation *generation_unref(struct generation *g);
DEFINE_CLEANUP(struct generation *, generation_unref);
