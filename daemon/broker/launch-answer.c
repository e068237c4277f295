/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/errors.h"
#include "broker/launch-queue.h"
#include "broker/layers.h"
#include "broker/lifetime.h"
#include "broker/outgoing.h"
#include "broker/sandbox-bus.h"
#include "broker/sandbox-signals.h"
#include "dbus/names.h"

#include <inttypes.h>
#include <string.h>

void launch_unlink(struct launch *l)
{
	struct launch **at = &l->broker->launches;

	while (*at && *at != l)
		at = &(*at)->next;
	if (*at)
		*at = l->next;
}

static void put_streams(struct writer *w, const struct launch *l)
{
	writer_open(w, SD_BUS_TYPE_ARRAY, "{uh}");
	for (uint32_t i = 0; i < STREAMS; i++)
		if (l->streams[i] >= 0) {
			writer_open(w, SD_BUS_TYPE_DICT_ENTRY, "uh");
			writer_u32(w, i);
			writer_fd(w, l->streams[i]);
			writer_close(w);
		}
	writer_close(w);
}

/* Of a launch that was asked for again. */
static void put_repeated(struct writer *w, const struct sandbox *s)
{
	const int yes = 1;

	writer_entry(w, BAILIFF_INFO_REPEATED, SD_BUS_TYPE_BOOLEAN, &yes);
	writer_open_entry(w, BAILIFF_INFO_LOST_STREAMS, "au");
	writer_open(w, SD_BUS_TYPE_ARRAY, "u");
	for (uint32_t i = 0; i < STREAMS; i++)
		if (s->token.streams & (1U << i))
			writer_u32(w, i);
	writer_close(w);
	writer_close(w);
	writer_close(w);
}

static int put_info(struct writer *w, const struct sandbox *s, bool again)
{
	int r;

	writer_open(w, SD_BUS_TYPE_ARRAY, "{sv}");
	writer_entry(w, BAILIFF_INFO_ID, SD_BUS_TYPE_UINT64, &s->id);
	writer_entry(w, BAILIFF_INFO_PID, SD_BUS_TYPE_UINT32, &s->pid);
	writer_entry(w, BAILIFF_INFO_GENERATION, SD_BUS_TYPE_UINT32, &s->generation);
	writer_entry(w, BAILIFF_INFO_SETUP_USEC, SD_BUS_TYPE_UINT64, &s->setup_usec);
	r = layers_append(w, BAILIFF_INFO_LAYERS, BAILIFF_INFO_SKIPPED, s->layers, s->lacking);
	if (again)
		put_repeated(w, s);
	writer_close(w);
	return r;
}

static size_t count_fds(const struct launch *l)
{
	size_t n = 1;

	for (size_t i = 0; i < STREAMS; i++)
		n += l->streams[i] >= 0;
	return n;
}

static int try_reply(const struct launch *l, const struct sandbox *s, bool again, bool quick)
{
	_cleanup_(outgoing_done) struct outgoing o = OUTGOING_INIT;
	char path[SANDBOX_PATH_MAX];
	int r;

	sandbox_bus_path(s, l->uid, path);
	r = outgoing_answer(&o, l->broker, l->call->message, quick, "oha{uh}a{sv}", count_fds(l));
	if (r < 0)
		return r;
	writer_basic(&o.w, SD_BUS_TYPE_OBJECT_PATH, path);
	writer_fd(&o.w, s->pidfd);
	put_streams(&o.w, l);
	r = put_info(&o.w, s, again);
	return r < 0 ? r : outgoing_send(&o);
}

/* Who asked for no answer gets none. */
static int reply(const struct launch *l, const struct sandbox *s, bool again)
{
	int r;

	if (sd_bus_message_get_expect_reply(l->call->message) <= 0)
		return 0;
	r = try_reply(l, s, again, true);
	return r == -EAGAIN ? try_reply(l, s, again, false) : r;
}

/* The sandbox runs: from here on an error of ours means that it must not stay. */
static int register_sandbox(
	struct launch *l, const struct launched *launched, int pidfd, struct sandbox **ret)
{
	struct broker *b = l->broker;
	struct sandbox *s;
	int r;

	s = sandbox_new(b, launched, l->profile, l->tag, l->owner_name);
	if (!s) {
		(void)fd_close(pidfd);
		lifetime_kill_unknown(b, launched->id);
		return -ENOMEM;
	}
	sandbox_set_pidfd(s, pidfd);
	s->owner = l->uid;
	s->generation = l->generation;
	s->detach = l->detach;
	s->token = l->token;
	r = lifetime_begin(b, s);
	if (r < 0)
		return r;
	*ret = s;
	return 0;
}

static struct audit_record record_of(const struct launch *l, enum audit_event event)
{
	struct callers *callers = &l->broker->callers;

	return (struct audit_record){ .event = event,
		.caller = l->owner_name ? callers_find_name(callers, l->owner_name) : NULL,
		.uid = l->uid,
		.profile = l->profile,
		.generation = l->generation,
		.rule = l->rule,
		.command_line = l->command_line };
}

static void record_failure(const struct launch *l, const sd_bus_error *error)
{
	struct audit_record r = record_of(l, AUDIT_FAILED);
	char reason[AUDIT_REASON_MAX];

	/* what follows the prefix: "Setup.Exec" */
	r.outcome = error->name ? error->name + strlen(BAILIFF_ERROR_PREFIX) : "Failed";
	audit_write(&l->broker->audit, l->broker->event, &r, "A launch of %s for uid %u failed: %s",
		l->profile, l->uid,
		audit_reason(reason, r.outcome, l->rule, error->message,
			l->broker->catalog->config.audit_command_line));
}

static void record_launch(const struct launch *l, const struct sandbox *s)
{
	struct audit_record r = record_of(l, AUDIT_LAUNCHED);

	r.sandbox = s->id;
	audit_write(&l->broker->audit, l->broker->event, &r,
		"Sandbox %" PRIu64 ": %s for uid %u in %" PRIu64 " us", s->id, s->profile, s->owner,
		s->setup_usec);
}

int launch_answer_again(struct launch *l, const struct sandbox *s)
{
	int r = reply(l, s, true);

	if (r < 0)
		return r;
	log_info("Sandbox %" PRIu64 " (%s): uid %u asked for its launch again", s->id, s->profile, l->uid);
	deferred_answered(steal_ptr(l->call));
	outflow_doubt(&l->broker->outflow);
	return 0;
}

static void answer_launched(struct launch *l, const struct launched *launched, int pidfd)
{
	struct sandbox *s = NULL;
	int r;

	r = register_sandbox(l, launched, pidfd, &s);
	if (r >= 0 && !l->owner_name && !l->detach) {
		log_info("Sandbox %" PRIu64 " (%s): its client left during the launch, killing it", s->id,
			s->profile);
		lifetime_stop(s, 0, RESULT_CLIENT_GONE, NULL);
		return;
	}
	if (r >= 0) {
		l->broker->n_launched++;
		record_launch(l, s);
		sandbox_emit_added(s);
		r = reply(l, s, false);
	}
	if (r < 0) {
		(void)log_errno(LOG_ERR, r, "A launch of %s can not be answered", l->profile);
		if (s)
			lifetime_stop(s, 0, RESULT_CLIENT_GONE, NULL);
		deferred_reply_failure(steal_ptr(l->call), BAILIFF_ERROR_FAILED, strerror(-r));
		return;
	}
	deferred_answered(steal_ptr(l->call));
	outflow_doubt(&l->broker->outflow);
}

static int take_launched(struct launch *l, const struct launcher_answer *answer)
{
	_cleanup_(launched_done) struct launched launched = { 0 };
	int r;

	r = decode_launched(answer->body, &launched);
	if (r < 0)
		return r;
	if (launched.has_pty != (l->pty >= 0) || answer->record->n_fds != 1U + launched.has_pty)
		return -EBADMSG;
	if (launched.has_pty)
		l->streams[l->pty] = wire_record_steal_fd(answer->record, 1);
	if (sandboxes_find(&l->broker->sandboxes, launched.id))
		return -EBADMSG;
	answer_launched(l, &launched, wire_record_steal_fd(answer->record, 0));
	return 0;
}

static int take_refused(struct launch *l, const struct launcher_answer *answer)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(refused_done) struct refused refused = { 0 };
	int r;

	if (answer->record->n_fds != 0)
		return -EBADMSG;
	r = decode_refused(answer->body, &refused);
	if (r < 0)
		return r;
	(void)error_refused(&error, &refused);
	record_failure(l, &error);
	deferred_reply_error(steal_ptr(l->call), &error);
	return 0;
}

void launch_fail(struct launch *l, int r, sd_bus_error *error)
{
	if (!sd_bus_error_is_set(error))
		(void)sd_bus_error_setf(error, BAILIFF_ERROR_FAILED,
			"The launch can not be handed to the launcher: %s: try again", strerror(-r));
	launch_unlink(l);
	record_failure(l, error);
	deferred_reply_error(steal_ptr(l->call), error);
	(void)launch_free(l);
}

static int take_answer(struct launch *l, const struct launcher_answer *answer)
{
	if (!answer) {
		deferred_reply_failure(
			steal_ptr(l->call), BAILIFF_ERROR_FAILED, "The launcher ended: try again");
		return 0;
	}
	switch (answer->type) {
	case WIRE_LAUNCHED:
		return take_launched(l, answer);
	case WIRE_REFUSED:
		return take_refused(l, answer);
	default:
		return -EBADMSG;
	}
}

int launch_answer(struct broker *b, const struct launcher_answer *answer, void *userdata)
{
	_cleanup_(launch_freep) struct launch *l = userdata;

	launch_unlink(l);
	launch_queue_rest(b, l->uid, now_boottime_usec() - l->sent_usec);
	launch_queue_next(b, l->uid);
	return take_answer(l, answer);
}
