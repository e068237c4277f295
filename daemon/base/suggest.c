/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "base/suggest.h"

#include <stdint.h>
#include <string.h>

/* A third of the letters may be wrong, but no more than three: past that the guess is noise. */
#define LETTERS_PER_MISTAKE 3
#define MISTAKES_MAX        3

struct suggestion suggestion_for(const char *word, size_t length)
{
	size_t mistakes = length / LETTERS_PER_MISTAKE;

	if (mistakes > MISTAKES_MAX)
		mistakes = MISTAKES_MAX;
	return (struct suggestion){ .word = word, .length = length, .distance = mistakes + 1 };
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/*
 * Letters to insert, drop, exchange or swap with their neighbour, whatever their case; @enough when it is not
 * less than that. Both words are at most SUGGEST_NAME_MAX long.
 */
static size_t edit_distance(const char *a, size_t n, const char *b, size_t m, size_t enough)
{
	size_t rows[3][SUGGEST_NAME_MAX + 1];
	size_t *two_up = rows[0], *up = rows[1], *row = rows[2];
	size_t least_up = 0;

	for (size_t j = 0; j <= m; j++)
		up[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *spare = two_up, least = i;

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			row[j] = smaller(up[j] + 1, row[j - 1] + 1);
			row[j] = smaller(row[j], up[j - 1] + (lower(a[i - 1]) != lower(b[j - 1])));
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
				lower(a[i - 2]) == lower(b[j - 1]))
				row[j] = smaller(row[j], two_up[j - 2] + 1);
			least = smaller(least, row[j]);
		}
		/* Nothing further down is less than the least of the two rows that it is made from. */
		if (least >= enough && least_up >= enough)
			return enough;
		least_up = least;
		two_up = up;
		up = row;
		row = spare;
	}
	return up[m];
}

void suggestion_offer(struct suggestion *s, const char *name)
{
	size_t length = strlen(name), distance;

	if (length > SUGGEST_NAME_MAX || s->length > SUGGEST_NAME_MAX)
		return;
	/* What differs in length differs at least as much in letters. */
	if (length >= s->length + s->distance || s->length >= length + s->distance)
		return;
	distance = edit_distance(s->word, s->length, name, length, s->distance);
	if (distance >= s->distance)
		return;
	s->distance = distance;
	memcpy(s->best, name, length + 1);
}

const char *suggestion_get(const struct suggestion *s)
{
	return s->best[0] != '\0' ? s->best : NULL;
}
