/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/process.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/parse.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FDINFO_MAX 4096 /* a pidfd's fdinfo has five lines */

pid_t process_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = cgroup_fd >= 0 ? (uint64_t)(unsigned)cgroup_fd : 0,
	};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid < 0)
		return errno_or_eio();
	if (pid > 0)
		*ret_pidfd = pidfd;
	return (pid_t)pid;
}

int process_pidfd_open(pid_t pid)
{
	return RET_ERRNO((int)syscall(SYS_pidfd_open, pid, 0));
}

int process_signal(int pidfd, int sig)
{
	return RET_ERRNO((int)syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0));
}

int process_wait(int pidfd, int options, siginfo_t *ret)
{
	siginfo_t si = { 0 };

	while (waitid(P_PIDFD, (id_t)pidfd, &si, WEXITED | options) < 0)
		if (errno != EINTR)
			return errno_or_eio();
	if (si.si_pid == 0)
		return 0;
	*ret = si;
	return 1;
}

int process_wait_status(int pidfd)
{
	siginfo_t si;
	int r = process_wait(pidfd, 0, &si);

	if (r < 0)
		return r;
	return si.si_code == CLD_EXITED ? si.si_status : 128 + si.si_status;
}

int process_raise_nofile(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return errno_or_eio();
	limit.rlim_cur = limit.rlim_max;
	return RET_ERRNO(setrlimit(RLIMIT_NOFILE, &limit));
}

uint64_t process_children_cpu_usec(void)
{
	struct rusage u;

	if (getrusage(RUSAGE_CHILDREN, &u) < 0)
		return 0;
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

int process_reset_signals(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i <= 64; i++)
		if (i != SIGKILL && i != SIGSTOP && sigaction(i, &sa, NULL) < 0 && errno != EINVAL)
			return errno_or_eio();
	(void)sigemptyset(&none);
	return RET_ERRNO(sigprocmask(SIG_SETMASK, &none, NULL));
}

/* The number after "Pid:" in a pidfd's fdinfo: -1 when it ended, 0 when it is in no namespace seen from here.
 */
static pid_t fdinfo_pid(char *text)
{
	char *line = strstr(text, "\nPid:");
	int pid;

	if (!line)
		return -EBADMSG;
	line += strlen("\nPid:");
	line += strspn(line, " \t");
	line[strcspn(line, "\n")] = '\0';
	if (parse_int(line, -1, INT32_MAX, &pid) < 0)
		return -EBADMSG;
	return pid > 0 ? pid : -ESRCH;
}

pid_t process_pid_in_procfs(int proc_fd, int pidfd)
{
	_cleanup_close_ int fd = -1;
	char name[64], text[FDINFO_MAX];
	ssize_t n;

	(void)snprintf(name, sizeof(name), "self/fdinfo/%d", pidfd);
	fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno_or_eio();
	n = read_full(fd, text, sizeof(text) - 1);
	if (n < 0)
		return (pid_t)n;
	text[n] = '\0';
	return fdinfo_pid(text);
}
