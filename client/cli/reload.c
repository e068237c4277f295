/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl reload */

#include "base/error.h"
#include "base/strv.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/text.h"

#include <inttypes.h>

static void print_json(const struct cli *cli, uint32_t generation, char *const *errors)
{
	struct json j = JSON_INIT(stdout, cli->json == JSON_PRETTY);

	json_object(&j);
	json_key(&j, "generation");
	json_unsigned(&j, generation);
	json_key(&j, "errors");
	json_strv(&j, errors);
	json_end(&j);
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	_cleanup_(strv_freep) char **errors = NULL;
	uint32_t generation = 0;
	int r;

	if (cli_connect(cli, &c) < 0)
		return EXIT_FAILURE;
	r = bailiff_reload(c, &generation, &errors);
	if (r < 0 && !errors) {
		report_failure(c, r, "reload");
		return EXIT_FAILURE;
	}
	if (cli->json != JSON_OFF)
		print_json(cli, generation, errors);
	else if (r == 0)
		(void)printf("generation %" PRIu32 "\n", generation);
	STRV_FOREACH (line, errors)
		report("%s", *line);
	if (r < 0)
		report("the profiles were not changed; generation %" PRIu32 " stays in force", generation);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

const struct verb verb_reload = {
	.name = "reload",
	.arguments = "",
	.summary = "Read the profiles anew; administrators only",
	.details = "If any of them is wrong, all stay as they were. Sandboxes keep the profile they were "
		   "launched with.",
	.run = run,
};
