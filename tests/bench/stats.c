/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stats.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

uint64_t now_nsec(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

int samples_init(struct samples *s, size_t capacity)
{
	*s = (struct samples){ .nsec = calloc(capacity, sizeof(uint64_t)), .capacity = capacity };
	return s->nsec ? 0 : -ENOMEM;
}

void samples_done(struct samples *s)
{
	free(s->nsec);
	*s = (struct samples){ 0 };
}

void samples_add(struct samples *s, uint64_t nsec)
{
	if (s->n < s->capacity)
		s->nsec[s->n++] = nsec;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

void samples_sort(struct samples *s)
{
	if (s->n > 0)
		qsort(s->nsec, s->n, sizeof(uint64_t), compare);
}

double samples_usec(const struct samples *s, double fraction)
{
	size_t at;

	if (s->n == 0)
		return 0;
	at = (size_t)(fraction * (double)s->n);
	return (double)s->nsec[at < s->n ? at : s->n - 1] / 1000.0;
}

void samples_json(FILE *f, const struct samples *s)
{
	fprintf(f, "{\"median\":%.1f,\"p99\":%.1f,\"min\":%.1f,\"n\":%zu}", samples_usec(s, 0.5),
		samples_usec(s, 0.99), samples_usec(s, 0), s->n);
}
