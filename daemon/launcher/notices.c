/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/notices.h"
#include "base/error.h"
#include "base/log.h"
#include "launcher/sandbox.h"

#include <string.h>
#include <sys/epoll.h>

/* Until a list has been sent the broker may not know the sandbox yet: notices_repeat() follows. What can not
 * be read goes as nothing, and is tried again after the broker's word, at its pace. */
static void tell(struct server *server, struct sandbox *s)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	struct notice_event event = { .id = s->id };
	char text[NOTICE_MAX];
	int r;

	if (server->listing.due || server->listing.active)
		return;
	r = jail_look_at_notice(&server->jail, &s->jail, text, &event.size);
	if (r < 0)
		log_warning("sandbox %llu of profile %s: what it says can not be read",
			(unsigned long long)s->id, s->profile);
	s->notice_stays = r > 0 && event.size > 0;
	event.text = text;
	(void)encode_notice_event(&b, &event);
	server_send(server, &b, -1);
}

static void notice_readable(struct server *server, struct source *source, uint32_t events)
{
	struct sandbox *s = CONTAINER_OF(source, struct sandbox, notify);

	server_unwatch(server, source);
	s->noticed = true;
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
		if (s->noticed && s->state != SANDBOX_EXITED)
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
	if (!s || !s->noticed || s->state == SANDBOX_EXITED)
		return answer_done(server, serial, -ESRCH);
	if (m.ready)
		sandbox_ready(server, s);
	if (m.stopping)
		sandbox_leaving(server, s);
	r = s->notice_stays ? jail_drop_notice(&s->jail) : 0;
	s->notice_stays &= r < 0;
	if (r >= 0)
		r = notices_watch(server, s);
	s->noticed = r < 0;
	if (r < 0) /* once more, and then this is tried again, at the broker's pace */
		tell(server, s);
	return answer_done(server, serial, r);
}
