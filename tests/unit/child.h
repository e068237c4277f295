/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* For tests of memory that children have, or have not. */

#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether a child can read at p: the kernel's word for it, without a signal. */
static inline bool child_has(const void *p)
{
	int status, pair[2];
	pid_t pid;

	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(write(pair[1], p, 1) == 1 ? 0 : errno == EFAULT ? 1 : 2);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	(void)close(pair[0]);
	(void)close(pair[1]);
	return WEXITSTATUS(status) == 0;
}
