/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * User ids for DynamicUser=: each live sandbox gets one of its own from the configured range. An id that was
 * given back goes to the end of the queue, so that what its last holder may have left behind (a file, a
 * shared memory segment) meets a new holder as late as the range allows. No system call, no memory past init.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Ids used of a range at most: 16 for each of SANDBOXES_MAX sandboxes, and the bitmap stays small. */
#define UIDS_MAX 65536U

struct uids {
	uint32_t min, n;
	uint32_t fresh;  /* ids below min + fresh have been looked at once */
	uint32_t *queue; /* ring of n: ids given back, the oldest first */
	uint32_t head, queued;
	uint8_t *busy; /* bit per id: in use */
};

#define UIDS_NULL ((struct uids){ 0 })

/*
 * Starts over with min..max inclusive (of which the first UIDS_MAX are used). @in_use: ids of the live
 * sandboxes, in any order, also from outside of the range. -EINVAL for an empty range or one that contains 0.
 * On failure *u is as before.
 */
int uids_reset(struct uids *u, uint32_t min, uint32_t max, const uid_t *in_use, size_t n_in_use);
void uids_done(struct uids *u);
/* -EUSERS when every id is in use. */
int uids_take(struct uids *u, uid_t *ret);
/* Gives an id back; one that is not of this range (taken before a reset) is ignored. */
void uids_give(struct uids *u, uid_t uid);
