/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/suggest.h"

#include <stdint.h>
#include <string.h>

#define WORD_MAX 63U /* the longest key has 24 letters */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Optimal string alignment, row by row. Both words have at most WORD_MAX letters. */
static size_t distance_between(const char *a, size_t na, const char *b, size_t nb)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2], *turn;

	for (size_t j = 0; j <= nb; j++)
		before[j] = last[j] = j;
	for (size_t i = 1; i <= na; i++) {
		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t differs = lower(a[i - 1]) != lower(b[j - 1]);

			row[j] = min3(last[j] + 1, row[j - 1] + 1, last[j - 1] + differs);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
				lower(a[i - 2]) == lower(b[j - 1]) && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		turn = before;
		before = last;
		last = row;
		row = turn;
	}
	return last[nb];
}

void suggestion_weigh(struct suggestion *s, const char *word, const char *candidate)
{
	size_t n = strlen(word), m = strlen(candidate), distance;

	if (n > WORD_MAX || m > WORD_MAX)
		return;
	distance = distance_between(word, n, candidate, m);
	if (distance > (m < 6 ? 1 : m / 3) || distance >= m)
		return;
	if (!s->best || distance < s->distance)
		*s = (struct suggestion){ candidate, distance };
}
