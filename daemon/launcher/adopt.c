/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Taking over from the launcher before. A sandbox lives on if there are both: a record that says that it ran,
 * and the fds that the keeper has held, of the process and the control group that the record names. Whatever
 * else is there is killed: a launch that was under way, whose caller has been told that it failed; a record
 * that is damaged; fds without a record.
 */

#include "launcher/adopt.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "launcher/notices.h"
#include "launcher/sandbox.h"
#include "launcher/violations.h"
#include "wire/kept.h"
#include "wire/table.h"

#include <string.h>

struct held {
	uint64_t id;
	int fds[_HOLD_MAX];
	bool ended;
	uint32_t value; /* of its end */
};

int adopt_held(struct server *server, const struct keeper_message *m, int fds[KEEPER_FDS_MAX])
{
	struct held *grown, h = { .id = m->id, .ended = (m->flags & HELD_ENDED) != 0, .value = m->value };
	size_t n = 0;

	if (!server->started || server->current || server->n_held >= HELD_MAX)
		return -EBADMSG;
	grown = reallocarray(server->held, server->n_held + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	for (uint32_t i = 0; i < _HOLD_MAX; i++)
		h.fds[i] = m->flags & (1U << i) ? fd_move_high(steal_fd(fds[n++])) : -1;
	server->held = grown;
	server->held[server->n_held++] = h;
	return 0;
}

void adopt_drop(struct server *server)
{
	for (size_t i = 0; i < server->n_held; i++)
		fd_close_many(server->held[i].fds, _HOLD_MAX);
	free(server->held);
	server->held = NULL;
	server->n_held = 0;
}

static void end_as_told(struct server *server, struct sandbox *s, uint32_t value)
{
	siginfo_t si = { .si_code = ENDED_CODE(value) };

	si.si_status = ENDED_STATUS(value);
	sandbox_end(server, s, &si);
}

int adopt_ended(struct server *server, const struct keeper_message *m)
{
	struct sandbox *s = registry_find(&server->registry, m->id);

	/* one that is none of them was killed here, and let go, before the keeper knew */
	if (s && s->adopted && s->state != SANDBOX_EXITED)
		end_as_told(server, s, m->value);
	return 0;
}

static int adopt_jail(
	struct server *server, const struct kept *k, uint64_t id, uid_t uid, struct held *h, struct jail *ret)
{
	const struct jail_kept kept = { .id = id,
		.uid = uid,
		.process = k->process,
		.cgroup_id = k->cgroup_id,
		.frozen = k->frozen,
		.pidfd = steal_fd(h->fds[HOLD_PROCESS]),
		.init_pidfd = steal_fd(h->fds[HOLD_INIT]),
		.pidns_fd = steal_fd(h->fds[HOLD_PIDNS]),
		.listener_fd = steal_fd(h->fds[HOLD_LISTENER]),
		.pty_node_fd = steal_fd(h->fds[HOLD_PTY]),
		.notify_fd = steal_fd(h->fds[HOLD_NOTIFY]) };

	return jail_adopt(&server->jail, &kept, ret);
}

/* What a running sandbox has that watches over it. Any of it missing ends it. */
static int take_up(struct server *server, struct sandbox *s, const struct kept *k, struct held *h)
{
	int r = 0;

	s->dynamic_uid = k->dynamic_uid;
	if (s->dynamic_uid)
		r = uids_claim(&server->uids, s->uid);
	if (r >= 0 && k->pool[0])
		r = pools_adopt(&server->pools, s->owner, k->pool, k->shared, steal_fd(h->fds[HOLD_NET]),
			steal_fd(h->fds[HOLD_IPC]), &s->pool);
	for (size_t i = 0; r >= 0 && i < LIFELINES_MAX; i++)
		if (h->fds[HOLD_LIFELINE + i] >= 0)
			r = sandbox_attach(server, s, steal_fd(h->fds[HOLD_LIFELINE + i]));
	if (r >= 0)
		r = violations_watch(server, s);
	if (r >= 0)
		r = notices_watch(server, s);
	if (r >= 0)
		timers_set(&server->timers, &s->timer, k->deadline);
	return r;
}

/* A question that was taken and maybe not answered: whose it was can not be found out any more. */
static void settle(struct server *server, struct sandbox *s, const struct kept *k, const struct held *h)
{
	if (h->ended)
		end_as_told(server, s, h->value);
	else if (k->asking)
		sandbox_stop(server, s, 0, RESULT_VIOLATION);
}

static int adopt(struct server *server, struct kept_record *record, struct held *h)
{
	const struct kept *k = &record->kept;
	struct sandbox *s;
	int r;

	r = registry_take_in(&server->registry, k->entry.launched.id, record->slot, &s);
	if (r < 0)
		return r;
	r = sandbox_from_kept(s, record);
	if (r < 0)
		return r;
	if (h)
		r = adopt_jail(server, k, s->id, s->uid, h, &s->jail);
	s->jail.host_pid = k->entry.launched.host_pid;
	if (s->state == SANDBOX_EXITED) {
		sandbox_retain(server, s);
		return 0;
	}
	r = s->state == SANDBOX_STARTING ? -ECANCELED : !h ? -ESTALE : r < 0 ? r : take_up(server, s, k, h);
	if (r >= 0) {
		settle(server, s, k, h);
		return 0;
	}
	(void)log_errno(LOG_WARNING, r, "sandbox %llu is not taken over", (unsigned long long)s->id);
	sandbox_discard(server, s);
	return 0;
}

static struct held *find_held(struct server *server, uint64_t id)
{
	for (size_t i = 0; i < server->n_held; i++)
		if (server->held[i].id == id)
			return &server->held[i];
	return NULL;
}

/* Fds that no record claims. */
static void end_unknown(struct server *server)
{
	for (size_t i = 0; i < server->n_held; i++) {
		struct held *h = &server->held[i];
		const struct sandbox gone = { .id = h->id };
		struct jail j;

		if (registry_find(&server->registry, h->id) ||
			(h->fds[HOLD_PROCESS] < 0 && h->fds[HOLD_INIT] < 0))
			continue;
		log_warning("what was left of sandbox %llu is killed", (unsigned long long)h->id);
		(void)adopt_jail(server, &(const struct kept){ 0 }, h->id, 0, h, &j);
		jail_done(&server->jail, &j);
		keep_release(server, &gone);
	}
}

int adopt_all(struct server *server)
{
	_cleanup_free_ struct kept_record *records = calloc(TABLE_SLOTS, sizeof(*records));
	size_t n = 0, n_bad = 0;
	int r = 0;

	if (server->registry.table_fd < 0)
		return 0;
	if (!records)
		return -ENOMEM;
	kept_load(server->registry.table_fd, records, &n, &n_bad);
	/* their fds have no record then */
	if (n_bad > 0)
		log_error("the records of %zu sandboxes are damaged", n_bad);
	for (size_t i = 0; i < n; i++) {
		if (r >= 0)
			r = adopt(server, &records[i], find_held(server, records[i].kept.entry.launched.id));
		kept_done(&records[i].kept);
	}
	if (r >= 0)
		end_unknown(server);
	adopt_drop(server);
	if (n > 0)
		log_notice("%zu sandboxes taken over", registry_live(&server->registry));
	return r;
}
