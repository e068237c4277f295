/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The seccomp policy compiler as others see it: policy text in, a BPF program for one architecture out. The
 * language is described in bailiff.policy(5). Knows files below directory fds and nothing of profiles.
 */

#include "base/cleanup.h"

#include "seccomp/architecture.h"

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#define POLICY_BYTES_MAX (1024 * 1024) /* one file; the largest real policy seen has 20 KiB */
#define POLICY_FILES_MAX 256 /* files read for one policy, each inclusion counted: bounds include fans */

enum seccomp_flags {
	/* Read files that others than root may change. For checking drafts as a user, never for a profile. */
	SECCOMP_UNTRUSTED = 1 << 0,
	/* Accept a @denylist policy, which allows what it does not name. Never for a profile. */
	SECCOMP_DENYLIST = 1 << 1,
	/* Look for what is most likely not meant, too. Changes no verdict. */
	SECCOMP_WARNINGS = 1 << 2,
	/* Keep the parsed policy in the result. */
	SECCOMP_KEEP = 1 << 3,
	/* Follow symbolic links, and ".." out of the directory: for a user's own tree, never for a profile.
	 */
	SECCOMP_ANYWHERE = 1 << 4,
};

struct seccomp_options {
	const struct architecture *architecture; /* NULL: the one built for */
	unsigned flags;                          /* of enum seccomp_flags */
	const char *root;                        /* where absolute @includes start; NULL: "/" */
	uint32_t kernel; /* as KERNEL_VERSION(): with SECCOMP_WARNINGS, what it lacks is shown; 0: nothing */
};

enum seccomp_severity {
	SECCOMP_ERROR,
	SECCOMP_WARNING,
};

struct seccomp_place {
	char *file;          /* as messages name it */
	size_t line, column; /* from 1; columns count bytes; 0: the whole file */
	size_t length;       /* bytes */
};

struct seccomp_note {
	struct seccomp_place place;
	char *text;
};

/* One thing that is wrong. Control characters of the input come out as "?". */
struct seccomp_diagnostic {
	enum seccomp_severity severity;
	const char *code; /* static: "unknown-constant" */
	struct seccomp_place place;
	char *text;       /* one line, without the place */
	char *suggestion; /* the name that was perhaps meant, or NULL */
	struct seccomp_note *notes;
	size_t n_notes;
	struct seccomp_place *included_from; /* from the file with the mistake outwards */
	size_t n_included_from;
	/*
	 * All of that for people, in several lines without a final newline: "file(line:column): error: text",
	 * the source line, carets, the chain of includes, the notes.
	 */
	char *rendered;
};

struct loaded_policy; /* seccomp/loaded.h */

struct seccomp_result {
	/* The program, 1..BPF_MAXINSNS_PER_FILTER instructions; NULL when the compilation failed. */
	struct sock_filter *filter;
	size_t n_filter;
	/* What is wrong, in the order of the text; last what only the whole policy shows. Without
	 * SECCOMP_WARNINGS all are errors. */
	struct seccomp_diagnostic *diagnostics;
	size_t n_diagnostics;
	/* With SECCOMP_KEEP: the policy; NULL when it is wrong. */
	struct loaded_policy *loaded;
};

/*
 * Compiles the policy in the file @name, which must lie below @dir_fd (which may be AT_FDCWD): no symbolic
 * link is followed, no ".." leaves it. The file, each file it includes and each directory on their way (below
 * @dir_fd or, for an absolute @include, below the root) must be changeable by root alone. That @dir_fd itself
 * can be trusted, the caller knows. What SECCOMP_UNTRUSTED and SECCOMP_ANYWHERE say lifts that.
 * @display_path: how diagnostics name the file; its directory part also stands before included files' names.
 * @options: NULL stands for all zero.
 * @ret: written in every case; seccomp_result_done() it in every case. Diagnostics name every failure but
 * -ENOMEM. Returns 0; -EBADMSG when the text is wrong; the error of the system when the file itself can't be
 * read (-ENOENT, -ELOOP for a link, -EPERM for an untrusted one, -EFBIG, …); -EOPNOTSUPP on an architecture
 * without tables.
 */
int seccomp_compile_file(int dir_fd, const char *name, const char *display_path,
	const struct seccomp_options *options, struct seccomp_result *ret);

/*
 * As seccomp_compile_file(), for text in memory. @dir_fd: where relative @includes start, or -1 to refuse
 * them; absolute ones are refused then, too.
 */
int seccomp_compile_text(const char *text, size_t size, int dir_fd, const char *display_path,
	const struct seccomp_options *options, struct seccomp_result *ret);

/* Frees what a result owns and makes it empty. */
void seccomp_result_done(struct seccomp_result *r);
