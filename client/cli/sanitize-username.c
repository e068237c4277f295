/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl sanitize-username */

#include "base/error.h"
#include "cli/cli.h"
#include "cli/json.h"

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	_cleanup_free_ char *sanitized = NULL;
	struct json j = JSON_INIT(stdout, cli->json == JSON_PRETTY);
	int r;

	if (cli_connect(cli, &c) < 0)
		return EXIT_FAILURE;
	r = bailiff_sanitize_username(c, args[0], &sanitized);
	if (r < 0) {
		report_failure(c, r, args[0]);
		return EXIT_FAILURE;
	}
	if (cli->json == JSON_OFF) {
		(void)printf("%s\n", sanitized);
		return EXIT_SUCCESS;
	}
	json_object(&j);
	json_key(&j, "username");
	json_string(&j, args[0]);
	json_key(&j, "sanitized");
	json_string(&j, sanitized);
	json_end(&j);
	return EXIT_SUCCESS;
}

const struct verb verb_sanitize_username = {
	.name = "sanitize-username",
	.arguments = "NAME",
	.summary = "Print the name under which a user's data is kept",
	.details = "It is SHA1 of this machine's salt and the name in lower case, as in ChromeOS.",
	.min = 1,
	.max = 1,
	.run = run,
};
