/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch.h"
#include "base/error.h"

#include <signal.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t told;

static void on_signal(int signal)
{
	told = 1;
}

static const int ends[] = { SIGINT, SIGTERM, SIGHUP };

void watch_begin(void)
{
	struct sigaction action, old;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		/* Who ignores a signal (nohup) does not want to hear of it. */
		if (sigaction(ends[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			(void)sigaction(ends[i], &action, NULL);
}

/* Blocked until the wait itself: one that comes between a look at told and the wait is not lost. */
static int wait_until(struct pollfd *fds, nfds_t n, const struct timespec *timeout)
{
	sigset_t wanted, before;
	int r = 0;

	(void)sigemptyset(&wanted);
	for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		(void)sigaddset(&wanted, ends[i]);
	(void)sigprocmask(SIG_BLOCK, &wanted, &before);
	if (!told)
		r = RET_ERRNO(ppoll(fds, n, timeout, &before));
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return r == -EINTR || r > 0 ? 0 : r;
}

bool watch_pause(uint64_t usec)
{
	const struct timespec ts = { (time_t)(usec / 1000000), (long)(usec % 1000000) * 1000 };

	(void)wait_until(NULL, 0, &ts);
	return !told;
}

int watch_poll(struct pollfd *fds, nfds_t n, uint64_t until_usec)
{
	struct timespec ts = { 0 }, now = { 0 };
	uint64_t now_usec;

	for (nfds_t i = 0; i < n; i++)
		fds[i].revents = 0;
	if (until_usec == UINT64_MAX)
		return wait_until(fds, n, NULL);
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	now_usec = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	if (until_usec > now_usec) {
		ts.tv_sec = (time_t)((until_usec - now_usec) / 1000000);
		ts.tv_nsec = (long)((until_usec - now_usec) % 1000000) * 1000;
	}
	return wait_until(fds, n, &ts);
}

bool watch_ended(void)
{
	return told != 0;
}
