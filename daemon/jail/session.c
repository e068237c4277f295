/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What a process inherits through fork and exec and no other file here is about: dumpability, session,
 * signals, personality, timer slack, keyring. Scheduling policy is left as the launcher has it; for the rest
 * of what a process takes of the machine see tuning.c.
 */

#include "base/error.h"
#include "base/process.h"
#include "jail/steps.h"

#include <linux/keyctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TIMER_SLACK_NSEC 50000UL /* what the kernel gives to pid 1 */

int apply_undumpable(struct jail_error *reterr)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return jail_fail(reterr, STAGE_IDS, errno_or_eio(), "PR_SET_DUMPABLE", "");
	return 0;
}

int apply_session(uint64_t ignored_signals, struct jail_error *reterr)
{
	int r;

	r = process_begin_signals(ignored_signals);
	if (r < 0)
		return jail_fail(reterr, STAGE_IDS, r, "signal handlers", "");
	if (prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NSEC, 0, 0, 0) < 0)
		return jail_fail(reterr, STAGE_IDS, errno_or_eio(), "PR_SET_TIMERSLACK", "");
	if (personality(PER_LINUX) < 0)
		return jail_fail(reterr, STAGE_IDS, errno_or_eio(), "personality", "");
	return 0;
}

/* It has no controlling terminal, so no terminal input to fake and no job control. */
int apply_own_session(struct jail_error *reterr)
{
	if (setsid() < 0)
		return jail_fail(reterr, STAGE_IDS, errno_or_eio(), "setsid", "");
	return 0;
}

/*
 * A session keyring of its own: the launcher's would be shared by all payloads. Made while still root, so
 * that it counts against root's generous quota; possession, which is what gives access, goes with the
 * process. A kernel without keyrings (ENOSYS) has none to share; every other error ends the launch.
 */
int apply_keyring(struct jail_error *reterr)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0) < 0 && errno != ENOSYS)
		return jail_fail(reterr, STAGE_IDS, errno_or_eio(), "session keyring", "");
	return 0;
}
