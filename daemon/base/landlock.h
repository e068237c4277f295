/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Landlock for Bailiff's own processes: landlock(7), Documentation/userspace-api/landlock.rst. Everything
 * that the running kernel can restrict is restricted; what is listed is the exception.
 */

#include <stddef.h>
#include <stdint.h>

#define LANDLOCK_READ    (1U << 0) /* open files for reading, list directories */
#define LANDLOCK_EXECUTE (1U << 1)
#define LANDLOCK_WRITE   (1U << 2) /* open existing files for writing, truncate them */
#define LANDLOCK_MAKE    (1U << 3) /* make, remove, rename entries of every type but devices */

/* A file or directory (with all below it) and what may be done there. */
struct landlock_path {
	int fd;           /* used if >= 0, borrowed */
	const char *path; /* else this is opened */
	unsigned access;  /* LANDLOCK_* */
};

/* The kernel's Landlock version, 1 or more; -EOPNOTSUPP when it has none or it is switched off. */
int landlock_abi(void);
/*
 * Restricts the calling thread, for ever: files to those listed (a path that does not exist is skipped: it
 * can't be reached then), TCP bind and connect to none (from version 4), abstract sockets and signals to the
 * own domain (from version 6). no_new_privs must be set before. Any failure, also a kernel without Landlock
 * (-EOPNOTSUPP), leaves the process unrestricted: the caller must not go on.
 */
int landlock_restrict_paths(const struct landlock_path *paths, size_t n);
