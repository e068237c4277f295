/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/launch-turns.h"

#include <sched.h>

void launch_turns_init(struct launch_turns *t)
{
	unsigned n = 0;
	cpu_set_t set;

	/* on a machine of more processors than the set has room for, there are enough */
	n = sched_getaffinity(0, sizeof(set), &set) < 0 ? 2 * LAUNCHES_AT_ONCE : (unsigned)CPU_COUNT(&set);
	n /= 2;
	*t = (struct launch_turns){ .n_shared = n < 1                  ? 1
						: n > LAUNCHES_AT_ONCE ? LAUNCHES_AT_ONCE
								       : n,
		.remembered_usec = LAUNCHES_REMEMBERED_USEC,
		.slow_usec = LAUNCHES_SLOW_USEC };
}

void launch_turns_note(struct launch_turns *t, uid_t uid, uint64_t now)
{
	if (t->last[0].uid != uid)
		t->last[1] = t->last[0];
	t->last[0].uid = uid;
	t->last[0].usec = now;
}

unsigned launch_turns_share(const struct launch_turns *t, uid_t uid, uint64_t now)
{
	const uint64_t other = t->last[t->last[0].uid == uid ? 1 : 0].usec;

	return other > 0 && now - other < t->remembered_usec ? t->n_shared : LAUNCHES_AT_ONCE;
}
