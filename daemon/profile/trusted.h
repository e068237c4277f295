/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Directories and files that root alone can change: opened by fd, below held directories, no link followed,
 * each file read once. Knows nothing of what is in the files.
 */

#include "base/fd.h"
#include "profile/diagnostics.h"

#define TRUSTED_ENTRIES_MAX 8192U /* of one directory; bounds the memory that a listing takes */

struct trusted_dir {
	char *path; /* as shown */
	int fd;
	const char *fault; /* why nothing in it can be trusted: a static phrase; NULL if it can */
	bool lenient;      /* ownership and modes are not looked at: for drafts, never for the daemon */
};

#define TRUSTED_DIR_NULL ((struct trusted_dir){ .fd = -1 })

void trusted_dir_done(struct trusted_dir *d);
/* Opens a configuration directory: what lies above it, and links on the way to it, are root's affair.
 * -ENOENT if there is none. A directory that can't be trusted is opened and has a fault. */
int trusted_dir_open(const char *path, bool lenient, struct trusted_dir *ret);
/* The same below a held one; a link is a fault, and so is a fault of the parent. */
int trusted_dir_open_below(const struct trusted_dir *parent, const char *name, struct trusted_dir *ret);
/* Names of the entries that end in suffix and do not begin with a dot, sorted. -E2BIG past
 * TRUSTED_ENTRIES_MAX. */
int trusted_dir_list(const struct trusted_dir *d, const char *suffix, char ***ret);

struct trusted_file {
	char *path; /* as shown */
	char *data; /* with a NUL behind */
	size_t size;
	bool masked; /* a link to /dev/null stands in its place */
};

void trusted_file_done(struct trusted_file *f);
/* Reads a file of at most max bytes. 0, also if masked (then without data); -ENOENT if there is none;
 * -EBADMSG after diagnosing. */
int trusted_file_read(const struct trusted_dir *d, const char *name, size_t max,
	struct diagnostics *diagnostics, struct trusted_file *ret);
