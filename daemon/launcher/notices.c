/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/notices.h"
#include "base/error.h"
#include "base/log.h"
#include "launcher/sandbox.h"

#include <string.h>
#include <sys/epoll.h>

/* Until a list has been sent the broker may not know the sandbox yet: notices_repeat() follows. */
static void tell(struct server *server, const struct sandbox *s)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	const struct notice_event event = { .id = s->id, .text = s->notice, .size = s->n_notice };

	if (server->listing.due || server->listing.active)
		return;
	(void)encode_notice_event(&b, &event);
	server_send(server, &b, -1);
}

static void notice_readable(struct server *server, struct source *source, uint32_t events)
{
	struct sandbox *s = CONTAINER_OF(source, struct sandbox, notify);
	char text[NOTICE_MAX];
	size_t size = 0;
	int r = jail_take_notice(&server->jail, &s->jail, text, &size);

	if (r == 0)
		return;
	s->notice = malloc(size + 1);
	if (r < 0 || !s->notice)
		log_warning("sandbox %llu of profile %s: what it says can not be read",
			(unsigned long long)s->id, s->profile);
	if (!s->notice)
		return;
	server_unwatch(server, source);
	memcpy(s->notice, text, size);
	s->n_notice = size;
	tell(server, s);
}

int notices_watch(struct server *server, struct sandbox *s)
{
	if (s->jail.notify_fd < 0)
		return 0;
	s->notify = (struct source){ .fd = s->jail.notify_fd, .handle = notice_readable };
	return server_watch(server, &s->notify, EPOLLIN);
}

void notices_repeat(struct server *server)
{
	struct sandbox *s;

	TAILQ_FOREACH(s, &server->registry.by_age, by_age)
	{
		if (s->notice && s->state != SANDBOX_EXITED)
			tell(server, s);
	}
}

int request_noted(struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record)
{
	struct noted_request m;
	struct sandbox *s;
	int r = decode_noted_request(c, &m);

	if (r < 0)
		return r;
	s = registry_find(&server->registry, m.id);
	if (!s || !s->notice || s->state == SANDBOX_EXITED)
		return answer_done(server, serial, -ESRCH);
	if (m.ready)
		sandbox_ready(server, s);
	if (m.stopping)
		sandbox_leaving(server, s);
	r = notices_watch(server, s);
	if (r < 0) /* it is sent once more, and then this is tried again, at the broker's pace */
		tell(server, s);
	else {
		free(s->notice);
		s->notice = NULL;
	}
	return answer_done(server, serial, r);
}
