/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The table of requests and outcomes for plan_make(). */

#include "plan/plan.h"

#define LIST 12 /* elements of a row's list, at most */

enum row_profile {
	STRICT,
	OPEN,
	STREAMS,
	SLOTS,
	TERMINAL,
	MOUNTLESS, /* no mount namespace */
	BROKEN,
};

struct row {
	const char *name;
	enum row_profile profile;
	uid_t uid; /* 0: the one that may */

	/* the request; argv[0] missing: "xz" */
	bool no_argv, no_dynamic_uid, detach;
	const char *argv[LIST], *env[LIST], *unset[LIST];
	struct plan_fd fds[LIST];
	size_t n_fds;
	uint32_t stdio[3]; /* 0: unset, else one more than enum stdio_mode */
	const char *cwd;
	struct compiled_limit limits[4];
	size_t n_limits;
	uint64_t runtime, timeout;
	int32_t signal;
	bool pty_size; /* 24 rows, 80 columns */
	bool notify;

	/* what comes out */
	int expected;
	enum refusal refusal;
	const char *says;          /* part of the message */
	const char *runs;          /* executable */
	const char *environ[LIST]; /* checked if it has an element */
	size_t n_environ;
	uint32_t streams[3]; /* as stdio; 0: not checked */
};

extern struct row rows[];
extern const size_t n_rows;
