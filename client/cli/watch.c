/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/watch.h"

#include <signal.h>
#include <string.h>
#include <sys/select.h>
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

bool watch_pause(uint64_t usec)
{
	const struct timespec ts = { (time_t)(usec / 1000000), (long)(usec % 1000000) * 1000 };
	sigset_t wanted, before;

	/* Blocked until the sleep itself: one that comes between the look and the sleep is not lost. */
	(void)sigemptyset(&wanted);
	for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		(void)sigaddset(&wanted, ends[i]);
	(void)sigprocmask(SIG_BLOCK, &wanted, &before);
	if (!told)
		(void)pselect(0, NULL, NULL, NULL, &ts, &before);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return !told;
}

bool watch_ended(void)
{
	return told != 0;
}
