/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is left to the next launcher. */

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "launcher/adopt.h"
#include "launcher/sandbox.h"
#include "wire/kept.h"
#include "wire/table.h"

_Static_assert((int)_GROUP_LIMIT_MAX <= (int)KEPT_LIMITS_MAX, "all limits have a place");

static void fill(const struct sandbox *s, struct kept *ret)
{
	sandbox_describe(s, &ret->entry);
	ret->dynamic_uid = s->dynamic_uid;
	ret->frozen = s->jail.frozen;
	ret->asking = s->asking;
	ret->violated = s->violated;
	ret->has_reason = s->has_reason;
	ret->reason = s->reason;
	ret->deadline = s->timer.slot != 0 ? s->timer.deadline : USEC_INFINITY;
	ret->runtime_deadline = s->runtime_deadline;
	ret->start_deadline = s->start_deadline;
	ret->n_violations = s->n_violations;
	ret->n_questions = s->n_questions;
	ret->n_limits = _GROUP_LIMIT_MAX;
	for (size_t i = 0; i < _GROUP_LIMIT_MAX; i++)
		ret->limits[i] = (struct kept_limit){ s->limits[i].unit, s->limits[i].value };
	ret->pool = s->pool ? s->pool->name : NULL;
	ret->shared = s->pool ? s->pool->shared : 0;
	if (s->jail.pidfd >= 0)
		(void)fd_process(s->jail.pidfd, &ret->process);
	ret->cgroup_id = jail_cgroup_id(&s->jail);
}

static int write_down(struct server *server, struct sandbox *s)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(TABLE_RECORD_MAX);
	struct kept kept = { 0 }; /* borrows */

	if (server->registry.table_fd < 0)
		return 0;
	fill(s, &kept);
	(void)encode_kept(&b, &kept);
	return table_write(server->registry.table_fd, s->slot, ++s->sequence, &b);
}

void keep_sandbox(struct server *server, struct sandbox *s)
{
	int r = write_down(server, s);

	if (r < 0)
		(void)log_errno(LOG_WARNING, r, "sandbox %llu: its state can not be written down",
			(unsigned long long)s->id);
}

int keep_hold(struct server *server, struct sandbox *s, uint32_t which)
{
	const struct jail *j = &s->jail;
	const struct jail_pool pool = s->pool ? s->pool->namespaces : JAIL_POOL_NULL;
	struct keeper_message m = { .type = WIRE_HOLD, .id = s->id };
	int all[_HOLD_MAX] = {
		[HOLD_PROCESS] = j->pidfd,
		[HOLD_INIT] = j->init_pidfd,
		[HOLD_PIDNS] = j->pidns_fd,
		[HOLD_LISTENER] = j->listener_fd,
		[HOLD_PTY] = j->pty_node_fd,
		[HOLD_NET] = pool.net_fd,
		[HOLD_IPC] = pool.ipc_fd,
		[HOLD_NOTIFY] = j->notify_fd,
	};
	int fds[_HOLD_MAX];
	size_t n = 0;

	if (server->registry.table_fd < 0)
		return 0;
	for (size_t i = 0; i < LIFELINES_MAX; i++)
		all[HOLD_LIFELINE + i] = s->lifelines[i].source.fd;
	for (uint32_t i = 0; i < _HOLD_MAX; i++)
		if ((which & (1U << i)) && all[i] >= 0) {
			m.flags |= 1U << i;
			fds[n++] = all[i];
		}
	return server_tell_keeper(server, &m, fds, n);
}

int keep_begin(struct server *server, struct sandbox *s)
{
	int r = write_down(server, s);

	return r < 0 ? r : keep_hold(server, s, (1U << _HOLD_MAX) - 1);
}

void keep_release(struct server *server, const struct sandbox *s)
{
	const struct keeper_message m = { .type = WIRE_RELEASE, .id = s->id };

	if (server->registry.table_fd >= 0 && server_tell_keeper(server, &m, NULL, 0) < 0)
		server->quit = true; /* the keeper has gone */
}
