/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl profiles: what there is to launch, and whether the caller may. */

#include "base/error.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/text.h"

static void print_json(const struct cli *cli, const bailiff_profile_info *list)
{
	struct json j = JSON_INIT(stdout, cli->json == JSON_PRETTY);

	json_array(&j);
	for (const bailiff_profile_info *i = list; i; i = i->next) {
		json_object(&j);
		json_key(&j, "name");
		json_string(&j, i->name);
		json_key(&j, "description");
		json_string(&j, i->description);
		json_key(&j, "allowed");
		json_bool(&j, i->allowed != 0);
		json_key(&j, "exposure");
		if (i->exposure < 0)
			json_null(&j);
		else
			json_decimal(&j, i->exposure);
		json_end(&j);
	}
	json_end(&j);
}

static int put_row(struct table *t, const bailiff_profile_info *i)
{
	char exposure[24] = "";
	int r;

	if (i->exposure >= 0)
		(void)snprintf(exposure, sizeof(exposure), "%.1f", i->exposure);
	r = table_put(t, i->name);
	if (r == 0)
		r = table_put(t, i->allowed ? "yes" : "no");
	if (r == 0)
		r = table_put(t, exposure);
	return r < 0 ? r : table_put(t, i->description);
}

static int print_table(const struct cli *cli, const bailiff_profile_info *list)
{
	static const struct column columns[] = {
		{ "PROFILE", false, NULL },
		{ "ALLOWED", false, style_allowed },
		{ "EXPOSURE", true, NULL },
		{ "DESCRIPTION", false, NULL },
	};
	_cleanup_(table_done) struct table t = TABLE_INIT(columns);

	for (const bailiff_profile_info *i = list; i; i = i->next)
		if (put_row(&t, i) < 0)
			return report_no_memory();
	cli_print_table(cli, &t);
	return EXIT_SUCCESS;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	_cleanup_(bailiff_profile_info_freep) bailiff_profile_info *list = NULL;
	int r;

	if (cli_connect(cli, &c) < 0)
		return EXIT_FAILURE;
	r = bailiff_list_profiles(c, &list);
	if (r < 0) {
		report_failure(c, r, "profiles");
		return EXIT_FAILURE;
	}
	if (cli->json == JSON_OFF)
		return print_table(cli, list);
	print_json(cli, list);
	return EXIT_SUCCESS;
}

const struct verb verb_profiles = {
	.name = "profiles",
	.arguments = "",
	.summary = "List the profiles, and whether you may launch them",
	.details = "",
	.run = run,
};
