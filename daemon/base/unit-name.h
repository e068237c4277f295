/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Units of the service manager: which one a control group belongs to, by systemd's own rules (cgroup-util.c),
 * and patterns over their names. A unit is written as "chrome@1.service", and one of a user's own manager as
 * "user@1000.service/chrome@1.service": whoever may start units in the second form says nothing by their
 * names about the first.
 */

#include <stdbool.h>
#include <stddef.h>

#define UNIT_NAME_MAX 255                     /* UNIT_NAME_MAX of systemd, less its NUL */
#define UNIT_MAX      (2 * UNIT_NAME_MAX + 1) /* with the manager's unit before it */

/*
 * "/system.slice/chrome@1.service/x" → "chrome@1.service". The path as /proc/PID/cgroup has it behind "0::".
 * -ENXIO when no unit is behind it: a slice alone, a path outside of the reader's cgroup namespace, a name
 * that is none.
 */
int unit_from_cgroup(const char *path, char ret[UNIT_MAX + 1]);
/* A unit's name in which "*" and "?" may stand for others, or "user@….service/" and one. */
bool unit_pattern_valid(const char *pattern);
/* "*" is any number of characters, "?" one; neither is a "/". The whole must match; of a user's unit, a
 * pattern without "/" looks at the manager's unit alone. */
bool unit_matches(const char *pattern, const char *unit);
