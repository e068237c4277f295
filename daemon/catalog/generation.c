/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "catalog/generation.h"
#include "base/error.h"

struct generation *generation_new(uint32_t number, struct catalog *catalog)
{
	struct generation *g = calloc(1, sizeof(*g));

	if (g)
		*g = (struct generation){ .number = number, .references = 1, .catalog = catalog };
	else
		(void)catalog_free(catalog);
	return g;
}

struct generation *generation_ref(struct generation *g)
{
	g->references++;
	return g;
}

struct generation *generation_unref(struct generation *g)
{
	if (!g || --g->references > 0)
		return NULL;
	(void)catalog_free(g->catalog);
	free(g);
	return NULL;
}
