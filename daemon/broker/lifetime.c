/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/lifetime.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/errors.h"
#include "broker/sandbox-bus.h"
#include "broker/sandbox-signals.h"
#include "dbus/names.h"

#include <inttypes.h>
#include <string.h>

static int table_add(struct broker *b, struct sandbox *s, enum quota_kind kind)
{
	int r;

	/* Limits were checked before the launch; what runs is counted whatever they are by now. */
	r = quota_take(&b->quota, s->owner, kind, 1, UINT32_MAX);
	if (r < 0)
		return r;
	r = sandboxes_add(&b->sandboxes, s);
	if (r < 0)
		quota_give(&b->quota, s->owner, kind, 1);
	return r;
}

int lifetime_begin(struct broker *b, struct sandbox *s)
{
	uint64_t id = s->id;
	int r;

	r = table_add(b, s, QUOTA_LIVE);
	if (r < 0) {
		(void)sandbox_free(s);
		lifetime_kill_unknown(b, id);
	}
	return r;
}

int lifetime_adopt(struct broker *b, struct sandbox *s)
{
	int r;

	r = table_add(b, s, sandbox_is_live(s) ? QUOTA_LIVE : QUOTA_RETAINED);
	if (r < 0)
		(void)sandbox_free(s);
	return r;
}

static int read_done(const struct launcher_answer *answer, struct done *ret)
{
	if (answer->type != WIRE_DONE || answer->record->n_fds > 0)
		return -EBADMSG;
	return decode_done(answer->body, ret);
}

static void answer_lost(struct deferred *d)
{
	deferred_reply_failure(d, BAILIFF_ERROR_FAILED, "The launcher ended before it answered: try again");
}

static void answer_failed(struct deferred *d, int error)
{
	deferred_reply_failure(d, BAILIFF_ERROR_FAILED, strerror(-error));
}

/* To a request of our own, of which nothing remains to be done. */
static int on_done_nobody_waits(struct broker *b, const struct launcher_answer *answer, void *userdata)
{
	struct done done;

	return answer ? read_done(answer, &done) : 0;
}

static int on_stop_done(struct broker *b, const struct launcher_answer *answer, void *userdata)
{
	struct deferred *d = userdata;
	struct done done;
	int r;

	if (!answer) {
		answer_lost(d);
		return 0;
	}
	r = read_done(answer, &done);
	if (r < 0)
		(void)deferred_free(d);
	else if (done.error == 0 || done.error == -ESRCH) /* it ended by itself meanwhile */
		deferred_reply(d);
	else
		answer_failed(d, done.error);
	return r;
}

static int on_control_done(struct broker *b, const struct launcher_answer *answer, void *userdata)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	struct deferred *d = userdata;
	struct done done;
	int r;

	if (!answer) {
		answer_lost(d);
		return 0;
	}
	r = read_done(answer, &done);
	if (r < 0)
		(void)deferred_free(d);
	else if (done.error == 0)
		deferred_reply(d);
	else if (done.error == -ESRCH) {
		(void)error_sandbox_ended(&error);
		deferred_reply_error(d, &error);
	} else if (done.error == -ENOTTY || done.error == -EIO)
		deferred_reply_failure(d, BAILIFF_ERROR_INVALID_FD,
			"The pty is no more: its other end, the one that the launch returned, was closed");
	else
		answer_failed(d, done.error);
	return r;
}

/* A request about a sandbox that gets lost would leave a jail running: better a new broker that looks again.
 * One that gets lost with a launcher is made anew when the next one has told what lives, see takeover.c. */
static void submit(struct broker *b, uint32_t serial, const struct buf *request, launcher_handler handler,
	struct deferred *d)
{
	int r;

	r = launcher_submit(
		&b->launcher, serial, request, NULL, 0, false, d ? handler : on_done_nobody_waits, d);
	if (r >= 0)
		return;
	if (d && r == -ENOTCONN)
		between_add_or_refuse(b, d);
	else if (d)
		answer_failed(d, r);
	if (r != -ENOTCONN)
		broker_fail(b, r, "A request can not be sent to the launcher");
}

static void request_stop(struct broker *b, const struct stop_request *stop, struct deferred *d)
{
	_cleanup_(buf_done) struct buf buf = BUF_INIT(WIRE_RECORD_MAX);
	uint32_t serial = launcher_next_serial(&b->launcher);

	(void)encode_stop_request(&buf, serial, stop);
	submit(b, serial, &buf, on_stop_done, d);
}

void lifetime_stop(struct sandbox *s, uint64_t timeout_usec, enum sandbox_result reason, struct deferred *d)
{
	const struct stop_request stop = { .id = s->id, .timeout_usec = timeout_usec, .reason = reason };

	if (!sandbox_is_live(s)) {
		if (d)
			deferred_reply(d);
		return;
	}
	request_stop(s->broker, &stop, d);
	if (s->state != SANDBOX_STOPPING) {
		s->state = SANDBOX_STOPPING;
		sandbox_emit_changed(s);
	}
}

static void request_of_id(struct broker *b, enum wire_type type, uint32_t serial, uint64_t id)
{
	_cleanup_(buf_done) struct buf buf = BUF_INIT(WIRE_RECORD_MAX);

	(void)encode_id(&buf, type, serial, id);
	submit(b, serial, &buf, on_done_nobody_waits, NULL);
}

/* For each sandbox in the end: an answer would be a message more to read for nothing. */
void lifetime_forget_unknown(struct broker *b, uint64_t id)
{
	request_of_id(b, WIRE_FORGET, 0, id);
}

void lifetime_abandon(struct broker *b, uint32_t launch)
{
	request_of_id(b, WIRE_ABANDON, launcher_next_serial(&b->launcher), launch);
}

void lifetime_kill_unknown(struct broker *b, uint64_t id)
{
	const struct stop_request stop = { .id = id, .timeout_usec = 0, .reason = RESULT_CLIENT_GONE };

	request_stop(b, &stop, NULL);
}

void lifetime_signal(struct sandbox *s, int signal, bool all, struct deferred *d)
{
	const struct signal_request request = { .id = s->id, .signal = signal, .all = all };
	_cleanup_(buf_done) struct buf buf = BUF_INIT(WIRE_RECORD_MAX);
	uint32_t serial = launcher_next_serial(&s->broker->launcher);

	(void)encode_signal_request(&buf, serial, &request);
	submit(s->broker, serial, &buf, on_control_done, d);
}

void lifetime_resize_pty(struct sandbox *s, uint16_t rows, uint16_t columns, struct deferred *d)
{
	const struct resize_request request = { .id = s->id, .rows = rows, .columns = columns };
	_cleanup_(buf_done) struct buf buf = BUF_INIT(WIRE_RECORD_MAX);
	uint32_t serial = launcher_next_serial(&s->broker->launcher);

	(void)encode_resize_request(&buf, serial, &request);
	submit(s->broker, serial, &buf, on_control_done, d);
}

void lifetime_noted(struct sandbox *s, const struct noted_request *noted)
{
	_cleanup_(buf_done) struct buf buf = BUF_INIT(WIRE_RECORD_MAX);
	uint32_t serial = launcher_next_serial(&s->broker->launcher);

	(void)encode_noted_request(&buf, serial, noted);
	submit(s->broker, serial, &buf, on_done_nobody_waits, NULL);
}

void lifetime_forget(struct sandbox *s)
{
	struct broker *b = s->broker;

	assert(!sandbox_is_live(s));
	lifetime_forget_unknown(b, s->id);
	quota_give(&b->quota, s->owner, QUOTA_RETAINED, 1);
	sandbox_emit_removed(s);
	sandboxes_remove(&b->sandboxes, s);
}

static void record_end(const struct sandbox *s)
{
	const char *result = sandbox_result_to_string((enum sandbox_result)s->exit.result);
	const struct audit_record r = { .event = AUDIT_ENDED,
		.uid = s->owner,
		.profile = s->profile,
		.generation = s->generation,
		.sandbox = s->id,
		.outcome = result,
		.exit_code = s->exit.exit_code,
		.exit_signal = s->exit.exit_signal };

	audit_write(&s->broker->audit, s->broker->event, &r,
		"Sandbox %" PRIu64 " (%s) of uid %u has ended: %s", s->id, s->profile, s->owner, result);
}

static void end(struct sandbox *s, const struct sandbox_exit *ended)
{
	struct broker *b = s->broker;
	struct deferred *d;
	int r;

	s->exit = *ended;
	sandboxes_ended(&b->sandboxes, s);
	record_end(s);
	s->pidfd = fd_close(s->pidfd);
	s->notices_pause = sd_event_source_disable_unref(s->notices_pause);
	/* In this order the account stays, so that nothing is allocated and nothing can fail. */
	r = quota_take(&b->quota, s->owner, QUOTA_RETAINED, 1, UINT32_MAX);
	assert(r >= 0);
	quota_give(&b->quota, s->owner, QUOTA_LIVE, 1);
	while ((d = deferred_list_take(&s->waiters)))
		sandbox_bus_answer_wait(s, d);
	sandbox_emit_changed(s);
	sandbox_emit_exited(s);
}

void lifetime_stopping(struct broker *b, uint64_t id)
{
	struct sandbox *s = sandboxes_find(&b->sandboxes, id);

	if (!s || !sandbox_is_live(s) || s->state == SANDBOX_STOPPING)
		return;
	s->state = SANDBOX_STOPPING;
	sandbox_emit_changed(s);
}

void lifetime_exited(struct broker *b, const struct sandbox_exit *ended)
{
	struct sandbox *s = sandboxes_find(&b->sandboxes, ended->id);
	uid_t owner;

	if (!s || !sandbox_is_live(s)) {
		log_debug(
			"The launcher reports the end of sandbox %" PRIu64 ", which is not known", ended->id);
		return;
	}
	owner = s->owner;
	end(s, ended);
	/* More than one too many after a reload that lowered the limit. */
	while (quota_used(&b->quota, owner, QUOTA_RETAINED) > b->catalog->config.max_retained_per_user)
		lifetime_forget(sandboxes_oldest_retained(&b->sandboxes, owner));
}

void lifetime_client_gone(struct broker *b, const char *name)
{
	for (size_t i = 0; i < b->sandboxes.n; i++) {
		struct sandbox *s = b->sandboxes.v[i];

		deferred_list_drop(&s->waiters, name);
		if (!s->owner_name || strcmp(s->owner_name, name) != 0)
			continue;
		free(s->owner_name);
		s->owner_name = NULL;
		if (sandbox_is_live(s) && !s->detach) {
			log_info("Sandbox %" PRIu64 " (%s): its client has gone, stopping it", s->id,
				s->profile);
			lifetime_stop(s, USEC_INFINITY, RESULT_CLIENT_GONE, NULL);
		}
	}
}

void lifetime_lost(struct sandbox *s)
{
	const struct sandbox_exit killed = { .id = s->id,
		.result = RESULT_KILLED,
		.exit_signal = SIGKILL,
		.exited_realtime_usec = now_realtime_usec() };

	lifetime_exited(s->broker, &killed);
}
