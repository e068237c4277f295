/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Policy text from what was seen, in the language of bailiff.policy(5). The same observations give the same
 * bytes, in whatever order they came.
 */

#include "learn/learn.h"
#include "seccomp/policy.h"

#include <stdio.h>

struct learn_write_options {
	const char *origin;  /* how the header calls the logs: "strace" */
	const char *command; /* what made the text */
	/* Permit every protection of memory but writable code, instead of those seen, where none was seen. */
	bool protection_guard;
	/* Answer clone3 with ENOSYS and permit clone with the flags that were seen in clone3. */
	bool avoid_clone3;
	/* Permit tracked calls whose argument the log lacks with any argument. */
	bool any_argument;
	/* Permit the calls that the vDSO makes unnecessary, and so invisible, where it works. */
	bool vdso;
	/* A policy to include, by the path to write and as it is; what it decides is left out. Or NULL. */
	const char *include;
	const struct policy *included;
};

/*
 * What a reader must know before the policy is used: sentences without a final dot, to be freed with
 * strv_free(). NULL when there is nothing to say.
 */
int learn_warnings(const struct learning *l, const struct learn_write_options *o, char ***ret);
/* Writes the policy. -ENOMEM; -EIO when the stream failed. */
int learn_write_policy(const struct learning *l, const struct learn_write_options *o, FILE *f);
/* Writes how often each call was made, as @frequency reads it. Errors as before. */
int learn_write_frequency(const struct learning *l, const struct learn_write_options *o, FILE *f);
