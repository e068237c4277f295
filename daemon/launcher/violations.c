/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/violations.h"
#include "base/error.h"
#include "base/io.h"
#include "base/log.h"
#include "launcher/adopt.h"
#include "launcher/sandbox.h"

#include <sys/epoll.h>

/* Each takes the launcher some microseconds: who forks children that are killed for calls, without end, is
 * ended as a whole. */
#define VIOLATIONS_FATAL 256

static void tell(struct server *server, const struct sandbox *s, const struct violation *v)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	const struct violation_event event = { .id = s->id, .violation = *v };

	if (server_lists_later(server, s->id))
		return; /* it will be in the entry */
	(void)encode_violation_event(&b, &event);
	server_send(server, &b, -1);
}

static void record(struct server *server, struct sandbox *s, const struct jail_violation *taken)
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
	if (s->violations && s->n_violations < VIOLATIONS_MAX) {
		s->violations[s->n_violations] = v;
		tell(server, s, &v);
	}
	if (s->violations)
		s->n_violations++;
}

static void listener_readable(struct server *server, struct source *source, uint32_t events)
{
	struct sandbox *s = CONTAINER_OF(source, struct sandbox, listener);
	struct jail_violation v;
	int r;

	/* What was taken back meanwhile counts, too: with a timer's signals a process could ask without end.
	 */
	s->n_questions += (events & EPOLLIN) != 0;
	/* a question that was taken comes to no other launcher, and who asked it waits */
	s->asking = (events & EPOLLIN) != 0;
	if (s->asking)
		keep_sandbox(server, s);
	/* Hung up: nobody is left who could ask. */
	r = s->asking ? jail_take_violation(&s->jail, &v) : -EPIPE;
	if (r > 0)
		record(server, s, &v);
	s->asking = false;
	keep_sandbox(server, s);
	if (r >= 0 && s->n_questions < VIOLATIONS_FATAL)
		return;
	server_unwatch(server, source);
	if (r == -EPIPE)
		return;
	/* nobody would hear of the next one, which would wait for ever */
	log_info("sandbox %llu of profile %s: too many violations, or they can not be read: killing it",
		(unsigned long long)s->id, s->profile);
	sandbox_stop(server, s, 0, RESULT_VIOLATION);
}

int violations_watch(struct server *server, struct sandbox *s)
{
	if (s->jail.listener_fd < 0)
		return 0;
	s->listener = (struct source){ .fd = s->jail.listener_fd, .handle = listener_readable };
	return server_watch(server, &s->listener, EPOLLIN);
}
