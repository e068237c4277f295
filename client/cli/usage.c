/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl usage: what sandboxes have used. */

#include "base/error.h"
#include "cli/cli.h"
#include "cli/settings.h"
#include "cli/text.h"

#include <inttypes.h>

static int put_number(struct table *t, const bailiff_setting *usage, const char *name)
{
	uint64_t v;

	return settings_number(usage, name, &v) == 0 ? table_put_unsigned(t, v) : table_put(t, "");
}

static int put_span(struct table *t, const bailiff_setting *usage, const char *name)
{
	char text[48] = "";
	uint64_t v;

	if (settings_number(usage, name, &v) == 0)
		(void)snprintf(
			text, sizeof(text), "%" PRIu64 ".%03us", v / 1000000, (unsigned)(v % 1000000 / 1000));
	return table_put(t, text);
}

static int put_row(struct table *t, uint64_t id, const bailiff_setting *usage)
{
	int r = table_put_unsigned(t, id);

	if (r == 0)
		r = put_span(t, usage, "cpu-usec");
	if (r == 0)
		r = put_number(t, usage, "memory-peak");
	if (r == 0)
		r = put_number(t, usage, "tasks-peak");
	return r < 0 ? r : put_span(t, usage, "setup-usec");
}

static int put_one(
	const struct cli *cli, bailiff_connection *c, const char *id, struct table *t, struct json *j)
{
	_cleanup_(bailiff_sandbox_freep) bailiff_sandbox *s = NULL;
	_cleanup_(bailiff_setting_freep) bailiff_setting *usage = NULL;
	int r = cli_open_sandbox(c, id, &s);

	if (r < 0)
		return r;
	r = bailiff_sandbox_get_usage(s, &usage);
	if (r < 0) {
		report_failure(c, r, id);
		return r;
	}
	if (cli->json == JSON_OFF)
		return put_row(t, bailiff_sandbox_id(s), usage);
	json_object(j);
	json_key(j, "id");
	json_unsigned(j, bailiff_sandbox_id(s));
	settings_json(j, usage, NULL);
	json_end(j);
	return 0;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	static const struct column columns[] = {
		{ "ID", true, NULL },
		{ "CPU", true, NULL },
		{ "MEMORY-PEAK", true, NULL },
		{ "TASKS-PEAK", true, NULL },
		{ "SETUP", true, NULL },
	};
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	_cleanup_(table_done) struct table t = TABLE_INIT(columns);
	struct json j = JSON_INIT(stdout, cli->json == JSON_PRETTY);
	int status = EXIT_SUCCESS;

	if (cli_connect(cli, &c) < 0)
		return EXIT_FAILURE;
	if (cli->json != JSON_OFF)
		json_array(&j);
	for (size_t i = 0; i < n; i++)
		if (put_one(cli, c, args[i], &t, &j) < 0)
			status = EXIT_FAILURE;
	if (cli->json != JSON_OFF)
		json_end(&j);
	else if (t.n_cells > 0)
		cli_print_table(cli, &t);
	return status;
}

const struct verb verb_usage = {
	.name = "usage",
	.arguments = "ID...",
	.summary = "Show what sandboxes have used",
	.details = "Processor time, memory in bytes and tasks at their highest, and how long the jail took "
		   "to set "
		   "up;\nas far as the kernel says.",
	.min = 1,
	.max = SIZE_MAX,
	.run = run,
};
