/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The end of a jail: killing all of it, reaping the two processes that are the launcher's children, taking
 * away the cgroup. Signals go through pidfds, or to the members of a cgroup of our own; never to a number. */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/private.h"
#include "base/process.h"
#include "jail/cloner.h"
#include "jail/linger.h"
#include "jail/report.h"
#include "jail/steps.h"

#include <poll.h>
#include <signal.h>
#include <time.h>

#define WAIT_USEC  100000U  /* for a killed process: normally it takes one millisecond */
#define CLEAR_USEC 2000000U /* the same, where nothing can go on before */
#define PAUSE_NSEC 1000000  /* between two tries to remove a cgroup */

void jail_kill(struct jail *j)
{
	if (j->cgroup_fd >= 0)
		(void)cgroup_kill(j->cgroup_fd);
	if (j->init_pidfd >= 0 && !j->init_ended)
		(void)process_signal(j->init_pidfd, SIGKILL);
	if (j->pidfd >= 0 && !j->ended)
		(void)process_signal(j->pidfd, SIGKILL);
}

/* What the payload has left. With its init everything in a PID namespace ends, and before that can be reaped;
 * without one the cgroup has to be asked. */
static void kill_rest(struct jail *j)
{
	if (j->payload_is_init)
		return;
	if (j->init_pidfd < 0 || j->init_ended || process_signal(j->init_pidfd, SIGKILL) < 0)
		jail_kill(j);
}

static void wait_until(int pidfd, uint64_t deadline)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	uint64_t now = now_boottime_usec();

	if (now < deadline)
		(void)poll(&p, 1, (int)((deadline - now + 999) / 1000));
}

/* Reaps a child if it has ended. Somebody else's, of an adopted jail, can not be reaped; its pidfd tells its
 * end all the same. */
static void try_reap(int pidfd, bool *ended, siginfo_t *status)
{
	siginfo_t si = { 0 };
	int r;

	if (*ended || pidfd < 0)
		return;
	r = process_wait(pidfd, WNOHANG, &si);
	if (r == 0 || (r == -ECHILD && !process_has_ended(pidfd)))
		return;
	*ended = true;
	if (r > 0)
		*status = si;
}

/* The payload first: an init can't end before every process of its namespace has been reaped. */
static void reap_both(struct jail *j, uint64_t deadline)
{
	siginfo_t unused;

	try_reap(j->pidfd, &j->ended, &j->status);
	if (!j->ended && j->pidfd >= 0) {
		wait_until(j->pidfd, deadline);
		try_reap(j->pidfd, &j->ended, &j->status);
	}
	try_reap(j->init_pidfd, &j->init_ended, &unused);
	if (!j->init_ended && j->init_pidfd >= 0) {
		wait_until(j->init_pidfd, deadline);
		try_reap(j->init_pidfd, &j->init_ended, &unused);
	}
}

int jail_peek(struct jail *j, siginfo_t *ret)
{
	return j->pidfd < 0 ? -EBADF : process_peek(j->pidfd, ret, &j->cpu_usec);
}

bool jail_waits(const struct jail *j)
{
	siginfo_t unused;

	return j->built && j->pidfd >= 0 &&
	       process_wait(j->pidfd, WSTOPPED | WNOHANG | WNOWAIT, &unused) == 0;
}

int jail_reap(struct jail *j, siginfo_t *ret)
{
	if (j->pidfd < 0)
		return -EBADF;
	try_reap(j->pidfd, &j->ended, &j->status);
	if (!j->ended)
		return 0;
	kill_rest(j);
	reap_both(j, now_boottime_usec() + WAIT_USEC);
	*ret = j->status;
	return 1;
}

static bool is_reaped(const struct jail *j)
{
	return (j->pidfd < 0 || j->ended) && (j->init_pidfd < 0 || j->init_ended);
}

int jail_try_finish(struct jail_context *c, struct jail *j)
{
	reap_both(j, 0);
	if (!is_reaped(j))
		return -EBUSY;
	stock_give_back(c, j->network_ticket);
	j->network_ticket = 0;
	return j->cgroup_fd >= 0 ? cgroup_remove(c, j->id) : 0;
}

void jail_release(struct jail *j)
{
	int fds[] = { j->pidfd, j->init_pidfd, j->go_fd, j->far_fd, j->report_fd, j->cgroup_fd, j->pidns_fd,
		j->listener_fd, j->pty_master_fd, j->pty_node_fd, j->notify_fd };

	fd_close_many(fds, ELEMENTSOF(fds));
	loan_return(j);
	report_end(j);
	shared_release(j);
	private_free(j->linger);
	*j = JAIL_NULL;
}

static void finish(struct jail_context *c, struct jail *j, uint64_t patience_usec)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NSEC };
	uint64_t deadline = now_boottime_usec() + patience_usec;
	int r;

	/* most often jail_reap() has left nothing to be killed */
	if (is_reaped(j) && jail_try_finish(c, j) == 0) {
		jail_release(j);
		return;
	}
	jail_kill(j);
	/* what is killed makes no more calls */
	loan_return(j);
	reap_both(j, deadline);
	/* Without a PID namespace the rest of the jail are not our children: only the cgroup tells when they
	 * are gone. */
	while ((r = jail_try_finish(c, j)) == -EBUSY && now_boottime_usec() < deadline)
		(void)nanosleep(&pause, NULL);
	if (r < 0 && j->linger)
		linger_add(c, j);
	else
		jail_release(j);
	linger_collect(c);
}

void jail_done(struct jail_context *c, struct jail *j)
{
	finish(c, j, WAIT_USEC);
}

void jail_clear(struct jail_context *c, struct jail *j)
{
	finish(c, j, CLEAR_USEC);
}

void jail_leave(struct jail_context *c, struct jail *j)
{
	finish(c, j, 0);
}
