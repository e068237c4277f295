/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Processes by pidfd. */

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_pid_in_procfs),
		cmocka_unit_test(test_reset_signals),
		cmocka_unit_test(test_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
