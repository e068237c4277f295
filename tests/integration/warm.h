/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Jails that are parked for launches of the profile "warm", and their processes. */

#include "rig.h"

#define WARM_MOST       8
#define WARM_POLL_USEC  20000
#define WARM_LIVED_USEC 1200000 /* PARKED_LIVED_USEC of the launcher's, and some more */

struct parked {
	pid_t pids[WARM_MOST];
	size_t n;
};

/* Its program, when it is to stay. */
extern const char *const warm_forever[];

struct parked warm_find_parked(void);
bool warm_contains(const struct parked *p, pid_t pid);
/* As many as that, and none of those that there were before, if they must be others. */
struct parked warm_await_parked(size_t n, const struct parked *gone);
void warm_reload(struct rig *rig);
void warm_write_profile(struct rig *rig, int warm, int max_warm);
/* Puts profile "warm" in force. */
struct parked warm_begin(struct rig *rig, int warm, int max_warm);
/* With it the last one goes, and the tests' invariants see that nothing is left. */
void warm_end(struct rig *rig);
void warm_launch(GDBusConnection *c, const char *const *argv, const char *options, struct rig_sandbox *ret);
void warm_stop(GDBusConnection *c, struct rig_sandbox *s);
guint32 warm_uid_of(GDBusConnection *c, const struct rig_sandbox *s);
void warm_kill_pid(pid_t pid);
/* And waits until it has ended, which the launcher may not know yet. */
void warm_kill_and_wait(pid_t pid);
