/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The programs that bailiffd consists of, by fd: helpers are always those that belong to the keeper that
 * runs, also when others have been installed meanwhile.
 */

#include <stdbool.h>

#define PROGRAMS    4 /* helpers by enum helper, then bailiffd itself */
#define PROGRAM_OWN 3

/* The one that runs, whatever is at its path by now. */
#define PROGRAM_RUNNING "/proc/self/exe"

struct programs {
	int fds[PROGRAMS]; /* O_PATH */
};

#define PROGRAMS_NULL                                                                                        \
	{                                                                                                    \
		{                                                                                            \
			-1, -1, -1, -1                                                                       \
		}                                                                                            \
	}

/* @libexec_dir: of the helpers; @own: bailiffd, PROGRAM_RUNNING or what is installed. Each must be a regular
 * file that all may execute and nobody but its owner can write. Says in the log what is wrong. */
int programs_open(const char *libexec_dir, const char *own, struct programs *ret);
void programs_close(struct programs *p);
/* Whether each is the same file with the same time. */
bool programs_equal(const struct programs *a, const struct programs *b);
