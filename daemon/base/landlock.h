/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Landlock: landlock(7), Documentation/userspace-api/landlock.rst. Which rights exist in which version of the
 * interface, its calls, and on top of them the confinement of Bailiff's own processes. The calls are
 * async-signal-safe.
 */

#include <stddef.h>
#include <stdint.h>

/* Rights, by the kernel's numbers: the build machine's header may be older than the running kernel. */
#define LANDLOCK_FS_EXECUTE     (1ULL << 0)
#define LANDLOCK_FS_WRITE_FILE  (1ULL << 1)
#define LANDLOCK_FS_READ_FILE   (1ULL << 2)
#define LANDLOCK_FS_READ_DIR    (1ULL << 3)
#define LANDLOCK_FS_REMOVE_DIR  (1ULL << 4)
#define LANDLOCK_FS_REMOVE_FILE (1ULL << 5)
#define LANDLOCK_FS_MAKE_CHAR   (1ULL << 6)
#define LANDLOCK_FS_MAKE_DIR    (1ULL << 7)
#define LANDLOCK_FS_MAKE_REG    (1ULL << 8)
#define LANDLOCK_FS_MAKE_SOCK   (1ULL << 9)
#define LANDLOCK_FS_MAKE_FIFO   (1ULL << 10)
#define LANDLOCK_FS_MAKE_BLOCK  (1ULL << 11)
#define LANDLOCK_FS_MAKE_SYM    (1ULL << 12)
#define LANDLOCK_FS_REFER       (1ULL << 13) /* version 2 */
#define LANDLOCK_FS_TRUNCATE    (1ULL << 14) /* version 3 */
#define LANDLOCK_FS_IOCTL_DEV   (1ULL << 15) /* version 5 */
/* What the kernel takes in a rule about anything but a directory. */
#define LANDLOCK_FS_OF_FILES                                                                                 \
	(LANDLOCK_FS_EXECUTE | LANDLOCK_FS_WRITE_FILE | LANDLOCK_FS_READ_FILE | LANDLOCK_FS_TRUNCATE |       \
		LANDLOCK_FS_IOCTL_DEV)
#define LANDLOCK_NET_BIND      (1ULL << 0) /* TCP; version 4 */
#define LANDLOCK_NET_CONNECT   (1ULL << 1)
#define LANDLOCK_SCOPED_UNIX   (1ULL << 0) /* abstract sockets; version 6 */
#define LANDLOCK_SCOPED_SIGNAL (1ULL << 1)
#define LANDLOCK_LOG_NEW_EXEC  (1U << 1) /* of landlock_apply(); version 7 */

/* The versions that brought what a profile can ask for. */
#define LANDLOCK_ABI_TRUNCATE 3
#define LANDLOCK_ABI_NET      4
#define LANDLOCK_ABI_SCOPE    6
#define LANDLOCK_ABI_LOG      7

/* What a domain denies but for its rules. */
struct landlock_attr {
	uint64_t fs, net, scope;
};

/* The kernel's Landlock version, 1 or more; -EOPNOTSUPP when it has none or it is switched off. */
int landlock_abi(void);
/* Everything that a version can restrict. */
struct landlock_attr landlock_attr_all(int abi);
/* A new ruleset's fd. @attr must hold nothing that landlock_attr_all(@abi) does not. */
int landlock_create(const struct landlock_attr *attr, int abi);
/* Grants rights on the file or directory at an (O_PATH) fd: those that @attr restricts and that fit the type.
 */
int landlock_allow_beneath(int ruleset, const struct landlock_attr *attr, int fd, uint64_t rights);
/* Grants LANDLOCK_NET_* for a port: those that @attr restricts. */
int landlock_allow_port(int ruleset, const struct landlock_attr *attr, uint16_t port, uint64_t rights);
/* Restricts the calling thread, for ever. Takes no_new_privs or CAP_SYS_ADMIN. */
int landlock_apply(int ruleset, uint32_t flags);

/* What landlock_restrict_paths() grants. */
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

/*
 * Everything that the running kernel can restrict is restricted; what is listed is the exception: files to
 * those listed (a path that does not exist is skipped: it can't be reached then), TCP bind and connect to
 * none (from version 4), abstract sockets and signals to the own domain (from version 6). no_new_privs must
 * be set before. Any failure, also a kernel without Landlock (-EOPNOTSUPP), leaves the process unrestricted:
 * the caller must not go on.
 */
int landlock_restrict_paths(const struct landlock_path *paths, size_t n);
