/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/launch.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/journal.h"
#include "base/log.h"
#include "launcher/adopt.h"
#include "launcher/sandbox.h"
#include "launcher/warm.h"
#include "plan/plan.h"
#include "registry/users.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* One launch while it is decided. What the broker said is in m; everything else is our own. */
struct launch {
	struct server *server;
	struct wire_record *record;
	struct launch_request m;
	uint32_t serial;
	uint64_t begun_usec;

	struct generation *generation; /* borrowed from the server */
	const struct compiled_profile *profile;
	struct sandbox *sandbox;
	struct parked *parked; /* that this may become, or NULL: borrowed */

	struct plan_fd fds[FDS_MAX + 3]; /* the caller's, without those that the broker made */
	size_t n_fds;
	struct plan_bind binds[MOUNT_SLOTS_MAX];
	enum fd_kind made[3]; /* of those that the broker made */
	int journal_fd;
	struct jail_spec spec;
	struct plan_effective effective;
	struct plan_result result;
};

static void launch_done(struct launch *l)
{
	launch_request_done(&l->m);
	jail_spec_done(&l->spec);
	l->journal_fd = fd_close(l->journal_fd);
}

/* Fills the result as a plan would: for refusals that only the launcher can know. Returns -EACCES. */
static int refuse(struct launch *l, enum refusal refusal, const char *message)
{
	l->result = (struct plan_result){ .refusal = refusal };
	(void)snprintf(l->result.message, sizeof(l->result.message), "%s", message);
	return -EACCES;
}

/* The generation of the request is the one in force or the one before. */
static int find_profile(struct launch *l)
{
	struct server *s = l->server;

	if (s->stopping)
		return refuse(l, REFUSAL_BUSY, "Bailiff is being stopped");
	if (l->m.generation == s->current->number)
		l->generation = s->current;
	else if (s->previous && l->m.generation == s->previous->number)
		l->generation = s->previous;
	else
		return refuse(l, REFUSAL_BUSY, "the profiles were reloaded meanwhile; try again");
	if (l->m.profile >= l->generation->catalog->n_profiles)
		return -EBADMSG;
	l->profile = &l->generation->catalog->profiles[l->m.profile];
	if (l->profile->invalid)
		return refuse(l, REFUSAL_PROFILE_INVALID, "the profile has errors");
	return 0;
}

static int classify_fds(struct launch *l)
{
	for (size_t i = 0; i < l->m.n_fds; i++) {
		struct plan_fd *p = &l->fds[l->n_fds];
		unsigned access;
		int r;

		r = fd_classify(l->record->fds[i], l->server->jail.proc_fd, &p->kind, &access);
		if (r < 0)
			return refuse(l, REFUSAL_INVALID_FD, "a file descriptor can not be examined");
		if (l->m.fds[i].made) {
			/* an end of a pipe or socket for a standard stream; which says the plan */
			if (l->m.fds[i].target > 2)
				return -EBADMSG;
			l->made[l->m.fds[i].target] = p->kind;
			continue;
		}
		p->target = l->m.fds[i].target;
		p->access = access;
		l->n_fds++;
	}
	return 0;
}

static int classify_binds(struct launch *l)
{
	for (size_t i = 0; i < l->m.n_binds; i++) {
		struct plan_bind *b = &l->binds[i];
		unsigned access;

		*b = (struct plan_bind){ .slot = l->m.binds[i].slot, .read_only = l->m.binds[i].read_only };
		if (fd_classify(l->record->fds[l->m.n_fds + i], l->server->jail.proc_fd, &b->kind, &access) <
			0)
			return refuse(l, REFUSAL_INVALID_FD,
				"the file descriptor for a mount slot can not be examined");
		b->access = access;
	}
	return 0;
}

/* Where the lifeline stands among the record's fds, if there is one. */
static size_t lifeline_index(const struct launch *l)
{
	return l->m.n_fds + l->m.n_binds;
}

static int check_lifeline(struct launch *l)
{
	if (!l->m.has_lifeline ||
		fd_ends_with_peer(l->record->fds[lifeline_index(l)], l->server->jail.proc_fd))
		return 0;
	return refuse(l, REFUSAL_INVALID_FD, "the lifeline must be a pipe or a connected socket");
}

/* A uid that nobody else has. */
static int reserve_uid(struct launch *l)
{
	struct server *s = l->server;
	int r = users_take(
		&s->uids, &s->jail, s->current->catalog->config.dynamic_quarantine_usec, &l->sandbox->uid);

	l->sandbox->dynamic_uid = r >= 0;
	return r >= 0 ? 0
		      : refuse(l, users_are_short(r) ? REFUSAL_QUOTA_EXCEEDED : REFUSAL_BUSY, users_why(r));
}

/* A place in the table, with the jail of one that was parked, if there is one. */
static int add_sandbox(struct launch *l, struct parked *from)
{
	struct server *s = l->server;
	int r = registry_add(&s->registry, s->current->catalog->config.max_sandboxes,
		from ? from->jail.id : 0, &l->sandbox);

	if (r >= 0 && from)
		warm_take(s, from, l->sandbox);
	return r == -EUSERS ? refuse(l, REFUSAL_QUOTA_EXCEEDED,
				      "there are as many sandboxes as MaxSandboxes= allows")
			    : r;
}

/* With a uid of its own if the profile wants one. */
static int reserve(struct launch *l)
{
	int r = add_sandbox(l, parking_find_spare(&l->server->parking, l->profile, now_boottime_usec()));

	return r >= 0 && l->profile->dynamic_user ? reserve_uid(l) : r;
}

/* The parked jail becomes this sandbox' if it fits; it stays where it is if not, and this one has its own. */
static int settle_parked(struct launch *l)
{
	int r;

	if (jail_spec_fits(&l->parked->spec, &l->spec) && jail_order_fits(&l->spec))
		return add_sandbox(l, steal_ptr(l->parked));
	r = reserve(l);
	if (r >= 0 && l->profile->dynamic_user)
		l->spec.uid = l->spec.gid = l->sandbox->uid;
	return r;
}

static int decide(struct launch *l)
{
	struct compiled_limit limits[RLIM_NLIMITS];
	const struct launch_request *m = &l->m;
	struct machine machine = { 0 };
	const struct plan_caller caller = {
		.uid = m->uid,
		.gids = m->gids,
		.n_gids = m->n_gids,
		.administrator = m->administrator && m->uid == 0,
		.label = m->label && m->label[0] ? m->label : NULL,
		.unit = m->unit && m->unit[0] ? m->unit : NULL,
		.polkit = m->polkit,
	};
	struct plan_request request = {
		.argv = m->argv,
		.env = m->env,
		.unset_env = m->unset_env,
		.fds = l->fds,
		.n_fds = l->n_fds,
		.binds = l->binds,
		.n_binds = m->n_binds,
		.stdio = { m->stdio[0], m->stdio[1], m->stdio[2] },
		.has_pty_size = m->has_pty_size,
		.pty_rows = m->pty_rows,
		.pty_columns = m->pty_columns,
		.notify = m->notify,
		.cwd = m->has_cwd ? m->cwd : NULL,
		.detach = m->detach,
		.limits = limits,
		.n_limits = m->n_limits,
		.runtime_max_usec = m->runtime_max_usec,
		.timeout_stop_usec = m->timeout_stop_usec,
		.stop_signal = m->stop_signal,
		.tighter = m->tighter,
		.machine = &machine,
		.dynamic_uid = l->parked ? l->parked->spec.uid : l->sandbox->uid,
	};

	/* of a machine that can not be measured all shares are next to nothing, and no option is below them
	 */
	if (m->tighter.memory_max != 0 || m->tighter.tasks_max != 0)
		(void)machine_measure(l->server->jail.proc_fd, &machine);
	if (m->n_limits > ELEMENTSOF(limits))
		return -EBADMSG;
	for (size_t i = 0; i < m->n_limits; i++)
		limits[i] = (struct compiled_limit){ .resource = m->limits[i].resource,
			.soft = m->limits[i].soft,
			.hard = m->limits[i].hard };
	return plan_make(l->profile, &caller, &request, &l->spec, &l->effective, &l->result);
}

/* What the record maps to child number target: its position, or -1. */
static int mapped(const struct launch *l, uint32_t target)
{
	for (size_t i = 0; i < l->m.n_fds; i++)
		if (l->m.fds[i].target == target)
			return (int)i;
	return -1;
}

/* What the broker has to have made for a stream: FD_KIND_OTHER for nothing. */
static enum fd_kind made_for(enum stdio_mode mode)
{
	return mode == STDIO_PIPE ? FD_KIND_PIPE : mode == STDIO_SOCKET ? FD_KIND_SOCKET : FD_KIND_OTHER;
}

/* Each standard stream has what the plan says: a pipe or socket of the broker's, an fd of the caller's, or
 * nothing, and then it is ours to make. */
static int check_stdio(const struct launch *l)
{
	for (uint32_t target = 0; target < 3; target++) {
		enum stdio_mode mode = l->effective.stdio[target];
		enum fd_kind want = made_for(mode);
		int i = mapped(l, target);
		bool made = i >= 0 && l->m.fds[i].made;

		if (made != (want != FD_KIND_OTHER) || (made && l->made[target] != want))
			return -EBADMSG;
		if (!made && (mode == STDIO_FD) != (i >= 0))
			return -EBADMSG;
	}
	return 0;
}

/* Of a stream that came with no fd. The journal's is put in later. */
static int own_source(const struct launch *l, uint32_t target)
{
	return l->effective.stdio[target] == STDIO_PTY ? JAIL_FD_PTY : l->server->jail.null_fd;
}

static int fill_fds(struct launch *l)
{
	struct jail_spec *spec = &l->spec;
	int r;

	r = check_stdio(l);
	if (r < 0)
		return r;
	spec->fds = calloc(l->m.n_fds + 3, sizeof(*spec->fds));
	if (!spec->fds)
		return -ENOMEM;
	for (uint32_t target = 0; target < 3; target++)
		if (mapped(l, target) < 0)
			spec->fds[spec->n_fds++] =
				(struct jail_fd){ .source = own_source(l, target), .target = target };
	for (size_t i = 0; i < l->m.n_fds; i++)
		spec->fds[spec->n_fds++] =
			(struct jail_fd){ .source = l->record->fds[i], .target = l->m.fds[i].target };
	/* the plan named binds by their position */
	for (size_t i = 0; i < spec->n_slots; i++)
		if (spec->slots[i].source >= 0)
			spec->slots[i].source = l->record->fds[l->m.n_fds + (size_t)spec->slots[i].source];
	return 0;
}

/* One stream for both outputs. Part of starting, not of deciding: its failure has a stage. */
static int open_journal(struct launch *l, struct jail_error *reterr)
{
	for (size_t i = 0; i < l->spec.n_fds; i++) {
		struct jail_fd *fd = &l->spec.fds[i];

		if (fd->target > 2 || l->effective.stdio[fd->target] != STDIO_JOURNAL)
			continue;
		if (l->journal_fd < 0)
			l->journal_fd = journal_open(JOURNAL_SOCKET, l->profile->name);
		if (l->journal_fd < 0) {
			*reterr = (struct jail_error){ .stage = STAGE_FDS,
				.error = l->journal_fd,
				.object = "journal " JOURNAL_SOCKET };
			return l->journal_fd;
		}
		fd->source = l->journal_fd;
	}
	return 0;
}

/* Everything that is asked about the sandbox later. Complete before its jail is allowed to go on. It is
 * written down, and held, when the program runs: until then a launcher that ends takes the launch with it. */
static int record_sandbox(struct launch *l)
{
	struct launch_request *m = &l->m;
	struct sandbox *s = l->sandbox;

	s->generation = generation_ref(l->generation);
	s->generation_number = l->generation->number;
	s->owner = m->uid;
	s->uid = l->spec.uid;
	s->detach = m->detach;
	s->adoptable = m->adoptable;
	s->serial = l->serial;
	s->begun_usec = l->begun_usec;
	s->runtime_max_usec = l->effective.runtime_max_usec;
	s->timeout_start_usec = l->effective.timeout_start_usec;
	s->timeout_stop_usec = l->effective.timeout_stop_usec;
	s->stop_signal = l->effective.stop_signal;
	if (l->spec.group)
		memcpy(s->limits, l->spec.group, sizeof(s->limits));
	return sandbox_set_words(s, l->profile->name, m->tag, m->note, m->n_note);
}

static int prepare(struct launch *l)
{
	int r;

	r = find_profile(l);
	if (r < 0)
		return r;
	r = classify_fds(l);
	if (r < 0)
		return r;
	r = classify_binds(l);
	if (r < 0)
		return r;
	r = check_lifeline(l);
	if (r < 0)
		return r;
	l->parked = warm_find(l->server, l->profile);
	r = l->parked ? 0 : reserve(l);
	if (r < 0)
		return r;
	r = decide(l);
	if (r < 0)
		return r;
	r = fill_fds(l);
	if (r >= 0 && l->parked)
		r = settle_parked(l);
	return r < 0 ? r : record_sandbox(l);
}

/* Of the namespaces that the profile asks for, those that its pool shares. */
static int join_pool(struct launch *l, struct jail_error *reterr)
{
	const struct compiled_profile *p = l->profile;
	struct sandbox *s = l->sandbox;
	int r;

	if (!p->pool || !p->pool[0])
		return 0;
	r = pools_join(&l->server->pools, &l->server->jail, s->owner, p->pool,
		p->namespaces & (JAIL_NS_NET | JAIL_NS_IPC), &s->pool, reterr);
	if (r < 0)
		return r;
	l->spec.pool = &s->pool->namespaces;
	return 0;
}

/* Clones the jail. What fails here has a stage of the engine's, or our own last step's. */
static int start(struct launch *l, struct jail_error *reterr)
{
	struct server *server = l->server;
	struct sandbox *s = l->sandbox;
	int r;

	r = open_journal(l, reterr);
	if (r < 0)
		return r;
	l->spec.id = s->id;
	r = join_pool(l, reterr);
	if (r >= 0 && !s->jail.parked)
		r = server_start_jail(server, &l->spec, &s->jail, reterr);
	if (r < 0)
		return r;
	s->layers = jail_layers(&l->spec, &s->jail);
	s->lacking = s->jail.lacking;
	s->has_pty = l->spec.pty.wanted;
	s->cgroup = jail_cgroup_path(&server->jail, &s->jail);
	r = s->cgroup ? 0 : -ENOMEM;
	if (r >= 0 && l->m.has_lifeline)
		r = sandbox_attach(server, s, wire_record_steal_fd(l->record, lifeline_index(l)));
	if (r >= 0)
		r = sandbox_begin(server, s, &l->spec, server->current->catalog->config.setup_timeout_usec);
	/* one that does not begin is killed, and needs none */
	jail_lend(&s->jail, l->record->fds, r < 0 ? 0 : l->m.n_fds + l->m.n_binds);
	jail_lend(&s->jail, &l->journal_fd, r >= 0);
	if (r < 0)
		*reterr = (struct jail_error){
			.stage = STAGE_EXEC, .error = r, .object = "watching the sandbox"
		};
	return r;
}

static void answer_plan_refused(struct launch *l, int error)
{
	struct refused refused = {
		.refusal = l->result.refusal, .rule = l->result.rule, .message = l->result.message
	};

	if (l->result.refusal == REFUSAL_NONE) {
		(void)refuse(l, REFUSAL_BUSY, strerror(-error));
		refused.refusal = REFUSAL_BUSY;
	}
	(void)answer_refused(l->server, l->serial, &refused);
}

int request_launch(struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record)
{
	_cleanup_(launch_done) struct launch l = { .server = server,
		.record = record,
		.serial = serial,
		.journal_fd = -1,
		.begun_usec = now_boottime_usec() };
	struct jail_error e = { .stage = STAGE_NONE };
	int r;

	r = decode_launch_request(c, &l.m);
	if (r < 0)
		return r;
	if (record->n_fds != lifeline_index(&l) + l.m.has_lifeline)
		return -EBADMSG;
	r = prepare(&l);
	if (r == -EBADMSG) {
		if (l.sandbox)
			sandbox_discard(server, l.sandbox);
		return r;
	}
	if (r < 0)
		answer_plan_refused(&l, r);
	else {
		r = start(&l, &e);
		if (r < 0)
			(void)answer_setup_failed(server, serial, &e);
	}
	if (r < 0 && l.sandbox)
		sandbox_discard(server, l.sandbox);
	return 0;
}
