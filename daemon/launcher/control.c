/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/control.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/machine.h"
#include "launcher/adopt.h"
#include "launcher/sandbox.h"
#include "plan/plan.h"

#include <inttypes.h>
#include <stdio.h>

struct sandbox *find_live(struct server *server, uint32_t serial, uint64_t id)
{
	struct sandbox *s = registry_find(&server->registry, id);

	if (s && s->state != SANDBOX_STARTING && s->state != SANDBOX_EXITED)
		return s;
	(void)answer_done(server, serial, -ESRCH);
	return NULL;
}

static int deny(struct server *server, uint32_t serial, enum refusal refusal, char *message)
{
	return answer_refused(server, serial, &(struct refused){ .refusal = refusal, .message = message });
}

int request_freeze(struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record)
{
	struct freeze_request m;
	struct jail_error e;
	struct sandbox *s;
	int r = decode_freeze_request(c, &m);

	if (r < 0)
		return r;
	s = find_live(server, serial, m.id);
	if (!s)
		return 0;
	/* a sandbox that is being stopped has to see its signal */
	if (m.freeze && s->state == SANDBOX_STOPPING)
		return deny(server, serial, REFUSAL_BUSY, (char[]){ "the sandbox is being stopped" });
	r = jail_freeze(&s->jail, m.freeze, &e);
	keep_sandbox(server, s);
	return r < 0 ? answer_setup_failed(server, serial, &e) : answer_done(server, serial, 0);
}

/* Checks all before anything is changed. False: one would loosen, and the answer was sent. */
static bool only_tightens(
	struct server *server, uint32_t serial, const struct sandbox *s, const struct limit_request *m)
{
	struct machine machine = { 0 };
	char message[128];
	const char *loose = NULL;

	if (machine_measure(server->jail.proc_fd, &machine) < 0)
		loose = "shares of a machine whose size can not be found out";
	if (m->memory_max > plan_limit_in_force(&s->limits[GROUP_MEMORY_MAX], GROUP_MEMORY_MAX, &machine))
		loose = "memory-max";
	if (m->tasks_max > plan_limit_in_force(&s->limits[GROUP_TASKS_MAX], GROUP_TASKS_MAX, &machine))
		loose = "tasks-max";
	if (m->cpu_quota > plan_limit_in_force(&s->limits[GROUP_CPU_QUOTA], GROUP_CPU_QUOTA, &machine))
		loose = "cpu-quota";
	if (m->runtime_max_usec > s->runtime_max_usec)
		loose = "runtime-max-usec";
	if (m->timeout_stop_usec > s->timeout_stop_usec)
		loose = "stop-timeout-usec";
	if (!loose)
		return true;
	(void)snprintf(message, sizeof(message), "%s: a limit may be lowered, not raised", loose);
	(void)deny(server, serial, REFUSAL_OVERRIDE_DENIED, message);
	return false;
}

static void set_value(struct group_value *v, enum group_unit unit, uint64_t value)
{
	if (value != 0)
		*v = (struct group_value){ value == GROUP_INFINITY ? GROUP_ABSOLUTE : unit, value };
}

/* What can fail comes first. */
static int tighten(
	struct server *server, struct sandbox *s, const struct limit_request *m, struct jail_error *e)
{
	struct group_value values[_GROUP_LIMIT_MAX] = { 0 };
	int r;

	set_value(&values[GROUP_MEMORY_MAX], GROUP_ABSOLUTE, m->memory_max);
	set_value(&values[GROUP_TASKS_MAX], GROUP_ABSOLUTE, m->tasks_max);
	set_value(&values[GROUP_CPU_QUOTA], GROUP_PERMYRIAD, m->cpu_quota);
	r = jail_limit(&server->jail, &s->jail, values, e);
	if (r == -EOPNOTSUPP) /* nothing was written */
		return r;
	/* of several, one may be in force though another could not be written: then they all count */
	for (size_t i = 0; i < _GROUP_LIMIT_MAX; i++)
		if (values[i].unit != GROUP_UNSET)
			s->limits[i] = values[i];
	if (r < 0)
		return r;
	if (m->timeout_stop_usec != 0)
		s->timeout_stop_usec = m->timeout_stop_usec;
	if (m->runtime_max_usec != 0)
		sandbox_set_runtime(server, s, m->runtime_max_usec);
	return 0;
}

int request_limit(struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record)
{
	struct limit_request m;
	struct jail_error e;
	struct sandbox *s;
	int r = decode_limit_request(c, &m);

	if (r < 0)
		return r;
	s = find_live(server, serial, m.id);
	if (!s || !only_tightens(server, serial, s, &m))
		return 0;
	r = tighten(server, s, &m, &e);
	keep_sandbox(server, s);
	return r < 0 ? answer_setup_failed(server, serial, &e) : answer_done(server, serial, 0);
}

int request_usage(struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	struct sandbox *s;
	struct usage u;
	uint64_t id;
	int r = decode_id(c, &id);

	if (r < 0)
		return r;
	s = registry_find(&server->registry, id);
	if (!s || s->state == SANDBOX_STARTING)
		return answer_done(server, serial, -ESRCH);
	sandbox_usage(s, &u);
	(void)encode_usage(&b, serial, &u);
	server_send(server, &b, -1);
	return 0;
}

int request_attach(struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record)
{
	struct sandbox *s;
	uint64_t id;
	int r = decode_id(c, &id);

	if (r < 0)
		return r;
	if (record->n_fds != 1)
		return -EBADMSG;
	s = find_live(server, serial, id);
	if (!s)
		return 0;
	if (!fd_ends_with_peer(record->fds[0], server->jail.proc_fd))
		return deny(server, serial, REFUSAL_INVALID_FD,
			(char[]){ "the lifeline must be a pipe or a connected socket" });
	r = sandbox_attach(server, s, wire_record_steal_fd(record, 0));
	if (r == -EDQUOT)
		return deny(server, serial, REFUSAL_QUOTA_EXCEEDED,
			(char[]){ "the sandbox has as many lifelines as one may have, 4" });
	return answer_done(server, serial, r);
}
