/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/rate.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define MINUTE_USEC UINT64_C(60000000)

_Static_assert(sizeof(struct rate_table) == RATES_BYTES, "what the keeper makes is what is used");

static int map(struct rates *r, int fd)
{
	void *p = mmap(NULL, sizeof(*r->table), PROT_READ | PROT_WRITE,
		fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return errno_or_eio();
	rates_done(r);
	r->table = p;
	return 0;
}

/* What a broker in good order never leaves costs nobody more than a minute. */
static void repair(struct rate_table *t, uint64_t now_usec)
{
	if (t->n > RATES_MAX)
		t->n = RATES_MAX;
	for (size_t i = 0; i < t->n; i++) {
		t->v[i].profile[PROFILE_NAME_MAX] = '\0';
		if (t->v[i].full_usec > now_usec + MINUTE_USEC)
			t->v[i].full_usec = now_usec + MINUTE_USEC;
	}
}

int rates_open(struct rates *r, int fd, uint64_t now_usec)
{
	const int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	int k;

	if (seals < 0 || fstat(fd, &st) < 0)
		return errno_or_eio();
	if (!(seals & F_SEAL_SHRINK))
		return -EPERM;
	if (st.st_size != (off_t)sizeof(*r->table))
		return -EMSGSIZE;
	k = map(r, fd);
	if (k >= 0)
		repair(r->table, now_usec);
	return k;
}

void rates_done(struct rates *r)
{
	if (r->table)
		(void)munmap(r->table, sizeof(*r->table));
	r->table = NULL;
}

/* Whoever launched in the last minute: a handful, so it is searched from the front. */
static struct rate *find(const struct rates *r, uid_t uid, const char *profile)
{
	struct rate_table *t = r->table;

	for (size_t i = 0; t && i < t->n; i++)
		if (t->v[i].uid == uid && strcmp(t->v[i].profile, profile ? profile : "") == 0)
			return &t->v[i];
	return NULL;
}

static void set_count(struct rate_table *t, uint64_t n)
{
	__atomic_store_n(&t->n, n, __ATOMIC_RELEASE);
}

/* Buckets that are full again are as if they had never been. */
static void sweep(struct rate_table *t, uint64_t now_usec)
{
	for (size_t i = 0; i < t->n;)
		if (t->v[i].full_usec <= now_usec) {
			t->v[i] = t->v[t->n - 1];
			set_count(t, t->n - 1);
		} else {
			i++;
		}
}

static int add(struct rate_table *t, uid_t uid, const char *profile, uint64_t full_usec)
{
	struct rate *rate;

	if (t->n >= RATES_MAX)
		return -ENOSPC;
	rate = &t->v[t->n];
	*rate = (struct rate){ .full_usec = full_usec, .uid = uid };
	(void)snprintf(rate->profile, sizeof(rate->profile), "%s", profile ? profile : "");
	set_count(t, t->n + 1);
	return 0;
}

int rates_take(struct rates *r, uid_t uid, const char *profile, uint32_t per_minute, uint64_t now_usec)
{
	uint64_t one = per_minute > 0 ? MINUTE_USEC / per_minute : 0;
	struct rate *rate;
	int k;

	if (per_minute == 0)
		return 0;
	k = r->table ? 0 : map(r, -1);
	if (k < 0)
		return k;
	sweep(r->table, now_usec);
	rate = find(r, uid, profile);
	if (!rate)
		return add(r->table, uid, profile, now_usec + one);
	if (rate->full_usec - now_usec + one > MINUTE_USEC)
		return -EDQUOT;
	__atomic_store_n(&rate->full_usec, rate->full_usec + one, __ATOMIC_RELEASE);
	return 0;
}

uint32_t rates_used(
	const struct rates *r, uid_t uid, const char *profile, uint32_t per_minute, uint64_t now_usec)
{
	const struct rate *rate = find(r, uid, profile);
	uint64_t one = per_minute > 0 ? MINUTE_USEC / per_minute : 0;
	uint64_t used;

	if (!rate || one == 0 || rate->full_usec <= now_usec)
		return 0;
	used = (rate->full_usec - now_usec + one - 1) / one;
	return used < per_minute ? (uint32_t)used : per_minute;
}
