/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl usage: what sandboxes have used. */

#include "base/error.h"
#include "cli/cli.h"
#include "cli/humane.h"
#include "cli/settings.h"

#include <stdio.h>
#include <string.h>

static int put(struct table *t, const bailiff_setting *usage, const char *name,
	int (*put_known)(struct table *t, uint64_t v))
{
	uint64_t v;

	return settings_number(usage, name, &v) == 0 ? put_known(t, v) : table_put(t, "");
}

/* "namespaces=612 mounts=1203 ...", in the order in which the broker has them. */
static int put_stages(struct table *t, const bailiff_setting *usage)
{
	static const char prefix[] = "setup-usec-";
	_cleanup_free_ char *text = strdup("");

	for (const bailiff_setting *s = usage; s && text; s = s->next) {
		char *longer = NULL;

		if (strncmp(s->name, prefix, strlen(prefix)) != 0 || s->type != 'n')
			continue;
		if (asprintf(&longer, "%s%s%s=%s", text, text[0] ? " " : "", s->name + strlen(prefix),
			    s->values[0]) < 0)
			return -ENOMEM;
		free(text);
		text = longer;
	}
	return text ? table_put(t, text) : -ENOMEM;
}

static int put_row(struct table *t, uint64_t id, const bailiff_setting *usage)
{
	int r = table_put_unsigned(t, id);

	if (r == 0)
		r = put(t, usage, "cpu-usec", table_put_span);
	if (r == 0)
		r = put(t, usage, "memory-peak", table_put_size);
	if (r == 0)
		r = put(t, usage, "tasks-peak", table_put_unsigned);
	if (r == 0)
		r = put(t, usage, "setup-usec", table_put_span);
	return r < 0 ? r : put_stages(t, usage);
}

static int put_one(bailiff_sandbox *s, const void *state)
{
	_cleanup_(bailiff_setting_freep) bailiff_setting *usage = NULL;
	const struct showing *to = state;
	int r = bailiff_sandbox_get_usage(s, &usage);

	if (r < 0)
		return r;
	if (!to->json)
		return put_row(to->table, bailiff_sandbox_id(s), usage);
	json_object(to->json);
	json_key(to->json, "id");
	json_unsigned(to->json, bailiff_sandbox_id(s));
	settings_json(to->json, usage, NULL);
	json_end(to->json);
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
		{ "STAGES", false, NULL },
	};
	_cleanup_(table_done) struct table t = TABLE_INIT(columns);

	return cli_show_each(cli, args, n, &t, put_one);
}

const struct verb verb_usage = {
	.name = "usage",
	.arguments = "ID...",
	.summary = "Show what sandboxes have used",
	.details = "Processor time, memory and tasks at their highest, and how long the jail took "
		   "to set "
		   "up;\nas far as the kernel says.",
	.min = 1,
	.max = SIZE_MAX,
	.run = run,
};
