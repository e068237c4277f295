/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Launches per minute, for each user and for each user and profile. A bucket holds as many as the limit says,
 * and is filled evenly within a minute: who has used it up gets one more each 60 s / limit. All that is kept
 * of it is the time at which it will be full again (the "generic cell rate algorithm"); past that time,
 * nothing.
 *
 * The table is memory that the keeper hands to each broker, so that nobody gets a new minute by having one
 * killed. A broker may end between any two stores: an entry counts once it is whole.
 */

#include "base/bounds.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct rate {
	uint64_t full_usec; /* CLOCK_BOOTTIME, which is the same for all brokers */
	uint32_t uid;
	char profile[PROFILE_NAME_MAX + 1]; /* "": all of them */
};

struct rate_table {
	uint64_t n;
	struct rate v[RATES_MAX];
};

struct rates {
	struct rate_table *table; /* mapped; NULL: nothing was counted yet */
};

/* Takes up the table in this memfd, which stays the caller's, as the broker before left it. -EPERM for one
 * that may shrink, -EMSGSIZE for one of another size. */
int rates_open(struct rates *r, int fd, uint64_t now_usec);
void rates_done(struct rates *r);
/* Counts one more. -EDQUOT when per_minute (0: no limit, nothing is counted) are used up, -ENOSPC when
 * RATES_MAX others have launched within a minute, -ENOMEM. @profile: NULL for all of them. @now_usec:
 * CLOCK_BOOTTIME. */
int rates_take(struct rates *r, uid_t uid, const char *profile, uint32_t per_minute, uint64_t now_usec);
/* How many of per_minute are used up. */
uint32_t rates_used(
	const struct rates *r, uid_t uid, const char *profile, uint32_t per_minute, uint64_t now_usec);
