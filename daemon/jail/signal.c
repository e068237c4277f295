/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Signals to a jail. To all its processes, they come from within: a child of ours enters the PID namespace
 * and says kill(-1), so the kernel picks the receivers, all at one moment, and no pid is ever looked up. The
 * namespace's init is spared by the kernel.
 *
 * While it is in there, that child is within the payload's reach. So it is undumpable, and has another uid
 * than the payload, which thereby has no right to send it a signal: stopped, it would keep the launcher
 * waiting. That wait has an end all the same.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "jail/steps.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#define WAIT_MSEC 200 /* it takes one, or some ten where thousands of processes get the signal */
#define ROOT      0
#define NOBODY    65534

/* In the namespace. The exit status is an errno value. */
static noreturn void signal_and_exit(int sig)
{
	/* The parent has no pid here, unless this is its own namespace after all: then kill(-1) would hit the
	 * launcher and everything around it. */
	if (getppid() != 0)
		_exit(EXDEV);
	_exit(kill(-1, sig) < 0 ? errno : 0);
}

/* CAP_KILL stays, and the rest with it. */
static int become_another(uid_t payload)
{
	uid_t uid = payload == ROOT ? NOBODY : ROOT;
	struct jail_error e;
	int r;

	r = caps_keep(&e);
	if (r >= 0)
		r = apply_ids(uid, uid, NULL, 0, &e);
	return r < 0 ? r : apply_undumpable(&e);
}

/* Waits for a child's end, but not for ever; an errno value. */
static int await(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	siginfo_t si;
	int r;

	if (poll(&p, 1, WAIT_MSEC) != 1) {
		(void)process_signal(pidfd, SIGKILL);
		(void)process_wait(pidfd, 0, &si);
		return ETIMEDOUT;
	}
	r = process_wait(pidfd, 0, &si);
	if (r < 0)
		return -r;
	return si.si_code == CLD_EXITED ? si.si_status : EIO;
}

/* setns() changes where the caller's children are born, so it is done by a child whose own it concerns no
 * more. */
static noreturn void enter_and_signal(int pidns_fd, uid_t payload, int sig)
{
	int pidfd = -1, r;
	pid_t pid;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setns(pidns_fd, CLONE_NEWPID) < 0)
		_exit(errno);
	r = become_another(payload);
	if (r < 0)
		_exit(-r);
	pid = process_clone(0, -1, &pidfd);
	if (pid == 0)
		signal_and_exit(sig);
	_exit(pid < 0 ? (int)-pid : await(pidfd));
}

static int signal_namespace(const struct jail *j, int sig)
{
	/* what is known of a jail a child does not have */
	const int pidns_fd = j->pidns_fd;
	const uid_t payload = j->uid;
	_cleanup_close_ int pidfd = -1;
	sigset_t all, old;
	pid_t pid;
	int status;

	(void)sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, &old) < 0)
		return errno_or_eio();
	pid = process_clone(0, -1, &pidfd);
	if (pid == 0)
		enter_and_signal(pidns_fd, payload, sig);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return (int)pid;
	status = process_wait_status(pidfd);
	return status <= 0 ? status : -status;
}

int jail_signal(struct jail *j, int sig, bool all)
{
	int r;

	if (j->pidfd < 0 || j->ended)
		return -ESRCH;
	if (!all)
		return process_signal(j->pidfd, sig);
	if (sig == SIGKILL) {
		jail_kill(j);
		return 0;
	}
	if (j->pidns_fd >= 0 && j->payload_is_init) {
		/* kill(-1) spares pid 1, and finds nobody if there is no other. Pid 1 comes last: with its
		 * end nobody can enter the namespace any more. */
		r = signal_namespace(j, sig);
		return r < 0 && r != -ESRCH ? r : process_signal(j->pidfd, sig);
	}
	if (j->pidns_fd >= 0)
		return signal_namespace(j, sig);
	return j->cgroup_fd >= 0 ? cgroup_signal(j->cgroup_fd, sig) : -ESRCH;
}
