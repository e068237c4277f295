/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * PIDFD_GET_INFO, for the one case in which the broker can not say how a program ended: the daemon's launcher
 * died, so all jails were killed with it, and the next broker has never heard of them.
 */

#include "lib/internal.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

/* The first version of the kernel's struct pidfd_info; libc has none. */
struct info {
	uint64_t mask, cgroupid;
	uint32_t pid, tgid, ppid;
	uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	int32_t exit_code;
};

_Static_assert(sizeof(struct info) == 64, "the size is part of the ioctl's number");

#define GET_INFO  _IOWR(0xff, 11, struct info)
#define INFO_EXIT (1ULL << 3)

static const char *result_of_signal(int status)
{
	if (WTERMSIG(status) == SIGKILL)
		return "killed";
	return WCOREDUMP(status) ? "core-dump" : "signal";
}

int exit_info_get(int pidfd, bailiff_exit *ret)
{
	struct info info = { .mask = INFO_EXIT };
	int status;

	if (pidfd < 0 || ioctl(pidfd, GET_INFO, &info) < 0 || !(info.mask & INFO_EXIT))
		return -ENODATA;
	status = info.exit_code;
	if (WIFSIGNALED(status))
		*ret = (bailiff_exit){ .result = result_of_signal(status), .signal = WTERMSIG(status) };
	else if (WIFEXITED(status))
		*ret = (bailiff_exit){ .result = WEXITSTATUS(status) == 0 ? "success" : "exit-code",
			.code = WEXITSTATUS(status) };
	else
		return -ENODATA;
	return 0;
}
