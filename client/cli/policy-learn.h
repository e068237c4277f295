/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What "policy from-strace" and "policy from-audit" share: options, and a policy from what was learnt. */

#include "cli/policy.h"
#include "learn/write.h"

/* The state of both begins with this. */
struct learn_options {
	struct policy_options common; /* first */
	struct learn_write_options write;
	const char *output;    /* NULL or "-": standard output */
	const char *frequency; /* NULL: none */
	bool ignore_unknown;
};

int learn_set_output(void *into, const char *value, char **reterr_why);
int learn_set_frequency(void *into, const char *value, char **reterr_why);
int learn_set_ignore_unknown(void *into, const char *value, char **reterr_why);
int learn_set_guard(void *into, const char *value, char **reterr_why);
int learn_set_avoid_clone3(void *into, const char *value, char **reterr_why);
int learn_set_any_argument(void *into, const char *value, char **reterr_why);
int learn_set_include(void *into, const char *value, char **reterr_why);
int learn_set_vdso(void *into, const char *value, char **reterr_why);

/* Elements of a table of options. */
#define LEARN_OPTIONS                                                                                        \
	POLICY_OPTION_ARCH,                                                                                  \
		{ "output", 'o', "FILE", "where to, instead of standard output", learn_set_output },         \
		{ "frequency", 0, "FILE", "write how often each call was made, for @frequency",              \
			learn_set_frequency },                                                               \
		{ "ignore-unknown-lines", 0, NULL, "leave out lines that are not understood",                \
			learn_set_ignore_unknown },                                                          \
		{ "protection-guard", 0, NULL,                                                               \
			"permit every protection of memory but writable code,\ninstead of those seen",       \
			learn_set_guard },                                                                   \
		{ "avoid-clone3", 0, NULL, "answer clone3 with ENOSYS; permit clone with its flags",         \
			learn_set_avoid_clone3 },                                                            \
		{ "any-argument", 0, NULL, "permit calls whose argument the log lacks with any",             \
			learn_set_any_argument },                                                            \
		{ "include", 0, "POLICY", "include this policy; leave out what it has", learn_set_include }, \
	{                                                                                                    \
		"vdso", 0, NULL, "permit the calls that the vDSO replaces", learn_set_vdso                   \
	}

/* Calls @read for each file, opened, or standard input for "-". Returns 0, or reports and returns the status.
 */
int learn_read_files(
	char **paths, size_t n, int (*read)(void *reader, int fd, const char *name), void *reader);
/*
 * Shows what was not understood, and writes what was learnt, unless there is something that was not. Returns
 * the exit status.
 */
int learn_finish(const struct learning *l, struct learn_options *o);
