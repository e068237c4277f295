/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What procfs says of a process, as it says it. */

#include <stdint.h>

#define FACTS_CGROUP_MAX   8192 /* /proc/PID/cgroup: a path and the hierarchies of version 1 */
#define FACTS_LOGINUID_MAX 16

struct process_facts {
	uint32_t uid;            /* owner of /proc/PID */
	char *cgroup, *loginuid; /* the files; NULL where there is none */
};

/* Of the process with this number in that procfs. With a pidfd, or -1, only if that is the same process.
 * -ESRCH: it has ended, or is another. What is in *ret is to be freed on failure, too. */
int process_facts_read(int proc_fd, uint32_t pid, int pidfd, struct process_facts *ret);
/* -EBADF: it is no pidfd. @proc_fd: procfs of the caller. */
int process_check_pidfd(int proc_fd, int fd);
