/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a profile says of system calls beside a policy's text, laid over that policy: lists of calls, and keys
 * that refuse some. One program comes of it all, for one architecture or several. Knows no text; the lists
 * come with their names looked up.
 */

#include "seccomp/seccomp.h"

#include <stdbool.h>

enum list_kind {
	LIST_NONE,
	LIST_ALLOW, /* of what is allowed (or logged) */
	LIST_DENY,  /* of what is not */
};

/* What a list says of a call. */
struct call_mark {
	bool listed;
	bool answered;   /* refused, with an action of its own */
	uint32_t action; /* SECCOMP_RET_* */
};

struct call_list {
	enum list_kind kind;
	struct call_mark *marks; /* for each of syscall_rows; NULL with LIST_NONE */
	uint32_t otherwise;      /* what happens to a call that is refused without an answer of its own */
};

#define LAYERS_FAMILIES_MAX 64 /* AF_MAX of today's kernels is 46 */

struct family_list {
	enum list_kind kind;
	uint64_t families; /* 1 << AF_* */
};

struct seccomp_layers {
	struct call_list filter, log;
	struct family_list families;
	uint32_t namespaces_denied; /* CLONE_NEW* that can be neither made nor entered */
	bool namespaces_none;       /* those are all there are */
	bool deny_write_execute, lock_personality, restrict_realtime, restrict_suid_sgid;
	bool protect_hostname, protect_clock, protect_modules, protect_logs;
};

/*
 * Makes the program. @policies: by enum architecture_id, compiled with SECCOMP_KEEP, or empty where there is
 * no policy, which then allows all; the layers become part of what is loaded there. @wanted: by the same, for
 * which architectures; one at least. Calls of others kill.
 * @ret_filter: freed with free(3). -EBADMSG: *reterr_text, to be freed, says what is too large; -ENOMEM.
 */
int layers_compile(const struct seccomp_layers *l, struct seccomp_result policies[_ARCHITECTURE_MAX],
	const bool wanted[_ARCHITECTURE_MAX], struct sock_filter **ret_filter, size_t *ret_n,
	char **reterr_text);
