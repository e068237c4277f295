/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl show: all properties of sandboxes or profiles, for programs to read. */

#include "base/error.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/settings.h"

#include <string.h>

struct show_options {
	const char *property;
};

static int set_property(void *into, const char *value, char **reterr_why)
{
	struct show_options *o = into;

	o->property = value;
	return 0;
}

/* What an id or a profile has; of a profile, also the keys that are in force, where the caller may see them.
 */
struct shown {
	bailiff_setting *properties, *settings;
};

static void shown_done(struct shown *s)
{
	(void)bailiff_setting_free(s->properties);
	(void)bailiff_setting_free(s->settings);
}

static int ask_sandbox(bailiff_connection *c, const char *id, struct shown *ret)
{
	_cleanup_(bailiff_sandbox_freep) bailiff_sandbox *s = NULL;
	int r = cli_open_sandbox(c, id, &s);

	if (r < 0)
		return r;
	r = bailiff_sandbox_get_properties(s, &ret->properties);
	if (r < 0)
		report_failure(c, r, id);
	return r;
}

/* What a profile has under the same name as property and as key, it has once. */
static void drop_repeated(struct shown *s)
{
	bailiff_setting **at = &s->settings;

	while (*at) {
		const bailiff_setting *p = s->properties;
		bailiff_setting *key = *at;

		while (p && strcmp(p->name, key->name) != 0)
			p = p->next;
		if (!p) {
			at = &key->next;
			continue;
		}
		*at = key->next;
		key->next = NULL;
		(void)bailiff_setting_free(key);
	}
}

static int ask_profile(bailiff_connection *c, const char *name, struct shown *ret)
{
	int r = bailiff_get_profile_properties(c, name, &ret->properties);

	if (r < 0) {
		report_profile_failure(c, r, name);
		return r;
	}
	r = bailiff_get_profile_settings(c, name, &ret->settings);
	drop_repeated(ret);
	/* Whom the profile does not let in sees what everybody sees; one with errors has none in force. */
	if (r == 0 || r == -EACCES || r == -EBADMSG)
		return 0;
	report_failure(c, r, name);
	return r;
}

static int show_one(const struct cli *cli, bailiff_connection *c, const struct show_options *o,
	const char *what, struct json *j)
{
	_cleanup_(shown_done) struct shown shown = { 0 };
	uint64_t id;
	unsigned n = 0;
	int r = parse_u64(what, &id) == 0 ? ask_sandbox(c, what, &shown) : ask_profile(c, what, &shown);

	if (r < 0)
		return r;
	if (cli->json != JSON_OFF) {
		json_object(j);
		settings_json(j, shown.properties, o->property);
		settings_json(j, shown.settings, o->property);
		json_end(j);
		return 0;
	}
	n += settings_print(shown.properties, o->property);
	n += settings_print(shown.settings, o->property);
	if (n == 0 && o->property) {
		report("%s: has no property %s; bailiffctl show %s lists those it has", what, o->property,
			what);
		return -ENOENT;
	}
	return 0;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	struct json j = JSON_INIT(stdout, cli->json == JSON_PRETTY);
	int status = EXIT_SUCCESS;

	if (cli_connect(cli, &c) < 0)
		return EXIT_FAILURE;
	if (cli->json != JSON_OFF)
		json_array(&j);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && cli->json == JSON_OFF)
			(void)putchar('\n');
		if (show_one(cli, c, state, args[i], &j) < 0)
			status = EXIT_FAILURE;
	}
	if (cli->json != JSON_OFF)
		json_end(&j);
	return status;
}

static const struct option options[] = {
	{ "property", 'p', "NAME", "this one alone", set_property },
};

const struct verb verb_show = {
	.name = "show",
	.arguments = "ID|PROFILE...",
	.summary = "Print all properties of sandboxes or profiles",
	.details =
		"A number is the id of a sandbox. Lines are NAME=VALUE, one for each value of a list. After "
		"the "
		"properties\nof a profile come its keys as they are in force, for those who may launch it.",
	.min = 1,
	.max = SIZE_MAX,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct show_options),
	.run = run,
};
