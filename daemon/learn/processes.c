/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "learn/processes.h"

#include "base/error.h"

#include <stdlib.h>

#define PAGE_ENTRIES ((PROCESS_ID_MAX + 1) / PROCESS_PAGES)

void processes_done(struct processes *p)
{
	for (size_t i = 0; i < PROCESS_PAGES; i++)
		free(p->pages[i]);
	*p = (struct processes){};
}

struct process *process_get(struct processes *p, uint32_t id)
{
	struct process **page;

	assert(id <= PROCESS_ID_MAX);
	page = &p->pages[id / PAGE_ENTRIES];
	if (!*page)
		*page = calloc(PAGE_ENTRIES, sizeof(**page));
	return *page ? &(*page)[id % PAGE_ENTRIES] : NULL;
}
