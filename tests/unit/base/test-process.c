/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Processes by pidfd. */

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A child that ends with this status, or sleeps for ever. */
static pid_t child(int status, int *ret_pidfd)
{
	pid_t pid = process_clone(0, -1, ret_pidfd);

	assert_true(pid >= 0);
	if (pid == 0) {
		while (status < 0)
			(void)pause();
		_exit(status);
	}
	return pid;
}

static void test_exit(void **state)
{
	static const int statuses[] = { 0, 1, 42, 255 };

	for (size_t i = 0; i < ELEMENTS(statuses); i++) {
		_cleanup_close_ int pidfd = -1;
		pid_t pid = child(statuses[i], &pidfd);

		assert_true(pid > 0);
		assert_true(fcntl(pidfd, F_GETFD) & FD_CLOEXEC);
		assert_int_equal(process_wait_status(pidfd), statuses[i]);
		assert_int_equal(process_wait_status(pidfd), -ECHILD);
		assert_int_equal(process_signal(pidfd, SIGTERM), -ESRCH);
	}
}

static void test_signal(void **state)
{
	_cleanup_close_ int pidfd = -1, again = -1;
	pid_t pid = child(-1, &pidfd);
	siginfo_t si = { 0 };

	assert_int_equal(process_wait(pidfd, WNOHANG, &si), 0);
	assert_int_equal(process_signal(pidfd, 0), 0);
	assert_int_equal(process_signal(pidfd, 65), -EINVAL);
	again = process_pidfd_open(pid);
	assert_true(again >= 0);
	assert_true(fcntl(again, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(process_signal(again, SIGKILL), 0);
	assert_int_equal(process_wait(pidfd, 0, &si), 1);
	assert_int_equal(si.si_pid, pid);
	assert_int_equal(si.si_code, CLD_KILLED);
	assert_int_equal(si.si_status, SIGKILL);
	assert_int_equal(process_pidfd_open(0), -EINVAL);
	assert_int_equal(process_signal(-1, SIGTERM), -EBADF);
	pidfd = fd_close(pidfd);
	(void)child(-1, &pidfd);
	assert_int_equal(process_signal(pidfd, SIGTERM), 0);
	assert_int_equal(process_wait_status(pidfd), 128 + SIGTERM);
}

static void burn(unsigned msec)
{
	const clock_t end = clock() + (clock_t)msec * (CLOCKS_PER_SEC / 1000);

	while (clock() < end)
		;
}

/* It says what reaping it adds to its parent's, and leaves it. */
static void test_peek(void **state)
{
	uint64_t before = process_children_cpu_usec(), peeked = 0, added;
	_cleanup_close_ int pidfd = -1, other = -1;
	pid_t pid = process_clone(0, -1, &pidfd);
	siginfo_t si = { 0 };

	assert_true(pid >= 0);
	if (pid == 0) {
		burn(30);
		if (process_clone(0, -1, &pidfd) == 0) {
			burn(60);
			_exit(1);
		}
		_exit(process_wait_status(pidfd) + 1);
	}
	while (process_peek(pidfd, &si, &peeked) == 0)
		(void)usleep(1000);
	assert_int_equal(si.si_pid, pid);
	assert_int_equal(si.si_status, 2);
	assert_int_equal(process_children_cpu_usec(), before);
	assert_int_equal(process_peek(pidfd, &si, &peeked), 1);
	assert_int_equal(process_wait_status(pidfd), 2);
	added = process_children_cpu_usec() - before;
	assert_true(peeked >= 80000 && peeked + 1000 >= added && added + 1000 >= peeked);
	assert_int_equal(process_peek(pidfd, &si, &peeked), -ECHILD);
	(void)child(-1, &other);
	assert_int_equal(process_peek(other, &si, &peeked), 0);
	assert_int_equal(process_signal(other, SIGKILL), 0);
	(void)process_wait_status(other);
}

static void test_pid_in_procfs(void **state)
{
	_cleanup_close_ int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), pidfd = -1, none = -1;
	pid_t pid = child(-1, &pidfd);

	assert_int_equal(process_pid_in_procfs(proc, pidfd), pid);
	assert_int_equal(process_signal(pidfd, SIGKILL), 0);
	(void)process_wait_status(pidfd);
	assert_int_equal(process_pid_in_procfs(proc, pidfd), -ESRCH);
	assert_int_equal(process_pid_in_procfs(proc, -1), -ENOENT);
	none = dup(proc); /* no pidfd: its fdinfo has no such line */
	assert_int_equal(process_pid_in_procfs(proc, none), -EBADMSG);
}

/* Set what can be set, reset in a child, and look there. */
static void test_reset_signals(void **state)
{
	_cleanup_close_ int pidfd = -1;
	pid_t pid = process_clone(0, -1, &pidfd);
	struct sigaction sa = { .sa_handler = SIG_IGN };
	sigset_t all, now;
	int wrong = 0;

	assert_true(pid >= 0);
	if (pid > 0) {
		assert_int_equal(process_wait_status(pidfd), 0);
		return;
	}
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)sigaction(SIGPIPE, &sa, NULL);
	(void)sigaction(SIGCHLD, &sa, NULL);
	(void)sigaction(SIGRTMAX, &sa, NULL);
	if (process_reset_signals() < 0)
		_exit(1);
	(void)sigprocmask(SIG_SETMASK, NULL, &now);
	for (int i = 1; i < 64; i++) {
		wrong |= sigismember(&now, i) == 1;
		if (sigaction(i, NULL, &sa) == 0)
			wrong |= sa.sa_handler != SIG_DFL;
	}
	_exit(wrong);
}

static void nothing(int sig)
{
	(void)sig;
}

/* The kernel resets what is handled, and what is ignored is known. */
static void test_begin_signals(void **state)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, handle = { .sa_handler = nothing }, old[2], sa;
	_cleanup_close_ int pidfd = -1;
	uint64_t before, ignored, left = ~0ULL;
	int wrong = 0;
	pid_t pid;

	assert_int_equal(process_ignored_signals(&before), 0);
	(void)sigaction(SIGPIPE, &ignore, &old[0]);
	(void)sigaction(SIGUSR1, &handle, &old[1]);
	assert_int_equal(process_ignored_signals(&ignored), 0);
	assert_int_equal(ignored, before | 1ULL << (SIGPIPE - 1));
	pid = process_clone(CLONE_CLEAR_SIGHAND, -1, &pidfd);
	if (pid == 0) {
		wrong |= process_begin_signals(ignored) < 0;
		wrong |= sigaction(SIGUSR1, NULL, &sa) < 0 || sa.sa_handler != SIG_DFL;
		wrong |= process_ignored_signals(&left) < 0 || left != 0;
		_exit(wrong);
	}
	assert_true(pid > 0);
	assert_int_equal(process_wait_status(pidfd), 0);
	(void)sigaction(SIGPIPE, &old[0], NULL);
	(void)sigaction(SIGUSR1, &old[1], NULL);
}

/* A namespace is a flag away, where that is permitted. */
static void test_namespace(void **state)
{
	_cleanup_close_ int pidfd = -1;
	pid_t pid;

	if (geteuid() != 0)
		skip(); /* CLONE_NEWPID wants CAP_SYS_ADMIN */
	pid = process_clone(CLONE_NEWPID, -1, &pidfd);
	if (pid == 0)
		_exit(getpid() == 1 && getppid() == 0 ? 0 : 1);
	assert_true(pid > 0);
	assert_int_equal(process_wait_status(pidfd), 0);
	assert_int_equal(process_clone(CLONE_NEWNS | CLONE_FS, -1, &pidfd), -EINVAL);
}

#define OWNED_PAGES 64U
#define OWNED_PAGE  4096U

static volatile char owned[OWNED_PAGES * OWNED_PAGE], untouched[OWNED_PAGES * OWNED_PAGE];

static long faults(void)
{
	struct rusage u;

	assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
	return u.ru_minflt;
}

static bool can_populate(void)
{
	void *page = mmap(NULL, OWNED_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool can;

	assert_ptr_not_equal(page, MAP_FAILED);
	can = madvise(page, OWNED_PAGE, 23 /* MADV_POPULATE_WRITE */) == 0;
	assert_int_equal(munmap(page, OWNED_PAGE), 0);
	return can;
}

/* Its page is there. */
static bool is_touched(const volatile char *byte)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	unsigned char in_core = 0;

	assert_int_equal(mincore((void *)((uintptr_t)byte & ~(page - 1)), page, &in_core), 0);
	return (in_core & 1) != 0;
}

/* As deep as a launch goes, and what the allocator notes outside of the heap. */
static __attribute__((noinline)) void go_deep(void)
{
	volatile char deep[4 * OWNED_PAGE - 1024];
	void *volatile large = malloc(OWNED_PAGE + 1);

	for (size_t i = 0; i < sizeof(deep); i += OWNED_PAGE)
		deep[i] = 0;
	free(large);
}

/* What is written to afterwards has been copied, and is what it was, here and in the child. What
 * nobody has touched is not there afterwards, either. */
static void test_own_memory(void **state)
{
	_cleanup_free_ char *text = strdup("as it was");
	int pipe_fds[2], pidfd = -1;
	char byte = 0;
	bool was_there;
	long before;

	assert_non_null(text);
	assert_int_equal(pipe(pipe_fds), 0);
	memset((char *)(uintptr_t)owned, 1, sizeof(owned));
	go_deep();
	if (process_clone(0, -1, &pidfd) == 0) {
		(void)!read(pipe_fds[0], &byte, 1);
		_exit(owned[OWNED_PAGE] == 1 && strcmp(text, "as it was") == 0 ? 0 : 1);
	}
	was_there = is_touched(&untouched[sizeof(untouched) / 2]); /* by its neighbours in a large page */
	process_own_memory();
	assert_int_equal(is_touched(&untouched[sizeof(untouched) / 2]), was_there);
	before = faults();
	for (size_t i = 0; i < sizeof(owned); i += OWNED_PAGE)
		owned[i] = 2;
	/* without it there is one for each */
	if (can_populate())
		assert_true(faults() - before < (long)(OWNED_PAGES / 2));
	before = faults();
	go_deep();
#ifndef __SANITIZE_ADDRESS__                /* which has stacks and an allocator of its own */
	assert_true(faults() - before < 2); /* else four, and the allocator's */
#endif
	assert_string_equal(text, "as it was");
	text[0] = 'A';
	assert_int_equal(write(pipe_fds[1], &byte, 1), 1);
	assert_int_equal(process_wait_status(pidfd), 0);
	fd_close(pidfd);
	fd_close(pipe_fds[0]);
	fd_close(pipe_fds[1]);
}

static bool is_mapped(const void *page, size_t size)
{
	unsigned char in_core;

	return mincore((void *)(uintptr_t)page, size, &in_core) == 0;
}

/* The pages that lie wholly in what was given, and no other. */
static void test_keep_from_children(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *at = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int pidfd = -1;
	pid_t pid;

	assert_ptr_not_equal(at, MAP_FAILED);
	process_keep_from_children(at + 1, 3 * page - 2);
	process_keep_from_children(at + 3 * page + 8, 16); /* no whole one */
	pid = process_clone(0, -1, &pidfd);
	if (pid == 0)
		_exit(is_mapped(at, page) && !is_mapped(at + page, page) && is_mapped(at + 2 * page, page) &&
					is_mapped(at + 3 * page, page)
				? 0
				: 1);
	assert_int_equal(process_wait_status(pidfd), 0);
	memset(at, 1, 4 * page); /* and we have all of them */
	(void)fd_close(pidfd);
	assert_int_equal(munmap(at, 4 * page), 0);
}

static int stand_back_and_forth(int policy)
{
	const struct sched_param param = { 0 };
	bool stands = false;

	if (sched_setscheduler(0, policy, &param) < 0)
		return 2;
	process_stand_back(&stands, true);
	if (stands != (policy == SCHED_OTHER) || sched_getscheduler(0) != (stands ? SCHED_BATCH : policy))
		return 1;
	process_stand_back(&stands, true);
	process_stand_back(&stands, false);
	return stands || sched_getscheduler(0) != policy;
}

/* Whoever was started otherwise stays as he is. */
static void test_stand_back(void **state)
{
	static const int policies[] = { SCHED_OTHER, SCHED_BATCH, SCHED_IDLE };

	for (size_t i = 0; i < ELEMENTS(policies); i++) {
		_cleanup_close_ int pidfd = -1;
		pid_t pid = process_clone(0, -1, &pidfd);

		if (pid == 0)
			_exit(stand_back_and_forth(policies[i]));
		assert_int_equal(process_wait_status(pidfd), 0);
	}
}

/* The kernel's word on ourselves: policy, niceness, slice. */
struct scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t niceness;
	uint32_t priority;
	uint64_t slice_nsec, deadline, period;
};

static struct scheduling scheduling(void)
{
	struct scheduling a = { 0 };

	if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) < 0)
		_exit(3);
	return a;
}

/* There and back, with what it had. */
static int come_last(int policy)
{
	const struct sched_param param = { 0 };
	struct scheduling before, now;
	bool last = false, inherited;

	if (sched_setscheduler(0, policy, &param) < 0 || setpriority(PRIO_PROCESS, 0, 3) < 0)
		return 2;
	before = scheduling();
	process_come_last(&last, true);
	now = scheduling();
	if (last != (policy == SCHED_OTHER) || (int)now.policy != (last ? SCHED_BATCH : policy) ||
		now.niceness != 3)
		return 4;
	/* kernels before Linux 6.12 say 0 */
	if (before.slice_nsec > 0 && last && now.slice_nsec <= before.slice_nsec)
		return 5;
	inherited = last;
	process_come_last(&inherited, false);
	now = scheduling();
	return now.policy != before.policy || now.niceness != 3 || now.slice_nsec != before.slice_nsec ? 6
												       : 0;
}

static void test_come_last(void **state)
{
	static const int policies[] = { SCHED_OTHER, SCHED_BATCH, SCHED_IDLE };

	for (size_t i = 0; i < ELEMENTS(policies); i++) {
		_cleanup_close_ int pidfd = -1;
		pid_t pid = process_clone(0, -1, &pidfd);

		if (pid == 0)
			_exit(come_last(policies[i]));
		assert_int_equal(process_wait_status(pidfd), 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_peek),
		cmocka_unit_test(test_pid_in_procfs),
		cmocka_unit_test(test_reset_signals),
		cmocka_unit_test(test_begin_signals),
		cmocka_unit_test(test_own_memory),
		cmocka_unit_test(test_namespace),
		cmocka_unit_test(test_keep_from_children),
		cmocka_unit_test(test_stand_back),
		cmocka_unit_test(test_come_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
