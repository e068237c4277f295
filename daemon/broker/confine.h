/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the broker takes from itself before it reads the first byte from the bus: the file system,
 * capabilities, new privileges, and every system call that it has no use for. There is no way back.
 */

/* In this order: own mount namespace with an empty read-only root, no capability in any set, no_new_privs,
 * Landlock, seccomp. On failure the process is not confined and must not go on. */
int confine(void);
