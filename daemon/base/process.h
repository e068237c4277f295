/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Processes: clone3(2) and pidfds. Never a bare pid for signals: pidfd_send_signal(2) only. */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
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
/* Looks at a child that has ended, and leaves it: 1, its status, and its processor time with that of those
 * that it has reaped. 0: it still runs. */
int process_peek(int pidfd, siginfo_t *ret, uint64_t *ret_cpu_usec);
/* Whether the process has ended, whoever's child it is. */
bool process_has_ended(int pidfd);
/* Waits for a child's end and turns it into an exit status: 0..255, or 128 + signal. */
int process_wait_status(int pidfd);
/* Memory that no child has, so that after a clone nothing of it has to be copied when it is written to: the
 * whole pages of what is given. That of a kernel that does not do it is copied. */
void process_keep_from_children(void *p, size_t size);
/* While we do, what wakes us up does not take the processor away from who has it; our share of it stays the
 * same (SCHED_BATCH). Where we were started with another policy than the default one, nothing changes. To be
 * undone before a clone, which inherits it. *state: whether we do, false at first. */
void process_stand_back(bool *state, bool want);
/* The same for good, and of those that wait for a processor we come after the others: what is asked for is a
 * long time on it (Linux 6.12), of which we use little. Our share and our niceness stay the same. */
void process_come_last(bool *state, bool want);
/* More fds than the usual soft limit of 1024, which is for programs that use select(2): as many as are
 * allowed. */
int process_raise_nofile(void);
/* Has the kernel copy now what it would copy when it is written to: pages that children have, too. What was
 * never touched stays so. Only for speed: of kernels before Linux 5.14 nothing is asked, and what can not be
 * had is left. */
void process_own_memory(void);
/* Processor time of the children that were reaped, with theirs. */
uint64_t process_children_cpu_usec(void);
/* All signals unblocked and at their default, as a fresh program expects (signal 0..64; SIGKILL, SIGSTOP
 * skipped). */
int process_reset_signals(void);
/* The signals that are ignored, bit 1 << (n - 1). */
int process_ignored_signals(uint64_t *ret);
/* As process_reset_signals(), in a child born with CLONE_CLEAR_SIGHAND: the kernel has reset all but those
 * that the parent ignores. */
int process_begin_signals(uint64_t ignored);
/* The pid that pidfd's process has in the pid namespace of this procfs (self/fdinfo), or a negative errno;
 * -ESRCH when it has ended or is not visible there. @proc_fd: directory fd of the procfs. */
pid_t process_pid_in_procfs(int proc_fd, int pidfd);
