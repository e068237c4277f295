/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the verbs behind "policy" share: their common options, reading a policy as its author would, and
 * showing what is wrong with it. None of them needs a broker.
 */

#include "cli/cli.h"
#include "cli/json.h"
#include "seccomp/seccomp.h"

extern const struct verb verb_policy_check, verb_policy_compile, verb_policy_dump, verb_policy_from_audit,
	verb_policy_from_strace, verb_policy_test, verb_policy_diff;

/* The options that say how to read a policy. The state of a verb that takes them begins with this. */
struct policy_options {
	/* Those named by --arch=, each once; none stands for the native one. */
	const struct architecture *architectures[_ARCHITECTURE_MAX];
	size_t n_architectures;
	const char *root;
	uint32_t kernel; /* --kernel=; 0: the running one for the native architecture, any for others */
	bool denylist, no_warnings, werror;
};

/* For struct option.set. The first takes the place of an earlier --arch=, the second adds to it. */
int policy_set_arch(void *into, const char *value, char **reterr_why);
int policy_add_arch(void *into, const char *value, char **reterr_why);
int policy_set_root(void *into, const char *value, char **reterr_why);
int policy_set_kernel(void *into, const char *value, char **reterr_why);
int policy_set_denylist(void *into, const char *value, char **reterr_why);
int policy_set_no_warnings(void *into, const char *value, char **reterr_why);
int policy_set_werror(void *into, const char *value, char **reterr_why);

/* Elements of a table of options. */
#define POLICY_OPTION_ARCH                                                                                   \
	{                                                                                                    \
		"arch", 0, "ARCH",                                                                           \
			"the architecture: x86_64, i386, x32, arm64, arm or riscv64;\nby default this one",  \
			policy_set_arch                                                                      \
	}
#define POLICY_OPTION_ROOT                                                                                   \
	{                                                                                                    \
		"root", 0, "DIR", "where absolute @includes start, instead of /", policy_set_root            \
	}
#define POLICY_OPTION_DENYLIST                                                                               \
	{                                                                                                    \
		"denylist", 0, NULL, "accept a @denylist policy", policy_set_denylist                        \
	}
#define POLICY_OPTION_KERNEL                                                                                 \
	{                                                                                                    \
		"kernel", 0, "VERSION",                                                                      \
			"warn of calls that this kernel lacks: 6.1; by default\nthe running one, for its "   \
			"own architecture",                                                                  \
			policy_set_kernel                                                                    \
	}
#define POLICY_OPTION_WERROR                                                                                 \
	{                                                                                                    \
		"werror", 0, NULL, "a warning fails, too", policy_set_werror                                 \
	}
#define POLICY_OPTION_NO_WARNINGS                                                                            \
	{                                                                                                    \
		"no-warnings", 0, NULL, "look for errors only", policy_set_no_warnings                       \
	}

/* The architecture of a verb that takes one; NULL: the native one. */
const struct architecture *policy_architecture(const struct policy_options *o);
/* The directory that a file is in, as O_PATH, and the file's name there. */
int policy_open_directory(const char *path, const char **ret_name);
/*
 * Compiles the policy at @path, or standard input for "-", for one architecture (NULL: the native one).
 * @more_flags: of enum seccomp_flags. Files that others than root may change are read, too: who runs the verb
 * answers for them. Relative @includes of standard input start in the working directory. As
 * seccomp_compile_file(); *ret needs seccomp_result_done() in every case.
 */
int policy_read(const char *path, const struct policy_options *o, const struct architecture *architecture,
	unsigned more_flags, struct seccomp_result *ret);
/* Prints a diagnostic on standard error, what could move a terminal's cursor escaped. */
void policy_print_diagnostic(const struct seccomp_diagnostic *d);
/* All of them. */
void policy_print_diagnostics(const struct seccomp_result *result);
/* An array of all of them, as bailiffctl-policy(1) describes. */
void policy_json_diagnostics(struct json *j, const struct seccomp_result *result);
/* What a compilation means for the exit status, 0 or 1: @r is what it returned. Reports -ENOMEM. */
int policy_status(const struct policy_options *o, int r, const struct seccomp_result *result);
/* Replaces a file by these bytes, as a whole; writes to a pipe or device. */
int policy_write_file(const char *path, const void *data, size_t size);
