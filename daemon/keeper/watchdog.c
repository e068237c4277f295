/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The service manager is told that all is well, as often as it asked for, by this loop alone: so it notices
 * when the keeper hangs. That launcher and broker do not hang is for the keeper to see. Each is asked in
 * turn; one that does not answer is killed, long before the service manager would end everything, and
 * replaced like any that dies: sandboxes live on.
 */

#include "base/error.h"
#include "keeper/acts.h"

#define PARTS 4 /* of the service manager's patience: asked once in each, and waited for so long */

static void ask(struct keeper *k, enum helper which, uint64_t now)
{
	const struct keeper_message m = { .type = WIRE_PING };

	/* one that does not even read is as silent */
	k->children[which].pinged_usec = now;
	(void)keeper_send(k->children[which].channel, &m, NULL, 0);
}

/* Until it is ready another patience holds. */
static void look_after(struct keeper *k, enum helper which, uint64_t now, uint64_t *next)
{
	const uint64_t part = k->watchdog_usec / PARTS;
	struct child *c = &k->children[which];

	if (!is_running(k, which) || !c->ready || c->channel < 0)
		return;
	if (c->pinged_usec == 0 && now >= c->answered_usec + part)
		ask(k, which, now);
	if (c->pinged_usec == 0)
		return wake_by(next, c->answered_usec + part);
	if (now < c->pinged_usec + part)
		return wake_by(next, c->pinged_usec + part);
	c->pinged_usec = 0;
	c->answered_usec = now;
	kill_helper(k, which, "it does not answer any more");
}

void advance_watchdog(struct keeper *k, uint64_t now, uint64_t *next)
{
	const uint64_t part = k->watchdog_usec / PARTS;

	if (part == 0)
		return;
	look_after(k, HELPER_LAUNCHER, now, next);
	look_after(k, HELPER_BROKER, now, next);
	if (now >= k->fed_usec + part) {
		k->fed_usec = now;
		tell_stub(k, LIFELINE_WATCHDOG);
	}
	wake_by(next, k->fed_usec + part);
}
