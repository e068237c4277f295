/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is left to the next launcher. */

#include "base/error.h"
#include "base/log.h"
#include "launcher/adopt.h"
#include "launcher/sandbox.h"

void keep_sandbox(struct server *server, struct sandbox *s)
{
	int r = sandbox_write(s, server->registry.table_fd);

	if (r < 0)
		(void)log_errno(LOG_WARNING, r, "sandbox %llu: its state can not be written down",
			(unsigned long long)s->id);
}

int keep_hold(struct server *server, struct sandbox *s, uint32_t which)
{
	struct keeper_message m = { .type = WIRE_HOLD, .id = s->id };
	int fds[_HOLD_MAX];
	size_t n = sandbox_held(s, which, &m.flags, fds);

	return server->registry.table_fd < 0 || n == 0 ? 0 : keeper_send_all(server->keeper.fd, &m, fds, n);
}

int keep_begun(struct server *server, struct sandbox *s)
{
	const uint32_t all = (1U << _HOLD_MAX) - 1, launchs = 1U << HOLD_LISTENER | 1U << HOLD_LIFELINE;

	return keep_hold(server, s, s->jail.parked ? launchs : all);
}

void keep_release(struct server *server, const struct sandbox *s)
{
	const struct keeper_message m = { .type = WIRE_RELEASE, .id = s->id };

	if (server->registry.table_fd >= 0 && keeper_send_all(server->keeper.fd, &m, NULL, 0) < 0)
		server->quit = true; /* the keeper has gone */
}
