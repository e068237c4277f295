/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/launch-call.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/parse.h"
#include "broker/answer.h"
#include "broker/broker.h"
#include "broker/errors.h"
#include "broker/fd-channel.h"
#include "broker/inquiry.h"
#include "broker/launch-again.h"
#include "broker/launch-args.h"
#include "broker/launch-queue.h"
#include "broker/launch-quota.h"
#include "broker/lifetime.h"
#include "broker/note.h"
#include "broker/output.h"
#include "broker/profile-bus.h"
#include "dbus/names.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct launch *launch_free(struct launch *l)
{
	if (l) {
		launch_give_quota(l);
		launch_queue_drop(l);
		(void)deferred_free(l->call);
		fd_close_many(l->streams, STREAMS);
		free(l->owner_name);
		free(l->profile);
		free(l->tag);
		free(l->command_line);
		free(l);
	}
	return NULL;
}

/* Not set for one that has errors: a refusal does not name it. */
static int find_profile(
	const struct broker *b, struct reader *m, const struct compiled_profile **ret, sd_bus_error *error)
{
	const struct compiled_profile *p;
	int r, index = -1;

	r = profile_bus_read_name(b, m, &index, error);
	if (r < 0)
		return r;
	p = &b->catalog->profiles[index];
	if (p->invalid)
		return sd_bus_error_setf(error, BAILIFF_ERROR_PROFILE_INVALID,
			"Profile %s has errors: an administrator finds them in the property ProfileErrors",
			p->name);
	*ret = p;
	return 0;
}

/* Who asks, with what polkit has said of this very call. */
static struct plan_caller who_asks(
	struct broker *b, const struct caller *c, sd_bus_message *m, const struct compiled_profile *p)
{
	const struct inquiry *i = inquiry_of(b, m);
	const char *action = plan_polkit_action(p);
	struct plan_caller who = caller_for_plan(c);

	who.polkit = i && action && i->action && i->verdict == POLKIT_YES && i->generation == b->generation &&
		     strcmp(i->action, action) == 0;
	return who;
}

/* What becomes of a call, for its record. */
struct judgement {
	const struct compiled_profile *profile; /* NULL: none was found */
	char rule[128];                         /* that decided; "" when none did */
	char *command_line;
	bool waits;  /* comes back */
	bool queued; /* and its descriptors with it */
};

static void judgement_done(struct judgement *j)
{
	free(j->command_line);
}

static void set_rule(struct judgement *j, const struct plan_result *result)
{
	(void)snprintf(j->rule, sizeof(j->rule), "%s", result->rule);
}

static int refuse_access(struct broker *b, const struct inquiry *i, struct plan_result *result,
	struct judgement *j, sd_bus_error *error)
{
	if (i && i->generation != b->generation && i->verdict == POLKIT_YES)
		return sd_bus_error_set(error, BAILIFF_ERROR_BUSY,
			"The profiles were reloaded while polkit was asked: try again");
	if (i) {
		size_t n = strlen(result->message);

		(void)snprintf(
			result->message + n, sizeof(result->message) - n, "%s", polkit_explain(i->verdict));
	}
	set_rule(j, result);
	return error_refusal(error, result->refusal, result->rule, result->message);
}

/*
 * Whether the caller may launch this profile at all, before anything else of the call is looked at. 0 and
 * *ret_ask: only if polkit says so, which is still to be asked.
 */
static int check_access(struct broker *b, const struct caller *c, sd_bus_message *m, struct judgement *j,
	bool *ret_ask, sd_bus_error *error)
{
	const struct compiled_profile *p = j->profile;
	const struct inquiry *i = inquiry_of(b, m);
	const bool needs_unit = plan_needs_unit(p) && !caller_is_administrator(c);
	struct plan_result result = { 0 };
	struct plan_caller who;
	int r;

	*ret_ask = false;
	/* A unit is looked up anew for each launch that it decides, else once, for the log. Without a
	 * launcher that comes later, as the launch does. */
	if (b->launcher.ready && (needs_unit ? !i || !i->looked : !c->looked)) {
		r = inquiry_look(b, c, m, needs_unit, error);
		if (r != 0)
			return r;
	}
	if (!b->launcher.ready && needs_unit)
		return 0;
	who = who_asks(b, c, m, p);
	r = plan_access(p, &who, &result);
	if (r >= 0)
		return 0;
	if (result.refusal == REFUSAL_ACCESS_DENIED && plan_polkit_action(p) && (!i || !i->action)) {
		*ret_ask = true;
		return 0;
	}
	return refuse_access(b, i, &result, j, error);
}

/* What is asked for goes to polkit with the question: whoever answers it should see what it is about. */
static int ask_polkit(struct broker *b, const struct caller *c, sd_bus_message *m,
	const struct compiled_profile *p, const struct launch_args *a, sd_bus_error *error)
{
	_cleanup_free_ char *command_line = NULL;
	struct polkit_question q = {
		.action = plan_polkit_action(p), .profile = p->name, .interactive = a->interactive
	};
	struct carried carried;
	int r;

	r = polkit_command_line(a->argv.v, &command_line);
	if (r < 0)
		return r;
	q.command_line = command_line;
	r = carried_take(b, c->uid, a, 0, &carried, error);
	return r < 0 ? r : inquiry_polkit(b, c, m, &q, &carried, error);
}

/* The same evaluation that the launcher makes; of the result only the effective streams are needed here. */
static int decide(struct broker *b, const struct plan_caller *who, struct judgement *j,
	const struct launch_args *a, struct plan_effective *ret, sd_bus_error *error)
{
	struct plan_result result = { 0 };
	struct plan_request request;
	struct jail_spec spec = { 0 };
	int r;

	launch_args_for_plan(a, b->catalog->config.dynamic_uid_min, &request);
	r = plan_make(j->profile, who, &request, &spec, ret, &result);
	set_rule(j, &result);
	if (r >= 0) {
		jail_spec_done(&spec);
		return 0;
	}
	if (result.refusal == REFUSAL_NONE)
		return r;
	return error_refusal(error, result.refusal, result.rule, result.message);
}

static void parcel_add(struct parcel *p, struct launch_request *request, uint32_t target, int fd, bool made)
{
	request->fds[request->n_fds].target = target;
	request->fds[request->n_fds].made = made;
	request->n_fds++;
	p->fds[p->n++] = fd;
}

/* The program reads its 0 and writes its 1 and 2; the client gets the other end, and each only the mode it
 * needs. Through a socket goes both. */
static int make_ends(uint32_t number, enum stdio_mode mode, int *ret_program, int *ret_client)
{
	int ends[2], r;

	if (mode == STDIO_SOCKET)
		r = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
	else
		r = pipe2(ends, O_CLOEXEC);
	if (r < 0)
		return errno_or_eio();
	*ret_program = ends[number == 0 ? 0 : 1];
	*ret_client = ends[number == 0 ? 1 : 0];
	return 0;
}

static int make_streams(struct launch *l, const struct plan_effective *effective,
	struct launch_request *request, struct parcel *p)
{
	for (uint32_t i = 0; i < STREAMS; i++) {
		enum stdio_mode mode = effective->stdio[i];
		int r;

		if (mode == STDIO_PTY && l->pty < 0)
			l->pty = (int)i; /* comes with the launcher's answer */
		if (mode != STDIO_PIPE && mode != STDIO_SOCKET)
			continue;
		r = make_ends(i, mode, &p->made[i], &l->streams[i]);
		if (r < 0)
			return r;
		parcel_add(p, request, i, p->made[i], true);
		l->token.streams |= 1U << i;
	}
	if (l->pty >= 0)
		l->token.streams |= 1U << l->pty;
	return 0;
}

/* Behind the caller's own, which are there already. */
static int pack_fds(struct launch *l, const struct launch_args *a, const struct plan_effective *effective,
	struct launch_request *request, struct parcel *p)
{
	int r;

	r = make_streams(l, effective, request, p);
	if (r < 0)
		return r;
	for (size_t i = 0; i < a->n_binds; i++)
		p->fds[p->n++] = a->bind_sources[i];
	if (a->lifeline < 0)
		return 0;
	request->has_lifeline = true;
	p->fds[p->n++] = a->lifeline;
	return 0;
}

static void fill_request(const struct launch *l, const struct caller *c, const struct plan_caller *who,
	uint32_t profile, const struct launch_args *a, struct launch_request *request,
	struct wire_limit *limits)
{
	/* Everything is borrowed: the request only lives until it is encoded. */
	*request = (struct launch_request){
		.generation = l->generation,
		.profile = profile,
		.uid = c->uid,
		.gids = c->gids,
		.n_gids = c->n_gids,
		.administrator = who->administrator,
		.label = c->callers->selinux ? c->identity.label : NULL,
		.unit = c->unit,
		.polkit = who->polkit,
		.argv = a->argv.v,
		.env = a->env.v,
		.unset_env = a->unset_env.v,
		.has_cwd = a->cwd != NULL,
		.stdio = { a->stdio[0], a->stdio[1], a->stdio[2] },
		.has_pty_size = a->has_pty_size,
		.pty_rows = a->pty_rows,
		.pty_columns = a->pty_columns,
		.notify = a->notify,
		.detach = a->detach,
		.adoptable = a->token != NULL,
		.limits = limits,
		.n_limits = a->n_limits,
		.runtime_max_usec = a->runtime_max_usec,
		.timeout_stop_usec = a->timeout_stop_usec,
		.stop_signal = a->stop_signal,
		.tighter = a->tighter,
		.cwd = a->cwd,
		.tag = l->tag,
	};
	for (size_t i = 0; i < a->n_limits; i++)
		limits[i] = (struct wire_limit){ .resource = a->limits[i].resource,
			.soft = a->limits[i].soft,
			.hard = a->limits[i].hard };
	for (size_t i = 0; i < a->n_binds; i++) {
		request->binds[i].slot = a->bind_slots[i];
		request->binds[i].read_only = a->binds[i].read_only;
	}
	request->n_binds = a->n_binds;
}

static int pack_request(
	struct launch *l, const struct launch_request *request, struct parcel *p, sd_bus_error *error)
{
	int r;

	p->serial = launcher_next_serial(&l->broker->launcher);
	r = encode_launch_request(&p->record, p->serial, request);
	if (r >= 0)
		r = buf_error(&p->record);
	if (r == -EMSGSIZE || r == -E2BIG)
		return sd_bus_error_set(error, BAILIFF_ERROR_QUOTA_EXCEEDED,
			"Too much to hand over: fewer arguments, variables or groups are needed");
	return r;
}

static int launch_new(struct broker *b, const struct caller *c, sd_bus_message *m, const char *profile,
	const struct launch_args *a, sd_bus_error *error, struct launch **ret)
{
	_cleanup_(launch_freep) struct launch *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	*l = (struct launch){ .broker = b,
		.uid = c->uid,
		.generation = b->generation,
		.detach = a->detach,
		.streams = { -1, -1, -1 },
		.pty = -1 };
	l->owner_name = strdup(c->name);
	l->profile = strdup(profile);
	l->tag = strdup(a->tag ? a->tag : "");
	if (a->token)
		memcpy(l->token.name, a->token, strlen(a->token));
	if (!l->owner_name || !l->profile || !l->tag)
		return -ENOMEM;
	r = deferred_new(b, c, m, 0, error, &l->call);
	if (r < 0)
		return r;
	*ret = steal_ptr(l);
	return 0;
}

/* @m: the call, or what stands in for it: then its descriptors are not the message's. */
static int start(struct broker *b, const struct caller *c, sd_bus_message *m, bool stands_in,
	struct judgement *j, const struct launch_args *a, sd_bus_error *error)
{
	const struct compiled_profile *p = j->profile;
	const struct plan_caller who = who_asks(b, c, m, p);
	_cleanup_(parcel_done) struct parcel parcel = PARCEL_INIT;
	_cleanup_(launch_freep) struct launch *l = NULL;
	struct wire_limit limits[ELEMENTSOF(a->limits)];
	struct launch_request request;
	struct plan_effective effective;
	int r;

	r = decide(b, &who, j, a, &effective, error);
	if (r < 0)
		return r;
	r = launch_new(b, c, m, p->name, a, error, &l);
	if (r < 0)
		return r;
	parcel.fleeting = stands_in;
	fill_request(l, c, &who, (uint32_t)(p - b->catalog->profiles), a, &request, limits);
	for (size_t i = 0; i < a->n_fds; i++)
		parcel_add(&parcel, &request, a->fds[i].target, a->sources[i], false);
	r = launch_again(l, &request, error);
	if (r != 0)
		return r;
	r = launch_take_quota(l, p, a, error);
	if (r >= 0)
		r = pack_fds(l, a, &effective, &request, &parcel);
	if (r >= 0)
		r = note_write(
			c->bus ? NULL : b->bus, l->owner_name, &l->token, request.note, &request.n_note);
	if (r >= 0)
		r = pack_request(l, &request, &parcel, error);
	if (r >= 0)
		r = launch_queue_submit(l, &parcel);
	if (r < 0)
		return r;
	j->queued = launch_queue_waits(l);
	memcpy(l->rule, j->rule, sizeof(l->rule));
	l->command_line = steal_ptr(j->command_line);
	l->next = b->launches;
	b->launches = steal_ptr(l);
	return 1;
}

/* Until there is a launcher. What was learnt for it by then is old: it is asked again. */
static int hold(struct broker *b, const struct caller *c, sd_bus_message *m, const struct launch_args *a,
	sd_bus_error *error)
{
	_cleanup_(deferred_freep) struct deferred *d = NULL;
	int r;

	r = deferred_new(b, c, m, 0, error, &d);
	if (r >= 0)
		r = carried_take(b, c->uid, a, 0, &d->carried, error);
	if (r < 0)
		return r;
	inquiry_end(b, m);
	return between_add(b, steal_ptr(d), error);
}

static int read_args(
	struct broker *b, struct reader *m, struct judgement *j, struct launch_args *a, sd_bus_error *error)
{
	int r = launch_args_read(a, m, b->proc_fd, error);

	if (r >= 0 && b->catalog->config.audit_command_line)
		r = polkit_command_line(a->argv.v, &j->command_line);
	return r;
}

/* INQUIRY_WAITS, FD_CHANNEL_WAITS and BETWEEN_WAITS: the call comes back when more is known, and everything
 * is checked anew.
 */
static int launch(
	struct broker *b, const struct caller *c, sd_bus_message *m, struct judgement *j, sd_bus_error *error)
{
	_cleanup_(launch_args_done) struct launch_args args;
	struct reader reader = { .message = m };
	bool ask = false;
	int r;

	launch_args_init(&args);
	r = find_profile(b, &reader, &j->profile, error);
	if (r < 0)
		return r;
	r = check_access(b, c, m, j, &ask, error);
	j->waits = r == INQUIRY_WAITS;
	if (r == 0)
		r = deferred_check(b, c, error);
	if (r != 0)
		return r;
	/* Fds and options of those who may not are not looked at, but for what polkit is told. */
	r = read_args(b, &reader, j, &args, error);
	if (r < 0)
		return r;
	if (!b->launcher.ready) {
		r = hold(b, c, m, &args, error);
		j->waits = r == BETWEEN_WAITS;
		return r;
	}
	if (!ask) {
		r = fd_channel_read(b, c, m, &args, error);
		j->waits = r == FD_CHANNEL_WAITS;
		return r == 0 ? start(b, c, m, false, j, &args, error) : r;
	}
	r = ask_polkit(b, c, m, j->profile, &args, error);
	j->waits = r == INQUIRY_WAITS;
	return r;
}

static void record_refusal(
	struct broker *b, const struct caller *c, const struct judgement *j, int r, const sd_bus_error *error)
{
	const char *name = error->name ? strrchr(error->name, '.') : NULL;
	const char *sentence = error->message ? error->message : strerror(-r);
	char reason[AUDIT_REASON_MAX];
	const struct audit_record record = { .event = AUDIT_REFUSED,
		.caller = c,
		.profile = j->profile ? j->profile->name : NULL,
		.generation = b->generation,
		.outcome = name ? name + 1 : "Failed",
		.rule = j->rule,
		.method = "LaunchSandboxed",
		.command_line = j->command_line };

	audit_write(&b->audit, b->event, &record, "uid %u is refused a launch of %s: %s", c->uid,
		j->profile ? j->profile->name : "a profile",
		audit_reason(
			reason, record.outcome, j->rule, sentence, b->catalog->config.audit_command_line));
}

/* What became of it is known. */
static void conclude(
	struct broker *b, const struct caller *c, const struct judgement *j, int r, const sd_bus_error *error)
{
	if (r < 0)
		record_refusal(b, c, j, r, error);
	if (sd_bus_error_has_name(error, BAILIFF_ERROR_QUOTA_EXCEEDED))
		serving_pause(b, c->uid);
}

/* Nothing more than the catalog says is to be learnt of who asks. */
static bool is_plain(const struct broker *b, const struct caller *c, const struct compiled_profile *p)
{
	return b->launcher.ready && c->looked && (!plan_needs_unit(p) || caller_is_administrator(c));
}

int launch_call(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	_cleanup_(judgement_done) struct judgement j = { 0 };
	struct broker *b = userdata;
	const struct caller *c = callers_find(&b->callers, m);
	int r;

	if (!c)
		return sd_bus_error_set(error, BAILIFF_ERROR_ACCESS_DENIED, "The caller is not known");
	r = launch(b, c, m, &j, error);
	conclude(b, c, &j, r, error);
	if (r > 0 && !j.waits && is_plain(b, c, j.profile) && sd_bus_message_get_expect_reply(m) > 0)
		recall_form(&b->recall, m, FORM_LAUNCH);
	if (!j.waits) {
		inquiry_end(b, m);
		if (!j.queued)
			fd_channel_end(b, m);
	}
	return r;
}

/* What a launch by sd-bus' way goes through before it begins, but for all that may wait. */
static int prepare_quickly(struct broker *b, const struct caller *c, struct reader *m, struct judgement *j,
	struct launch_args *a, sd_bus_error *error)
{
	struct plan_result result = { 0 };
	struct plan_caller who;
	int r;

	r = find_profile(b, m, &j->profile, error);
	if (r < 0)
		return r;
	if (!is_plain(b, c, j->profile))
		return -EAGAIN;
	who = caller_for_plan(c);
	r = plan_access(j->profile, &who, &result);
	if (r >= 0)
		r = deferred_check(b, c, error);
	if (r >= 0)
		r = read_args(b, m, j, a, error);
	return r >= 0 && a->channel >= 0 ? -EAGAIN : r;
}

/* Has no fields and no body: it says whom to answer. */
static int stand_in(const struct quick_call *call, sd_bus_message **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	int r;

	r = sd_bus_message_new(call->bus, &m, SD_BUS_MESSAGE_METHOD_CALL);
	if (r >= 0 && call->sender[0] != '\0')
		r = sd_bus_message_set_sender(m, call->sender);
	if (r >= 0)
		r = sd_bus_message_seal(m, call->serial, 0);
	if (r < 0)
		return r;
	*ret = steal_ptr(m);
	return 0;
}

int launch_quickly(struct broker *b, const struct caller *c, struct reader *m, const struct quick_call *call)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL, unsaid = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *bare = NULL;
	_cleanup_(launch_args_done) struct launch_args args;
	_cleanup_(judgement_done) struct judgement j = { 0 };
	int r;

	launch_args_init(&args);
	r = prepare_quickly(b, c, m, &j, &args, &unsaid);
	if (r >= 0)
		r = stand_in(call, &bare);
	if (r < 0)
		return 0;
	/* from here on something may have been counted or sent: it is not done twice */
	r = start(b, c, bare, true, &j, &args, &error);
	conclude(b, c, &j, r, &error);
	if (r >= 0)
		return 1;
	answer_error(bare, r, &error);
	output_note(b, call->bus);
	return 2;
}

/* What has begun goes on when it is detached, as the sandbox will. */
static void forsake(struct launch *l)
{
	if (launch_queue_waits(l)) {
		log_info("A launch of %s for uid %u: its client left before its turn came", l->profile,
			l->uid);
		launch_unlink(l);
		(void)launch_free(l);
		return;
	}
	free(l->owner_name);
	l->owner_name = NULL;
	if (!l->detach)
		lifetime_abandon(l->broker, l->serial);
}

void launch_client_gone(struct broker *b, const char *name)
{
	struct launch *next;

	for (struct launch *l = b->launches; l; l = next) {
		next = l->next;
		if (l->owner_name && strcmp(l->owner_name, name) == 0)
			forsake(l);
	}
}
