/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the keeper says: where things are, which catalog is in force, who the broker is, when to stop. */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "launcher/adopt.h"
#include "launcher/server.h"
#include "wire/table.h"

static int tell_keeper(struct server *s, uint32_t type, const struct keeper_message *cause)
{
	struct keeper_message m = { .type = type, .serial = cause->serial, .generation = cause->generation };

	return keeper_send_all(s->keeper.fd, &m, NULL, 0);
}

static int told_start(struct server *s, const struct keeper_message *m, int fds[KEEPER_FDS_MAX])
{
	int host_proc_fd = -1, cgroup_fd = -1, uids_fd = -1, r;
	size_t n = 0;

	if (s->started || (m->flags & KEEPER_HAS_DIRECT))
		return -EBADMSG;
	if (m->flags & KEEPER_HAS_HOST_PROC)
		host_proc_fd = steal_fd(fds[n++]);
	if (m->flags & KEEPER_HAS_CGROUP)
		cgroup_fd = steal_fd(fds[n++]);
	s->started = true;
	r = jail_context_open(&s->jail, host_proc_fd, cgroup_fd);
	if (r >= 0 && (m->flags & KEEPER_HAS_MOUNTS))
		r = jail_context_set_host_mounts(&s->jail, steal_fd(fds[n++]));
	if (r < 0)
		return r;
	if (jail_share_memory(&s->jail) < 0)
		log_info("there are too few threads: launches take longer");
	if (m->flags & KEEPER_HAS_UIDS)
		uids_fd = steal_fd(fds[n++]);
	r = uids_open(&s->uids, uids_fd, now_boottime_usec());
	if (r < 0 || !(m->flags & KEEPER_HAS_TABLE))
		return r;
	s->registry.table_fd = steal_fd(fds[n++]);
	return table_check(s->registry.table_fd);
}

int keeper_read_on(struct server *s)
{
	struct catalog *catalog;
	int r = catalog_reader_next(&s->reader, &catalog);

	if (r == 0)
		return 0;
	if (r > 0)
		r = server_set_catalog(s, s->offered.generation, catalog);
	if (r < 0) {
		(void)log_errno(LOG_ERR, r, "catalog generation %u is refused", s->offered.generation);
		return tell_keeper(s, WIRE_CATALOG_BAD, &s->offered);
	}
	r = tell_keeper(s, WIRE_CATALOG_OK, &s->offered);
	return r < 0 || s->previous ? r : tell_keeper(s, WIRE_READY, &s->offered);
}

/* The first one is what everything else waits for; during a later one others are served. */
static int told_catalog(struct server *s, const struct keeper_message *m, int memfd)
{
	int r;

	if (!s->started || s->reader.catalog)
		return -EBADMSG;
	/* all that is held has come; user ids of what is adopted must be taken before the range is known */
	r = s->current ? 0 : adopt_all(s);
	if (r < 0)
		return r;
	catalog_reader_open(&s->reader, memfd, true);
	s->offered = *m;
	do
		r = keeper_read_on(s);
	while (r >= 0 && s->reader.catalog && !s->current);
	return r;
}

void keeper_tell_stopped(struct server *s)
{
	if (s->told_stopped)
		return;
	s->told_stopped = true;
	if (tell_keeper(s, WIRE_READY, &(struct keeper_message){ .type = WIRE_SHUTDOWN }) < 0)
		s->quit = true;
}

static int dispatch(struct server *s, const struct keeper_message *m, int fds[KEEPER_FDS_MAX])
{
	switch (m->type) {
	case WIRE_START:
		return told_start(s, m, fds);
	case WIRE_HELD:
		return adopt_held(s, m, fds);
	case WIRE_ENDED:
		return adopt_ended(s, m);
	case WIRE_PING:
		return tell_keeper(s, WIRE_PONG, m);
	case WIRE_CATALOG:
		return told_catalog(s, m, fds[0]);
	case WIRE_PEER:
		return s->current ? server_set_broker(s, steal_fd(fds[0]), m->serial) : -EBADMSG;
	case WIRE_SHUTDOWN:
		/* value: milliseconds that no grace may exceed */
		server_stop(s, (uint64_t)m->value * 1000);
		return 0;
	default:
		return -EBADMSG;
	}
}

void keeper_readable(struct server *s, struct source *source, uint32_t events)
{
	int fds[KEEPER_FDS_MAX];
	struct keeper_message m;
	int r;

	r = keeper_receive(source->fd, &m, fds);
	if (r == -EAGAIN)
		return;
	if (r > 0) {
		r = dispatch(s, &m, fds);
		fd_close_many(fds, KEEPER_FDS_MAX);
		if (r == 0)
			return;
	}
	/* without the keeper nobody answers for the sandboxes: the end of the launcher is theirs too */
	if (r < 0)
		(void)log_errno(LOG_ERR, r, "the keeper's message can not be followed");
	s->quit = true;
}
