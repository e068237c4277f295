/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Collects what is wrong with a policy, or looks it, each with its place, the line, a mark below it, and who
 * included the file.
 */

#include "seccomp/seccomp.h"
#include "seccomp/source.h"

#define DIAGNOSTICS_MAX                                                                                      \
	100 /* errors, and warnings, of one run; who has more made one mistake a hundred times */

struct diagnostics {
	struct seccomp_diagnostic *list;
	size_t n, allocated;
	size_t n_errors, n_warnings;
	bool warnings;      /* collect them; else they are dropped */
	uint32_t kernel;    /* which warnings are about, as KERNEL_VERSION(); 0: any */
	uint64_t lint_work; /* steps that lints have taken, all together */
};

void diagnose_done(struct diagnostics *d);

/*
 * Each adds an error and returns -EBADMSG, so that "return diagnose(…)" reads well; -ENOMEM when it can't.
 * @code: static, such as "unknown-constant"; each has a place in the man page and a test.
 */
int diagnose(struct diagnostics *d, struct position at, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* With a name that was perhaps meant; @suggestion may be NULL and is copied. */
int diagnose_misspelt(struct diagnostics *d, struct position at, const char *code, const char *suggestion,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
/* About a whole file. */
int diagnose_file(struct diagnostics *d, const char *display, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Adds a second place to the last error. Returns as diagnose(). */
int diagnose_note(struct diagnostics *d, struct position at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds a warning. Returns 0; -ENOMEM. */
int diagnose_warning(struct diagnostics *d, struct position at, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Line and column of a position, both from 1; columns count bytes. */
struct text_place {
	size_t line, column;
};
struct text_place position_place(struct position at);
