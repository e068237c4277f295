/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Starting a helper: what it may hold, see and be is settled here, before its program runs. */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "base/privileges.h"
#include "base/process.h"
#include "keeper/auditor.h"
#include "keeper/keeper.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHANNEL_FD  3
#define FREE_FD     16 /* above the numbers that are given out */
#define RELOAD_NICE 5  /* a quarter of a processor that somebody else wants; of a free one all */

static const struct recipe {
	uint64_t namespaces;
	bool as_root;
	uint64_t privileges; /* bounding set; for the user bailiff ambient too */
} recipes[_HELPER_MAX] = {
	[HELPER_COMPILER] = { .namespaces = CLONE_NEWNET | CLONE_NEWIPC },
	[HELPER_LAUNCHER] = { .as_root = true, .privileges = PRIVILEGES_PROFILES },
	[HELPER_BROKER] = { .namespaces = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP |
					  CLONE_NEWNS,
		.privileges = PRIVILEGES_BROKER_START },
	[HELPER_AUDITOR] = { .namespaces = CLONE_NEWNET | CLONE_NEWIPC, .privileges = PRIVILEGES_AUDITOR },
};

const char *const helper_names[_HELPER_MAX] = {
	[HELPER_COMPILER] = "bailiff-compiler",
	[HELPER_LAUNCHER] = "bailiff-launcher",
	[HELPER_BROKER] = "bailiff-broker",
	[HELPER_AUDITOR] = "bailiff-auditor",
};

/* 0 and 1 are /dev/null, 2 stays the log, 3 is the channel; everything else closes at exec. */
static int arrange_fds(const struct keeper *k, int channel, int program, int *ret_program)
{
	int high_channel = fd_dup_above(channel, FREE_FD), high_program = fd_dup_above(program, FREE_FD);

	if (high_channel < 0 || high_program < 0)
		return -EMFILE;
	if (dup2(k->null_fd, STDIN_FILENO) < 0 || dup2(k->null_fd, STDOUT_FILENO) < 0 ||
		dup2(high_channel, CHANNEL_FD) < 0)
		return errno_or_eio();
	if (syscall(SYS_close_range, CHANNEL_FD + 1U, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return errno_or_eio();
	*ret_program = high_program;
	return 0;
}

static int become_user(const struct keeper *k, uint64_t privileges)
{
	const struct capability_sets after = { privileges, privileges, privileges, privileges, privileges };

	if (setgroups(0, NULL) < 0 || setresgid(k->gid, k->gid, k->gid) < 0)
		return errno_or_eio();
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setresuid(k->uid, k->uid, k->uid) < 0)
		return errno_or_eio();
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return errno_or_eio();
	return capability_set(&after);
}

/* Root's exec turns the bounding set into the permitted one: it is the only one that need be set for the
 * launcher. */
static int limit_privileges(const struct keeper *k, const struct recipe *recipe)
{
	struct capability_sets sets;
	int r;

	r = capability_get(&sets);
	if (r < 0)
		return r;
	sets.bounding = recipe->privileges;
	sets.inheritable = sets.ambient = 0;
	r = capability_set(&sets);
	if (r < 0)
		return r;
	return recipe->as_root ? RET_ERRNO(setgroups(0, NULL)) : become_user(k, recipe->privileges);
}

/* Adds an argument of bailiffd's own that is meant for this helper, if it was given. */
static int add_argument(char **argv, size_t *n, const char *name, const char *value)
{
	if (!value)
		return 0;
	if (asprintf(&argv[*n], "--%s=%s", name, value) < 0)
		return -ENOMEM;
	(*n)++;
	return 0;
}

static int own_arguments(const struct keeper *k, enum helper which, char **argv, size_t n)
{
	int r;

	if (which == HELPER_COMPILER)
		return add_argument(argv, &n, "config-dir", k->options.config_dir);
	if (which != HELPER_BROKER)
		return 0;
	r = add_argument(argv, &n, "bus-address", k->options.bus_address);
	if (r >= 0)
		r = add_argument(argv, &n, "bus", k->options.bus);
	return r < 0 ? r : add_argument(argv, &n, "journal-socket", k->options.journal_socket);
}

static int exec_helper(const struct keeper *k, enum helper which, int program)
{
	_cleanup_free_ char *name = strdup(helper_names[which]);
	char level[32], journal[64];
	char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", lang[] = "LANG=C.UTF-8";
	char *envp[] = { path, lang, NULL, NULL }, *argv[] = { name, level, NULL, NULL, NULL, NULL };
	const char *stream = secure_getenv("JOURNAL_STREAM");

	/* in a child that becomes another program, or ends: what these hold goes with it */
	if (!name || own_arguments(k, which, argv, 2) < 0)
		return -ENOMEM;
	(void)snprintf(level, sizeof(level), "--log-level=%d", k->options.log_level);
	if (stream && snprintf(journal, sizeof(journal), "JOURNAL_STREAM=%s", stream) < (int)sizeof(journal))
		envp[2] = journal;
	(void)syscall(SYS_execveat, program, "", argv, envp, AT_EMPTY_PATH);
	return errno_or_eio();
}

/* Nobody waits for a reload as one waits for a launch. Where another policy was asked for than the default
 * one, that stays; at the start it is the other way round, as nothing is served before. */
static void stand_back(void)
{
	bool state = false;

	process_stand_back(&state, true);
	if (state)
		(void)setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + RELOAD_NICE);
}

/* In the child. Comes back only with the error that kept it from running. */
static int become_helper(const struct keeper *k, enum helper which, int channel)
{
	bool comes_last = k->comes_last;
	int program, r;

	process_come_last(&comes_last, false);
	if (which == HELPER_COMPILER && k->up)
		stand_back();
	r = arrange_fds(k, channel, k->programs.fds[which], &program);
	if (r < 0)
		return r;
	r = process_reset_signals();
	if (r < 0)
		return r;
	(void)umask(077);
	if (chdir("/") < 0)
		return errno_or_eio();
	r = limit_privileges(k, &recipes[which]);
	if (r < 0)
		return r;
	return exec_helper(k, which, program);
}

/* The same for the auditor, which needs no program: nothing is parsed in it. Its exit status. */
static int become_auditor(const struct keeper *k, int channel)
{
	struct capability_sets sets;
	int r = capability_get(&sets);

	if (r == 0 && (sets.permitted & PRIVILEGES_AUDITOR) == 0) {
		log_error("KernelAudit=yes takes CAP_AUDIT_WRITE, which bailiffd was not given: under "
			  "systemd, audit.conf of bailiffd(8) gives it");
		return 1;
	}
	if (r == 0)
		r = limit_privileges(k, &recipes[HELPER_AUDITOR]);
	if (r < 0) {
		(void)log_errno(LOG_ERR, r, "cannot start %s", helper_names[HELPER_AUDITOR]);
		return 1;
	}
	return auditor_run(channel);
}

int spawn_helper(struct keeper *k, enum helper which)
{
	_cleanup_close_ int ours = -1, theirs = -1;
	struct child *c = &k->children[which];
	int pair[2], pidfd, r;
	pid_t pid;

	r = wire_channel_pair(pair);
	if (r < 0)
		return r;
	ours = pair[0];
	theirs = pair[1];
	pid = process_clone(recipes[which].namespaces, -1, &pidfd);
	if (pid < 0)
		return (int)pid;
	if (pid == 0 && which == HELPER_AUDITOR)
		/* not exit(3), nor _exit(2) which sanitizers replace: its filter has no room for last acts */
		(void)syscall(SYS_exit_group, become_auditor(k, theirs));
	if (pid == 0) {
		r = become_helper(k, which, theirs);
		(void)log_errno(LOG_ERR, r, "cannot start %s", helper_names[which]);
		_exit(1);
	}
	c->pid = pid;
	c->pidfd = pidfd;
	c->channel = steal_fd(ours);
	c->ready = false;
	c->started_usec = now_boottime_usec();
	c->kill_at_usec = USEC_INFINITY;
	return 0;
}
