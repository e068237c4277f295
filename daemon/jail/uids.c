/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "jail/uids.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"

#include <string.h>
#include <unistd.h>

#define USEC_PER_SEC 1000000U
#define FILE_SIZE    (UIDS_MAX * sizeof(struct uid_record))

/* Rounded up, so that no quarantine is shorter than it should be; never one of the two words. */
static uint32_t stamp_of(uint64_t usec)
{
	uint64_t sec = usec / USEC_PER_SEC + 1;

	return sec < UID_IN_USE ? (uint32_t)sec : UID_IN_USE - 1;
}

static uint32_t slot_of(uid_t uid)
{
	return uid % UIDS_MAX;
}

/* Whether an id of the range has this slot, and which. */
static bool uid_of(const struct uids *u, uint32_t slot, uid_t *ret)
{
	uint32_t at = (slot - u->min) % UIDS_MAX;

	if (at >= u->n)
		return false;
	*ret = u->min + at;
	return true;
}

static int write_record(const struct uids *u, uint32_t slot)
{
	const struct uid_record *r = &u->records[slot];
	ssize_t n;

	if (u->fd < 0)
		return 0;
	n = pwrite(u->fd, r, sizeof(*r), (off_t)(slot * sizeof(*r)));
	return n == (ssize_t)sizeof(*r) ? 0 : n < 0 ? errno_or_eio() : -EIO;
}

/* A file of a launcher before: what it had in use is in quarantine from now on, as is what it gave back at a
 * time that has not been yet. */
static int read_records(struct uids *u, uint64_t now_usec)
{
	uint32_t now = stamp_of(now_usec);

	for (size_t done = 0; done < FILE_SIZE;) {
		ssize_t n = pread(u->fd, (uint8_t *)u->records + done, FILE_SIZE - done, (off_t)done);

		if (n < 0)
			return errno_or_eio();
		if (n == 0)
			break;
		done += (size_t)n;
	}
	for (uint32_t slot = 0; slot < UIDS_MAX; slot++) {
		struct uid_record *r = &u->records[slot];
		int error;

		if (r->since == UID_UNUSED || r->since <= now)
			continue;
		r->since = now;
		error = write_record(u, slot);
		if (error < 0)
			return error;
	}
	return 0;
}

int uids_open(struct uids *u, int fd, uint64_t now_usec)
{
	struct uids fresh = { .fd = fd };
	int r;

	fresh.records = calloc(UIDS_MAX, sizeof(*fresh.records));
	r = !fresh.records ? -ENOMEM : fd < 0 ? 0 : read_records(&fresh, now_usec);
	if (r < 0) {
		uids_done(&fresh);
		return r;
	}
	uids_done(u);
	*u = fresh;
	return 0;
}

int uids_claim(struct uids *u, uid_t uid)
{
	uint32_t slot = slot_of(uid);

	if (!u->records)
		return -EINVAL;
	u->records[slot] = (struct uid_record){ uid, UID_IN_USE };
	return write_record(u, slot);
}

struct by_age {
	uint32_t since, slot;
};

static int compare_age(const void *a, const void *b)
{
	const struct by_age *x = a, *y = b;

	if (x->since != y->since)
		return x->since < y->since ? -1 : 1;
	return x->slot < y->slot ? -1 : x->slot > y->slot;
}

static void enqueue(struct uids *u, uint32_t slot)
{
	u->queue[(u->head + u->queued) % UIDS_MAX] = slot;
	u->queued++;
}

/* Those of the range that were used before, the oldest first. */
static int fill_queue(struct uids *u)
{
	_cleanup_free_ struct by_age *ages = calloc(UIDS_MAX, sizeof(*ages));
	uid_t unused;
	size_t n = 0;

	if (!ages)
		return -ENOMEM;
	for (uint32_t slot = 0; slot < UIDS_MAX; slot++) {
		uint32_t since = u->records[slot].since;

		if (since != UID_UNUSED && since != UID_IN_USE && uid_of(u, slot, &unused))
			ages[n++] = (struct by_age){ since, slot };
	}
	if (n > 1)
		qsort(ages, n, sizeof(*ages), compare_age);
	for (size_t i = 0; i < n; i++)
		enqueue(u, ages[i].slot);
	return 0;
}

int uids_reset(struct uids *u, uint32_t min, uint32_t max)
{
	struct uids next = *u;
	int r;

	if (min == 0 || max < min || max == UINT32_MAX || !u->records)
		return -EINVAL;
	next.min = min;
	next.n = max - min < UIDS_MAX ? max - min + 1 : UIDS_MAX;
	if (u->queue && next.min == u->min && next.n == u->n)
		return 0;
	next.fresh = next.head = next.queued = 0;
	next.queue = calloc(UIDS_MAX, sizeof(*next.queue));
	if (!next.queue)
		return -ENOMEM;
	r = fill_queue(&next);
	if (r < 0) {
		free(next.queue);
		return r;
	}
	free(u->queue);
	*u = next;
	return 0;
}

void uids_done(struct uids *u)
{
	free(u->queue);
	free(u->records);
	(void)fd_close(u->fd);
	*u = UIDS_NULL;
}

/* The next slot of the range that was never used. */
static bool next_fresh(struct uids *u, uint32_t *ret)
{
	while (u->fresh < u->n) {
		uint32_t slot = slot_of(u->min + u->fresh++);

		if (u->records[slot].since != UID_UNUSED)
			continue;
		*ret = slot;
		return true;
	}
	return false;
}

static int next_old(struct uids *u, uint64_t now_usec, uint64_t quarantine_usec, uint32_t *ret)
{
	uint64_t since;

	if (u->queued == 0)
		return -EUSERS;
	since = (uint64_t)u->records[u->queue[u->head]].since * USEC_PER_SEC;
	/* the time is rounded up, and may lie ahead */
	if (quarantine_usec > 0 && (now_usec < since || now_usec - since < quarantine_usec))
		return -EAGAIN;
	*ret = u->queue[u->head];
	u->head = (u->head + 1) % UIDS_MAX;
	u->queued--;
	return 0;
}

int uids_take(struct uids *u, uint64_t now_usec, uint64_t quarantine_usec, uid_t *ret)
{
	struct uid_record before;
	uint32_t slot = 0;
	uid_t uid = 0;
	int r;

	r = next_fresh(u, &slot) ? 0 : next_old(u, now_usec, quarantine_usec, &slot);
	if (r < 0)
		return r;
	(void)uid_of(u, slot, &uid);
	before = u->records[slot];
	u->records[slot] = (struct uid_record){ uid, UID_IN_USE };
	r = write_record(u, slot);
	if (r < 0) {
		/* not used, and again at the end of the queue: its turn comes */
		u->records[slot] = (struct uid_record){ uid,
			before.since == UID_UNUSED ? stamp_of(now_usec) : before.since };
		enqueue(u, slot);
		return r;
	}
	*ret = uid;
	return 0;
}

int uids_give(struct uids *u, uint64_t now_usec, uid_t uid)
{
	uint32_t slot = slot_of(uid);
	uid_t unused;

	if (!u->records || u->records[slot].uid != uid || u->records[slot].since != UID_IN_USE)
		return 0;
	u->records[slot].since = stamp_of(now_usec);
	if (uid_of(u, slot, &unused))
		enqueue(u, slot);
	return write_record(u, slot);
}
