/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "catalog/generation.h"
#include "base/error.h"

int generation_new(uint32_t number, int memfd, struct generation **ret)
{
	_cleanup_(catalog_freep) struct catalog *catalog = NULL;
	struct generation *g;
	int r;

	r = catalog_from_memfd(memfd, true, &catalog);
	if (r < 0)
		return r;
	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	*g = (struct generation){ .number = number, .references = 1, .catalog = steal_ptr(catalog) };
	*ret = g;
	return 0;
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
