/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The broker's requests. What is not in the table, or not as the table says, ends the connection: an honest
 * broker sends no such thing, and a taken-over one gets no second try at it.
 */

#include "base/error.h"
#include "base/log.h"
#include "base/salt.h"
#include "launcher/control.h"
#include "launcher/launch.h"
#include "launcher/notices.h"
#include "launcher/process.h"
#include "launcher/sandbox.h"
#include "launcher/server.h"
#include "plan/plan.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

/* Records taken in one go, so that a broker that sends without pause can not keep the sandboxes' ends
 * waiting. */
#define RECORDS_PER_EVENT 16

typedef int (*request_handler)(
	struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record);

int answer_done(struct server *server, uint32_t serial, int error)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);

	(void)encode_done(&b, serial, &(struct done){ .error = error });
	server_send(server, &b, -1);
	return 0;
}

static int request_signal(
	struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record)
{
	struct signal_request m;
	struct sandbox *s;
	int r = decode_signal_request(c, &m);

	if (r < 0)
		return r;
	s = registry_find(&server->registry, m.id);
	return answer_done(server, serial, s ? sandbox_signal(server, s, m.signal, m.all) : -ESRCH);
}

static int request_stop(struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record)
{
	struct stop_request m;
	struct sandbox *s;
	int r = decode_stop_request(c, &m);

	if (r < 0)
		return r;
	s = find_live(server, serial, m.id);
	if (!s)
		return 0;
	sandbox_stop(server, s, m.timeout_usec == USEC_INFINITY ? s->timeout_stop_usec : m.timeout_usec,
		(enum sandbox_result)m.reason);
	return answer_done(server, serial, 0);
}

/* By now the launch may run, or have ended: the broker hears of that first, and stops it. */
static int request_abandon(
	struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record)
{
	struct sandbox *s;
	uint64_t launch;
	int r = decode_id(c, &launch);

	if (r < 0)
		return r;
	if (launch > UINT32_MAX)
		return -EBADMSG;
	s = registry_find_starting(&server->registry, (uint32_t)launch);
	if (s)
		sandbox_abandon(server, s);
	return answer_done(server, serial, 0);
}

static int request_resize(
	struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record)
{
	struct resize_request m;
	struct sandbox *s;
	int r = decode_resize_request(c, &m);

	if (r < 0)
		return r;
	s = find_live(server, serial, m.id);
	if (!s)
		return 0;
	return answer_done(server, serial, jail_resize_pty(&server->jail, &s->jail, m.rows, m.columns));
}

static int request_forget(
	struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record)
{
	struct sandbox *s;
	uint64_t id;
	int r = decode_id(c, &id);

	if (r < 0)
		return r;
	s = registry_find(&server->registry, id);
	r = !s ? -ESRCH : s->state != SANDBOX_EXITED ? -EBUSY : 0;
	if (r == 0)
		registry_remove(&server->registry, s);
	return serial == 0 ? 0 : answer_done(server, serial, r);
}

static int send_entry(struct server *server, const struct sandbox *s)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	struct sandbox_entry entry;
	bool live = s->state != SANDBOX_EXITED;
	int r;

	sandbox_describe(s, &entry);
	r = encode_sandbox_entry(&b, server->listing.serial, &entry);
	if (r < 0)
		return r;
	return wire_send(server->broker.fd, b.data, b.size, &s->jail.pidfd, live ? 1 : 0);
}

/* Sends entries until the broker's queue is full or all were sent. */
static int continue_list(struct server *server)
{
	struct listing *l = &server->listing;
	struct sandbox *s;
	int r;

	for (s = registry_find_from(&server->registry, l->next_id); s; s = TAILQ_NEXT(s, by_age)) {
		/* one that is being set up belongs to a launch of the broker before, and is being killed:
		 * where it may go on, this broker was not listened to until it had started or failed */
		r = s->state == SANDBOX_STARTING ? 0 : send_entry(server, s);
		if (r == -EAGAIN)
			return 0;
		if (r < 0)
			return r;
		l->next_id = s->id + 1;
	}
	l->active = false;
	(void)answer_done(server, l->serial, 0);
	notices_repeat(server);
	return 0;
}

static int request_list(struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record)
{
	int r = cursor_end(c);

	if (r < 0)
		return r;
	server->listing = (struct listing){ .active = true, .serial = serial };
	/* entries go past the outbox: they must not overtake what is in it */
	return outbox_is_empty(&server->outbox) ? continue_list(server) : 0;
}

static int request_salt(struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	const char *path = NULL, *reason = NULL;
	uint8_t salt[SALT_MAX];
	char message[256];
	size_t size;
	int r;

	r = cursor_end(c);
	if (r < 0)
		return r;
	r = salt_load(server->current->catalog->config.salt_paths, salt, &size, &path, &reason);
	if (r < 0) {
		struct refused refused = { .refusal = REFUSAL_BUSY, .message = message };

		(void)log_errno(LOG_ERR, r, "salt %s: %s", path ? path : "", reason ? reason : "");
		(void)snprintf(message, sizeof(message), "the salt %s", reason ? reason : strerror(-r));
		return answer_refused(server, serial, &refused);
	}
	(void)encode_salt(&b, serial, salt, size);
	server_send(server, &b, -1);
	return 0;
}

static const struct request {
	uint32_t type;
	size_t max_fds;
	request_handler handle;
} requests[] = {
	/* the caller's, three that the broker made, the slots', the lifeline */
	{ WIRE_LAUNCH, FDS_MAX + MOUNT_SLOTS_MAX + 4, request_launch },
	{ WIRE_SIGNAL, 0, request_signal },
	{ WIRE_STOP, 0, request_stop },
	{ WIRE_FORGET, 0, request_forget },
	{ WIRE_LIST, 0, request_list },
	{ WIRE_SALT, 0, request_salt },
	{ WIRE_FREEZE, 0, request_freeze },
	{ WIRE_LIMIT, 0, request_limit },
	{ WIRE_USAGE, 0, request_usage },
	{ WIRE_ATTACH, 1, request_attach },
	{ WIRE_PROCESS, 1, request_process },
	{ WIRE_RESIZE, 0, request_resize },
	{ WIRE_NOTED, 0, request_noted },
	{ WIRE_ABANDON, 0, request_abandon },
};

static int serve_record(struct server *server, struct wire_record *record)
{
	struct cursor c = CURSOR_INIT(record->data, record->size);
	uint32_t type, serial;
	int r;

	r = wire_head(&c, &type, &serial);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ELEMENTSOF(requests); i++)
		if (requests[i].type == type)
			return record->n_fds <= requests[i].max_fds
				       ? requests[i].handle(server, serial, &c, record)
				       : -EBADMSG;
	return -EBADMSG;
}

static void receive_records(struct server *server)
{
	for (int i = 0; i < RECORDS_PER_EVENT && !server->broker_broken && !server->listing.active; i++) {
		_cleanup_(wire_record_done) struct wire_record record;
		int r;

		wire_record_init(&record);
		r = wire_receive(server->broker.fd, &record);
		if (r == -EAGAIN)
			return;
		if (r == 0) {
			log_info("the broker closed its connection");
			server->broker_broken = true;
			return;
		}
		if (r > 0)
			r = serve_record(server, &record);
		if (r < 0)
			server_break_broker(server, "a record was not as the protocol has it", r);
	}
}

void broker_readable(struct server *server, struct source *source, uint32_t events)
{
	int r = 0;

	if (!server->current) {
		server_break_broker(server, "it spoke before there was a catalog", -EPROTO);
		return;
	}
	if (events & EPOLLOUT) {
		r = outbox_flush(&server->outbox, source->fd);
		if (r == 0 && server->listing.active && outbox_is_empty(&server->outbox))
			r = continue_list(server);
	}
	if (r < 0)
		server_break_broker(server, "a record could not be sent", r);
	else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		receive_records(server);
}
