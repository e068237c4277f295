/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Options that ask for less of the machine, of capabilities and of the network than the profile has. Each
 * reads a value out of its variant. -EINVAL with *reterr_why, a phrase for the caller, for one that can not
 * be; other errors are the message's.
 */

#include "base/tighter.h"
#include "broker/body.h"

int tighten_memory_max(struct reader *m, struct tighter *t, const char **reterr_why);
int tighten_tasks_max(struct reader *m, struct tighter *t, const char **reterr_why);
int tighten_cpu_quota(struct reader *m, struct tighter *t, const char **reterr_why);
int tighten_oom_score(struct reader *m, struct tighter *t, const char **reterr_why);
int tighten_nice(struct reader *m, struct tighter *t, const char **reterr_why);
int tighten_capabilities(struct reader *m, struct tighter *t, const char **reterr_why);
int tighten_network(struct reader *m, struct tighter *t, const char **reterr_why);
