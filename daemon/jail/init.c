/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The jail's init: pid 1 of its PID namespace, which lives and dies with it. It reaps what the payload leaves
 * behind, and it is what the launcher kills to end the jail. It has nothing to give to who should get hold of
 * it: no capability, no fd, an empty root, and a filter that lets it wait and no more. The root is one for
 * all inits, in a mount namespace that is made when the launcher starts: nothing can be put into it, and
 * nobody else is in there. It stays undumpable, so the payload, even with its uid, can not look into the copy
 * of the launcher's memory that it is. Signals from inside the namespace do not reach a pid 1 that has no
 * handler for them.
 *
 * Most inits are made by init-maker.c, and are a copy of less; what is done here for one is done there for
 * all, or in init-room.c. Both end up as the same.
 */

#include "jail/init.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/filter.h"
#include "base/io.h"
#include "base/process.h"
#include "jail/report.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

static const struct filter_rule rules[] = {
	FILTER_ALLOW(rt_sigsuspend),
	FILTER_ALLOW(rt_sigreturn),
	FILTER_ALLOW(restart_syscall),
	FILTER_ALLOW(exit_group),
};

int init_filter_build(struct sock_filter **ret, size_t *ret_n)
{
	return filter_build(rules, ELEMENTSOF(rules), FILTER_KILL, ret, ret_n);
}

static int fail(struct jail_error *reterr, int error, const char *what)
{
	return jail_fail(reterr, STAGE_NAMESPACES, error, what, "");
}

static int empty_root(void)
{
	_cleanup_close_ int fd = -1;
	int r;

	if (unshare(CLONE_NEWNS) < 0)
		return errno_or_eio();
	r = mount_make_private();
	if (r < 0)
		return r;
	fd = mount_new_tmpfs("0555", "4k", "1",
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (fd < 0)
		return fd;
	r = root_attach(fd);
	return r < 0 ? r : root_pivot(fd);
}

/* Shares the caller's fds, so that what it opens is the caller's. */
static noreturn void make_root(const struct jail_context *c, int pipe_fd)
{
	int r = empty_root();

	if (r >= 0)
		r = RET_ERRNO(openat(c->proc_fd, "self/ns/mnt", O_RDONLY | O_CLOEXEC));
	_exit(write_full(pipe_fd, &r, sizeof(r)) < 0);
}

/* A mount namespace is left by its root, so this is done by a process that does not come back. */
int init_root_make(const struct jail_context *c)
{
	_cleanup_close_ int read_fd = -1, write_fd = -1, pidfd = -1;
	int pipe_fds[2], r;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return errno_or_eio();
	read_fd = pipe_fds[0];
	write_fd = pipe_fds[1];
	pid = process_clone(CLONE_FILES, -1, &pidfd);
	if (pid == 0)
		make_root(c, write_fd);
	if (pid < 0)
		return (int)pid;
	if (process_wait_status(pidfd) != 0)
		return -ECHILD;
	return read_full(read_fd, &r, sizeof(r)) == (ssize_t)sizeof(r) ? r : -ECHILD;
}

static int give_up_privileges(const struct jail_context *c, struct jail_error *reterr)
{
	int r;

	r = caps_keep(reterr);
	if (r < 0)
		return r;
	r = apply_ids(INIT_NOBODY, INIT_NOBODY, NULL, 0, reterr);
	if (r < 0)
		return r;
	/* The change of ids may have made it dumpable, see suid_dumpable in proc(5): undone while it still
	 * has all capabilities, which nobody else of that uid has, and without which nobody may look into it.
	 */
	r = apply_undumpable(reterr);
	if (r < 0)
		return r;
	r = apply_caps(c->bounding, 0, 0, INIT_SECURE_BITS, reterr);
	if (r < 0)
		return r;
	r = filter_load(c->init_filter, c->n_init_filter);
	return r < 0 ? fail(reterr, r, "seccomp") : 0;
}

/* Ignoring SIGCHLD has the kernel reap: init is never woken, however many orphans there are. */
int init_ignore_children(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	return RET_ERRNO(sigaction(SIGCHLD, &ignore, NULL));
}

static int confine(const struct jail_context *c, struct jail_error *reterr)
{
	int r;

	r = apply_undumpable(reterr);
	if (r < 0)
		return r;
	r = process_begin_signals(c->ignored_signals);
	if (r >= 0)
		r = init_ignore_children();
	if (r < 0)
		return fail(reterr, r, "signal handlers");
	/* No session of its own, which the kernel would schedule as a group of its own: it never runs. */
	if (setpgid(0, 0) < 0)
		return fail(reterr, errno_or_eio(), "setpgid");
	(void)prctl(PR_SET_NAME, "jail-init", 0, 0, 0); /* for people who look at ps */
	/* /proc/1/root shows nothing, to whomever it may be shown */
	if (setns(c->init_root_fd, CLONE_NEWNS) < 0)
		return fail(reterr, errno_or_eio(), "empty root");
	/* Until here it shares the launcher's table of fds, of which a copy would cost the more the more
	 * jails live, and hold open, however short, what others wait to be closed. It gets an empty one. */
	if (close_range(0, ~0U, CLOSE_RANGE_UNSHARE) < 0)
		return fail(reterr, errno_or_eio(), "close_range");
	return give_up_privileges(c, reterr);
}

noreturn void init_run(const struct jail_context *c, struct report *word)
{
	struct jail_error e, said;
	sigset_t none;
	int r;

	r = confine(c, &e);
	if (r < 0) {
		/* The namespace ends with it, and the launch too; the payload may have no time to say why. */
		(void)jail_fail(&said, STAGE_NAMESPACES, r, "init of the PID namespace:", e.object);
		report_failure(-1, word, &said);
		_exit(1);
	}
	report_ready(word);
	(void)sigemptyset(&none);
	for (;;)
		(void)sigsuspend(&none);
}
