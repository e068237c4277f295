/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * User ids for DynamicUser=: each live sandbox gets one of its own from the configured range. What its last
 * holder may have left behind (a file, a message queue) must not meet a new one, so an id that was given back
 * stays in quarantine for a time, and then goes to the end of the queue. Which ids were used when stands in a
 * file that outlives the launcher: ids that were in use when a launcher ended are in quarantine from the
 * start of the next on. Times are seconds of CLOCK_BOOTTIME, as long as the file's directory lives.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Ids used of a range at most: 16 for each of SANDBOXES_MAX sandboxes. Also the number of slots: the id u has
 * slot u % UIDS_MAX, in whatever range it is. */
#define UIDS_MAX 65536U

/* As in the file, slot by slot. */
struct uid_record {
	uint32_t uid;
	uint32_t since; /* end of its last use, rounded up to a second; UID_UNUSED, UID_IN_USE */
};

#define UID_UNUSED 0U
#define UID_IN_USE UINT32_MAX

struct uids {
	uint32_t min, n;
	uint32_t fresh;  /* ids below min + fresh have been looked at once */
	uint32_t *queue; /* ring of UIDS_MAX: slots of the range, by the end of their last use */
	uint32_t head, queued;
	struct uid_record *records; /* of UIDS_MAX */
	int fd;                     /* of the file, or -1: nothing is kept */
};

#define UIDS_NULL ((struct uids){ .fd = -1 })

/* Takes over the file, which may be empty or -1, also on failure. */
int uids_open(struct uids *u, int fd, uint64_t now_usec);
/*
 * Starts over with min..max inclusive (of which the first UIDS_MAX are used), unless that is the range
 * already; what is in use, or in quarantine, stays so, also outside of the range. -EINVAL for an empty range
 * or one that contains 0. On failure *u is as before.
 */
int uids_reset(struct uids *u, uint32_t min, uint32_t max);
void uids_done(struct uids *u);
/* An id that a sandbox of the launcher before has, and that is therefore in use: after uids_open(), before
 * uids_reset(). */
int uids_claim(struct uids *u, uid_t uid);
/* -EUSERS: every id is in use. -EAGAIN: those that are not are in quarantine. Other errors are the file's. */
int uids_take(struct uids *u, uint64_t now_usec, uint64_t quarantine_usec, uid_t *ret);
/* Gives an id back; one that was not taken is ignored. An error is the file's: the id is given back all the
 * same, and the next launcher takes it for one that was in use. */
int uids_give(struct uids *u, uint64_t now_usec, uid_t uid);
