/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* cgroup v2, as much as the keeper needs of it: where we are, and an end to what is below. cgroups(7). */

#include <stdbool.h>

/* The directory of our own cgroup. -ENOENT where cgroup v2 is not mounted or not ours to see. */
int cgroup_open_own(void);
/*
 * Hands the controllers that profiles' limits take down from our own cgroup to @dir_fd, below it, and to what
 * is made in there. Where processes are in the way, which are ours, they go to the cgroup @leaf first. 0, or
 * a negative errno that leaves some without: launches that want one will say so.
 */
int cgroup_delegate(int own_fd, int dir_fd, const char *leaf);
typedef bool (*cgroup_spare)(const char *name, const void *userdata);

/* Kills every process below dir (not in it) and removes all cgroups below. -EBUSY when some would not end in
 * time, -ELOOP when they are nested deeper than any that we make. @spare: says which of those in dir stay;
 * NULL: none. */
int cgroup_clear(int dir_fd, cgroup_spare spare, const void *userdata);
