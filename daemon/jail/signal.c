/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Signals to a jail. To all its processes, they come from within: a child of ours enters the PID namespace
 * and says kill(-1), so the kernel picks the receivers, all at one moment, and no pid is ever looked up. The
 * namespace's init is spared by the kernel.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "jail/steps.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

/* In the namespace. The exit status is an errno value. */
static noreturn void signal_and_exit(int sig)
{
	/* The parent has no pid here, unless this is its own namespace after all: then kill(-1) would hit the
	 * launcher and everything around it. */
	if (getppid() != 0)
		_exit(EXDEV);
	_exit(kill(-1, sig) < 0 ? errno : 0);
}

/* setns() changes where the caller's children are born, so it is done by a child whose own it concerns no
 * more. */
static noreturn void enter_and_signal(int pidns_fd, int sig)
{
	int pidfd = -1, status;
	pid_t pid;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setns(pidns_fd, CLONE_NEWPID) < 0)
		_exit(errno);
	pid = process_clone(0, -1, &pidfd);
	if (pid == 0)
		signal_and_exit(sig);
	if (pid < 0)
		_exit((int)-pid);
	status = process_wait_status(pidfd);
	_exit(status < 0 ? -status : status);
}

static int signal_namespace(int pidns_fd, int sig)
{
	_cleanup_close_ int pidfd = -1;
	sigset_t all, old;
	pid_t pid;
	int status;

	(void)sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, &old) < 0)
		return errno_or_eio();
	pid = process_clone(0, -1, &pidfd);
	if (pid == 0)
		enter_and_signal(pidns_fd, sig);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return (int)pid;
	status = process_wait_status(pidfd);
	return status <= 0 ? status : -status;
}

int jail_signal(struct jail *j, int sig, bool all)
{
	if (j->pidfd < 0 || j->ended)
		return -ESRCH;
	if (!all)
		return process_signal(j->pidfd, sig);
	if (sig == SIGKILL) {
		jail_kill(j);
		return 0;
	}
	if (j->pidns_fd >= 0)
		return signal_namespace(j->pidns_fd, sig);
	return j->cgroup_fd >= 0 ? cgroup_signal(j->cgroup_fd, sig) : -ESRCH;
}
