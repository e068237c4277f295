/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A service that says when it is ready by libsystemd, and that it ends when it is asked to. */

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	sigset_t set;
	int signal;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	if (sd_notifyf(0, "STATUS=pid %d\nREADY=1\nMAINPID=%d", getpid(), getpid()) <= 0)
		return 1;
	if (argc > 1 && strcmp(argv[1], "barrier") == 0 && sd_notify_barrier(0, UINT64_MAX) < 0)
		return 2;
	/* a second one is not new */
	if (sd_pid_notify_with_fds(0, 0, "READY=1\nFDSTORE=1", (const int[]){ 0, 1 }, 2) <= 0)
		return 3;
	if (sigwait(&set, &signal) != 0 || sd_notify(0, "STOPPING=1") <= 0)
		return 4;
	return 23;
}
