/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The policies that are installed, for the tests: how to compile one, and how to run a program under it. */

#include "../unit.h"
#include "seccomp/seccomp.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* "decoder" for policies/seccomp/decoder.policy. The test fails when there are errors or warnings. */
void shipped_compile(const char *name, const struct architecture *architecture, struct seccomp_result *ret);
/* A file below the source tree, of which the test may pass over warnings. */
void shipped_compile_file(
	const char *path, const struct architecture *architecture, bool warnings, struct seccomp_result *ret);

/* A program as it is started in a sandbox: no_new_privs, the filter, execveat of the open file. */
struct shipped_run {
	const struct seccomp_result *policy;
	const char *path;
	const char *const *argv;
	int in, out;       /* the program's 0 and 1; 0: /dev/null */
	int extra[2];      /* its 3 and 4; 0: none */
	bool unprivileged; /* as a user without any right, when the test is root */
	int capability;    /* the one that such a user keeps, as profiles grant it (ambient); 0: none */
	const char *working_directory;
};

/* Returns the pid. */
pid_t shipped_start(const struct shipped_run *r);
/* shipped_start() and waitpid(2). Returns the wait status. */
int shipped_run(const struct shipped_run *r);
/* shipped_run(); the test fails unless the program exits with this status. */
void shipped_expect(const struct shipped_run *r, int status);
/* As shipped_expect(), with what the program writes to its standard output, as a string to free. */
char *shipped_output(struct shipped_run r, int status);

/* Whether the program is installed; the test fails, or says so, when not. */
bool shipped_installed(const char *path);
/* For tests that only root can do: the test fails, or is skipped. */
void shipped_need_root(void);

/* In a child: loads the filter. */
void shipped_load_or_exit(const struct seccomp_result *policy);
/* In a child, by this call alone: for an _exit() sanitizers make calls of their own, which a filter may not
 * permit. */
void shipped_leave(int status);

/* An anonymous file with these bytes, at its start. */
int shipped_memory_file(const void *data, size_t size);
/* The path of a program that the build made, to free; NULL when it was not built. */
char *shipped_built(const char *name);
