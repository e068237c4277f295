/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl user-paths */

#include "base/error.h"
#include "base/strv.h"
#include "cli/cli.h"
#include "cli/json.h"

static const char *const kinds[] = { "user", "root" };

/* All that is asked for, before any of it is printed: the kinds, then the stores of args[1] and on. */
static int ask(bailiff_connection *c, char **args, size_t n, char ***ret)
{
	_cleanup_(strv_freep) char **paths = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ELEMENTSOF(kinds) + n - 1; i++) {
		char *path;

		r = i < ELEMENTSOF(kinds) ? bailiff_get_user_path(c, args[0], kinds[i], &path)
					  : bailiff_get_daemon_store_path(
						    c, args[i - ELEMENTSOF(kinds) + 1], args[0], &path);
		if (r == 0)
			r = strv_consume(&paths, path);
	}
	if (r == 0)
		*ret = steal_ptr(paths);
	return r;
}

static void print_json(struct json *j, char **args, size_t n, char **paths)
{
	json_object(j);
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		json_key(j, kinds[i]);
		json_string(j, paths[i]);
	}
	json_key(j, "stores");
	json_object(j);
	for (size_t i = 1; i < n; i++) {
		json_key(j, args[i]);
		json_string(j, paths[ELEMENTSOF(kinds) + i - 1]);
	}
	json_end(j);
	json_end(j);
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	_cleanup_(strv_freep) char **paths = NULL;
	struct json j = JSON_INIT(stdout, cli->json == JSON_PRETTY);
	int r;

	if (cli_connect(cli, &c) < 0)
		return EXIT_FAILURE;
	r = ask(c, args, n, &paths);
	if (r < 0) {
		report_failure(c, r, args[0]);
		return EXIT_FAILURE;
	}
	if (cli->json != JSON_OFF) {
		print_json(&j, args, n, paths);
		return EXIT_SUCCESS;
	}
	for (size_t i = 0; paths[i]; i++)
		(void)printf("%s %s\n", i < ELEMENTSOF(kinds) ? kinds[i] : "store", paths[i]);
	return EXIT_SUCCESS;
}

const struct verb verb_user_paths = {
	.name = "user-paths",
	.arguments = "USER [STORE...]",
	.summary = "Print where a user's data is mounted",
	.details = "USER is a name or what sanitize-username printed; STORE a daemon's store.",
	.min = 1,
	.max = 64,
	.run = run,
};
