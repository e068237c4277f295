/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The duties of a pid 1: every orphan's status is taken, and nothing stays behind when its maker is gone. */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/process.h"
#include "keeper/keeper.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUICK_USEC      (10 * UINT64_C(1000000)) /* an end so soon after the start counts */
#define QUICK_ENDS_FREE 5U                       /* so many are followed by a start at once */
#define PAUSE_USEC      (250 * UINT64_C(1000))
#define PAUSE_DOUBLINGS 5U
#define PAUSE_MAX_USEC  (10 * UINT64_C(1000000))
#define CGROUP_TEXT_MAX 65536

void plan_restart(struct child *c, uint64_t now_usec)
{
	uint64_t pause;
	unsigned over;

	c->quick_ends = now_usec - c->started_usec < QUICK_USEC ? c->quick_ends + 1 : 0;
	c->start_at_usec = now_usec;
	if (c->quick_ends < QUICK_ENDS_FREE)
		return;
	over = c->quick_ends - QUICK_ENDS_FREE;
	pause = PAUSE_USEC << (over < PAUSE_DOUBLINGS ? over : PAUSE_DOUBLINGS);
	if (over > PAUSE_DOUBLINGS)
		pause = PAUSE_MAX_USEC;
	c->start_at_usec = now_usec + pause;
}

static void note_end(struct keeper *k, enum helper which, const siginfo_t *si)
{
	struct child *c = &k->children[which];
	bool ends = which == HELPER_COMPILER || (which == HELPER_AUDITOR && k->auditor_leaves);
	bool expected =
		k->stopping || k->replacing || (ends && si->si_code == CLD_EXITED && si->si_status == 0);

	if (!expected && si->si_code == CLD_EXITED)
		log_warning("%s ended with status %d", helper_names[which], si->si_status);
	else if (!expected)
		log_warning("%s was killed by %s", helper_names[which], signal_to_string(si->si_status));
	c->pid = 0;
	c->pidfd = fd_close(c->pidfd);
	plan_restart(c, now_boottime_usec());
}

static int helper_of(const struct keeper *k, pid_t pid)
{
	for (int i = 0; i < _HELPER_MAX; i++)
		if (k->children[i].pid == pid)
			return i;
	return -1;
}

/* A process of a jail whose launcher has ended: it is our child then. What that launcher said of its jails
 * before counts, and is all there by now. */
static void note_orphan(struct keeper *k, const siginfo_t *si)
{
	struct held_jail *j;
	bool payload = false;

	hear_rest(k, HELPER_LAUNCHER);
	j = held_find_child(&k->held, si->si_pid, &payload);
	if (!j || !payload)
		return;
	j->ended = true;
	j->told = false;
	j->value = ENDED_VALUE(si->si_code, si->si_status);
}

/* Looked at first, and taken when it is known whose it is: until then the number is nobody else's. */
void reap_children(struct keeper *k, unsigned *ret_ended)
{
	unsigned ended = 0;

	for (;;) {
		siginfo_t si = { 0 }, same;
		int which;

		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 || si.si_pid == 0)
			break;
		which = helper_of(k, si.si_pid);
		if (which < 0)
			note_orphan(k, &si);
		(void)waitid(P_PID, (id_t)si.si_pid, &same, WEXITED | WNOHANG | __WALL);
		if (which >= 0) {
			note_end(k, (enum helper)which, &si);
			ended |= 1U << which;
		}
	}
	*ret_ended = ended;
}

/* In the control group of a jail: the kernel's line has the path that we have made. */
static bool is_in_jail(const struct keeper *k, int proc_fd, int pid)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	char name[64];
	size_t size;

	if (k->runtime.cgroup_fd < 0)
		return false;
	(void)snprintf(name, sizeof(name), "%d/cgroup", pid);
	fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read_fd_to_end(fd, CGROUP_TEXT_MAX, &text, &size) < 0)
		return false;
	(void)snprintf(name, sizeof(name), "/%s/sandbox-", k->runtime.cgroup_name);
	return strstr(text, name);
}

static bool is_child(int pidfd)
{
	siginfo_t si;

	return process_wait(pidfd, WNOHANG | WNOWAIT, &si) >= 0;
}

/* What belongs to a jail that lives on is below the processes that are held, or in its control group. */
static bool is_stray(struct keeper *k, int proc_fd, int pid, int pidfd)
{
	bool payload;

	return is_child(pidfd) && !held_find_child(&k->held, pid, &payload) && !is_in_jail(k, proc_fd, pid);
}

static int kill_these(struct keeper *k, bool all)
{
	_cleanup_(closedirp) DIR *proc = opendir("/proc");
	int n = 0;

	if (!proc)
		return errno_or_eio();
	for (struct dirent *e = readdir(proc); e; e = readdir(proc)) {
		_cleanup_close_ int pidfd = -1;
		int pid;

		if (parse_int(e->d_name, 1, INT32_MAX, &pid) < 0 || pid == 1 || helper_of(k, pid) >= 0)
			continue;
		pidfd = process_pidfd_open(pid);
		if (!all && (pidfd < 0 || !is_stray(k, dirfd(proc), pid, pidfd)))
			continue;
		n++;
		/* a number that was given anew meanwhile is a stray all the same */
		if (pidfd >= 0)
			(void)process_signal(pidfd, SIGKILL);
	}
	return n;
}

int kill_all(struct keeper *k)
{
	return kill_these(k, true);
}

int kill_strays(struct keeper *k)
{
	return kill_these(k, false);
}
