/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl quota: what of the caller's quotas is used. */

#include "base/error.h"
#include "cli/cli.h"
#include "cli/humane.h"
#include "cli/settings.h"

#include <string.h>

static const char *nth(const bailiff_setting *s, size_t n)
{
	for (size_t i = 0; i <= n; i++)
		if (!s->values[i])
			return "";
	return s->values[n];
}

/* Numbers that the library wrote, so that JSON can have them as they are. */
static void put_number(struct json *j, const char *key, const char *digits)
{
	json_key(j, key);
	json_unsigned(j, strtoull(digits, NULL, 10));
}

static void print_json(const struct cli *cli, const bailiff_setting *quota)
{
	struct json j = JSON_INIT(stdout, cli->json == JSON_PRETTY);

	json_object(&j);
	for (const bailiff_setting *s = quota; s; s = s->next) {
		json_key(&j, s->name);
		json_object(&j);
		put_number(&j, "used", nth(s, 0));
		put_number(&j, "limit", nth(s, 1));
		json_end(&j);
	}
	json_end(&j);
}

static int put_value(struct table *t, const char *name, const char *digits)
{
	return strcmp(name, "bytes") == 0 ? table_put_size(t, strtoull(digits, NULL, 10))
					  : table_put(t, digits);
}

static int print_text(const struct cli *cli, const bailiff_setting *quota)
{
	static const struct column columns[] = {
		{ "QUOTA", false, NULL },
		{ "USED", true, NULL },
		{ "LIMIT", true, NULL },
	};
	_cleanup_(table_done) struct table t = TABLE_INIT(columns);

	for (const bailiff_setting *s = quota; s; s = s->next) {
		int r = table_put(&t, s->name);

		if (r == 0)
			r = put_value(&t, s->name, nth(s, 0));
		if (r == 0)
			r = put_value(&t, s->name, nth(s, 1));
		if (r < 0)
			return report_no_memory();
	}
	cli_print_table(cli, &t);
	return EXIT_SUCCESS;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	_cleanup_(bailiff_setting_freep) bailiff_setting *quota = NULL;
	int r;

	if (cli_connect(cli, &c) < 0)
		return EXIT_FAILURE;
	r = bailiff_get_quota(c, &quota);
	if (r < 0) {
		report_failure(c, r, "quota");
		return EXIT_FAILURE;
	}
	if (cli->json == JSON_OFF)
		return print_text(cli, quota);
	print_json(cli, quota);
	return EXIT_SUCCESS;
}

const struct verb verb_quota = {
	.name = "quota",
	.arguments = "",
	.summary = "Show what you have used of your quotas",
	.details = "",
	.run = run,
};
