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

static void listener_readable(struct server *server, struct source *source, uint32_t events)
{
	struct sandbox *s = CONTAINER_OF(source, struct sandbox, listener);
	const struct violation *recorded;
	struct jail_violation v;
	int r;

	/* Hung up: nobody is left who could ask, and there is nothing to write down. */
	if ((events & EPOLLIN) == 0) {
		server_unwatch(server, source);
		return;
	}
	/* What was taken back meanwhile counts, too: with a timer's signals a process could ask without end.
	 */
	s->n_questions++;
	/* a question that was taken comes to no other launcher, and who asked it waits */
	s->asking = true;
	keep_sandbox(server, s);
	r = jail_take_violation(&s->jail, &v);
	recorded = r > 0 ? sandbox_add_violation(s, &v) : NULL;
	if (recorded)
		tell(server, s, recorded);
	s->asking = false;
	keep_sandbox(server, s);
	if (r >= 0 && s->n_questions < VIOLATIONS_FATAL)
		return;
	server_unwatch(server, source);
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
