/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/options.h"
#include "base/error.h"
#include "base/strv.h"
#include "broker/errors.h"
#include "broker/options-read.h"
#include "broker/options-tighten.h"
#include "dbus/names.h"

#include <stdio.h>
#include <string.h>

#define OPTIONS_MAX 64 /* entries of the dictionary; twice what the interface knows */

typedef int (*option_reader)(struct reading *o, struct reader *m);
typedef int (*tightener)(struct reader *m, struct tighter *t, const char **reterr_why);

int option_bad(struct reading *o, const char *why)
{
	return error_invalid_args(o->error, "Option %s: %s", o->key, why);
}

/* What launch_args_add() returned, as a handler's result. */
int option_added(struct reading *o, int r)
{
	return r == -EDQUOT ? launch_args_too_many(o->error) : r;
}

static int read_optional(struct reading *o, struct reader *m)
{
	size_t n = 0;
	const char *s;
	int r;

	r = reader_enter(m, SD_BUS_TYPE_ARRAY, "s");
	while (r >= 0 && (r = reader_basic(m, SD_BUS_TYPE_STRING, &s)) > 0) {
		if (++n > OPTIONS_MAX)
			return option_bad(o, "too many keys");
		r = strv_extend(&o->args->optional, s);
	}
	return r < 0 ? r : reader_exit(m);
}

/* One of the two reads it. */
static const struct {
	const char *key, *type;
	option_reader read;
	tightener tighten;
} known[] = {
	{ BAILIFF_OPTION_ARGV_BYTES, "aay", option_argv_bytes },
	{ BAILIFF_OPTION_ENV_BYTES, "a(ayay)", option_env_bytes },
	{ BAILIFF_OPTION_UNSET_ENV, "as", option_unset_env },
	{ BAILIFF_OPTION_CWD, "s", option_cwd },
	{ BAILIFF_OPTION_STDIO, "a{us}", option_stdio },
	{ BAILIFF_OPTION_PTY, "(qq)", option_pty },
	{ BAILIFF_OPTION_LIFELINE, "h", option_lifeline },
	{ BAILIFF_OPTION_FD_CHANNEL, "h", option_fd_channel },
	{ BAILIFF_OPTION_DETACH, "b", option_detach },
	{ BAILIFF_OPTION_READY, "s", option_ready },
	{ BAILIFF_OPTION_STOP_SIGNAL, "i", option_stop_signal },
	{ BAILIFF_OPTION_STOP_TIMEOUT, "t", option_stop_timeout },
	{ BAILIFF_OPTION_RUNTIME_MAX, "t", option_runtime_max },
	{ BAILIFF_OPTION_RLIMITS, "a{s(tt)}", option_rlimits },
	{ BAILIFF_OPTION_BIND_FDS, "a(hsb)", option_bind_fds },
	{ BAILIFF_OPTION_TAG, "s", option_tag },
	{ BAILIFF_OPTION_TOKEN, "s", option_token },
	{ BAILIFF_OPTION_OPTIONAL, "as", read_optional },
	{ BAILIFF_OPTION_INTERACTIVE, "b", option_interactive },
	{ BAILIFF_OPTION_MEMORY_MAX, "t", .tighten = tighten_memory_max },
	{ BAILIFF_OPTION_TASKS_MAX, "t", .tighten = tighten_tasks_max },
	{ BAILIFF_OPTION_CPU_QUOTA, "u", .tighten = tighten_cpu_quota },
	{ BAILIFF_OPTION_OOM_SCORE, "i", .tighten = tighten_oom_score },
	{ BAILIFF_OPTION_NICE, "i", .tighten = tighten_nice },
	{ BAILIFF_OPTION_DROP_CAPS, "as", .tighten = tighten_capabilities },
	{ BAILIFF_OPTION_NO_NETWORK, "b", .tighten = tighten_network },
};

static int read_value(struct reading *o, struct reader *m, size_t i)
{
	const char *why = NULL;
	int r;

	if (known[i].read)
		return known[i].read(o, m);
	r = known[i].tighten(m, &o->args->tighter, &why);
	return r < 0 && why ? option_bad(o, why) : r;
}

static int read_known(struct reading *o, struct reader *m, size_t i)
{
	const char *contents;
	int r;

	if (o->args->seen & (UINT64_C(1) << i))
		return option_bad(o, "given twice");
	o->args->seen |= UINT64_C(1) << i;
	r = reader_variant(m, &contents);
	if (r < 0)
		return r;
	if (strcmp(contents, known[i].type) != 0)
		return error_invalid_args(
			o->error, "Option %s has type %s: give %s", o->key, contents, known[i].type);
	if (o->args->question && strchr(known[i].type, SD_BUS_TYPE_UNIX_FD))
		return error_invalid_args(
			o->error, "Option %s: no descriptor is taken here, leave it out", o->key);
	r = reader_enter(m, SD_BUS_TYPE_VARIANT, known[i].type);
	if (r >= 0)
		r = read_value(o, m, i);
	return r < 0 ? r : reader_exit(m);
}

static int read_unknown(struct reading *o, struct reader *m)
{
	int r;

	if (strv_contains(o->args->unknown, o->key))
		return option_bad(o, "given twice");
	r = strv_extend(&o->args->unknown, o->key);
	return r < 0 ? r : reader_skip_variant(m);
}

static int read_entry(struct reading *o, struct reader *m)
{
	size_t i = 0;
	int r;

	r = reader_basic(m, SD_BUS_TYPE_STRING, &o->key);
	if (r < 0)
		return r;
	while (i < ELEMENTSOF(known) && strcmp(known[i].key, o->key) != 0)
		i++;
	r = i < ELEMENTSOF(known) ? read_known(o, m, i) : read_unknown(o, m);
	return r < 0 ? r : reader_exit(m);
}

static int check_unknown(const struct launch_args *a, sd_bus_error *error)
{
	char message[PLAN_MESSAGE_MAX];

	STRV_FOREACH (key, a->unknown) {
		if (strv_contains(a->optional, *key))
			continue;
		(void)snprintf(message, sizeof(message),
			"There is no option %s: the property Features lists those", *key);
		return error_refusal(error, REFUSAL_UNKNOWN_OPTION, NULL, message);
	}
	return 0;
}

int options_read(struct launch_args *a, struct reader *m, int proc_fd, sd_bus_error *error)
{
	struct reading o = { .args = a, .proc_fd = proc_fd, .error = error };
	size_t n = 0;
	int r;

	r = reader_enter(m, SD_BUS_TYPE_ARRAY, "{sv}");
	while (r >= 0 && (r = reader_enter(m, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
		if (++n > OPTIONS_MAX)
			return error_invalid_args(error, "More than %d options", OPTIONS_MAX);
		r = read_entry(&o, m);
	}
	if (r >= 0)
		r = reader_exit(m);
	if (r < 0 && !sd_bus_error_is_set(error))
		return error_unreadable(error, r, "options");
	return r < 0 ? r : check_unknown(a, error);
}

int options_features(char ***features)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ELEMENTSOF(known); i++)
		r = strv_extendf(features, "option:%s", known[i].key);
	return r < 0 ? r : option_stdio_features(features);
}
