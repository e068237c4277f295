/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keeper/stub.h"
#include "base/capability.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/filter.h"
#include "base/log.h"
#include "base/process.h"
#include "keeper/keeper.h"
#include "keeper/notify.h"

#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct filter_rule stub_calls[] = {
	FILTER_ALLOW(ppoll),
	FILTER_ALLOW(read),   /* signalfd, lifeline */
	FILTER_ALLOW(write),  /* lifeline, log */
	FILTER_ALLOW(sendto), /* service manager */
	FILTER_ALLOW(waitid),
	FILTER_ALLOW(close),
	FILTER_ALLOW(restart_syscall),
	FILTER_ALLOW(rt_sigreturn),
	FILTER_ALLOW(exit_group),
};

/* Only 2 and what struct stub names stay open. */
static int close_others(const struct stub *s)
{
	const int keep[] = { STDERR_FILENO, s->lifeline, s->pidfd, s->signals, s->notify };

	for (int fd = 0; fd < 64; fd++) {
		bool kept = false;

		for (size_t i = 0; i < ELEMENTSOF(keep); i++)
			kept = kept || keep[i] == fd;
		if (!kept)
			(void)close(fd);
	}
	return RET_ERRNO((int)syscall(SYS_close_range, 64U, ~0U, 0U));
}

static int confine(const struct stub *s)
{
	const struct capability_sets none = { 0 };
	struct capability_sets sets;
	int r;

	r = close_others(s);
	if (r < 0)
		return r;
	r = capability_get(&sets);
	if (r < 0)
		return r;
	sets.bounding = sets.inheritable = sets.ambient = 0;
	r = capability_set(&sets);
	if (r < 0)
		return r;
	if (setgroups(0, NULL) < 0 || setresgid(s->gid, s->gid, s->gid) < 0 ||
		setresuid(s->uid, s->uid, s->uid) < 0)
		return errno_or_eio();
	r = capability_set(&none);
	if (r < 0)
		return r;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return errno_or_eio();
	return filter_apply(stub_calls, ELEMENTSOF(stub_calls), FILTER_KILL);
}

static void pass_on(const struct stub *s, char c)
{
	/* A keeper that is gone is met in its pidfd. One that has not read so many reloads is told to stop by
	 * the end of the line. */
	if (write(s->lifeline, &c, 1) < 0 && errno == EAGAIN && c == LIFELINE_STOP)
		(void)close(s->lifeline);
}

static void hear_signal(const struct stub *s)
{
	struct signalfd_siginfo si;

	if (read(s->signals, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return;
	if (si.ssi_signo == SIGHUP) {
		notify_send(s->notify, "RELOADING=1");
		pass_on(s, LIFELINE_RELOAD);
		return;
	}
	notify_send(s->notify, "STOPPING=1");
	pass_on(s, LIFELINE_STOP);
}

/* False at the end of file: only its exit status is still to come. */
static bool hear_keeper(const struct stub *s)
{
	char c;
	ssize_t n = read(s->lifeline, &c, 1);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n > 0 && c == LIFELINE_READY)
		notify_send(s->notify, "READY=1");
	if (n > 0 && c == LIFELINE_WATCHDOG)
		notify_send(s->notify, "WATCHDOG=1");
	return n > 0;
}

static int exit_status(const struct stub *s)
{
	siginfo_t si = { 0 };
	int r = process_wait(s->pidfd, 0, &si);

	if (r < 0) {
		(void)log_errno(LOG_ERR, r, "the keeper's exit status is lost");
		return 1;
	}
	if (si.si_code == CLD_EXITED)
		return si.si_status;
	log_error("the keeper was killed by signal %d, and every sandbox with it", si.si_status);
	return 1;
}

/* The keeper sees the end of its lifeline, and takes away what there is before it ends, and we. */
static int give_up(const struct stub *s, int error, const char *what)
{
	(void)log_errno(LOG_ERR, error, "%s", what);
	(void)close(s->lifeline);
	(void)exit_status(s);
	return 1;
}

int stub_run(const struct stub *s)
{
	struct pollfd p[] = {
		{ .fd = s->pidfd, .events = POLLIN },
		{ .fd = s->signals, .events = POLLIN },
		{ .fd = s->lifeline, .events = POLLIN },
	};
	int r;

	r = confine(s);
	if (r < 0)
		return give_up(s, r, "cannot drop privileges");
	for (;;) {
		if (ppoll(p, ELEMENTSOF(p), NULL, NULL) < 0) {
			if (errno == EINTR)
				continue;
			return give_up(s, errno_or_eio(), "cannot wait for events");
		}
		if (p[2].revents && !hear_keeper(s))
			p[2].fd = -1;
		if (p[1].revents)
			hear_signal(s);
		if (p[0].revents)
			return exit_status(s);
	}
}
