/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/timers.h"
#include "base/error.h"

#include <sys/timerfd.h>

#define USEC_PER_SEC 1000000U

static void place(struct timers *t, struct timer *timer, size_t i)
{
	t->heap[i] = timer;
	timer->slot = i + 1;
}

/* Puts a timer where it belongs, starting from hole i, whose former tenant is gone. */
static void sift(struct timers *t, struct timer *timer, size_t i)
{
	while (i > 0 && t->heap[(i - 1) / 2]->deadline > timer->deadline) {
		place(t, t->heap[(i - 1) / 2], i);
		i = (i - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= t->n)
			break;
		if (child + 1 < t->n && t->heap[child + 1]->deadline < t->heap[child]->deadline)
			child++;
		if (t->heap[child]->deadline >= timer->deadline)
			break;
		place(t, t->heap[child], i);
		i = child;
	}
	place(t, timer, i);
}

void timers_cancel(struct timers *t, struct timer *timer)
{
	size_t i = timer->slot;
	struct timer *last;

	if (i == 0)
		return;
	timer->slot = 0;
	last = t->heap[--t->n];
	if (last != timer)
		sift(t, last, i - 1);
}

void timers_set(struct timers *t, struct timer *timer, uint64_t deadline)
{
	timers_cancel(t, timer);
	if (deadline == USEC_INFINITY)
		return;
	assert(t->n < SANDBOXES_MAX);
	timer->deadline = deadline;
	t->n++;
	sift(t, timer, t->n - 1);
}

uint64_t timers_next(const struct timers *t)
{
	return t->n > 0 ? t->heap[0]->deadline : USEC_INFINITY;
}

struct timer *timers_take_due(struct timers *t, uint64_t now)
{
	struct timer *first = t->n > 0 ? t->heap[0] : NULL;

	if (!first || first->deadline > now)
		return NULL;
	timers_cancel(t, first);
	return first;
}

int timers_arm(const struct timers *t, int fd, uint64_t *armed, bool exactly)
{
	const uint64_t next = timers_next(t);
	struct itimerspec spec = { 0 };

	if (exactly ? next == *armed : next >= *armed)
		return 0;
	if (next != USEC_INFINITY) {
		spec.it_value.tv_sec = (time_t)(next / USEC_PER_SEC);
		spec.it_value.tv_nsec = (long)(next % USEC_PER_SEC) * 1000;
	}
	if (timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
		return errno_or_eio();
	*armed = next;
	return 0;
}
