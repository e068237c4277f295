/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A sandbox in the words of the wire: for the broker's lists, and for the table that outlives the launcher.
 */

#include "registry/record.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "wire/table.h"

#include <string.h>

_Static_assert((int)_GROUP_LIMIT_MAX <= (int)KEPT_LIMITS_MAX, "all limits have a place");

void sandbox_launched(const struct sandbox *s, struct launched *ret)
{
	*ret = (struct launched){
		.id = s->id,
		.host_pid = s->jail.host_pid,
		.uid = s->uid,
		.started_boottime_usec = s->started_boottime_usec,
		.started_realtime_usec = s->started_realtime_usec,
		.setup_usec = s->setup_usec,
		.layers = s->layers,
		.lacking = s->lacking,
		.cgroup = s->cgroup,
		.has_pty = s->has_pty,
	};
	memcpy(ret->stage_usec, s->stage_usec, sizeof(s->stage_usec));
}

static bool has_lifeline(const struct sandbox *s)
{
	for (size_t i = 0; i < LIFELINES_MAX; i++)
		if (s->lifelines[i].source.fd >= 0)
			return true;
	return false;
}

void sandbox_describe(const struct sandbox *s, struct sandbox_entry *ret)
{
	*ret = (struct sandbox_entry){
		.generation = s->generation_number,
		.profile = s->profile,
		.tag = s->tag,
		.owner = s->owner,
		.state = s->state,
		.detach = s->detach,
		.has_lifeline = has_lifeline(s),
		.runtime_max_usec = s->runtime_max_usec,
		.timeout_stop_usec = s->timeout_stop_usec,
		.stop_signal = s->stop_signal,
		.exit = s->exit,
		.n_note = s->n_note,
		.n_violations = s->n_violations < VIOLATIONS_MAX ? s->n_violations : VIOLATIONS_MAX,
	};
	sandbox_launched(s, &ret->launched);
	if (s->violations)
		memcpy(ret->violations, s->violations, ret->n_violations * sizeof(*s->violations));
	if (s->n_note > 0)
		memcpy(ret->note, s->note, s->n_note);
}

void sandbox_to_kept(struct sandbox *s, struct kept *ret)
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
	/* which they are is asked once, and told while they are */
	if (s->jail.pidfd >= 0 && s->process_id == 0)
		(void)fd_process(s->jail.pidfd, &s->process_id);
	if (s->cgroup_id == 0)
		s->cgroup_id = jail_cgroup_id(&s->jail);
	ret->process = s->jail.pidfd >= 0 ? s->process_id : 0;
	ret->cgroup_id = s->jail.cgroup_fd >= 0 ? s->cgroup_id : 0;
}

int sandbox_from_kept(struct sandbox *s, struct kept_record *r)
{
	struct kept *k = &r->kept;
	struct sandbox_entry *e = &k->entry;

	s->sequence = r->sequence;
	s->adopted = true;
	s->state = (enum sandbox_state)e->state;
	s->generation_number = e->generation;
	s->profile = steal_ptr(e->profile);
	s->tag = steal_ptr(e->tag);
	s->cgroup = steal_ptr(e->launched.cgroup);
	s->owner = e->owner;
	s->uid = e->launched.uid;
	s->detach = e->detach;
	s->has_pty = e->launched.has_pty;
	s->layers = e->launched.layers;
	s->lacking = e->launched.lacking;
	s->started_boottime_usec = e->launched.started_boottime_usec;
	s->started_realtime_usec = e->launched.started_realtime_usec;
	s->setup_usec = e->launched.setup_usec;
	memcpy(s->stage_usec, e->launched.stage_usec, sizeof(s->stage_usec));
	s->runtime_max_usec = e->runtime_max_usec;
	s->timeout_stop_usec = e->timeout_stop_usec;
	s->runtime_deadline = k->runtime_deadline;
	s->start_deadline = k->start_deadline;
	s->stop_signal = e->stop_signal;
	s->exit = e->exit;
	s->violated = k->violated;
	s->has_reason = k->has_reason;
	s->reason = (enum sandbox_result)k->reason;
	s->n_violations = k->n_violations;
	s->n_questions = k->n_questions;
	for (size_t i = 0; i < k->n_limits && i < _GROUP_LIMIT_MAX; i++)
		s->limits[i] = (struct group_value){ (enum group_unit)k->limits[i].unit, k->limits[i].value };
	s->note = malloc(e->n_note + 1);
	s->violations = e->n_violations > 0 ? calloc(VIOLATIONS_MAX, sizeof(*s->violations)) : NULL;
	if (!s->note || (e->n_violations > 0 && !s->violations))
		return -ENOMEM;
	memcpy(s->note, e->note, e->n_note);
	s->n_note = e->n_note;
	if (s->violations)
		memcpy(s->violations, e->violations, e->n_violations * sizeof(*s->violations));
	return 0;
}

static enum sandbox_result judge(const struct sandbox *s, const siginfo_t *si, bool out_of_memory)
{
	if (s->has_reason)
		return s->reason;
	if (si->si_code == CLD_EXITED)
		return si->si_status == 0 ? RESULT_SUCCESS : RESULT_EXIT_CODE;
	if (si->si_status == SIGSYS || (si->si_status == SIGKILL && s->violated))
		return RESULT_VIOLATION;
	if (si->si_status == SIGKILL && out_of_memory)
		return RESULT_OOM;
	return si->si_code == CLD_DUMPED ? RESULT_CORE_DUMP : RESULT_SIGNAL;
}

/* Returns whether memory ran out. */
static bool measure(const struct sandbox *s, bool cpu, struct usage *ret)
{
	struct jail_usage u;

	jail_usage(&s->jail, cpu, &u);
	*ret = (struct usage){
		.has = (u.has_cpu ? USAGE_CPU : 0) | (u.has_memory ? USAGE_MEMORY : 0) |
		       (u.has_tasks ? USAGE_TASKS : 0),
		.cpu_usec = u.cpu_usec,
		.memory_peak = u.memory_peak,
		.tasks_peak = u.tasks_peak,
	};
	return u.out_of_memory;
}

void sandbox_usage(const struct sandbox *s, struct usage *ret)
{
	*ret = s->exit.usage;
	if (s->state != SANDBOX_EXITED)
		(void)measure(s, true, ret);
}

void sandbox_fill_exit(struct sandbox *s, const siginfo_t *si)
{
	struct usage usage;
	/* of a child of ours reaping tells it, and more exactly */
	bool out_of_memory = measure(s, s->adopted, &usage);
	enum sandbox_result result = judge(s, si, out_of_memory);

	s->exit = (struct sandbox_exit){
		.id = s->id,
		.result = result,
		.exit_code = si->si_code == CLD_EXITED ? si->si_status : 0,
		/* what the kernel would have sent, had it not asked us */
		.exit_signal = si->si_code == CLD_EXITED    ? 0
			       : result == RESULT_VIOLATION ? SIGSYS
							    : si->si_status,
		.exited_realtime_usec = now_realtime_usec(),
		.usage = usage,
	};
	/* process 1 has reaped all others */
	if (!s->adopted && s->jail.payload_is_init) {
		s->exit.usage.has |= USAGE_CPU;
		s->exit.usage.cpu_usec = s->jail.cpu_usec;
	}
}

size_t sandbox_held(const struct sandbox *s, uint32_t which, uint32_t *ret_which, int fds[_HOLD_MAX])
{
	const struct jail *j = &s->jail;
	const struct jail_pool pool = s->pool ? s->pool->namespaces : JAIL_POOL_NULL;
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
	size_t n = 0;

	*ret_which = 0;
	for (size_t i = 0; i < LIFELINES_MAX; i++)
		all[HOLD_LIFELINE + i] = s->lifelines[i].source.fd;
	for (uint32_t i = 0; i < _HOLD_MAX; i++)
		if ((which & (1U << i)) && all[i] >= 0) {
			*ret_which |= 1U << i;
			fds[n++] = all[i];
		}
	return n;
}

int sandbox_write(struct sandbox *s, int table_fd)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(TABLE_RECORD_MAX);
	struct kept kept = { 0 }; /* borrows */

	if (table_fd < 0)
		return 0;
	sandbox_to_kept(s, &kept);
	(void)encode_kept(&b, &kept);
	return table_write(table_fd, s->slot, ++s->sequence, &b);
}

const struct violation *sandbox_add_violation(struct sandbox *s, const struct jail_violation *taken)
{
	struct violation v = { .realtime_usec = now_realtime_usec(),
		.arch = taken->arch,
		.number = taken->number,
		.address = taken->address,
		.main = taken->main };

	for (size_t i = 0; i < ELEMENTSOF(v.args); i++)
		v.args[i] = taken->args[i];
	if (taken->main)
		s->violated = true;
	if (!s->violations)
		s->violations = calloc(VIOLATIONS_MAX, sizeof(*s->violations));
	/* Without memory the process is killed all the same, and nobody learns for what. */
	if (!s->violations || s->n_violations++ >= VIOLATIONS_MAX)
		return NULL;
	s->violations[s->n_violations - 1] = v;
	return &s->violations[s->n_violations - 1];
}
