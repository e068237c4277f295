/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The part of [Resources] that is about one process' share in the machine. */

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
}
