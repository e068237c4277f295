/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* "Did you mean": the candidate that a mistyped word is nearest to. */

#include <stddef.h>

struct suggestion {
	const char *best; /* borrowed from the candidates; NULL if none is near */
	size_t distance;
};

#define SUGGESTION_INIT ((struct suggestion){ 0 })

/* Weighs one candidate: letters changed, added, left out or swapped with their neighbour, whatever their
 * case. Far off ones (more than a third of the word) are not taken. */
void suggestion_weigh(struct suggestion *s, const char *word, const char *candidate);
