/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Samples of one measured thing, and what is worth saying about them. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct samples {
	uint64_t *nsec;
	size_t n, capacity;
};

uint64_t now_nsec(void);
/* Room for all samples is made before the measuring begins. -ENOMEM. */
int samples_init(struct samples *s, size_t capacity);
void samples_done(struct samples *s);
/* Those that have no room are dropped. */
void samples_add(struct samples *s, uint64_t nsec);
/* Sorts; after that the percentiles are valid. */
void samples_sort(struct samples *s);
/* Microseconds at a fraction 0..1 of the sorted samples; 0 when there is none. */
double samples_usec(const struct samples *s, double fraction);
/* {"median":…,"p99":…,"min":…,"n":…}, microseconds */
void samples_json(FILE *f, const struct samples *s);
