/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keeper/acts.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "base/process.h"

#include <unistd.h>

int send_to(struct keeper *k, enum helper which, const struct keeper_message *m, const int *fds, size_t n_fds)
{
	int r = keeper_send(k->children[which].channel, m, fds, n_fds);

	/* one that is just ending is met again when its status comes */
	if (r < 0 && r != -EPIPE)
		(void)log_errno(LOG_ERR, r, "cannot speak to %s", helper_names[which]);
	return r;
}

void kill_helper(struct keeper *k, enum helper which, const char *why)
{
	if (!is_running(k, which))
		return;
	if (why)
		log_error("killing %s: %s", helper_names[which], why);
	(void)process_signal(k->children[which].pidfd, SIGKILL);
	k->children[which].kill_at_usec = USEC_INFINITY;
}

void begin_stop(struct keeper *k, int status)
{
	if (k->stopping)
		return;
	k->stopping = true;
	k->exit_status = status;
	k->stop_at_usec = now_boottime_usec() + STOP_PATIENCE_USEC;
	kill_helper(k, HELPER_COMPILER, NULL);
}

void fail_start(struct keeper *k, const char *what)
{
	if (!k->up && !k->stopping)
		log_error("cannot start: %s", what);
	begin_stop(k, 1);
}

void tell_stub(struct keeper *k, char c)
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
	c->kill_at_usec = c->started_usec + START_PATIENCE_USEC;
}

void start_compiler(struct keeper *k)
{
	k->reload_wish = false;
	k->reload_serial = k->wish_serial;
	k->wish_serial = 0;
	k->compiled = false;
	start_helper(k, HELPER_COMPILER);
	/* who waits for its end would wait for ever */
	if (!is_running(k, HELPER_COMPILER))
		reload_failed(k, -1);
}

void start_launcher(struct keeper *k)
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
	if (k->host_mounts_fd >= 0) {
		m.flags |= KEEPER_HAS_MOUNTS;
		fds[n++] = k->host_mounts_fd;
	}
	if (k->runtime.uids_fd >= 0) {
		m.flags |= KEEPER_HAS_UIDS;
		fds[n++] = k->runtime.uids_fd;
	}
	m.flags |= KEEPER_HAS_TABLE;
	fds[n++] = k->held.table_fd;
	if (send_to(k, HELPER_LAUNCHER, &m, fds, n) < 0)
		kill_helper(k, HELPER_LAUNCHER, "it can not be told what it needs");
	k->handing = true;
	k->handed = 0;
}

static int hand_over(struct keeper *k, int channel)
{
	const struct keeper_message m = { .type = WIRE_CATALOG, .generation = k->generation };
	int r = 0;

	while (r == 0 && k->handed < k->held.n) {
		r = held_hand_over(&k->held.v[k->handed], channel);
		k->handed += r == 0;
	}
	/* the first one of all is offered to it like any other */
	if (r == 0 && k->catalog_fd >= 0)
		r = keeper_send(channel, &m, &k->catalog_fd, 1);
	k->handing = r < 0;
	return r;
}

bool brief_launcher(struct keeper *k)
{
	int channel = k->children[HELPER_LAUNCHER].channel, r = 0;

	if (channel >= 0 && k->handing)
		r = hand_over(k, channel);
	if (r >= 0 && channel >= 0 && k->children[HELPER_LAUNCHER].ready)
		r = held_tell_ends(&k->held, channel);
	k->launcher_full = r == -EAGAIN;
	if (r < 0 && r != -EAGAIN && r != -EPIPE)
		kill_helper(k, HELPER_LAUNCHER, "it can not be told what it is to take over");
	return r >= 0;
}

/* A broker that can not be told which catalog is in force asks for one that is gone: the next one is right.
 */
static void tell_broker(struct keeper *k, const struct keeper_message *m, int fd)
{
	if (is_running(k, HELPER_BROKER) && send_to(k, HELPER_BROKER, m, &fd, 1) < 0)
		kill_helper(k, HELPER_BROKER, "it does not take its messages");
}

void tell_broker_catalog(struct keeper *k)
{
	const struct keeper_message m = {
		.type = WIRE_CATALOG, .serial = k->reload_serial, .generation = k->generation
	};

	tell_broker(k, &m, k->catalog_fd);
}

static void send_broker_start(struct keeper *k)
{
	struct keeper_message m = { .type = WIRE_START, .flags = KEEPER_HAS_RATES };
	int fds[KEEPER_FDS_MAX];
	size_t n = 0;

	if (k->runtime.direct_fd >= 0) {
		m.flags |= KEEPER_HAS_DIRECT;
		fds[n++] = k->runtime.direct_fd;
	}
	fds[n++] = k->rates_fd;
	if (send_to(k, HELPER_BROKER, &m, fds, n) < 0)
		kill_helper(k, HELPER_BROKER, "it can not be told what it needs");
}

void start_auditor(struct keeper *k)
{
	k->auditor_leaves = false;
	start_helper(k, HELPER_AUDITOR);
}

void dismiss_auditor(struct keeper *k)
{
	struct child *c = &k->children[HELPER_AUDITOR];

	if (c->channel < 0 || k->auditor_leaves)
		return;
	k->auditor_leaves = true;
	c->channel = fd_close(c->channel);
	c->ready = false;
	c->kill_at_usec = now_boottime_usec() + LEAVE_PATIENCE_USEC;
}

void tell_broker_auditor(struct keeper *k)
{
	const struct keeper_message m = { .type = WIRE_AUDIT };

	if (k->audit && k->children[HELPER_AUDITOR].ready)
		tell_broker(k, &m, k->children[HELPER_AUDITOR].channel);
}

/* A broker gets the catalog that the launcher has, and is introduced to it then. */
void start_broker(struct keeper *k)
{
	start_helper(k, HELPER_BROKER);
	if (!is_running(k, HELPER_BROKER))
		return;
	k->introduced = false;
	send_broker_start(k);
	tell_broker_auditor(k);
	tell_broker_catalog(k);
}

void introduce(struct keeper *k)
{
	const struct keeper_message m = { .type = WIRE_PEER, .serial = ++k->peer_serial };
	_cleanup_close_ int one = -1, other = -1;
	int pair[2], r;

	r = wire_channel_pair(pair);
	if (r < 0) {
		(void)log_errno(LOG_ERR, r, "cannot make the broker's socket");
		/* without a launcher it is of no use; the next one has another try */
		kill_helper(k, HELPER_BROKER, "it can not be connected to the launcher");
		return;
	}
	one = pair[0];
	other = pair[1];
	/* the one first that may have too much to read already: then there is another try */
	r = send_to(k, HELPER_LAUNCHER, &m, &one, 1);
	k->introduced = r >= 0;
	k->launcher_full = r == -EAGAIN;
	if (r >= 0)
		tell_broker(k, &m, other);
	else if (r != -EAGAIN && r != -EPIPE)
		kill_helper(k, HELPER_LAUNCHER, "it can not be connected to the broker");
}

void reload_over(struct keeper *k)
{
	k->offered_fd = fd_close(k->offered_fd);
	k->offered = false;
	k->reload_serial = 0;
	k->reexec_wish = k->up;
	if (!k->audit)
		dismiss_auditor(k);
	if (k->up && !k->reload_wish)
		tell_stub(k, LIFELINE_READY);
}

void reload_failed(struct keeper *k, int report)
{
	struct keeper_message m = {
		.type = WIRE_RELOAD_FAILED,
		.serial = k->reload_serial,
		.generation = k->generation,
		.value = report < 0,
	};

	if (!k->up)
		return fail_start(k, "the profiles could not be compiled");
	log_warning("reload failed: the profiles of generation %u stay in force", k->generation);
	tell_broker(k, &m, report >= 0 ? report : k->catalog_fd);
	reload_over(k);
}

void offer_catalog(struct keeper *k)
{
	const struct keeper_message m = { .type = WIRE_CATALOG, .generation = k->generation + 1 };

	int r = send_to(k, HELPER_LAUNCHER, &m, &k->offered_fd, 1);

	k->offered = r >= 0;
	k->launcher_full = r == -EAGAIN;
	/* it is offered to the next one, and who waits for it gets an answer */
	if (r < 0 && r != -EAGAIN && r != -EPIPE)
		kill_helper(k, HELPER_LAUNCHER, "it can not be offered the profiles");
}
