/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Options about a sandbox's life: how it ends, its limits, its names. */

#include "base/error.h"
#include "broker/options-read.h"
#include "broker/rlimits.h"
#include "broker/token.h"
#include "dbus/names.h"

#include <string.h>

int option_detach(struct reading *o, struct reader *m)
{
	int detach, r;

	r = reader_basic(m, SD_BUS_TYPE_BOOLEAN, &detach);
	if (r >= 0)
		o->args->detach = detach != 0;
	return r;
}

int option_ready(struct reading *o, struct reader *m)
{
	const char *s;
	int r;

	r = reader_basic(m, SD_BUS_TYPE_STRING, &s);
	if (r < 0)
		return r;
	o->args->notify = strcmp(s, BAILIFF_READY_NAME_NOTIFY) == 0;
	return o->args->notify || strcmp(s, BAILIFF_READY_NAME_EXEC) == 0
		       ? 0
		       : option_bad(o, "neither \"exec\" nor \"notify\"");
}

int option_interactive(struct reading *o, struct reader *m)
{
	int interactive, r;

	r = reader_basic(m, SD_BUS_TYPE_BOOLEAN, &interactive);
	if (r >= 0)
		o->args->interactive = interactive != 0;
	return r;
}

int option_stop_signal(struct reading *o, struct reader *m)
{
	int32_t signal;
	int r;

	r = reader_basic(m, SD_BUS_TYPE_INT32, &signal);
	if (r < 0)
		return r;
	if (signal < 1 || signal > 64)
		return option_bad(o, "not a signal, 1 to 64");
	o->args->stop_signal = signal;
	return 0;
}

static int read_time(struct reading *o, struct reader *m, uint64_t *ret)
{
	uint64_t usec;
	int r;

	r = reader_basic(m, SD_BUS_TYPE_UINT64, &usec);
	if (r < 0)
		return r;
	if (usec == 0)
		return option_bad(o, "0 is no time: leave the option out for the profile's");
	if (usec != USEC_INFINITY && usec > TIMEOUT_USEC_MAX)
		return option_bad(o, "more than a year");
	*ret = usec;
	return 0;
}

int option_stop_timeout(struct reading *o, struct reader *m)
{
	return read_time(o, m, &o->args->timeout_stop_usec);
}

int option_runtime_max(struct reading *o, struct reader *m)
{
	return read_time(o, m, &o->args->runtime_max_usec);
}

static int add_limit(struct reading *o, const char *name, uint64_t soft, uint64_t hard)
{
	struct launch_args *a = o->args;
	uint32_t resource;

	if (rlimit_from_name(name, &resource) < 0)
		return option_bad(o, "a name is none of those after Limit in a profile, as NOFILE");
	if (soft > hard)
		return option_bad(o, "a soft limit is above its hard limit");
	for (size_t i = 0; i < a->n_limits; i++)
		if (a->limits[i].resource == resource)
			return option_bad(o, "a limit is given twice");
	if (a->n_limits >= ELEMENTSOF(a->limits))
		return option_bad(o, "too many limits");
	a->limits[a->n_limits++] =
		(struct compiled_limit){ .resource = resource, .soft = soft, .hard = hard };
	return 0;
}

int option_rlimits(struct reading *o, struct reader *m)
{
	uint64_t soft, hard;
	const char *name;
	int r;

	r = reader_enter(m, SD_BUS_TYPE_ARRAY, "{s(tt)}");
	while (r >= 0 && (r = reader_enter(m, SD_BUS_TYPE_DICT_ENTRY, "s(tt)")) > 0) {
		r = reader_basic(m, SD_BUS_TYPE_STRING, &name);
		if (r >= 0)
			r = reader_tuple(m, SD_BUS_TYPE_STRUCT, "tt", &soft, &hard);
		if (r >= 0)
			r = add_limit(o, name, soft, hard);
		if (r >= 0)
			r = reader_exit(m);
	}
	return r < 0 ? r : reader_exit(m);
}

int option_tag(struct reading *o, struct reader *m)
{
	const char *s;
	int r;

	r = reader_basic(m, SD_BUS_TYPE_STRING, &s);
	if (r < 0)
		return r;
	if (strlen(s) > TAG_MAX)
		return option_bad(o, "more than 64 bytes");
	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return option_bad(o, "a control character is no part of a tag");
	o->args->tag = s;
	return 0;
}

int option_token(struct reading *o, struct reader *m)
{
	const char *s;
	int r;

	r = reader_basic(m, SD_BUS_TYPE_STRING, &s);
	if (r < 0)
		return r;
	if (!token_is_valid(s))
		return option_bad(
			o, "not 1 to 64 of A-Z, a-z, 0-9 and \"_\", or digits alone, which are ids");
	o->args->token = s;
	return 0;
}
