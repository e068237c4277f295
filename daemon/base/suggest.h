/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* "Did you mean …?": the nearest of many names by edit distance. The case of letters does not count. */

#include <stddef.h>

#define SUGGEST_NAME_MAX 63 /* longer names are not compared: no known one is */

struct suggestion {
	const char *word; /* what was written; not terminated */
	size_t length;
	size_t distance; /* of best */
	char best[SUGGEST_NAME_MAX + 1];
};

struct suggestion suggestion_for(const char *word, size_t length);
/* Offers a name. The first of several at the same distance stays. */
void suggestion_offer(struct suggestion *s, const char *name);
/* The name, or NULL when none is near. */
const char *suggestion_get(const struct suggestion *s);
