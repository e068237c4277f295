/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/rate.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE_USEC UINT64_C(60000000)

void rates_done(struct rates *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->v[i].profile);
	free(r->v);
	*r = (struct rates){ 0 };
}

static bool is_of(const struct rate *rate, uid_t uid, const char *profile)
{
	if (rate->uid != uid || !rate->profile || !profile)
		return rate->uid == uid && rate->profile == profile;
	return strcmp(rate->profile, profile) == 0;
}

/* Whoever launched in the last minute: a handful, so it is searched from the front. */
static struct rate *find(const struct rates *r, uid_t uid, const char *profile)
{
	for (size_t i = 0; i < r->n; i++)
		if (is_of(&r->v[i], uid, profile))
			return &r->v[i];
	return NULL;
}

/* Buckets that are full again are as if they had never been. */
static void sweep(struct rates *r, uint64_t now_usec)
{
	for (size_t i = 0; i < r->n;)
		if (r->v[i].full_usec <= now_usec) {
			free(r->v[i].profile);
			r->v[i] = r->v[--r->n];
		} else {
			i++;
		}
}

static int add(struct rates *r, uid_t uid, const char *profile, struct rate **ret)
{
	_cleanup_free_ char *copy = profile ? strdup(profile) : NULL;

	if (profile && !copy)
		return -ENOMEM;
	if (r->n == r->allocated) {
		size_t n = r->allocated > 0 ? 2 * r->allocated : 8;
		struct rate *grown = reallocarray(r->v, n, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		r->v = grown;
		r->allocated = n;
	}
	*ret = &r->v[r->n++];
	**ret = (struct rate){ .uid = uid, .profile = steal_ptr(copy) };
	return 0;
}

int rates_take(struct rates *r, uid_t uid, const char *profile, uint32_t per_minute, uint64_t now_usec)
{
	uint64_t one = per_minute > 0 ? MINUTE_USEC / per_minute : 0;
	struct rate *rate;
	int k;

	if (per_minute == 0)
		return 0;
	sweep(r, now_usec);
	rate = find(r, uid, profile);
	if (rate && rate->full_usec - now_usec + one > MINUTE_USEC)
		return -EDQUOT;
	if (!rate) {
		k = add(r, uid, profile, &rate);
		if (k < 0)
			return k;
		rate->full_usec = now_usec;
	}
	rate->full_usec += one;
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
