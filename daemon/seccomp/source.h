/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The texts that a policy is made of: opening files below held directories, whom to trust with them, and
 * places in them. Knows nothing of the language.
 */

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct source;

/* A stretch of one line of a text. */
struct position {
	const struct source *source;
	size_t offset, length;
};

struct source {
	char *display; /* as messages name it */
	char *name;    /* normalized path below dir_fd; NULL for text in memory */
	int dir_fd;    /* borrowed; -1: nothing can be included from here */
	char *text;
	size_t size;
	dev_t device; /* 0 and 0 for text in memory */
	ino_t inode;
	bool stray;                  /* without source_set.anywhere it would have been refused */
	struct position included_at; /* .source is NULL for the first */
};

/* Owns the sources of one policy: positions stay valid until source_set_done(). */
struct source_set {
	struct source **list;
	size_t n, allocated;
	size_t bytes;     /* of all texts */
	const char *root; /* where absolute paths start; borrowed; NULL: "/" */
	int root_fd;      /* .root, opened at the first absolute path; -1 before */
	bool untrusted;   /* accept files that others than root may change */
	bool anywhere;    /* follow symbolic links, and ".." out of the directory */
};

#define SOURCE_SET_INIT                                                                                      \
	{                                                                                                    \
		.root_fd = -1                                                                                \
	}

void source_set_done(struct source_set *set);

/* Adds text in memory (copied). @dir_fd: where relative names in it start; -1: nowhere. */
int source_add_text(struct source_set *set, const char *text, size_t size, int dir_fd, const char *display,
	const struct source **ret);
/*
 * Reads the file @name below @dir_fd. @display: as in seccomp_compile_file(). Errors: those of the system;
 * -EXDEV for a name that leaves the directory, -EFBIG past a limit of seccomp.h, -EPERM when others than root
 * may change it, with *reterr_reason then set to a static phrase that follows "it " ("is not a regular
 * file"), else to NULL.
 */
int source_add_file(struct source_set *set, int dir_fd, const char *name, const char *display,
	const struct source **ret, const char **reterr_reason);
/*
 * Reads the file that the text at @at includes as @path (absolute, or relative to the file @at is in). Errors
 * as source_add_file(); -ELOOP with a reason for a file that is being read already.
 */
int source_add_include(struct source_set *set, struct position at, const char *path,
	const struct source **ret, const char **reterr_reason);
