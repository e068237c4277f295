/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Processes: clone3(2) and pidfds. Never a bare pid for signals: pidfd_send_signal(2) only. */

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

/* A copy-on-write child (no CLONE_VM). @flags: CLONE_NEW*; CLONE_PIDFD is added.
 * @cgroup_fd: directory to start in (CLONE_INTO_CGROUP), or -1. @ret_pidfd: close-on-exec, set in the parent
 * only. Returns 0 in the child, the pid in the parent. */
pid_t process_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd);
/* pidfd_open(2), close-on-exec. */
int process_pidfd_open(pid_t pid);
/* pidfd_send_signal(2). -ESRCH when it has ended. */
int process_signal(int pidfd, int sig);
/* Reaps a child by pidfd. @options: WNOHANG is allowed. Returns 1 and the status, or 0 if it still runs. */
int process_wait(int pidfd, int options, siginfo_t *ret);
/* Waits for a child's end and turns it into an exit status: 0..255, or 128 + signal. */
int process_wait_status(int pidfd);
/* More fds than the usual soft limit of 1024, which is for programs that use select(2): as many as are
 * allowed. */
int process_raise_nofile(void);
/* Processor time of the children that were reaped, with theirs. */
uint64_t process_children_cpu_usec(void);
/* All signals unblocked and at their default, as a fresh program expects (signal 0..64; SIGKILL, SIGSTOP
 * skipped). */
int process_reset_signals(void);
/* The pid that pidfd's process has in the pid namespace of this procfs (self/fdinfo), or a negative errno;
 * -ESRCH when it has ended or is not visible there. @proc_fd: directory fd of the procfs. */
pid_t process_pid_in_procfs(int proc_fd, int pidfd);
