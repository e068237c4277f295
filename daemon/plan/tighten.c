/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Options about what a sandbox may take of the machine, its capabilities and its network. What the profile
 * has stays the profile's until an option asks for less of it: then the spec gets a copy of its own. Where
 * the profile is silent about a process' niceness, the service's own value is in force, which is not known
 * here: the jail keeps the stricter of the two.
 */

#include "base/error.h"
#include "plan/parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

uint64_t plan_limit_in_force(
	const struct group_value *v, enum group_limit which, const struct machine *machine)
{
	if (v->unit == GROUP_UNSET)
		return GROUP_INFINITY;
	if (v->unit == GROUP_ABSOLUTE || which == GROUP_CPU_QUOTA)
		return v->value;
	return machine_share(which == GROUP_TASKS_MAX ? machine->tasks : machine->memory, v->value);
}

/* Only a share of the machine is something to be measured. */
static bool is_share(const struct group_value *v, enum group_limit which)
{
	return v->unit == GROUP_PERMYRIAD && which != GROUP_CPU_QUOTA;
}

static int lower_limit(const struct compiled_profile *p, const struct plan_request *r, enum group_limit which,
	struct jail_tightened *t, struct plan_result *result)
{
	const struct {
		const char *option, *key;
		uint64_t asked;
	} limits[_GROUP_LIMIT_MAX] = {
		[GROUP_MEMORY_MAX] = { "memory-max", "MemoryMax=", r->tighter.memory_max },
		[GROUP_TASKS_MAX] = { "tasks-max", "TasksMax=", r->tighter.tasks_max },
		[GROUP_CPU_QUOTA] = { "cpu-quota", "CPUQuota=", r->tighter.cpu_quota },
	};
	const struct group_value *own = &p->group[which];
	uint64_t asked = limits[which].asked, most = GROUP_INFINITY;

	if (asked == 0)
		return 0;
	if (which == GROUP_CPU_QUOTA && asked > GROUP_QUOTA_MAX)
		return refuse(result, p, limits[which].key, REFUSAL_OVERRIDE_DENIED, -EINVAL,
			"option cpu-quota: more than %u processors", GROUP_QUOTA_MAX / GROUP_WHOLE);
	if (r->machine || !is_share(own, which))
		most = plan_limit_in_force(own, which, r->machine);
	if (asked > most) {
		bool percent = which == GROUP_CPU_QUOTA;

		return refuse(result, p, limits[which].key, REFUSAL_OVERRIDE_DENIED, -EACCES,
			"option %s: profile %s has %s%" PRIu64 "%s, which an option may lower but not raise",
			limits[which].option, p->name, limits[which].key,
			percent ? most / GROUP_PERCENT : most,
			percent                ? "%"
			: is_share(own, which) ? " on this machine"
					       : "");
	}
	if (asked != GROUP_INFINITY)
		t->group[which] =
			(struct group_value){ which == GROUP_CPU_QUOTA ? GROUP_PERMYRIAD : GROUP_ABSOLUTE,
				asked };
	return 0;
}

/* A number of which the higher one is the stricter. */
struct yielding {
	const char *option, *key;
	uint32_t flag; /* TUNE_* */
	int32_t low, high, own, asked;
};

static int raise_number(const struct compiled_profile *p, const struct yielding *y, int32_t *ret,
	struct jail_tightened *t, struct plan_result *result)
{
	if (y->asked < y->low || y->asked > y->high)
		return refuse(result, p, y->key, REFUSAL_OVERRIDE_DENIED, -EINVAL,
			"option %s: %d is none of %d to %d", y->option, y->asked, y->low, y->high);
	if ((p->tuning.set & y->flag) == 0) {
		if (y->asked < 0)
			return refuse(result, p, y->key, REFUSAL_OVERRIDE_DENIED, -EACCES,
				"option %s: profile %s has no %s, and without it %d, below 0, is nobody's to "
				"ask for",
				y->option, p->name, y->key, y->asked);
		t->floor |= y->flag;
	} else if (y->asked < y->own) {
		return refuse(result, p, y->key, REFUSAL_OVERRIDE_DENIED, -EACCES,
			"option %s: profile %s has %s%d, which an option may raise but not lower", y->option,
			p->name, y->key, y->own);
	}
	t->tuning.set |= y->flag;
	*ret = y->asked;
	return 0;
}

static int tighten_tuning(const struct compiled_profile *p, const struct tighter *asked,
	struct jail_tightened *t, struct plan_result *result)
{
	const struct yielding nice = { "nice", "Nice=", TUNE_NICE, NICE_LOW, NICE_HIGH, p->tuning.nice,
		asked->nice };
	const struct yielding score = { "oom-score-adj", "OOMScoreAdjust=", TUNE_OOM_SCORE, OOM_SCORE_LOW,
		OOM_SCORE_HIGH, p->tuning.oom_score_adjust, asked->oom_score_adjust };
	int q = 0;

	if (asked->has_nice)
		q = raise_number(p, &nice, &t->tuning.nice, t, result);
	if (q >= 0 && asked->has_oom_score_adjust)
		q = raise_number(p, &score, &t->tuning.oom_score_adjust, t, result);
	return q;
}

int plan_tighten(const struct compiled_profile *p, const struct plan_request *r,
	struct jail_tightened **ret_tightened, struct plan_result *result)
{
	_cleanup_free_ struct jail_tightened *t = NULL;
	const struct tighter *asked = &r->tighter;
	int q = 0;

	if (asked->memory_max == 0 && asked->tasks_max == 0 && asked->cpu_quota == 0 && !asked->has_nice &&
		!asked->has_oom_score_adjust)
		return 0;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->tuning = p->tuning;
	memcpy(t->group, p->group, sizeof(t->group));
	for (unsigned i = 0; q >= 0 && i < _GROUP_LIMIT_MAX; i++)
		q = lower_limit(p, r, (enum group_limit)i, t, result);
	if (q >= 0)
		q = tighten_tuning(p, asked, t, result);
	if (q >= 0)
		*ret_tightened = steal_ptr(t);
	return q;
}
