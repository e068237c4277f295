/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl cat: the files that a profile is made of. Needs no broker. */

#include "base/error.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "compiler/compile.h"

#include <string.h>

static int set_config_dir(void *into, const char *value, char **reterr_why)
{
	struct compile_options *o = into;

	o->config_dir = value;
	return 0;
}

static int cat_one(const char *name, const struct compile_options *o)
{
	int r;

	if (!profile_name_valid(name)) {
		report("%s: not a name that a profile can have; bailiffctl profiles lists them", name);
		return -EINVAL;
	}
	r = compile_cat(name, o, stdout);
	if (r == -ENOENT)
		report("%s: no such profile below %s", name,
			o->config_dir ? o->config_dir : "/etc/bailiff, /run/bailiff and /usr/lib/bailiff");
	else if (r == -EBADMSG)
		report("%s: not all of its files could be read; bailiffctl verify FILE says why", name);
	else if (r < 0)
		report("%s: %s", name, strerror(-r));
	return r;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	int status = EXIT_SUCCESS;

	for (size_t i = 0; i < n; i++)
		if (cat_one(args[i], state) < 0)
			status = EXIT_FAILURE;
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
