/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The log of refusals. Callers decide how many there are, so only so many are written in a while; the others
 * are counted. */

#include <stdint.h>

struct denial_log {
	uint64_t window_begin_usec;
	uint32_t n, suppressed;
};

/* At level notice. */
void denial_write(struct denial_log *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
