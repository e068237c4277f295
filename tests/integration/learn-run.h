/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Running programs for the tests of what is learnt: freely, and under a policy as sandboxes run them. */

#include "base/error.h"
#include "base/fd.h"
#include "seccomp/seccomp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* printf to a fresh string. */
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A file in memory with these bytes, at its beginning. */
int memory_file(const char *data, size_t size);
/* All bytes of a file, fresh, with a NUL behind them. */
char *contents(int fd, size_t *ret_size);
/* Runs a program to its end, in the environment that all have here; as a shell reports it. */
int run(const char *const *argv, int in, int out);
/* The same in a sandbox's way: no_new_privs, the filter last, then the open file. */
int run_confined(const struct sock_filter *filter, size_t n_filter, const char *const *argv, int in, int out);
/* Compiles the text of a policy for this architecture; it must be right. */
void compile(const char *policy, struct seccomp_result *ret);
/* Whether the policy allows the call with all arguments 0 but one. */
bool permits(const struct seccomp_result *policy, uint32_t number, unsigned argument, uint64_t value);
