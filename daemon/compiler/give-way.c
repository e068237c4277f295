/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Neither policy nor niceness has the kernel take the processor from us at once: who comes to it while we run
 * waits for the end of our slice, which is the clock's next tick, 4 ms where there are 250 a second. A launch
 * has several processes in a row that may come to it. One who sleeps, however shortly, hands it over.
 */

#include "compiler/give-way.h"
#include "base/io.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define RUN_USEC 500 /* between two pauses */
/* What has used less of the processor since the pause before has waited for it, and has left it to others. */
#define RUN_AT_LEAST_NSEC (RUN_USEC * 1000U / 2)
/* On a busy machine each pause costs a turn of everybody else, so after a while they become few. 500 profiles
 * take half of that time where nobody else wants a processor. */
#define POLITE_USEC    UINT64_C(200000)
#define RUN_LATER_NSEC 2000000U
/* The kernel's timers may be late by 50 µs, and are: so long is a pause. */
#define PAUSE_NSEC 1

#define STEP_BYTES (256 * 1024) /* of the heap, at the end: some 20 µs of the kernel's */

static uint64_t polite_until, rested_at_nsec;
static const char *heap_begin; /* where it was at the start */

static uint64_t processor_nsec(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static void pause_a_moment(void)
{
	const struct timespec moment = { 0, PAUSE_NSEC };

	(void)ppoll(NULL, 0, &moment, NULL);
	rested_at_nsec = processor_nsec();
}

static void on_alarm(int sig)
{
	const uint64_t enough = now_boottime_usec() < polite_until ? RUN_AT_LEAST_NSEC : RUN_LATER_NSEC;
	const int error = errno;

	(void)sig;
	if (processor_nsec() - rested_at_nsec >= enough)
		pause_a_moment();
	errno = error;
}

void give_way(void)
{
	const struct itimerval each = { { 0, RUN_USEC }, { 0, RUN_USEC } };
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };

	if (sched_getscheduler(0) != SCHED_BATCH)
		return;
	polite_until = now_boottime_usec() + POLITE_USEC;
	heap_begin = sbrk(0);
	/* exec and the dynamic linker have had more than one turn should be */
	pause_a_moment();
	if (sigaction(SIGALRM, &action, NULL) == 0)
		(void)setitimer(ITIMER_REAL, &each, NULL);
}

void give_back(void)
{
	while (heap_begin && (const char *)sbrk(0) - heap_begin > STEP_BYTES &&
		sbrk(-(intptr_t)STEP_BYTES) != (void *)-1)
		;
}
