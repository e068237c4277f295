/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <signal.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t told, resized, stop, continued;

static void on_signal(int signal)
{
	switch (signal) {
	case SIGWINCH:
		resized = 1;
		break;
	case SIGTSTP:
		stop = 1;
		break;
	case SIGCONT:
		continued = 1;
		break;
	default:
		told = 1;
	}
}

static const int ends[] = { SIGINT, SIGTERM, SIGHUP }, of_terminals[] = { SIGWINCH, SIGTSTP, SIGCONT };

static void handle(const int *signals, size_t n)
{
	struct sigaction action, old;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	for (size_t i = 0; i < n; i++)
		/* Who ignores a signal (nohup) does not want to hear of it. */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &action, NULL);
}

void watch_begin(void)
{
	handle(ends, ELEMENTSOF(ends));
}

void watch_terminal(void)
{
	handle(of_terminals, ELEMENTSOF(of_terminals));
}

/* Between its look and the mark it takes back, one that comes says no more than the one before. */
static unsigned collect(volatile sig_atomic_t *mark, unsigned news)
{
	if (!*mark)
		return 0;
	*mark = 0;
	return news;
}

enum watch_news watch_news(void)
{
	return collect(&resized, WATCH_RESIZED) | collect(&stop, WATCH_STOP) |
	       collect(&continued, WATCH_CONTINUED);
}

/* Blocked until the wait itself: one that comes between a look at the marks and the wait is not lost. */
static int wait_until(struct pollfd *fds, nfds_t n, const struct timespec *timeout)
{
	sigset_t wanted, before;
	int r = 0;

	(void)sigemptyset(&wanted);
	for (size_t i = 0; i < ELEMENTSOF(ends); i++)
		(void)sigaddset(&wanted, ends[i]);
	for (size_t i = 0; i < ELEMENTSOF(of_terminals); i++)
		(void)sigaddset(&wanted, of_terminals[i]);
	(void)sigprocmask(SIG_BLOCK, &wanted, &before);
	if (!told && !resized && !stop && !continued)
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
