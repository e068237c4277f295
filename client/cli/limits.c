/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl limits: tightens what a running sandbox may use. */

#include "base/error.h"
#include "base/parse.h"
#include "cli/cli.h"

#include <string.h>

#define LIMITS_MAX 5

struct limits_options {
	bailiff_limit limits[LIMITS_MAX];
	size_t n;
};

static int add(struct limits_options *o, const char *name, uint64_t value, char **reterr_why)
{
	for (size_t i = 0; i < o->n; i++)
		if (strcmp(o->limits[i].name, name) == 0)
			return option_refuse(reterr_why, "was given already");
	o->limits[o->n++] = (bailiff_limit){ name, value };
	return 0;
}

static int set_memory_max(void *into, const char *value, char **reterr_why)
{
	uint64_t v;

	if (parse_size(value, &v) < 0)
		return option_refuse(reterr_why, "must be a number of bytes, which may end in K, M, G or T");
	return add(into, BAILIFF_LIMIT_MEMORY_MAX, v, reterr_why);
}

static int set_tasks_max(void *into, const char *value, char **reterr_why)
{
	uint64_t v;

	if (parse_u64(value, &v) < 0)
		return option_refuse(reterr_why, "must be a number");
	return add(into, BAILIFF_LIMIT_TASKS_MAX, v, reterr_why);
}

static int set_cpu_quota(void *into, const char *value, char **reterr_why)
{
	_cleanup_free_ char *number = strndup(value, strcspn(value, "%"));
	const char *rest = value + strcspn(value, "%");
	uint64_t v;

	if (!number)
		return -ENOMEM;
	if (parse_u64(number, &v) < 0 || v == 0 || v > UINT32_MAX || (*rest && strcmp(rest, "%") != 0))
		return option_refuse(reterr_why, "must be percent of one processor, e.g. 50%%");
	return add(into, BAILIFF_LIMIT_CPU_QUOTA, v, reterr_why);
}

static int set_runtime_max(void *into, const char *value, char **reterr_why)
{
	uint64_t v;
	int r = parse_span(value, &v, reterr_why);

	return r < 0 ? r : add(into, BAILIFF_LIMIT_RUNTIME_MAX, v, reterr_why);
}

static int set_stop_timeout(void *into, const char *value, char **reterr_why)
{
	uint64_t v;
	int r = parse_span(value, &v, reterr_why);

	return r < 0 ? r : add(into, BAILIFF_LIMIT_STOP_TIMEOUT, v, reterr_why);
}

static int limit_one(bailiff_sandbox *s, const void *state)
{
	const struct limits_options *o = state;

	return bailiff_sandbox_set_limits(s, o->limits, o->n);
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	const struct limits_options *o = state;

	if (o->n == 0) {
		report("limits: which? bailiffctl limits --help lists them");
		return EXIT_USAGE;
	}
	return cli_each_sandbox(cli, args, n, limit_one, o);
}

static const struct option options[] = {
	{ "memory-max", 'm', "BYTES", "memory of all processes together", set_memory_max },
	{ "tasks-max", 't', "NUMBER", "processes and threads", set_tasks_max },
	{ "cpu-quota", 'c', "PERCENT", "of one processor", set_cpu_quota },
	{ "runtime-max", 0, "TIME", "since its start; what is over already stops it", set_runtime_max },
	{ "stop-timeout", 0, "TIME", "grace between the stop signal and the kill", set_stop_timeout },
};

const struct verb verb_limits = {
	.name = "limits",
	.arguments = "ID...",
	.summary = "Lower limits of sandboxes that run",
	.details = "None can be raised. Of one sandbox all are set, or none.",
	.min = 1,
	.max = SIZE_MAX,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct limits_options),
	.run = run,
};
