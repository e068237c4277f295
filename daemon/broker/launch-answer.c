/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/dict.h"
#include "broker/errors.h"
#include "broker/launch-queue.h"
#include "broker/layers.h"
#include "broker/lifetime.h"
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

static int append_streams(sd_bus_message *reply, const struct launch *l)
{
	int r;

	r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{uh}");
	for (uint32_t i = 0; r >= 0 && i < STREAMS; i++)
		if (l->streams[i] >= 0)
			r = sd_bus_message_append(reply, "{uh}", i, l->streams[i]);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* Of a launch that was asked for again. */
static int append_repeated(sd_bus_message *reply, const struct sandbox *s)
{
	int r;

	r = sd_bus_message_append(reply, "{sv}", BAILIFF_INFO_REPEATED, "b", 1);
	if (r >= 0)
		r = dict_open(reply, BAILIFF_INFO_LOST_STREAMS, "au");
	if (r >= 0)
		r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "u");
	for (uint32_t i = 0; r >= 0 && i < STREAMS; i++)
		if (s->token.streams & (1U << i))
			r = sd_bus_message_append_basic(reply, SD_BUS_TYPE_UINT32, &i);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return dict_close(reply, r);
}

static int append_info(sd_bus_message *reply, const struct sandbox *s, bool again)
{
	int r;

	r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
	if (r >= 0)
		r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}", BAILIFF_INFO_ID, "t", s->id,
			BAILIFF_INFO_PID, "u", s->pid, BAILIFF_INFO_GENERATION, "u", s->generation,
			BAILIFF_INFO_SETUP_USEC, "t", s->setup_usec);
	if (r >= 0)
		r = layers_append(reply, BAILIFF_INFO_LAYERS, BAILIFF_INFO_SKIPPED, s->layers, s->lacking);
	if (r >= 0 && again)
		r = append_repeated(reply, s);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int build_reply(const struct launch *l, const struct sandbox *s, bool again, sd_bus_message **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	char path[SANDBOX_PATH_MAX];
	int r;

	sandbox_bus_path(s, l->uid, path);
	r = sd_bus_message_new_method_return(l->call->message, &reply);
	if (r >= 0)
		r = sd_bus_message_append(reply, "oh", path, s->pidfd);
	if (r >= 0)
		r = append_streams(reply, l);
	if (r >= 0)
		r = append_info(reply, s, again);
	if (r < 0)
		return r;
	*ret = steal_ptr(reply);
	return 0;
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
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	r = build_reply(l, s, true, &reply);
	if (r < 0)
		return r;
	log_info("Sandbox %" PRIu64 " (%s): uid %u asked for its launch again", s->id, s->profile, l->uid);
	deferred_send(steal_ptr(l->call), reply);
	outflow_doubt(&l->broker->outflow);
	return 0;
}

static void answer_launched(struct launch *l, const struct launched *launched, int pidfd)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct sandbox *s = NULL;
	int r;

	r = register_sandbox(l, launched, pidfd, &s);
	if (r >= 0 && !l->owner_name && !l->detach) {
		log_info("Sandbox %" PRIu64 " (%s): its client left during the launch, killing it", s->id,
			s->profile);
		lifetime_stop(s, 0, RESULT_CLIENT_GONE, NULL);
		return;
	}
	if (r >= 0)
		r = build_reply(l, s, false, &reply);
	if (r < 0) {
		(void)log_errno(LOG_ERR, r, "A launch of %s can not be answered", l->profile);
		if (s)
			lifetime_stop(s, 0, RESULT_CLIENT_GONE, NULL);
		deferred_reply_failure(steal_ptr(l->call), BAILIFF_ERROR_FAILED, strerror(-r));
		return;
	}
	l->broker->n_launched++;
	record_launch(l, s);
	sandbox_emit_added(s);
	deferred_send(steal_ptr(l->call), reply);
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
