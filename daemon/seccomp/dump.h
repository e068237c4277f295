/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Shows a seccomp program for people: an instruction a line, with what it does there. Takes any program, also
 * one that others made or that the kernel would refuse, and judges nothing.
 */

#include "base/cleanup.h"
#include "seccomp/architecture.h"

#include <linux/filter.h>

struct dump_line {
	char *operation; /* "jeq  #0x3b"; ".word 0x..." for what seccomp does not know */
	char *targets;   /* where a jump goes: "jt 4  jf 7", "-> 7"; "" */
	char *comment;   /* "nr == 59 (execve)", "return EPERM"; "" */
};

struct dump {
	struct dump_line *lines;
	size_t n;
};

/*
 * @architecture: of which the names of system calls are where the program has not compared the architecture;
 * NULL: no names there. Returns 0; -ENOMEM. *ret needs dump_done() when it succeeds.
 */
int dump_program(const struct sock_filter *filter, size_t n, const struct architecture *architecture,
	struct dump *ret);
void dump_done(struct dump *d);
