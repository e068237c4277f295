/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/uids.h"
#include "base/cleanup.h"
#include "base/error.h"

static bool busy_get(const uint8_t *bits, uint32_t i)
{
	return (bits[i / 8] >> (i % 8)) & 1;
}

static void busy_set(uint8_t *bits, uint32_t i, bool on)
{
	uint8_t bit = (uint8_t)(1U << (i % 8));

	bits[i / 8] = on ? bits[i / 8] | bit : bits[i / 8] & (uint8_t)~bit;
}

static bool in_range(const struct uids *u, uid_t uid)
{
	return uid >= u->min && uid - u->min < u->n;
}

int uids_reset(struct uids *u, uint32_t min, uint32_t max, const uid_t *in_use, size_t n_in_use)
{
	_cleanup_free_ uint32_t *queue = NULL;
	_cleanup_free_ uint8_t *busy = NULL;
	struct uids fresh;
	uint32_t n;

	if (min == 0 || max < min || max == UINT32_MAX)
		return -EINVAL;
	n = max - min < UIDS_MAX ? max - min + 1 : UIDS_MAX;
	queue = calloc(n, sizeof(*queue));
	busy = calloc(n / 8 + 1, 1);
	if (!queue || !busy)
		return -ENOMEM;
	fresh = (struct uids){ .min = min, .n = n, .queue = queue, .busy = busy };
	for (size_t i = 0; i < n_in_use; i++)
		if (in_range(&fresh, in_use[i]))
			busy_set(busy, in_use[i] - min, true);
	uids_done(u);
	*u = fresh;
	steal_ptr(queue);
	steal_ptr(busy);
	return 0;
}

void uids_done(struct uids *u)
{
	free(u->queue);
	free(u->busy);
	*u = UIDS_NULL;
}

/* The next id never used so far. Those that were in use at the reset come back through uids_give(). */
static bool take_fresh(struct uids *u, uint32_t *ret)
{
	while (u->fresh < u->n) {
		uint32_t i = u->fresh++;

		if (!busy_get(u->busy, i)) {
			*ret = i;
			return true;
		}
	}
	return false;
}

int uids_take(struct uids *u, uid_t *ret)
{
	uint32_t i;

	if (!take_fresh(u, &i)) {
		if (u->queued == 0)
			return -EUSERS;
		i = u->queue[u->head];
		u->head = (u->head + 1) % u->n;
		u->queued--;
	}
	busy_set(u->busy, i, true);
	*ret = u->min + i;
	return 0;
}

void uids_give(struct uids *u, uid_t uid)
{
	uint32_t i;

	if (!in_range(u, uid) || !busy_get(u->busy, uid - u->min))
		return;
	i = uid - u->min;
	busy_set(u->busy, i, false);
	/* one that has not been passed yet (in use at the reset) is met again by take_fresh() */
	if (i >= u->fresh)
		return;
	u->queue[(u->head + u->queued) % u->n] = i;
	u->queued++;
}
