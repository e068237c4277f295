/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Launches per minute, for each user and for each user and profile. A bucket holds as many as the limit says,
 * and is filled evenly within a minute: who has used it up gets one more each 60 s / limit. All that is kept
 * of it is the time at which it will be full again (the "generic cell rate algorithm"); past that time,
 * nothing.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct rate {
	uid_t uid;
	char *profile; /* NULL: all of them */
	uint64_t full_usec;
};

struct rates {
	struct rate *v;
	size_t n, allocated;
};

void rates_done(struct rates *r);
/* Counts one more. -EDQUOT when per_minute (0: no limit, nothing is counted) are used up, -ENOMEM. @now_usec:
 * CLOCK_BOOTTIME. */
int rates_take(struct rates *r, uid_t uid, const char *profile, uint32_t per_minute, uint64_t now_usec);
/* How many of per_minute are used up. */
uint32_t rates_used(
	const struct rates *r, uid_t uid, const char *profile, uint32_t per_minute, uint64_t now_usec);
