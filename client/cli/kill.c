/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl kill: every process of a sandbox, or of every sandbox of a profile. */

#include "base/error.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/json.h"

#include <signal.h>

struct kill_options {
	int signal; /* 0: SIGKILL */
	bool profile;
};

static int set_signal(void *into, const char *value, char **reterr_why)
{
	struct kill_options *o = into;

	if (parse_signal(value, &o->signal) < 0)
		return option_refuse(reterr_why, "is no signal; write TERM, SIGTERM or 15");
	return 0;
}

static int set_profile(void *into, const char *value, char **reterr_why)
{
	struct kill_options *o = into;

	o->profile = true;
	return 0;
}

static int kill_one(bailiff_sandbox *s, const void *state)
{
	const struct kill_options *o = state;

	return bailiff_sandbox_signal(s, o->signal > 0 ? o->signal : SIGKILL, 1);
}

static int kill_profiles(const struct cli *cli, const struct kill_options *o, char **args, size_t n)
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	struct json j = JSON_INIT(stdout, cli->json == JSON_PRETTY);
	int status = EXIT_SUCCESS;

	if (cli_connect(cli, &c) < 0)
		return EXIT_FAILURE;
	if (cli->json != JSON_OFF)
		json_object(&j);
	for (size_t i = 0; i < n; i++) {
		unsigned count;
		int r = bailiff_kill_all(c, args[i], o->signal > 0 ? o->signal : SIGKILL, &count);

		if (r < 0) {
			report_failure(c, r, args[i]);
			status = EXIT_FAILURE;
		} else if (cli->json == JSON_OFF)
			(void)printf("%s: %u\n", args[i], count);
		else {
			json_key(&j, args[i]);
			json_unsigned(&j, count);
		}
	}
	if (cli->json != JSON_OFF)
		json_end(&j);
	return status;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	const struct kill_options *o = state;

	return o->profile ? kill_profiles(cli, o, args, n) : cli_each_sandbox(cli, args, n, kill_one, o);
}

static const struct option options[] = {
	{ "signal", 's', "SIGNAL", "which one, by name or number; SIGKILL if left out", set_signal },
	{ "profile", 'p', NULL, "the arguments are profiles: all their sandboxes, of all users",
		set_profile },
};

const struct verb verb_kill = {
	.name = "kill",
	.arguments = "ID|PROFILE...",
	.summary = "Kill every process of sandboxes at once",
	.details = "With --profile it is for administrators, and prints how many sandboxes got the signal.",
	.min = 1,
	.max = SIZE_MAX,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct kill_options),
	.run = run,
};
