/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Attempts on processes: one's own life, children, others. */

#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FORKS_MAX 10000

int pid_argument(const char *s)
{
	return strcmp(s, "parent") == 0 ? getppid() : number(s);
}

static long try_kill(int argc, char **argv)
{
	pid_t pid = pid_argument(argv[1]);

	return result(kill(pid, argc > 2 ? number(argv[2]) : 0));
}

/* Not PTRACE_ATTACH, which would stop who has to wait for us. */
static long try_ptrace(int argc, char **argv)
{
	return result(ptrace(PTRACE_SEIZE, pid_argument(argv[1]), NULL, NULL));
}

static long try_vm_read(int argc, char **argv)
{
	char data[8];
	struct iovec local = { data, sizeof(data) }, remote = { data, sizeof(data) };

	/* that nothing is mapped at our address is said only to those who may read */
	if (process_vm_readv(pid_argument(argv[1]), &local, 1, &remote, 1, 0) < 0 && errno != EFAULT)
		return -errno;
	return 0;
}

static long try_setuid(int argc, char **argv)
{
	uid_t u = (uid_t)number(argv[1]);

	return result(setresuid(u, u, u));
}

static long try_setgroups(int argc, char **argv)
{
	gid_t g = 0;

	return result(setgroups(1, &g));
}

static long try_nice(int argc, char **argv)
{
	return result(setpriority(PRIO_PROCESS, 0, number(argv[1])));
}

/* Forks until it is refused or the count is reached; says how many there were. The children stay till the
 * end. */
static long try_forks(int argc, char **argv)
{
	int wanted = number(argv[1]);
	long made = 0;

	for (; made < wanted && made < FORKS_MAX; made++) {
		pid_t pid = fork();

		if (pid < 0) {
			printf("forks %ld then %s\n", made, strerrorname_np(errno));
			return made;
		}
		if (pid == 0)
			for (;;)
				pause();
	}
	return made;
}

/* Children that end after their parent: whoever is pid 1 has to reap them. */
static long try_orphans(int argc, char **argv)
{
	for (int i = 0; i < number(argv[1]); i++) {
		pid_t pid = fork();

		if (pid < 0)
			return -errno;
		if (pid == 0) {
			(void)!fork();
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	return 0;
}

static long do_exec(int argc, char **argv)
{
	fflush(stdout);
	return result(execv(argv[1], argv + 1));
}

static long do_exit(int argc, char **argv)
{
	fflush(stdout);
	_exit(number(argv[1]));
}

static long do_raise(int argc, char **argv)
{
	fflush(stdout);
	return result(raise(number(argv[1])));
}

static long do_sleep(int argc, char **argv)
{
	double seconds = atof(argv[1]);
	struct timespec t = { .tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9) };

	printf("sleeping\n");
	return result(nanosleep(&t, NULL));
}

/* Stops everybody whom it may signal, as fast as it can. */
static long do_stop_others(int argc, char **argv)
{
	printf("stopping\n");
	while (kill(-1, SIGSTOP) == 0 || errno == ESRCH || errno == EPERM)
		;
	return -errno;
}

/* Says which signal of those that may be caught came first. */
static long do_await_signal(int argc, char **argv)
{
	sigset_t set;
	int sig = 0;

	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	printf("waiting\n");
	if (sigwait(&set, &sig) != 0)
		return -EINVAL;
	return sig;
}

/* Copies standard input to standard output. */
static long do_copy(int argc, char **argv)
{
	char data[8192];
	ssize_t n;

	while ((n = read(0, data, sizeof(data))) > 0)
		for (ssize_t at = 0; at < n;) {
			ssize_t w = write(1, data + at, (size_t)(n - at));

			if (w < 0)
				return -errno;
			at += w;
		}
	_exit(n < 0);
}

static long do_print(int argc, char **argv)
{
	char text[1024];
	int n = snprintf(text, sizeof(text), "%s\n", argv[2]);

	return result(write(number(argv[1]), text, (size_t)n));
}

static long do_crash(int argc, char **argv)
{
	fflush(stdout);
	return result(raise(SIGSEGV));
}

static long do_fork_sleep(int argc, char **argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		for (;;)
			pause();
	}
	return pid < 0 ? -errno : 0;
}

const struct probe_command process_commands[] = {
	{ "kill", 1, 2, "PID|parent [SIGNAL]", try_kill },
	{ "ptrace", 1, 1, "PID|parent", try_ptrace },
	{ "vm-read", 1, 1, "PID|parent", try_vm_read },
	{ "setuid", 1, 1, "UID", try_setuid },
	{ "setgroups", 0, 0, "", try_setgroups },
	{ "nice", 1, 1, "NICE", try_nice },
	{ "forks", 1, 1, "COUNT", try_forks },
	{ "orphans", 1, 1, "COUNT", try_orphans },
	{ "leave-behind", 0, 0, "", do_fork_sleep },
	{ "exec", 1, 100, "PATH [ARGUMENT…]", do_exec },
	{ "exit", 1, 1, "STATUS", do_exit },
	{ "raise", 1, 1, "SIGNAL", do_raise },
	{ "crash", 0, 0, "", do_crash },
	{ "sleep", 1, 1, "SECONDS", do_sleep },
	{ "await-signal", 0, 0, "", do_await_signal },
	{ "stop-others", 0, 0, "", do_stop_others },
	{ "copy", 0, 0, "", do_copy },
	{ "print", 2, 2, "FD TEXT", do_print },
	{ 0 },
};
