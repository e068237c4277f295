/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The parts of [Resources] that are about the share in the machine: of one process, and of the whole sandbox.
 */

#include "compiler/translate.h"

#include <string.h>

#define IO_PRIORITY_DEFAULT 4 /* the kernel's, and systemd's */

static bool is_set(const struct profile *p, enum profile_key key)
{
	return p->states[key].set;
}

static void translate_io(const struct profile *p, struct compiled_tuning *t)
{
	static const enum io_class classes[] = {
		[PROFILE_IO_REALTIME] = IO_CLASS_REALTIME,
		[PROFILE_IO_BEST_EFFORT] = IO_CLASS_BEST_EFFORT,
		[PROFILE_IO_IDLE] = IO_CLASS_IDLE,
	};

	if (!is_set(p, KEY_IO_SCHEDULING_CLASS) && !is_set(p, KEY_IO_SCHEDULING_PRIORITY))
		return;
	t->set |= TUNE_IO;
	t->io_class = is_set(p, KEY_IO_SCHEDULING_CLASS) ? classes[p->io_class] : IO_CLASS_BEST_EFFORT;
	if (t->io_class != IO_CLASS_IDLE)
		t->io_priority = is_set(p, KEY_IO_SCHEDULING_PRIORITY) ? p->io_priority : IO_PRIORITY_DEFAULT;
}

static void translate_group(const struct profile *p, struct compiled_profile *ret)
{
	static const enum group_limit limits[_PROFILE_GROUP_LIMIT_MAX] = {
		[PROFILE_MEMORY_MAX] = GROUP_MEMORY_MAX,
		[PROFILE_MEMORY_HIGH] = GROUP_MEMORY_HIGH,
		[PROFILE_TASKS_MAX] = GROUP_TASKS_MAX,
		[PROFILE_CPU_QUOTA] = GROUP_CPU_QUOTA,
		[PROFILE_CPU_WEIGHT] = GROUP_CPU_WEIGHT,
		[PROFILE_IO_WEIGHT] = GROUP_IO_WEIGHT,
	};

	for (size_t i = 0; i < _PROFILE_GROUP_LIMIT_MAX; i++)
		if (p->bounds[i].set)
			ret->group[limits[i]] = (struct group_value){
				.unit = p->bounds[i].relative ? GROUP_PERMYRIAD : GROUP_ABSOLUTE,
				.value = p->bounds[i].value,
			};
}

void translate_tuning(const struct profile *p, struct compiled_profile *ret)
{
	struct compiled_tuning *t = &ret->tuning;

	if (is_set(p, KEY_NICE)) {
		t->set |= TUNE_NICE;
		t->nice = p->nice;
	}
	if (is_set(p, KEY_OOM_SCORE_ADJUST)) {
		t->set |= TUNE_OOM_SCORE;
		t->oom_score_adjust = p->oom_score_adjust;
	}
	if (is_set(p, KEY_CPU_AFFINITY)) {
		t->set |= TUNE_CPUS;
		memcpy(t->cpus, p->cpus, sizeof(t->cpus));
	}
	if (is_set(p, KEY_CORE_SCHEDULING) && p->core_scheduling)
		t->set |= TUNE_CORE;
	if (is_set(p, KEY_TIMER_SLACK_NSEC)) {
		t->set |= TUNE_TIMER_SLACK;
		t->timer_slack_nsec = p->timer_slack_nsec;
	}
	translate_io(p, t);
	translate_group(p, ret);
}
