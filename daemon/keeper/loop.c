/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the keeper does next. Events only change the state in struct keeper; advance() then looks at the whole
 * of it and starts, offers, introduces or ends what is due. So every order of deaths leads to the same few
 * rules.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/process.h"
#include "keeper/acts.h"
#include "keeper/hear.h"
#include "keeper/reexec.h"

#include <poll.h>
#include <string.h>
#include <time.h>

#define STOP_GRACE_MSEC  8000U       /* for the sandboxes, at most */
#define SANDBOX_PREFIX   "sandbox-"  /* of the control groups that the launcher makes */
#define TAKEOVERS_MAX    5           /* launchers in a row may end before they are ready */
#define STRAYS_LOOK_USEC (20 * MSEC) /* killed processes end soon; what can't is looked at again */

static void kill_overdue(struct keeper *k, uint64_t now, uint64_t *next)
{
	for (int i = 0; i < _HELPER_MAX; i++) {
		if (!is_running(k, (enum helper)i))
			continue;
		if (k->children[i].kill_at_usec <= now)
			kill_helper(k, (enum helper)i, "it took too long");
		wake_by(next, k->children[i].kill_at_usec);
	}
}

/* A jail that is held keeps its control group. */
static bool is_held(const char *name, const void *userdata)
{
	const struct keeper *k = userdata;
	uint64_t id;

	return strncmp(name, SANDBOX_PREFIX, strlen(SANDBOX_PREFIX)) == 0 &&
	       parse_u64(name + strlen(SANDBOX_PREFIX), &id) == 0 && held_has(&k->held, id);
}

/* Launchers that die of what they are to take over would do so for ever. */
static int give_up_jails(struct keeper *k)
{
	const size_t n = k->held.n;
	int r = held_give_up(&k->held);

	if (r < 0)
		return r; /* there may be room for a new table at the next look */
	log_error("%u launchers in a row did not get to take over %zu sandboxes: killing these",
		k->failed_takeovers, n);
	k->failed_takeovers = 0;
	return 0;
}

/* Of a dead launcher's, nothing but the jails that the keeper holds may be left when the next one starts.
 * True when all is clear. */
static bool clear_away(struct keeper *k, uint64_t now, uint64_t *next)
{
	int r = 0;

	if (k->failed_takeovers >= TAKEOVERS_MAX)
		r = give_up_jails(k);
	if (r == 0)
		r = kill_strays(k);
	if (r == 0) {
		r = runtime_clear_cgroup(&k->runtime, is_held, k);
		if (r < 0)
			(void)log_errno(LOG_WARNING, r, "a control group is left over");
		return true;
	}
	wake_by(next, now + STRAYS_LOOK_USEC);
	return false;
}

static bool may_start(const struct keeper *k, enum helper which, uint64_t now, uint64_t *next)
{
	if (is_running(k, which))
		return false;
	if (k->children[which].start_at_usec <= now)
		return true;
	wake_by(next, k->children[which].start_at_usec);
	return false;
}

/* One that could not be started makes no event of its end. */
static void try_again(const struct keeper *k, enum helper which, uint64_t *next)
{
	if (!is_running(k, which))
		wake_by(next, k->children[which].start_at_usec);
}

/* Whether the offered catalog's wish for records in the kernel's log is met. One that ends later is started
 * again, and nothing waits for it. */
static bool auditor_serves(struct keeper *k, uint64_t now, uint64_t *next)
{
	const bool asked = k->offered_fd >= 0 && k->audit_offered;

	if ((asked || k->audit) && may_start(k, HELPER_AUDITOR, now, next)) {
		start_auditor(k);
		try_again(k, HELPER_AUDITOR, next);
	}
	return !asked || k->children[HELPER_AUDITOR].ready;
}

static void advance_service(struct keeper *k, uint64_t now, uint64_t *next)
{
	const struct child *launcher = &k->children[HELPER_LAUNCHER];

	/* it does not come back, if there is something to hand over to; in the middle of a reload or of a
	 * takeover there would be too much to remember */
	if (k->reexec_wish && launcher->ready && !is_running(k, HELPER_COMPILER) && k->offered_fd < 0)
		reexec(k);
	/* after a handing over there is none in force: the new program's compiler is to make it, at any price
	 */
	if (k->catalog_fd < 0 && k->offered_fd < 0 && k->up && may_start(k, HELPER_COMPILER, now, next))
		k->reload_wish = true;
	if (k->reload_wish && !is_running(k, HELPER_COMPILER) && k->offered_fd < 0)
		start_compiler(k);
	if (k->catalog_fd < 0 && k->offered_fd < 0)
		return try_again(k, HELPER_COMPILER, next); /* it is at work */
	if (!is_running(k, HELPER_LAUNCHER)) {
		if (clear_away(k, now, next) && may_start(k, HELPER_LAUNCHER, now, next)) {
			start_launcher(k);
			try_again(k, HELPER_LAUNCHER, next);
		}
		if (!is_running(k, HELPER_LAUNCHER))
			return;
	}
	if (!brief_launcher(k))
		return; /* until there is room in its channel */
	/* one at a time, and to a launcher that has taken what it was started with */
	if (auditor_serves(k, now, next) && k->offered_fd >= 0 && !k->offered &&
		(launcher->ready || k->catalog_fd < 0))
		offer_catalog(k);
	if (launcher->ready && may_start(k, HELPER_BROKER, now, next)) {
		start_broker(k);
		try_again(k, HELPER_BROKER, next);
	}
	if (launcher->ready && is_running(k, HELPER_BROKER) && !k->introduced)
		introduce(k);
}

/* The sandboxes get their stop signals, once; and less time when there is hurry. */
static void stop_sandboxes(struct keeper *k)
{
	const struct keeper_message m = { .type = WIRE_SHUTDOWN, .value = k->hurried ? 0 : STOP_GRACE_MSEC };

	if (k->children[HELPER_LAUNCHER].channel >= 0 && (!k->stop_told || k->hurried))
		(void)send_to(k, HELPER_LAUNCHER, &m, NULL, 0);
	k->stop_told = true;
	k->hurried = false;
}

/* First the sandboxes; then the broker, which has told of their ends by then; the launcher last. */
static void advance_stop(struct keeper *k, uint64_t now, uint64_t *next)
{
	const struct keeper_message m = { .type = WIRE_SHUTDOWN };
	struct child *launcher = &k->children[HELPER_LAUNCHER], *broker = &k->children[HELPER_BROKER];

	if (k->stop_at_usec <= now) {
		kill_helper(k, HELPER_LAUNCHER, launcher->pid ? "it did not stop in time" : NULL);
		kill_helper(k, HELPER_BROKER, NULL);
		kill_helper(k, HELPER_AUDITOR, NULL);
		k->stop_at_usec = USEC_INFINITY;
	}
	wake_by(next, k->stop_at_usec);
	(void)brief_launcher(k); /* ends of jails that it adopted */
	if (launcher->pid && !k->sandboxes_ended)
		return stop_sandboxes(k);
	if (broker->pid) {
		if (!k->broker_told)
			(void)send_to(k, HELPER_BROKER, &m, NULL, 0);
		if (!k->broker_told && broker->kill_at_usec > now + LEAVE_PATIENCE_USEC)
			broker->kill_at_usec = now + LEAVE_PATIENCE_USEC;
		k->broker_told = true;
		wake_by(next, broker->kill_at_usec);
		return;
	}
	dismiss_auditor(k); /* the last records are in its queue */
	if (launcher->pid && launcher->channel >= 0) {
		/* the end of its channel is what it waits for */
		launcher->channel = fd_close(launcher->channel);
		launcher->kill_at_usec = now + LEAVE_PATIENCE_USEC;
		wake_by(next, launcher->kill_at_usec);
	}
}

static bool is_over(const struct keeper *k)
{
	if (!k->stopping)
		return false;
	for (int i = 0; i < _HELPER_MAX; i++)
		if (is_running(k, (enum helper)i))
			return false;
	return true;
}

/* Milliseconds until the next look, for poll(2); -1: until something happens. */
static int advance(struct keeper *k)
{
	uint64_t now = now_boottime_usec(), next = USEC_INFINITY;

	kill_overdue(k, now, &next);
	if (!k->stopping)
		advance_service(k, now, &next);
	/* also when a helper could just not be started: nothing else may happen to wake us */
	if (k->stopping)
		advance_stop(k, now, &next);
	advance_watchdog(k, now, &next);
	if (next == USEC_INFINITY)
		return -1;
	if (next <= now)
		return 0;
	/* a service manager may be very patient */
	next = (next - now) / MSEC + 1;
	return next < INT32_MAX ? (int)next : INT32_MAX;
}

static int wait_for_events(struct keeper *k, int timeout)
{
	struct pollfd p[2 + _HELPER_MAX] = {
		{ .fd = k->signals, .events = POLLIN },
		{ .fd = k->lifeline, .events = POLLIN },
	};

	for (int i = 0; i < _HELPER_MAX; i++)
		p[2 + i] = (struct pollfd){ .fd = k->children[i].channel, .events = POLLIN };
	if (k->launcher_full)
		p[2 + HELPER_LAUNCHER].events |= POLLOUT;
	if (poll(p, ELEMENTSOF(p), timeout) < 0)
		return errno == EINTR ? 0 : errno_or_eio();
	for (int i = 0; i < _HELPER_MAX; i++)
		if (p[2 + i].revents & ~POLLOUT)
			hear_helper(k, (enum helper)i);
	if (p[1].revents)
		hear_lifeline(k);
	if (p[0].revents)
		hear_signals(k);
	return 0;
}

/* The last acts of an orderly end. */
static void clean_up(struct keeper *k)
{
	const struct timespec pause = { .tv_nsec = (long)STRAYS_LOOK_USEC * 1000 };
	unsigned ended;

	for (int i = 0; i < 100 && kill_all(k) > 0; i++) {
		(void)nanosleep(&pause, NULL);
		reap_children(k, &ended);
	}
	runtime_remove(&k->runtime);
}

int keeper_run(struct keeper *k)
{
	int r;

	k->reload_wish = true;
	process_come_last(&k->comes_last, true);
	while (!is_over(k)) {
		int timeout = advance(k);

		if (is_over(k))
			break;
		r = wait_for_events(k, timeout);
		if (r < 0) {
			(void)log_errno(LOG_ERR, r, "the event loop failed");
			k->exit_status = 1;
			break;
		}
	}
	clean_up(k);
	return k->exit_status;
}
