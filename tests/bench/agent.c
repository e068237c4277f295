/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "stats.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FAILURES_MAX 100 /* in a row of one report: what fails so often does not work */

/* Ends of sockets are inherited by later agents, so that closing one tells nobody anything: the end is an
 * order. */
struct order {
	bool end;
	unsigned block; /* 0: until the time */
	uint64_t gap_usec, until_nsec;
};

static void run_block(struct way *w, const struct order *o, struct agent_report *report)
{
	const struct timespec gap = { (time_t)(o->gap_usec / 1000000U),
		(long)(o->gap_usec % 1000000U) * 1000 };

	for (unsigned i = 0; i < o->block && report->error == 0; i++) {
		if (o->gap_usec > 0)
			(void)nanosleep(&gap, NULL);
		report->error = way_launch(w, &report->timings[i]);
		report->done += report->error == 0;
		report->failed += report->error != 0;
	}
}

static void run_until(struct way *w, const struct order *o, struct agent_report *report)
{
	struct timing t;

	while (report->failed < FAILURES_MAX && now_nsec() < o->until_nsec) {
		int r = way_launch(w, &t);

		report->done += r == 0;
		report->failed += r != 0;
		if (r < 0 && report->error == 0)
			report->error = r;
	}
}

__attribute__((noreturn)) static void serve(struct way *w, int fd)
{
	struct agent_report report;
	struct order o;
	int r;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	r = way_open(w);
	if (write_full(fd, &r, sizeof(r)) < 0)
		_exit(1);
	while (r >= 0 && read_full(fd, &o, sizeof(o)) == (ssize_t)sizeof(o) && !o.end) {
		report = (struct agent_report){ 0 };
		if (o.block > 0)
			run_block(w, &o, &report);
		else
			run_until(w, &o, &report);
		if (write_full(fd, &report, sizeof(report)) < 0)
			break;
	}
	way_close(w);
	_exit(0);
}

static int order(const struct agent *a, const struct order *o)
{
	return write_full(a->fd, o, sizeof(*o));
}

int agent_start(struct way *w, struct agent *ret)
{
	int pair[2], r;

	*ret = (struct agent){ .fd = -1 };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return errno_or_eio();
	ret->pid = fork();
	if (ret->pid == 0) {
		(void)close(pair[0]);
		serve(w, pair[1]);
	}
	(void)close(pair[1]);
	ret->fd = pair[0];
	if (ret->pid < 0 || read_full(ret->fd, &r, sizeof(r)) != (ssize_t)sizeof(r))
		r = -EPIPE;
	if (r < 0)
		agent_end(ret);
	return r;
}

int agent_collect(const struct agent *a, struct agent_report *ret)
{
	return read_full(a->fd, ret, sizeof(*ret)) == (ssize_t)sizeof(*ret) ? 0 : -EPIPE;
}

int agent_block(const struct agent *a, unsigned n, uint64_t gap_usec, struct agent_report *ret)
{
	int r = order(a,
		&(struct order){ .block = n < AGENT_BLOCK_MAX ? n : AGENT_BLOCK_MAX, .gap_usec = gap_usec });

	return r < 0 ? r : agent_collect(a, ret);
}

int agent_run_until(const struct agent *a, uint64_t nsec)
{
	return order(a, &(struct order){ .until_nsec = nsec });
}

void agent_end(struct agent *a)
{
	if (a->pid > 0 && order(a, &(struct order){ .end = true }) < 0)
		(void)kill(a->pid, SIGKILL);
	a->fd = fd_close(a->fd);
	if (a->pid > 0)
		(void)waitpid(a->pid, NULL, 0);
	a->pid = 0;
}
