/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/sandbox.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "base/process.h"
#include "launcher/adopt.h"
#include "launcher/notices.h"
#include "launcher/violations.h"
#include "plan/plan.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

/* A new broker waits for launches of the one before; SetupTimeoutSec= may be longer than it may take. */
#define FORSAKEN_SETUP_USEC 5000000U
#define LAUNCH_USEC         20000U /* from go to exec, where nothing holds it up */

static const char client_gone[] = "the client went away";

static void drop_lifeline(struct server *server, struct lifeline *l)
{
	int fd = l->source.fd;

	server_unwatch(server, &l->source);
	(void)fd_close(fd);
}

static void unwatch_all(struct server *server, struct sandbox *s)
{
	timers_cancel(&server->timers, &s->timer);
	server_unwatch(server, &s->process);
	server_unwatch(server, &s->report);
	server_unwatch(server, &s->listener);
	server_unwatch(server, &s->notify);
	for (size_t i = 0; i < LIFELINES_MAX; i++)
		drop_lifeline(server, &s->lifelines[i]);
}

static void give_uid(struct server *server, const struct sandbox *s)
{
	int r = uids_give(&server->uids, now_boottime_usec(), s->uid);

	if (r < 0)
		(void)log_errno(LOG_WARNING, r, "cannot note that uid %u is in quarantine", s->uid);
}

/* Everything that only a live sandbox has. */
static void release(struct server *server, struct sandbox *s)
{
	unwatch_all(server, s);
	jail_done(&server->jail, &s->jail);
	s->pool = pool_leave(s->pool);
	if (s->dynamic_uid)
		give_uid(server, s);
	s->dynamic_uid = false;
	keep_release(server, s);
	s->generation = generation_unref(s->generation);
}

void sandbox_discard(struct server *server, struct sandbox *s)
{
	release(server, s);
	registry_remove(&server->registry, s);
}

int answer_refused(struct server *server, uint32_t serial, const struct refused *refused)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);

	(void)encode_refused(&b, serial, refused);
	server_send(server, &b, -1);
	return 0;
}

int answer_setup_failed(struct server *server, uint32_t serial, const struct jail_error *e)
{
	char object[JAIL_OBJECT_MAX];
	char why[JAIL_OBJECT_MAX + 64];
	struct refused refused = { .stage = e->stage, .error = e->error, .message = object };

	memcpy(object, e->object, sizeof(object));
	if (e->callers) {
		(void)snprintf(why, sizeof(why), "%s: %s", object, strerror(-e->error));
		refused = (struct refused){ .refusal = REFUSAL_INVALID_FD, .message = why };
	}
	return answer_refused(server, serial, &refused);
}

/* The launch failed; the sandbox has never been. */
static void fail_launch(struct server *server, struct sandbox *s, const struct jail_error *e)
{
	log_info("sandbox %llu of profile %s: setting it up failed at %s: %s%s%s", (unsigned long long)s->id,
		s->profile, jail_stage_to_string(e->stage), e->object, e->object[0] ? ": " : "",
		strerror(-e->error));
	if (!s->forsaken)
		(void)answer_setup_failed(server, s->serial, e);
	sandbox_discard(server, s);
}

static void broken_off(const struct sandbox *s, struct jail_error *ret)
{
	*ret = (struct jail_error){ .stage = s->failed, .error = -ECANCELED };
	(void)snprintf(ret->object, sizeof(ret->object), "%s", s->failed_why);
}

/* While it is not being stopped. */
static void set_deadline(struct server *server, struct sandbox *s)
{
	timers_set(&server->timers, &s->timer,
		s->start_deadline < s->runtime_deadline ? s->start_deadline : s->runtime_deadline);
}

static void succeed_launch(struct server *server, struct sandbox *s)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	int fds[] = { s->jail.pidfd, s->jail.pty_master_fd };
	struct launched launched;

	s->state = SANDBOX_RUNNING;
	s->started_boottime_usec = now_boottime_usec();
	s->started_realtime_usec = now_realtime_usec();
	s->setup_usec = s->started_boottime_usec - s->begun_usec;
	memcpy(s->stage_usec, s->jail.stage_usec, sizeof(s->stage_usec));
	s->start_deadline = usec_add(s->started_boottime_usec, s->timeout_start_usec);
	s->runtime_deadline = usec_add(s->started_boottime_usec, s->runtime_max_usec);
	set_deadline(server, s);
	/* before anybody hears of it: what is not written down now dies with us */
	keep_sandbox(server, s);
	sandbox_launched(s, &launched);
	if (!s->forsaken) {
		(void)encode_launched(&b, s->serial, &launched);
		server_send_fds(server, &b, fds, s->has_pty ? 2 : 1);
	}
	/* ours would keep the terminal from hanging up when the client goes */
	s->jail.pty_master_fd = fd_close(s->jail.pty_master_fd);
	log_debug("sandbox %llu of profile %s started in %llu us", (unsigned long long)s->id, s->profile,
		(unsigned long long)s->setup_usec);
}

static int watch_process(struct server *server, struct sandbox *s)
{
	s->process.fd = s->jail.pidfd;
	return server_watch(server, &s->process, EPOLLIN);
}

static int watch_report(struct server *server, struct sandbox *s)
{
	s->report.fd = s->jail.report_fd;
	return server_watch(server, &s->report, EPOLLIN);
}

/* One that may be asked for again counts as started if its program may have run, also when it was killed
 * right then: whoever asks must not get a second one. */
static bool is_broken_off(const struct sandbox *s, bool executed)
{
	return s->failed != STAGE_NONE && !(executed && (s->forsaken || s->abandoned) && s->adoptable);
}

static bool take_report(struct server *server, struct sandbox *s)
{
	struct jail_error e = { .stage = STAGE_EXEC };
	bool executed;
	int r;

	server_unwatch(server, &s->report);
	r = jail_read_report(&s->jail, &e);
	executed = r > 0;
	if (r == 0) {
		r = watch_report(server, s);
		if (r == 0)
			return true;
	}
	server->n_going--;
	if (executed) {
		jail_find_host_pid(&server->jail, &s->jail);
		r = s->process.fd < 0 ? watch_process(server, s) : 0;
		if (r >= 0)
			r = violations_watch(server, s);
		if (r >= 0)
			r = notices_watch(server, s);
		if (r >= 0)
			r = keep_begun(server, s);
	}
	if (is_broken_off(s, executed)) {
		broken_off(s, &e);
		r = e.error;
	} else if (r < 0 && e.error == 0)
		e = (struct jail_error){ .stage = STAGE_EXEC, .error = r, .object = "watching the sandbox" };
	if (r < 0) {
		fail_launch(server, s, &e);
		return false;
	}
	succeed_launch(server, s);
	return true;
}

/* Reads the report of a STARTING sandbox and answers its launch. False: the sandbox is gone. */
static bool settle_launch(struct server *server, struct sandbox *s)
{
	bool forsaken = s->forsaken, there = take_report(server, s);

	if (forsaken)
		server_forsaken_settled(server);
	return there;
}

/* Sends the end to the broker, unless it will learn of it from an entry of the list that is on its way. */
static void announce_end(struct server *server, const struct sandbox *s)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);

	if (server_lists_later(server, s->id))
		return;
	(void)encode_sandbox_exit(&b, &s->exit);
	server_send(server, &b, -1);
}

/* What reaping the jail adds to the time of our reaped children is what it used, with all its descendants,
 * where that is not known before; an adopted one's are not ours. The end is written down before the status is
 * taken from where it can be seen. */
void sandbox_end(struct server *server, struct sandbox *s, const siginfo_t *si)
{
	uint64_t cpu_before;
	siginfo_t same;

	sandbox_fill_exit(s, si);
	s->state = SANDBOX_EXITED;
	keep_sandbox(server, s);
	cpu_before = s->exit.usage.has & USAGE_CPU ? 0 : process_children_cpu_usec();
	(void)jail_reap(&s->jail, &same);
	release(server, s);
	if (!s->adopted && !(s->exit.usage.has & USAGE_CPU)) {
		s->exit.usage.has |= USAGE_CPU;
		s->exit.usage.cpu_usec = process_children_cpu_usec() - cpu_before;
		keep_sandbox(server, s);
	}
	registry_retain(&server->registry, s);
	announce_end(server, s);
	log_debug("sandbox %llu of profile %s ended: code %d, signal %d", (unsigned long long)s->id,
		s->profile, s->exit.exit_code, s->exit.exit_signal);
}

void sandbox_retain(struct server *server, struct sandbox *s)
{
	release(server, s);
	registry_retain(&server->registry, s);
}

static void process_ended(struct server *server, struct source *source, uint32_t events)
{
	struct sandbox *s = CONTAINER_OF(source, struct sandbox, process);
	siginfo_t si = { 0 };
	int r;

	if (s->state == SANDBOX_STARTING && !settle_launch(server, s))
		return;
	server_unwatch(server, &s->process);
	/* another child may hold a copy of the report's pipe a moment longer than the payload lived: the
	 * report comes first, and then this event again */
	if (s->state == SANDBOX_STARTING)
		return;
	r = jail_peek(&s->jail, &si);
	if (r == 0) {
		r = watch_process(server, s);
		if (r == 0)
			return;
	}
	if (r < 0) {
		(void)log_errno(
			LOG_ERR, r, "sandbox %llu: its exit status is lost", (unsigned long long)s->id);
		si = (siginfo_t){ .si_code = CLD_KILLED };
		si.si_status = SIGKILL;
	}
	sandbox_end(server, s, &si);
}

static void report_readable(struct server *server, struct source *source, uint32_t events)
{
	(void)settle_launch(server, CONTAINER_OF(source, struct sandbox, report));
}

/* The broker did not ask for it: it hears that the sandbox is being stopped. */
static void stop_unasked(struct server *server, struct sandbox *s, enum sandbox_result reason)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);

	if (s->state != SANDBOX_STOPPING && !server_lists_later(server, s->id)) {
		(void)encode_id(&b, WIRE_STOPPING, 0, s->id);
		server_send(server, &b, -1);
	}
	sandbox_stop(server, s, s->timeout_stop_usec, reason);
}

/* Nobody holds the other end any more. What may have been written to it is of no interest, and is never read.
 */
static void lifeline_hung_up(struct server *server, struct source *source, uint32_t events)
{
	struct lifeline *l = CONTAINER_OF(source, struct lifeline, source);
	struct sandbox *s = l->sandbox;

	drop_lifeline(server, l);
	if (s->state == SANDBOX_STARTING)
		sandbox_break_off(server, s, STAGE_EXEC, client_gone);
	else
		stop_unasked(server, s, RESULT_CLIENT_GONE);
}

int sandbox_attach(struct server *server, struct sandbox *s, int fd)
{
	_cleanup_close_ int owned = fd_move_high(fd);
	int r;

	for (size_t i = 0; i < LIFELINES_MAX; i++) {
		struct source *source = &s->lifelines[i].source;

		if (source->fd >= 0)
			continue;
		*source = (struct source){ .fd = owned, .handle = lifeline_hung_up };
		r = server_watch(server, source, EPOLLRDHUP);
		/* one of a launch is held with the rest of the jail */
		if (r >= 0 && s->state != SANDBOX_STARTING)
			r = keep_hold(server, s, 1U << (HOLD_LIFELINE + i));
		if (r < 0)
			server_unwatch(server, source);
		else
			(void)steal_fd(owned);
		return r;
	}
	return -EDQUOT;
}

int sandbox_begin(
	struct server *server, struct sandbox *s, const struct jail_spec *spec, uint64_t timeout_usec)
{
	int r;

	s->process.handle = process_ended;
	r = s->process.fd < 0 ? watch_process(server, s) : 0; /* that of one that was parked is */
	if (r < 0)
		return r;
	s->report.handle = report_readable;
	r = watch_report(server, s);
	if (r < 0)
		return r;
	timers_set(&server->timers, &s->timer, usec_add(now_boottime_usec(), timeout_usec));
	r = jail_go(&s->jail, spec);
	/* one that failed already does not wait for it: its report says why */
	if (r < 0 && r != -EPIPE && r != -ECONNRESET)
		return r;
	/* Its exec wakes us up. Where we share a processor with the program, that is not taken away from it
	 * before its first instruction: what is left to do can come after it. */
	server->n_going++;
	server->going_until = usec_add(now_boottime_usec(), LAUNCH_USEC);
	return 0;
}

void sandbox_break_off(struct server *server, struct sandbox *s, enum jail_stage stage, const char *why)
{
	if (s->failed == STAGE_NONE) {
		s->failed = stage;
		s->failed_why = why;
	}
	timers_cancel(&server->timers, &s->timer);
	jail_kill(&s->jail);
}

int sandbox_signal(struct server *server, struct sandbox *s, int sig, bool all)
{
	int r;

	if (s->state == SANDBOX_STARTING || s->state == SANDBOX_EXITED)
		return -ESRCH;
	r = jail_signal(&s->jail, sig, all);
	if (r == 0 && sig == SIGKILL && !s->has_reason) {
		s->has_reason = true;
		s->reason = RESULT_KILLED;
		keep_sandbox(server, s);
	}
	return r;
}

void sandbox_forsake(struct server *server, struct sandbox *s)
{
	uint64_t soon = usec_add(now_boottime_usec(), FORSAKEN_SETUP_USEC);

	s->forsaken = true;
	if (!s->adoptable)
		sandbox_break_off(server, s, STAGE_EXEC, "the broker went away");
	else if (s->failed == STAGE_NONE && s->timer.deadline > soon)
		timers_set(&server->timers, &s->timer, soon);
}

void sandbox_abandon(struct server *server, struct sandbox *s)
{
	s->abandoned = true;
	sandbox_break_off(server, s, STAGE_EXEC, client_gone);
}

void sandbox_ready(struct server *server, struct sandbox *s)
{
	if (s->state != SANDBOX_RUNNING)
		return;
	s->state = SANDBOX_READY;
	s->start_deadline = USEC_INFINITY;
	set_deadline(server, s);
	keep_sandbox(server, s);
}

/* Until the grace is over. */
static void await_end(struct server *server, struct sandbox *s, uint64_t deadline)
{
	s->state = SANDBOX_STOPPING;
	/* RuntimeMaxSec= holds on while it stops: an endless grace has an end too */
	timers_set(
		&server->timers, &s->timer, deadline < s->runtime_deadline ? deadline : s->runtime_deadline);
	keep_sandbox(server, s);
}

void sandbox_leaving(struct server *server, struct sandbox *s)
{
	if (s->state == SANDBOX_RUNNING || s->state == SANDBOX_READY)
		await_end(server, s, usec_add(now_boottime_usec(), s->timeout_stop_usec));
}

/* What is to be killed is written down as overdue. */
static void kill_sandbox(struct server *server, struct sandbox *s)
{
	timers_set(&server->timers, &s->timer, 0);
	s->runtime_deadline = USEC_INFINITY;
	keep_sandbox(server, s);
	timers_cancel(&server->timers, &s->timer);
	jail_kill(&s->jail);
}

void sandbox_stop(struct server *server, struct sandbox *s, uint64_t grace_usec, enum sandbox_result reason)
{
	uint64_t deadline = usec_add(now_boottime_usec(), grace_usec);

	if (!s->has_reason) {
		s->has_reason = true;
		s->reason = reason;
	}
	if (grace_usec == 0 || jail_signal(&s->jail, s->stop_signal, false) < 0) {
		s->state = SANDBOX_STOPPING;
		kill_sandbox(server, s);
		return;
	}
	/* one that was stopped (SIGSTOP, Freeze) sees its signal only when it goes on */
	(void)jail_signal(&s->jail, SIGCONT, false);
	if (s->jail.frozen)
		(void)jail_freeze(&s->jail, false, &(struct jail_error){ 0 });
	if (s->state == SANDBOX_STOPPING && s->timer.slot != 0 && s->timer.deadline < deadline)
		return;
	await_end(server, s, deadline);
}

void sandbox_set_runtime(struct server *server, struct sandbox *s, uint64_t usec)
{
	s->runtime_max_usec = usec;
	s->runtime_deadline = usec_add(s->started_boottime_usec, usec);
	if (s->state != SANDBOX_STOPPING)
		set_deadline(server, s);
	else if (s->timer.slot == 0 || s->timer.deadline > s->runtime_deadline)
		timers_set(&server->timers, &s->timer, s->runtime_deadline);
	keep_sandbox(server, s);
}

void sandbox_due(struct server *server, struct sandbox *s)
{
	switch (s->state) {
	case SANDBOX_STARTING:
		sandbox_break_off(server, s, STAGE_EXEC, "it was not set up within SetupTimeoutSec=");
		break;
	case SANDBOX_RUNNING:
	case SANDBOX_READY:
		if (s->start_deadline < s->runtime_deadline)
			log_info("sandbox %llu of profile %s did not say READY=1 within TimeoutStartSec=: "
				 "stopping it",
				(unsigned long long)s->id, s->profile);
		else
			s->runtime_deadline = USEC_INFINITY;
		stop_unasked(server, s, RESULT_TIMEOUT);
		break;
	case SANDBOX_STOPPING:
		log_info("sandbox %llu of profile %s did not stop in time: killing it",
			(unsigned long long)s->id, s->profile);
		/* one that said STOPPING=1, and did not */
		if (!s->has_reason) {
			s->has_reason = true;
			s->reason = RESULT_TIMEOUT;
		}
		kill_sandbox(server, s);
		break;
	case SANDBOX_EXITED:
	case _SANDBOX_STATE_MAX:
		break;
	}
}
