/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a test may leave nothing behind in: mounts, cgroups, our fds, our children. And the cgroup to test in.
 */

#include <stdbool.h>

/* As text, to compare and to show. Free with free(3). */
char *machine_state(void);
/* Shows each line that only one of them has; true if there is none. */
bool machine_compare(const char *before, const char *after);
/* Waits for so many children that were killed, and takes them away, unless there are none left. */
void machine_reap_killed(unsigned most);
/* A new cgroup v2 directory and an fd of it; NULL and -1 where there is no cgroup v2. */
char *machine_make_cgroup(int *ret_fd);
/* Accepts NULL. It must be empty. */
void machine_remove_cgroup(const char *path);
/* Removes a directory with all below it. */
void machine_remove_tree(const char *path);
