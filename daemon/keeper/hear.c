/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the keeper hears: records of its helpers, bytes of the stub, signals. Each has its sender's few types;
 * anything else ends the sender. Hearing changes the state and tells the news; what is started for it is
 * advance()'s affair. */

#include "keeper/hear.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "keeper/acts.h"
#include "keeper/bus.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Records taken in one go: a helper that sends without pause must not keep signals and the others waiting.
 * What is more comes with the next look. */
#define RECORDS_PER_LOOK 16
#define RECORDS_AT_END   65536 /* more than fit into a channel */

static int told_by_compiler(struct keeper *k, const struct keeper_message *m, int fds[KEEPER_FDS_MAX])
{
	if (m->type != WIRE_COMPILED || k->compiled)
		return -EBADMSG;
	k->compiled = true;
	k->audit_offered = m->flags & KEEPER_KERNEL_AUDIT;
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

static void answered(struct keeper *k, enum helper which)
{
	k->children[which].pinged_usec = 0;
	k->children[which].answered_usec = now_boottime_usec();
}

/* Once in its life, and of no use to one that has been told to go: that has a deadline, which a broker that
 * was taken over would like to be rid of. */
static int broker_is_ready(struct keeper *k)
{
	if (k->children[HELPER_BROKER].ready)
		return -EBADMSG;
	k->children[HELPER_BROKER].ready = true;
	if (k->stopping)
		return 0;
	is_ready(k, HELPER_BROKER);
	if (!k->up)
		tell_stub(k, LIFELINE_READY);
	k->up = true;
	return 0;
}

static int told_by_launcher(struct keeper *k, const struct keeper_message *m, int fds[KEEPER_FDS_MAX])
{
	bool current = k->catalog_fd >= 0 && m->generation == k->generation;
	bool offered = k->offered && m->generation == k->generation + 1;

	switch (m->type) {
	case WIRE_READY:
		/* a second time, when it was told to stop: nothing lives any more */
		k->sandboxes_ended = k->stop_told;
		k->failed_takeovers = 0;
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
		k->audit = k->audit_offered;
		tell_broker_auditor(k);
		tell_broker_catalog(k);
		reload_over(k);
		return 0;
	case WIRE_CATALOG_BAD:
		if (!offered)
			return -EBADMSG;
		reload_failed(k, -1);
		return 0;
	case WIRE_HOLD:
		return held_take(&k->held, m, fds);
	case WIRE_RELEASE:
		held_release(&k->held, m->id);
		return 0;
	case WIRE_PONG:
		answered(k, HELPER_LAUNCHER);
		return 0;
	case WIRE_BROKEN:
		/* of an earlier one there is nothing left to end */
		if (m->serial == k->peer_serial)
			kill_helper(k, HELPER_BROKER, "it sent the launcher what the protocol does not have");
		return 0;
	default:
		return -EBADMSG;
	}
}

static int told_by_broker(struct keeper *k, const struct keeper_message *m)
{
	switch (m->type) {
	case WIRE_READY:
		return broker_is_ready(k);
	case WIRE_PONG:
		answered(k, HELPER_BROKER);
		return 0;
	case WIRE_BUS_WANTED:
		return bus_is_wanted(k);
	case WIRE_RELOAD:
		k->reload_wish = true;
		k->wish_serial = m->serial;
		return 0;
	default:
		return -EBADMSG;
	}
}

/* It has written to the log, and waits for records. */
static int told_by_auditor(struct keeper *k, const struct keeper_message *m)
{
	if (m->type != WIRE_READY || k->children[HELPER_AUDITOR].ready)
		return -EBADMSG;
	is_ready(k, HELPER_AUDITOR);
	tell_broker_auditor(k);
	return 0;
}

static int dispatch(
	struct keeper *k, enum helper which, const struct keeper_message *m, int fds[KEEPER_FDS_MAX])
{
	switch (which) {
	case HELPER_COMPILER:
		return told_by_compiler(k, m, fds);
	case HELPER_LAUNCHER:
		return told_by_launcher(k, m, fds);
	case HELPER_BROKER:
		return told_by_broker(k, m);
	case HELPER_AUDITOR:
		return told_by_auditor(k, m);
	case _HELPER_MAX:
		break;
	}
	return -EBADMSG;
}

/* At most so many records. False when there are no more. */
static bool hear(struct keeper *k, enum helper which, int records)
{
	struct child *c = &k->children[which];
	int fds[KEEPER_FDS_MAX];
	struct keeper_message m;
	int r = 1;

	for (int i = 0; i < records && r > 0 && c->channel >= 0; i++) {
		r = keeper_receive(c->channel, &m, fds);
		if (r <= 0)
			break;
		r = dispatch(k, which, &m, fds) < 0 ? -EBADMSG : 1;
		fd_close_many(fds, KEEPER_FDS_MAX);
	}
	if (r > 0)
		return c->channel >= 0;
	if (r == -EAGAIN)
		return false;
	/* it has no more to say, or nothing that can be understood; its status will come */
	c->channel = fd_close(c->channel);
	if (r < 0)
		kill_helper(k, which, "it sent what the protocol does not have");
	else if (c->kill_at_usec == USEC_INFINITY)
		c->kill_at_usec = now_boottime_usec() + LEAVE_PATIENCE_USEC;
	return false;
}

void hear_helper(struct keeper *k, enum helper which)
{
	(void)hear(k, which, RECORDS_PER_LOOK);
}

/* A dead one's records are as many as its channel holds; a live launcher's that have no end must not keep us
 * from the dead. */
void hear_rest(struct keeper *k, enum helper which)
{
	(void)hear(k, which, RECORDS_AT_END);
}

static void wish_stop(struct keeper *k)
{
	if (k->stopping)
		k->hurried = true; /* asked twice */
	begin_stop(k, 0);
}

void hear_lifeline(struct keeper *k)
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

static const char *const end_reasons[_HELPER_MAX] = {
	[HELPER_COMPILER] = "the compiler ended",
	[HELPER_LAUNCHER] = "the launcher ended",
	[HELPER_BROKER] = "the broker ended",
	[HELPER_AUDITOR] = "no records can be written to the kernel's audit log",
};

/* What the new profiles ask for can not be had. One that went because the profiles before had no use for it
 * makes room for the next. */
static bool auditor_is_wanting(const struct keeper *k)
{
	return k->up && !k->auditor_leaves && k->audit_offered && k->offered_fd >= 0 && !k->offered;
}

static void helper_ended(struct keeper *k, enum helper which)
{
	/* what it said before it ended counts; it may have come after the last look */
	hear_rest(k, which);
	k->children[which].channel = fd_close(k->children[which].channel);
	if (which == HELPER_LAUNCHER) {
		k->failed_takeovers += !k->children[which].ready;
		k->handing = k->launcher_full = k->introduced = false;
	}
	k->children[which].ready = false;
	k->children[which].pinged_usec = 0;
	k->children[which].kill_at_usec = USEC_INFINITY;
	if (k->stopping)
		return;
	if (which == HELPER_COMPILER && !k->compiled)
		reload_failed(k, -1);
	else if (which == HELPER_LAUNCHER) {
		/* a catalog that it may have died of is not offered to the next one */
		if (k->offered && k->up)
			reload_failed(k, -1);
		k->offered = false;
	} else if (which == HELPER_BROKER)
		k->wish_serial = k->reload_serial = 0; /* serials of the next one are its own */
	else if (which == HELPER_AUDITOR && auditor_is_wanting(k))
		reload_failed(k, -1);
	if (which != HELPER_COMPILER && !k->up)
		fail_start(k, end_reasons[which]);
}

void hear_ends(struct keeper *k)
{
	unsigned ended;

	reap_children(k, &ended);
	for (int i = 0; i < _HELPER_MAX; i++)
		if (ended & (1U << i))
			helper_ended(k, (enum helper)i);
}

void hear_signals(struct keeper *k)
{
	struct signalfd_siginfo si;

	while (read(k->signals, &si, sizeof(si)) == (ssize_t)sizeof(si))
		if (si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT)
			wish_stop(k);
		else if (si.ssi_signo == SIGHUP)
			k->reload_wish = true;
	hear_ends(k);
}
