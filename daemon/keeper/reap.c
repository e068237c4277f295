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
#include <sys/wait.h>
#include <unistd.h>

#define QUICK_USEC      (10 * UINT64_C(1000000)) /* an end so soon after the start counts */
#define QUICK_ENDS_FREE 5U                       /* so many are followed by a start at once */
#define PAUSE_USEC      (250 * UINT64_C(1000))
#define PAUSE_DOUBLINGS 5U
#define PAUSE_MAX_USEC  (10 * UINT64_C(1000000))

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
	bool expected =
		k->stopping || (which == HELPER_COMPILER && si->si_code == CLD_EXITED && si->si_status == 0);

	if (!expected && si->si_code == CLD_EXITED)
		log_warning("%s ended with status %d", helper_names[which], si->si_status);
	else if (!expected)
		log_warning("%s was killed by %s", helper_names[which], signal_to_string(si->si_status));
	c->pid = 0;
	c->pidfd = fd_close(c->pidfd);
	plan_restart(c, now_boottime_usec());
}

void reap_children(struct keeper *k, unsigned *ret_ended)
{
	unsigned ended = 0;

	for (;;) {
		siginfo_t si = { 0 };

		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | __WALL) < 0 || si.si_pid == 0)
			break;
		for (int i = 0; i < _HELPER_MAX; i++)
			if (k->children[i].pid == si.si_pid) {
				note_end(k, (enum helper)i, &si);
				ended |= 1U << i;
			}
	}
	*ret_ended = ended;
}

static bool is_ours(const struct keeper *k, int pid)
{
	for (int i = 0; i < _HELPER_MAX; i++)
		if (k->children[i].pid == pid)
			return true;
	return pid == 1;
}

int kill_strays(const struct keeper *k)
{
	_cleanup_(closedirp) DIR *proc = opendir("/proc");
	int n = 0;

	if (!proc)
		return errno_or_eio();
	for (struct dirent *e = readdir(proc); e; e = readdir(proc)) {
		_cleanup_close_ int pidfd = -1;
		int pid;

		if (parse_int(e->d_name, 1, INT32_MAX, &pid) < 0 || is_ours(k, pid))
			continue;
		n++;
		/* a number that was given anew meanwhile is a stray all the same */
		pidfd = process_pidfd_open(pid);
		if (pidfd >= 0)
			(void)process_signal(pidfd, SIGKILL);
	}
	return n;
}
