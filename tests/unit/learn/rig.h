/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Logs from memory, and what was learnt from them as one line of text to compare. */

#include "base/error.h"
#include "learn/audit.h"
#include "learn/strace.h"
#include "learn/write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Reads one log; the result of the reader is returned. @size 0: up to the NUL. */
int rig_strace(struct learning *l, const char *name, const char *log, size_t size);
int rig_audit(struct learning *l, const struct audit_options *options, const char *log, size_t size);
/*
 * "ioctl=2{5401:1,5413:1} read=7": calls by number with their counts; values in hexadecimal with theirs, "+"
 * behind one whose upper half is not known; "?1" for calls without. Fresh.
 */
char *rig_summary(const struct learning *l);
/* "2: unknown system call …" a line, without the excerpt of the log. Fresh. */
char *rig_problems(const struct learning *l);
/* The policy's text. Fresh. */
char *rig_policy(const struct learning *l, const struct learn_write_options *o);
/* The policy's statement for a call, continued lines joined, comments gone; "" if there is none. Fresh. */
char *rig_statement(const char *policy, const char *name);

struct rig_case {
	const char *what;
	const char *log;
	const char *summary;
	const char *problems; /* NULL: none; what each begins with, in a line */
	enum architecture_id architecture;
	size_t size; /* of the log, when it has a NUL */
};
