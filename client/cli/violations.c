/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl violations: the system calls that processes were killed for. */

#include "cli/violations.h"
#include "base/error.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/text.h"

#include <time.h>

static void format_time(uint64_t usec, char text[static VIOLATION_TIME_SIZE])
{
	time_t seconds = (time_t)(usec / 1000000);
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || strftime(text, VIOLATION_TIME_SIZE, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		*text = '\0';
}

void violation_json(struct json *j, uint64_t id, const bailiff_violation *v)
{
	json_key(j, "id");
	json_unsigned(j, id);
	json_key(j, "time-usec");
	json_unsigned(j, v->usec);
	json_key(j, "layer");
	json_string(j, v->layer);
	json_key(j, "what");
	json_string(j, v->what);
	json_key(j, "detail");
	json_string(j, v->detail);
}

static int put_row(struct table *t, uint64_t id, const bailiff_violation *v)
{
	char time[VIOLATION_TIME_SIZE];
	int r = table_put_unsigned(t, id);

	format_time(v->usec, time);
	if (r == 0)
		r = table_put(t, time);
	if (r == 0)
		r = table_put(t, v->layer);
	if (r == 0)
		r = table_put(t, v->what);
	return r < 0 ? r : table_put(t, v->detail);
}

static int put_one(bailiff_sandbox *s, const void *state)
{
	_cleanup_(bailiff_violation_freep) bailiff_violation *list = NULL;
	const struct showing *to = state;
	int r = bailiff_sandbox_get_violations(s, &list);

	for (const bailiff_violation *v = list; r == 0 && v; v = v->next)
		if (to->json) {
			json_object(to->json);
			violation_json(to->json, bailiff_sandbox_id(s), v);
			json_end(to->json);
		} else
			r = put_row(to->table, bailiff_sandbox_id(s), v);
	return r;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	static const struct column columns[] = {
		{ "ID", true, NULL },
		{ "TIME", false, NULL },
		{ "LAYER", false, NULL },
		{ "CALL", false, NULL },
		{ "DETAIL", false, NULL },
	};
	_cleanup_(table_done) struct table t = TABLE_INIT(columns);

	return cli_show_each(cli, args, n, &t, put_one);
}

const struct verb verb_violations = {
	.name = "violations",
	.arguments = "ID...",
	.summary = "Show the system calls that programs were killed for",
	.details = "The first 16 of each sandbox, until the broker forgets how it ended.",
	.min = 1,
	.max = SIZE_MAX,
	.run = run,
};
