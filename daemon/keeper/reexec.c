/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Another version of bailiffd takes the place of this one, in the same process: it is pid 1 of the namespace
 * that all jails are in, so no other can. What it needs goes with it by fd. Before anything is given up the
 * new program is asked whether it would understand that; broker, auditor and launcher are ended then, and the
 * new keeper starts its own, which take over as after a crash.
 */

#include "keeper/reexec.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "base/process.h"
#include "keeper/acts.h"
#include "keeper/hear.h"
#include "keeper/state.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRIAL_MSEC    10000 /* for a program that only looks at some bytes: a loaded machine's patience */
#define ARGUMENTS_MAX 9
#define PUT_OFF_MAX   8 /* who asks for reloads without a pause keeps no other version away */

/* The command line that makes these options again, with absolute paths, behind one of our own. */
struct arguments {
	char *v[ARGUMENTS_MAX + 1];
	size_t n;
};

static void arguments_done(struct arguments *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i]);
}

static int add(struct arguments *a, const char *format, const char *value)
{
	if (!value)
		return 0;
	if (a->n == ARGUMENTS_MAX)
		return -E2BIG;
	a->v[a->n] = NULL;
	if (asprintf(&a->v[a->n], "%s%s", format, value) < 0)
		return -ENOMEM;
	a->v[++a->n] = NULL;
	return 0;
}

static int make_arguments(const struct options *o, const char *own, int state_fd, struct arguments *a)
{
	char number[16], level[16];
	int r;

	(void)snprintf(number, sizeof(number), "%d", state_fd);
	(void)snprintf(level, sizeof(level), "%d", o->log_level);
	r = add(a, "bailiffd", "");
	if (r >= 0)
		r = add(a, own, number);
	if (r >= 0)
		r = add(a, "--config-dir=", o->config_dir);
	if (r >= 0)
		r = add(a, "--bus-address=", o->bus_address);
	if (r >= 0)
		r = add(a, "--bus=", o->bus);
	if (r >= 0)
		r = add(a, "--journal-socket=", o->journal_socket);
	if (r >= 0)
		r = add(a, "--runtime-dir=", o->runtime_dir);
	if (r >= 0)
		r = add(a, "--libexec-dir=", o->libexec_dir);
	return r < 0 ? r : add(a, "--log-level=", level);
}

static int run(const struct keeper *k, const struct programs *next, const char *own, int state_fd)
{
	_cleanup_(arguments_done) struct arguments a = { .n = 0 };
	int r = make_arguments(&k->options, own, state_fd, &a);
	bool comes_last = k->comes_last;

	if (r < 0)
		return r;
	/* the new program finds what the old one was started with */
	process_come_last(&comes_last, false);
	(void)syscall(SYS_execveat, next->fds[PROGRAM_OWN], "", a.v, environ, AT_EMPTY_PATH);
	r = errno_or_eio();
	process_come_last(&comes_last, k->comes_last);
	return r;
}

/* The new program looks at what it would get. */
static int try_out(const struct keeper *k, const struct programs *next)
{
	_cleanup_close_ int state_fd = -1, pidfd = -1;
	struct pollfd p = { .events = POLLIN };
	pid_t pid;
	int r;

	r = state_write(k, &state_fd);
	if (r < 0)
		return r;
	pid = process_clone(0, -1, &pidfd);
	if (pid < 0)
		return (int)pid;
	if (pid == 0) {
		if (fd_set_cloexec(state_fd, false) == 0)
			(void)run(k, next, "--check-state=", state_fd);
		_exit(1);
	}
	p.fd = pidfd;
	if (poll(&p, 1, TRIAL_MSEC) != 1)
		(void)process_signal(pidfd, SIGKILL);
	r = process_wait_status(pidfd);
	return r == 0 ? 0 : -EPROTONOSUPPORT;
}

/* The broker may finish what it says; of the launcher's work nothing needs to be finished. False: it would
 * not end, which only a process in the middle of something that hangs does not. */
static bool end_helper(struct keeper *k, enum helper which, int patience_msec)
{
	struct pollfd p = { .fd = k->children[which].pidfd, .events = POLLIN };

	if (!is_running(k, which))
		return true;
	if (patience_msec == 0 || poll(&p, 1, patience_msec) != 1) {
		kill_helper(k, which, NULL);
		(void)poll(&p, 1, TRIAL_MSEC);
	}
	hear_ends(k);
	return !is_running(k, which);
}

/* Who asked this broker for a reload is answered by it, or by nobody. */
static bool reload_comes_first(const struct keeper *k)
{
	return k->reload_wish && k->put_off < PUT_OFF_MAX;
}

/* Until it is going, or its wish for a reload has come, with which it stays. */
static void await_broker(struct keeper *k)
{
	const struct child *broker = &k->children[HELPER_BROKER];
	const uint64_t until = now_boottime_usec() + LEAVE_PATIENCE_USEC;
	uint64_t now;

	while (broker->channel >= 0 && !reload_comes_first(k) && (now = now_boottime_usec()) < until) {
		struct pollfd p = { .fd = broker->channel, .events = POLLIN };

		if (poll(&p, 1, (int)((until - now) / MSEC) + 1) > 0)
			hear_helper(k, HELPER_BROKER);
	}
}

static void ask_broker_to_go(struct keeper *k)
{
	const struct keeper_message m = { .type = WIRE_SHUTDOWN, .value = k->put_off < PUT_OFF_MAX };

	if (!is_running(k, HELPER_BROKER))
		return;
	(void)send_to(k, HELPER_BROKER, &m, NULL, 0);
	if (m.value)
		await_broker(k);
}

/* -EAGAIN: all of them go on, for a reload. */
static int end_helpers(struct keeper *k)
{
	const int patience = (int)(LEAVE_PATIENCE_USEC / MSEC);
	bool ended;

	k->replacing = true;
	ask_broker_to_go(k);
	if (reload_comes_first(k)) {
		k->replacing = false;
		return -EAGAIN;
	}
	ended = end_helper(k, HELPER_BROKER, patience);
	/* before the launcher, which goes on if this one does not end: the kernel may hold it */
	if (ended)
		dismiss_auditor(k);
	ended = ended && end_helper(k, HELPER_AUDITOR, patience) && end_helper(k, HELPER_LAUNCHER, 0);
	k->replacing = false;
	return ended ? 0 : -EBUSY;
}

/* Comes back only with the reason why it could not; then everything is as before, without helpers but for
 * -EAGAIN. */
static int replace(struct keeper *k, const struct programs *next)
{
	_cleanup_close_ int state_fd = -1;
	int r = end_helpers(k), back;

	if (r < 0)
		return r;
	r = state_write(k, &state_fd);
	if (r >= 0)
		r = state_set_cloexec(k, false);
	if (r >= 0)
		r = fd_set_cloexec(state_fd, false);
	if (r >= 0)
		r = run(k, next, "--resume=", state_fd);
	back = state_set_cloexec(k, true);
	return back < 0 ? back : r;
}

/* False: it is to be looked at again after the reload that comes first. */
static bool look(struct keeper *k, struct programs *next)
{
	int r = programs_open(k->options.libexec_dir, k->options.program, next);

	if (r >= 0 && programs_equal(&k->programs, next))
		return true;
	if (r >= 0)
		r = try_out(k, next);
	if (r < 0) {
		log_error(
			"the installed programs can not take over: those that run go on. A restart takes the "
			"new ones, and ends the sandboxes");
		return true;
	}
	log_notice("handing over to the installed programs");
	r = replace(k, next);
	if (r == -EAGAIN)
		log_notice("a reload was asked for: it comes before the installed programs");
	else
		(void)log_errno(LOG_ERR, r, "the installed programs could not take over: those before go on");
	return r != -EAGAIN;
}

void reexec(struct keeper *k)
{
	struct programs next = PROGRAMS_NULL;
	bool over = false;

	k->reexec_wish = false; /* which each reload's end makes anew */
	if (!reload_comes_first(k))
		over = look(k, &next);
	k->put_off = over ? 0 : k->put_off + 1;
	programs_close(&next);
}

int resume(struct keeper *k, int state_fd)
{
	_cleanup_close_ int fd = state_fd;
	const char *why;
	int r;

	if (getpid() != 1) {
		log_error("--resume is what bailiffd tells itself");
		return -EPERM;
	}
	r = state_read(fd, k, &why);
	if (r < 0)
		return log_errno(LOG_ERR, r, "what the program before has left can not be read: %s", why);
	k->up = true;
	return programs_open(k->options.libexec_dir, PROGRAM_RUNNING, &k->programs);
}
