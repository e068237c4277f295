/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* For tests of what templates are made of: a source at D/above/data, what can take its place, and what is
 * told. */

#include "harness.h"

#define ANEW_USEC 1100000 /* sources are watched anew after a second */

/* Something in the rig's directory, D. */
const char *sources_path(struct rig *r, const char *name);
void sources_move(struct rig *r, const char *from, const char *to);
int sources_make_file(const char *path);
/* Nothing can be watched where the machine's root is an overlay. */
bool sources_can_watch(void);
/* D/above/data/file, which is "old", is bound to /data/file; and there is D/other/data/file, which is "new".
 * Or skips. */
void sources_begin(struct rig *r);
/* D/above and D/other, each for the other. */
void sources_exchange(struct rig *r);
/* There is a template now, and launches look at nothing. */
void sources_template(struct rig *r);
/* Of what the spec says, and of all others that are not used. */
void sources_drop(struct rig *r);
/* As the launcher does in silence. */
void sources_silence(struct rig *r);
/* Launches look, until a second is over and there is silence; and then no more. */
void sources_settle(struct rig *r);
/* The launcher's descriptor; and how much is watched by it. */
int sources_inotify(void);
size_t sources_watches(void);
/* A launch must fail, or find this line. */
void sources_refused(struct rig *r, int error, const char *object);
void sources_expect(struct rig *r, const char *line);
/* Before further runs. */
void sources_renew_output(struct rig *r);
