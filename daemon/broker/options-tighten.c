/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/options-tighten.h"
#include "base/capability-names.h"
#include "catalog/compiled.h"

#include <errno.h>

static int no(const char **reterr_why, const char *why)
{
	*reterr_why = why;
	return -EINVAL;
}

static int read_amount(struct reader *m, uint64_t *ret, const char **reterr_why)
{
	int r = reader_basic(m, SD_BUS_TYPE_UINT64, ret);

	if (r >= 0 && *ret == 0)
		return no(reterr_why, "0 is nothing to run in: leave the option out for the profile's");
	return r;
}

int tighten_memory_max(struct reader *m, struct tighter *t, const char **reterr_why)
{
	return read_amount(m, &t->memory_max, reterr_why);
}

int tighten_tasks_max(struct reader *m, struct tighter *t, const char **reterr_why)
{
	return read_amount(m, &t->tasks_max, reterr_why);
}

int tighten_cpu_quota(struct reader *m, struct tighter *t, const char **reterr_why)
{
	uint32_t percent;
	int r = reader_basic(m, SD_BUS_TYPE_UINT32, &percent);

	if (r < 0)
		return r;
	if (percent == 0 || percent > GROUP_QUOTA_MAX / GROUP_PERCENT)
		return no(reterr_why, "not percent of one processor, 1 to 819200");
	t->cpu_quota = (uint64_t)percent * GROUP_PERCENT;
	return 0;
}

static int read_number(
	struct reader *m, int32_t low, int32_t high, int32_t *ret, const char **reterr_why, const char *why)
{
	int r = reader_basic(m, SD_BUS_TYPE_INT32, ret);

	if (r >= 0 && (*ret < low || *ret > high))
		return no(reterr_why, why);
	return r;
}

int tighten_oom_score(struct reader *m, struct tighter *t, const char **reterr_why)
{
	t->has_oom_score_adjust = true;
	return read_number(m, OOM_SCORE_LOW, OOM_SCORE_HIGH, &t->oom_score_adjust, reterr_why,
		"not a number from -1000 to 1000");
}

int tighten_nice(struct reader *m, struct tighter *t, const char **reterr_why)
{
	t->has_nice = true;
	return read_number(m, NICE_LOW, NICE_HIGH, &t->nice, reterr_why, "not a number from -20 to 19");
}

int tighten_capabilities(struct reader *m, struct tighter *t, const char **reterr_why)
{
	const char *name;
	int r, number;

	r = reader_enter(m, SD_BUS_TYPE_ARRAY, "s");
	while (r >= 0 && (r = reader_basic(m, SD_BUS_TYPE_STRING, &name)) > 0) {
		number = capability_from_string(name);
		if (number < 0)
			return no(reterr_why,
				"a name is none of a capability; they are written as CAP_NET_RAW is");
		t->drop_capabilities |= UINT64_C(1) << number;
	}
	return r < 0 ? r : reader_exit(m);
}

int tighten_network(struct reader *m, struct tighter *t, const char **reterr_why)
{
	int on, r = reader_basic(m, SD_BUS_TYPE_BOOLEAN, &on);

	if (r >= 0)
		t->no_network = on != 0;
	return r;
}
