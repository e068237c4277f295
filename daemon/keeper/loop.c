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
#include "base/process.h"
#include "keeper/keeper.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define MSEC               UINT64_C(1000)
#define STOP_GRACE_MSEC    8000U          /* for the sandboxes, at most */
#define STOP_PATIENCE_USEC (10000 * MSEC) /* for everything: a service manager's own patience is longer */
#define LEAVE_PATIENCE                                                                                       \
	(2000 * MSEC) /* to answer what waits, when the launcher is gone or it is told to end */
#define START_PATIENCE   (30000 * MSEC) /* until a helper says that it is ready */
#define STRAYS_LOOK_USEC (20 * MSEC)    /* killed processes end soon; what can't is looked at again */

static bool is_running(const struct keeper *k, enum helper which)
{
	return k->children[which].pid != 0;
}

static int send_to(
	struct keeper *k, enum helper which, const struct keeper_message *m, const int *fds, size_t n_fds)
{
	int r = keeper_send(k->children[which].channel, m, fds, n_fds);

	/* one that is just ending is met again when its status comes */
	if (r < 0 && r != -EPIPE)
		(void)log_errno(LOG_ERR, r, "cannot speak to %s", helper_names[which]);
	return r;
}

static void kill_helper(struct keeper *k, enum helper which, const char *why)
{
	if (!is_running(k, which))
		return;
	if (why)
		log_error("killing %s: %s", helper_names[which], why);
	(void)process_signal(k->children[which].pidfd, SIGKILL);
	k->children[which].kill_at_usec = USEC_INFINITY;
}

static void begin_stop(struct keeper *k, int status)
{
	if (k->stopping)
		return;
	k->stopping = true;
	k->exit_status = status;
	k->stop_at_usec = now_boottime_usec() + STOP_PATIENCE_USEC;
	kill_helper(k, HELPER_COMPILER, NULL);
}

/* Until everything was up once, a failure is the caller's to see and to mend: no second try. */
static void fail_start(struct keeper *k, const char *what)
{
	if (!k->up && !k->stopping)
		log_error("cannot start: %s", what);
	begin_stop(k, 1);
}

static void tell_stub(struct keeper *k, char c)
{
	if (k->lifeline >= 0)
		(void)!write(k->lifeline, &c, 1);
}

/* A helper could not be started: the start fails, or it is tried again later. */
static void put_off(struct keeper *k, enum helper which)
{
	k->children[which].started_usec = now_boottime_usec();
	plan_restart(&k->children[which], k->children[which].started_usec);
	if (!k->up)
		fail_start(k, "a helper does not run");
}

static void start_helper(struct keeper *k, enum helper which)
{
	struct child *c = &k->children[which];
	int r = spawn_helper(k, which);

	if (r < 0) {
		(void)log_errno(LOG_ERR, r, "cannot start %s", helper_names[which]);
		return put_off(k, which);
	}
	c->kill_at_usec = c->started_usec + START_PATIENCE;
}

static void start_compiler(struct keeper *k)
{
	k->reload_wish = false;
	k->compiled = false;
	start_helper(k, HELPER_COMPILER);
}

static void start_launcher(struct keeper *k)
{
	struct keeper_message m = { .type = WIRE_START };
	int fds[KEEPER_FDS_MAX];
	size_t n = 0;

	start_helper(k, HELPER_LAUNCHER);
	if (!is_running(k, HELPER_LAUNCHER))
		return;
	if (k->host_proc_fd >= 0) {
		m.flags |= KEEPER_HAS_HOST_PROC;
		fds[n++] = k->host_proc_fd;
	}
	if (k->runtime.cgroup_fd >= 0) {
		m.flags |= KEEPER_HAS_CGROUP;
		fds[n++] = k->runtime.cgroup_fd;
	}
	(void)send_to(k, HELPER_LAUNCHER, &m, fds, n);
	if (k->catalog_fd < 0)
		return;
	m = (struct keeper_message){ .type = WIRE_CATALOG, .generation = k->generation };
	(void)send_to(k, HELPER_LAUNCHER, &m, &k->catalog_fd, 1);
}

static void tell_broker_catalog(struct keeper *k)
{
	const struct keeper_message m = { .type = WIRE_CATALOG, .generation = k->generation };

	if (is_running(k, HELPER_BROKER))
		(void)send_to(k, HELPER_BROKER, &m, &k->catalog_fd, 1);
}

/* A broker gets the catalog that the launcher has, and a socket to it. */
static void start_broker(struct keeper *k)
{
	_cleanup_close_ int one = -1, other = -1;
	struct keeper_message m = { .type = WIRE_START };
	int pair[2], r;

	r = wire_channel_pair(pair);
	if (r < 0) {
		(void)log_errno(LOG_ERR, r, "cannot make the broker's socket");
		return put_off(k, HELPER_BROKER);
	}
	one = pair[0];
	other = pair[1];
	start_helper(k, HELPER_BROKER);
	if (!is_running(k, HELPER_BROKER))
		return;
	(void)send_to(k, HELPER_BROKER, &m, NULL, 0);
	tell_broker_catalog(k);
	m.type = WIRE_PEER;
	(void)send_to(k, HELPER_LAUNCHER, &m, &one, 1);
	(void)send_to(k, HELPER_BROKER, &m, &other, 1);
}

/* The end of a reload, either way. */
static void reload_over(struct keeper *k)
{
	k->offered_fd = fd_close(k->offered_fd);
	k->offered = false;
	if (k->up && !k->reload_wish)
		tell_stub(k, LIFELINE_READY);
}

/* @report: a catalog whose errors say why. Where there is none (the compiler itself failed) the one in force
 * stands in, with value 1: the log has the reason. */
static void reload_failed(struct keeper *k, int report)
{
	struct keeper_message m = {
		.type = WIRE_RELOAD_FAILED, .generation = k->generation, .value = report < 0
	};

	if (!k->up)
		return fail_start(k, "the profiles could not be compiled");
	log_warning("reload failed: the profiles of generation %u stay in force", k->generation);
	if (is_running(k, HELPER_BROKER))
		(void)send_to(k, HELPER_BROKER, &m, report >= 0 ? &report : &k->catalog_fd, 1);
	reload_over(k);
}

static void offer_catalog(struct keeper *k)
{
	const struct keeper_message m = { .type = WIRE_CATALOG, .generation = k->generation + 1 };

	k->offered = send_to(k, HELPER_LAUNCHER, &m, &k->offered_fd, 1) == 0;
}

static int told_by_compiler(struct keeper *k, const struct keeper_message *m, int fds[KEEPER_FDS_MAX])
{
	if (m->type != WIRE_COMPILED || k->compiled)
		return -EBADMSG;
	k->compiled = true;
	k->offered_fd = steal_fd(fds[0]);
	/* at the start there is nothing to fall back on: the valid profiles are served, the others are shown
	 */
	if (m->value > 0 && k->catalog_fd >= 0)
		reload_failed(k, k->offered_fd);
	return 0;
}

static void is_ready(struct keeper *k, enum helper which)
{
	k->children[which].ready = true;
	k->children[which].kill_at_usec = USEC_INFINITY;
}

static int told_by_launcher(struct keeper *k, const struct keeper_message *m)
{
	bool current = k->catalog_fd >= 0 && m->generation == k->generation;
	bool offered = k->offered && m->generation == k->generation + 1;

	switch (m->type) {
	case WIRE_READY:
		/* a second time, when it was told to stop: nothing lives any more */
		k->sandboxes_ended = k->stop_told;
		is_ready(k, HELPER_LAUNCHER);
		return 0;
	case WIRE_CATALOG_OK:
		if (current)
			return 0; /* a new launcher took the old catalog */
		if (!offered)
			return -EBADMSG;
		(void)fd_close(k->catalog_fd);
		k->catalog_fd = steal_fd(k->offered_fd);
		k->generation++;
		tell_broker_catalog(k);
		reload_over(k);
		return 0;
	case WIRE_CATALOG_BAD:
		if (!offered)
			return -EBADMSG;
		reload_failed(k, -1);
		return 0;
	default:
		return -EBADMSG;
	}
}

static int told_by_broker(struct keeper *k, const struct keeper_message *m)
{
	switch (m->type) {
	case WIRE_READY:
		is_ready(k, HELPER_BROKER);
		if (!k->up)
			tell_stub(k, LIFELINE_READY);
		k->up = true;
		return 0;
	case WIRE_RELOAD:
		k->reload_wish = true;
		return 0;
	default:
		return -EBADMSG;
	}
}

static int dispatch(
	struct keeper *k, enum helper which, const struct keeper_message *m, int fds[KEEPER_FDS_MAX])
{
	switch (which) {
	case HELPER_COMPILER:
		return told_by_compiler(k, m, fds);
	case HELPER_LAUNCHER:
		return told_by_launcher(k, m);
	case HELPER_BROKER:
		return told_by_broker(k, m);
	case _HELPER_MAX:
		break;
	}
	return -EBADMSG;
}

/* Everything that a helper has sent. */
static void hear_helper(struct keeper *k, enum helper which)
{
	struct child *c = &k->children[which];
	int fds[KEEPER_FDS_MAX] = { -1, -1 };
	struct keeper_message m;
	int r = 1;

	while (r > 0 && c->channel >= 0) {
		r = keeper_receive(c->channel, &m, fds);
		if (r <= 0)
			break;
		r = dispatch(k, which, &m, fds) < 0 ? -EBADMSG : 1;
		fd_close_many(fds, KEEPER_FDS_MAX);
	}
	if (r == -EAGAIN)
		return;
	/* it has no more to say, or nothing that can be understood; its status will come */
	c->channel = fd_close(c->channel);
	if (r < 0)
		kill_helper(k, which, "it sent what the protocol does not have");
	else if (c->kill_at_usec == USEC_INFINITY)
		c->kill_at_usec = now_boottime_usec() + LEAVE_PATIENCE;
}

static void wish_stop(struct keeper *k)
{
	if (k->stopping)
		k->hurried = true; /* asked twice */
	begin_stop(k, 0);
}

static void hear_lifeline(struct keeper *k)
{
	char c;
	ssize_t n = read(k->lifeline, &c, 1);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		/* the process that was started is gone, and with it who is answerable */
		k->lifeline = fd_close(k->lifeline);
		wish_stop(k);
	} else if (c == LIFELINE_STOP)
		wish_stop(k);
	else if (c == LIFELINE_RELOAD)
		k->reload_wish = true;
}

static void helper_ended(struct keeper *k, enum helper which)
{
	/* what it said before it ended counts; it may have come after the last look */
	hear_helper(k, which);
	k->children[which].channel = fd_close(k->children[which].channel);
	k->children[which].ready = false;
	k->children[which].kill_at_usec = USEC_INFINITY;
	if (k->stopping)
		return;
	if (which == HELPER_COMPILER && !k->compiled)
		reload_failed(k, -1);
	else if (which == HELPER_LAUNCHER) {
		k->offered = false;
		k->children[HELPER_BROKER].kill_at_usec = now_boottime_usec() + LEAVE_PATIENCE;
	}
	if (which != HELPER_COMPILER && !k->up)
		fail_start(k, which == HELPER_LAUNCHER ? "the launcher ended" : "the broker ended");
}

static void hear_signals(struct keeper *k)
{
	struct signalfd_siginfo si;
	unsigned ended;

	while (read(k->signals, &si, sizeof(si)) == (ssize_t)sizeof(si))
		if (si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT)
			wish_stop(k);
		else if (si.ssi_signo == SIGHUP)
			k->reload_wish = true;
	reap_children(k, &ended);
	for (int i = 0; i < _HELPER_MAX; i++)
		if (ended & (1U << i))
			helper_ended(k, (enum helper)i);
}

/* The next look is due at *next at the latest. */
static void wake_by(uint64_t *next, uint64_t at)
{
	if (at < *next)
		*next = at;
}

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

/* Nothing of a dead launcher's may be left when the next one starts. True when all is clear. */
static bool clear_away(struct keeper *k, uint64_t now, uint64_t *next)
{
	int r;

	runtime_kill_cgroup(&k->runtime);
	r = kill_strays(k);
	if (r == 0 && !is_running(k, HELPER_BROKER)) {
		r = runtime_clear_cgroup(&k->runtime);
		if (r < 0)
			(void)log_errno(LOG_WARNING, r, "a control group is left over");
		return true;
	}
	if (r != 0)
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

static void advance_service(struct keeper *k, uint64_t now, uint64_t *next)
{
	const struct child *launcher = &k->children[HELPER_LAUNCHER];

	if (k->reload_wish && !is_running(k, HELPER_COMPILER) && k->offered_fd < 0)
		start_compiler(k);
	if (k->catalog_fd < 0 && k->offered_fd < 0)
		return; /* the compiler is at work */
	if (!is_running(k, HELPER_LAUNCHER)) {
		if (clear_away(k, now, next) && may_start(k, HELPER_LAUNCHER, now, next))
			start_launcher(k);
		if (!is_running(k, HELPER_LAUNCHER))
			return;
	}
	/* one at a time, and to a launcher that has taken what it was started with */
	if (k->offered_fd >= 0 && !k->offered && (launcher->ready || k->catalog_fd < 0))
		offer_catalog(k);
	if (launcher->ready && may_start(k, HELPER_BROKER, now, next))
		start_broker(k);
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
	} else
		wake_by(next, k->stop_at_usec);
	if (launcher->pid && !k->sandboxes_ended)
		return stop_sandboxes(k);
	if (broker->pid) {
		if (!k->broker_told)
			(void)send_to(k, HELPER_BROKER, &m, NULL, 0);
		if (!k->broker_told && broker->kill_at_usec > now + LEAVE_PATIENCE)
			broker->kill_at_usec = now + LEAVE_PATIENCE;
		k->broker_told = true;
		wake_by(next, broker->kill_at_usec);
		return;
	}
	if (launcher->pid && launcher->channel >= 0) {
		/* the end of its channel is what it waits for */
		launcher->channel = fd_close(launcher->channel);
		launcher->kill_at_usec = now + LEAVE_PATIENCE;
		wake_by(next, launcher->kill_at_usec);
	}
}

static bool is_over(const struct keeper *k)
{
	return k->stopping && !is_running(k, HELPER_COMPILER) && !is_running(k, HELPER_LAUNCHER) &&
	       !is_running(k, HELPER_BROKER);
}

/* Milliseconds until the next look, for poll(2); -1: until something happens. */
static int advance(struct keeper *k)
{
	uint64_t now = now_boottime_usec(), next = USEC_INFINITY;

	kill_overdue(k, now, &next);
	if (k->stopping)
		advance_stop(k, now, &next);
	else
		advance_service(k, now, &next);
	if (next == USEC_INFINITY)
		return -1;
	return next <= now ? 0 : (int)((next - now) / MSEC + 1);
}

static int wait_for_events(struct keeper *k, int timeout)
{
	struct pollfd p[2 + _HELPER_MAX] = {
		{ .fd = k->signals, .events = POLLIN },
		{ .fd = k->lifeline, .events = POLLIN },
	};

	for (int i = 0; i < _HELPER_MAX; i++)
		p[2 + i] = (struct pollfd){ .fd = k->children[i].channel, .events = POLLIN };
	if (poll(p, ELEMENTSOF(p), timeout) < 0)
		return errno == EINTR ? 0 : errno_or_eio();
	for (int i = 0; i < _HELPER_MAX; i++)
		if (p[2 + i].revents)
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

	for (int i = 0; i < 100 && kill_strays(k) > 0; i++) {
		(void)nanosleep(&pause, NULL);
		reap_children(k, &ended);
	}
	runtime_remove(&k->runtime);
}

int keeper_run(struct keeper *k)
{
	int r;

	k->reload_wish = true;
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
