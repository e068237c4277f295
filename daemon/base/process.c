/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/process.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/parse.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIGNALS_MAX   64
#define SIGNAL_BIT(n) (UINT64_C(1) << ((n)-1))
#define FDINFO_MAX    1024 /* of a pidfd: seven lines, of which one may have 32 numbers */
#define STACK_OWNED   5    /* pages */
#define STACK_PAGE    4096
#define BLOCK_OWNED   256  /* pages that are asked about at once */
#define HEAP_LARGE    4096 /* what the allocator notes beside the heap, and not in a list of the thread's */

#define SLICE_NSEC 4000000 /* more than any kernel gives by itself, and not much more */

/* sched_setattr(2) in its first form; the C library has no name for it. */
struct scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t niceness;
	uint32_t priority;
	uint64_t slice_nsec, deadline, period;
};

/* What waitid(2) tells, for which the C library's has no place. */
struct usage {
	long user_sec, user_usec, system_sec, system_usec, others[14];
};

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* The linker's: behind what is initialised, and behind what is not. */
extern char edata[], end[];

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

int process_peek(int pidfd, siginfo_t *ret, uint64_t *ret_cpu_usec)
{
	struct usage usage = { 0 };
	siginfo_t si = { 0 };

	if (syscall(SYS_waitid, P_PIDFD, pidfd, &si, WEXITED | WNOHANG | WNOWAIT, &usage) < 0)
		return errno_or_eio();
	if (si.si_pid == 0)
		return 0;
	*ret = si;
	*ret_cpu_usec = (uint64_t)(usage.user_sec + usage.system_sec) * 1000000 +
			(uint64_t)(usage.user_usec + usage.system_usec);
	return 1;
}

bool process_has_ended(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

int process_wait_status(int pidfd)
{
	siginfo_t si;
	int r = process_wait(pidfd, 0, &si);

	if (r < 0)
		return r;
	return si.si_code == CLD_EXITED ? si.si_status : 128 + si.si_status;
}

void process_keep_from_children(void *p, size_t size)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const size_t head = -(uintptr_t)p & (page - 1);

	if (size > head && size - head >= page)
		(void)madvise((uint8_t *)p + head, (size - head) & ~(page - 1), MADV_DONTFORK);
}

void process_stand_back(bool *state, bool want)
{
	static int policy = -1;
	const struct sched_param param = { 0 };

	if (*state == want)
		return;
	if (policy < 0)
		policy = sched_getscheduler(0);
	if (policy == SCHED_OTHER && sched_setscheduler(0, want ? SCHED_BATCH : SCHED_OTHER, &param) == 0)
		*state = want;
}

void process_come_last(bool *state, bool want)
{
	const struct scheduling a = { .size = sizeof(a),
		.policy = want ? SCHED_BATCH : SCHED_OTHER,
		.niceness = getpriority(PRIO_PROCESS, 0),
		.slice_nsec = want ? SLICE_NSEC : 0 };

	if (*state != want && sched_getscheduler(0) == (want ? SCHED_OTHER : SCHED_BATCH) &&
		syscall(SYS_sched_setattr, 0, &a, 0) == 0)
		*state = want;
}

int process_raise_nofile(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return errno_or_eio();
	limit.rlim_cur = limit.rlim_max;
	return RET_ERRNO(setrlimit(RLIMIT_NOFILE, &limit));
}

/* Those of the next pages that there are: what nobody has touched yet would only be more for children to have
 * copies of. */
static void own_block(uintptr_t from, uintptr_t page, size_t n)
{
	unsigned char there[BLOCK_OWNED];

	if (syscall(SYS_mincore, from, n * page, there) < 0)
		return;
	for (size_t first = 0, next; first < n; first = next + 1) {
		for (next = first; next < n && (there[next] & 1) != 0; next++)
			;
		if (next > first)
			(void)syscall(
				SYS_madvise, from + first * page, (next - first) * page, MADV_POPULATE_WRITE);
	}
}

/* From the page of the first to before that of the second. */
static void own_pages(uintptr_t from, uintptr_t to)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	for (uintptr_t at = from & ~(page - 1); at < to; at += BLOCK_OWNED * page) {
		uintptr_t n = (to - at + page - 1) / page;

		own_block(at, page, n < BLOCK_OWNED ? n : BLOCK_OWNED);
	}
}

/* A page a call. */
static void own_stack(unsigned n)
{
	volatile char page[STACK_PAGE];

	page[0] = 0;
	if (n > 1)
		own_stack(n - 1);
	page[sizeof(page) - 1] = 0;
}

void process_own_memory(void)
{
	const uintptr_t top = (uintptr_t)sbrk(0);
	void *volatile large = malloc(HEAP_LARGE);

	free(large);
	own_pages(top - mallinfo2().arena, top);
	own_pages((uintptr_t)edata - 1, (uintptr_t)end);
	own_stack(STACK_OWNED);
}

uint64_t process_children_cpu_usec(void)
{
	struct rusage u;

	if (getrusage(RUSAGE_CHILDREN, &u) < 0)
		return 0;
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* The C library keeps two of them to itself: these are EINVAL, and nobody's. */
int process_ignored_signals(uint64_t *ret)
{
	struct sigaction sa;

	*ret = 0;
	for (int i = 1; i <= SIGNALS_MAX; i++) {
		if (sigaction(i, NULL, &sa) >= 0)
			*ret |= sa.sa_handler == SIG_IGN ? SIGNAL_BIT(i) : 0;
		else if (errno != EINVAL)
			return errno_or_eio();
	}
	return 0;
}

int process_begin_signals(uint64_t ignored)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i <= SIGNALS_MAX; i++)
		if ((ignored & SIGNAL_BIT(i)) && sigaction(i, &sa, NULL) < 0)
			return errno_or_eio();
	(void)sigemptyset(&none);
	return RET_ERRNO(sigprocmask(SIG_SETMASK, &none, NULL));
}

int process_reset_signals(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i <= SIGNALS_MAX; i++)
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
	n = read(fd, text, sizeof(text) - 1); /* of procfs all comes at once */
	if (n < 0)
		return errno_or_eio();
	text[n] = '\0';
	return fdinfo_pid(text);
}
