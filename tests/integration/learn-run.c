/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "learn-run.h"

#include "base/filter.h"
#include "base/io.h"
#include "base/process.h"
#include "seccomp/simulate.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX (8 * 1024 * 1024)
#define LIMIT_S    120

static const char *const environment[] = { "PATH=/usr/bin:/bin", "LC_ALL=C", NULL };

char *text(const char *format, ...)
{
	char *s = NULL;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vasprintf(&s, format, arguments);
	va_end(arguments);
	assert_true(n >= 0);
	return s;
}

/* Only this call: for an _exit() sanitizers make calls of their own, which a filter may not permit. */
static void leave(int status)
{
	(void)syscall(SYS_exit_group, status);
}

int memory_file(const char *data, size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	if (size > 0)
		assert_int_equal(write_full(fd, data, size), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

char *contents(int fd, size_t *ret_size)
{
	char *data;

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(read_fd_to_end(fd, OUTPUT_MAX, &data, ret_size), 0);
	return data;
}

static int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int run(const char *const *argv, int in, int out)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)alarm(LIMIT_S);
		if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
			leave(98);
		(void)process_reset_signals();
		(void)execve(argv[0], (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)environment);
		leave(97);
	}
	assert_true(pid > 0);
	return status_of(pid);
}

int run_confined(const struct sock_filter *filter, size_t n_filter, const char *const *argv, int in, int out)
{
	_cleanup_close_ int fd = open(argv[0], O_PATH | O_CLOEXEC);
	pid_t pid;

	assert_true(fd >= 0);
	pid = fork();
	if (pid == 0) {
		const struct rlimit none = {};

		(void)alarm(LIMIT_S);
		if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
			leave(98);
		(void)setrlimit(RLIMIT_CORE, &none);
		(void)process_reset_signals();
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || filter_load(filter, n_filter) < 0)
			leave(99);
		(void)syscall(SYS_execveat, fd, "", argv, environment, AT_EMPTY_PATH);
		leave(97);
	}
	assert_true(pid > 0);
	return status_of(pid);
}

void compile(const char *policy, struct seccomp_result *ret)
{
	if (seccomp_compile_text(policy, strlen(policy), -1, "policy", NULL, ret) < 0)
		fail_msg("%s\n%s", ret->n_diagnostics > 0 ? ret->diagnostics[0].rendered : "", policy);
}

bool permits(const struct seccomp_result *policy, uint32_t number, unsigned argument, uint64_t value)
{
	struct seccomp_data data = { .nr = (int)number, .arch = architecture_native()->audit };
	uint32_t action;

	data.args[argument] = value;
	assert_int_equal(filter_simulate(policy->filter, policy->n_filter, &data, &action), 0);
	return action == SECCOMP_RET_ALLOW;
}
