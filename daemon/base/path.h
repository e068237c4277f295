/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Paths: form, and opening below a held directory by openat2(2). */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Absolute, no "//", no "." or ".." component, no trailing "/" but for "/" itself, shorter than PATH_MAX. */
bool path_is_normalized(const char *path);
/* True when path is prefix itself or lies below it. Both normalized. */
bool path_is_below(const char *path, const char *prefix);
/* openat2(2). @resolve: RESOLVE_* bits; O_CLOEXEC is added. Returns the fd. EAGAIN (a rename raced with "..")
 * is retried a few times. */
int path_open_at(int dir_fd, const char *path, int flags, uint64_t resolve);
/*
 * True when only root can change the object: owned by uid 0 and neither group nor others may write.
 * -EPERM otherwise, with *reterr_reason set to a static phrase ("not owned by root").
 */
int path_check_trusted(int fd, const char **reterr_reason);
/*
 * True when the object belongs to the installed system and not to its data: on the file system of the root
 * directory, whose st_dev is @root, by a mount without noexec. Reasons as above.
 */
int path_check_system(int fd, dev_t root, const char **reterr_reason);
