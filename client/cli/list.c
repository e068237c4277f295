/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl list: the sandboxes that the caller may see. */

#include "base/error.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/text.h"

static void print_json(const struct cli *cli, const bailiff_sandbox_info *list)
{
	struct json j = JSON_INIT(stdout, cli->json == JSON_PRETTY);

	json_array(&j);
	for (const bailiff_sandbox_info *i = list; i; i = i->next) {
		json_object(&j);
		json_key(&j, "id");
		json_unsigned(&j, i->id);
		json_key(&j, "profile");
		json_string(&j, i->profile);
		json_key(&j, "owner");
		json_unsigned(&j, i->owner);
		json_key(&j, "pid");
		json_signed(&j, i->pid);
		json_key(&j, "state");
		json_string(&j, i->state);
		json_key(&j, "tag");
		json_string(&j, i->tag);
		json_key(&j, "path");
		json_string(&j, i->path);
		json_end(&j);
	}
	json_end(&j);
}

static int put_row(struct table *t, const bailiff_sandbox_info *i)
{
	_cleanup_free_ char *owner = user_name(i->owner);
	int r = owner ? table_put_unsigned(t, i->id) : -ENOMEM;

	if (r == 0)
		r = table_put(t, i->profile);
	if (r == 0)
		r = table_put(t, owner);
	if (r == 0)
		r = i->pid > 0 ? table_put_unsigned(t, (uint64_t)i->pid) : table_put(t, "");
	if (r == 0)
		r = table_put(t, i->state);
	return r < 0 ? r : table_put(t, i->tag);
}

static int print_table(const struct cli *cli, const bailiff_sandbox_info *list)
{
	static const struct column columns[] = {
		{ "ID", true, NULL },
		{ "PROFILE", false, NULL },
		{ "OWNER", false, NULL },
		{ "PID", true, NULL },
		{ "STATE", false, style_state },
		{ "TAG", false, NULL },
	};
	_cleanup_(table_done) struct table t = TABLE_INIT(columns);

	for (const bailiff_sandbox_info *i = list; i; i = i->next)
		if (put_row(&t, i) < 0)
			return report_no_memory();
	cli_print_table(cli, &t);
	return EXIT_SUCCESS;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	_cleanup_(bailiff_sandbox_info_freep) bailiff_sandbox_info *list = NULL;
	int r;

	if (cli_connect(cli, &c) < 0)
		return EXIT_FAILURE;
	r = bailiff_list_sandboxes(c, &list);
	if (r < 0) {
		report_failure(c, r, "list");
		return EXIT_FAILURE;
	}
	if (cli->json == JSON_OFF)
		return print_table(cli, list);
	print_json(cli, list);
	return EXIT_SUCCESS;
}

const struct verb verb_list = {
	.name = "list",
	.arguments = "",
	.summary = "List your sandboxes; for an administrator, all",
	.details = "Those that have ended are listed as long as the broker keeps how they ended.",
	.run = run,
};
