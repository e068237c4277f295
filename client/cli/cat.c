/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl cat: the files that a profile is made of. Needs no broker. */

#include "base/error.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "compiler/compile.h"

#include <string.h>

static int set_config_dir(void *into, const char *value, char **reterr_why)
{
	struct compile_options *o = into;

	o->config_dir = value;
	return 0;
}

static int cat_one(const char *name, const struct compile_options *o, FILE *out)
{
	int r;

	if (!profile_name_valid(name)) {
		report("%s: not a name that a profile can have; bailiffctl profiles lists them", name);
		return -EINVAL;
	}
	r = compile_cat(name, o, out);
	if (r == -ENOENT)
		report("%s: no such profile below %s", name,
			o->config_dir ? o->config_dir : "/etc/bailiff, /run/bailiff and /usr/lib/bailiff");
	else if (r == -EBADMSG)
		report("%s: not all of its files could be read; bailiffctl verify FILE says why", name);
	else if (r < 0)
		report("%s: %s", name, strerror(-r));
	return r;
}

/* What was there to read is printed, with and without errors. */
static int cat_as_json(const char *name, const struct compile_options *o, struct json *j)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int r = f ? cat_one(name, o, f) : errno_or_eio();

	if (f && fclose(f) != 0 && r == 0)
		r = errno_or_eio();
	if (!f)
		report("%s: %s", name, strerror(-r));
	if (!text || (r < 0 && size == 0))
		return r;
	json_object(j);
	json_key(j, "profile");
	json_string(j, name);
	json_key(j, "text");
	json_string(j, text);
	json_end(j);
	return r;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	struct json j = JSON_INIT(stdout, cli->json == JSON_PRETTY);
	int status = EXIT_SUCCESS;

	if (cli->json != JSON_OFF)
		json_array(&j);
	for (size_t i = 0; i < n; i++)
		if ((cli->json == JSON_OFF ? cat_one(args[i], state, stdout)
					   : cat_as_json(args[i], state, &j)) < 0)
			status = EXIT_FAILURE;
	if (cli->json != JSON_OFF)
		json_end(&j);
	return status;
}

static const struct option options[] = {
	{ "config-dir", 0, "DIR", "where profiles are, instead of the system's places", set_config_dir },
};

const struct verb verb_cat = {
	.name = "cat",
	.arguments = "PROFILE...",
	.summary = "Print the files that a profile is made of",
	.details = "The profile, then its drop-ins in the order they are read, each below its path.",
	.min = 1,
	.max = SIZE_MAX,
	.reach = REACH_HERE,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct compile_options),
	.run = run,
};
