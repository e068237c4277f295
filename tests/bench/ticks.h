/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The clock that bench and payload share. On x86-64 it is the processor's counter, which can be read in one
 * instruction, before the payload has done anything; elsewhere CLOCK_MONOTONIC.
 */

#include <stdint.h>

#ifdef __x86_64__
static inline uint64_t ticks_now(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}
#else
#include <time.h>

static inline uint64_t ticks_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}
#endif
