/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Collects what is wrong with a policy, each with its place, the line, a mark below it, and who included the
 * file. */

#include "seccomp/source.h"

#include <stdbool.h>

#define DIAGNOSTICS_MAX 100 /* errors of one run; who has more made one mistake a hundred times */

struct diagnostics {
	char **list; /* finished messages, one string each */
	size_t n;
};

/* Adds an error and returns -EBADMSG, so that "return diagnose(…)" reads well; -ENOMEM when it can't. */
int diagnose(struct diagnostics *d, struct position at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds a second place to the last error. Returns as diagnose(). */
int diagnose_note(struct diagnostics *d, struct position at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds an error about a whole file. Returns as diagnose(). */
int diagnose_file(struct diagnostics *d, const char *display, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
