/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a parked jail's process has of the launcher's memory, and can do without: an exec takes all of it
 * away, page by page, while somebody waits for the program.
 */

#include "jail/room.h"

/* In the launcher, which may ask where program and libraries lie. */
void shed_learn(void);
/* Child, while each call is permitted: all that goes when it begins to wait. Of the heap and of the catalog
 * nothing is left. */
void shed_plan(struct room *room);

struct shed_range {
	uintptr_t from, to;
};

#define SHED_GAPS(n) ((n) + 1) /* around n ranges */

/* Child, which from here on calls nothing outside of these ranges, and stands alone (jail/alone.h): all other
 * memory, as the gaps around their pages. They get sorted. Returns how many gaps there are; 0 where all of it
 * has to stay. */
size_t shed_all_but(struct shed_range *kept, size_t n, struct shed_range *ret_gaps);
