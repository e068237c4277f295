/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl launch: leaves the program running and prints its id. */

#include "base/error.h"
#include "cli/json.h"
#include "cli/launch-options.h"

#include <inttypes.h>

static void print_sandbox(const struct cli *cli, const bailiff_sandbox *s)
{
	struct json j = JSON_INIT(stdout, cli->json == JSON_PRETTY);

	if (cli->json == JSON_OFF) {
		(void)printf("%" PRIu64 "\n", bailiff_sandbox_id(s));
		return;
	}
	json_object(&j);
	json_key(&j, "id");
	json_unsigned(&j, bailiff_sandbox_id(s));
	json_key(&j, "pid");
	json_signed(&j, bailiff_sandbox_pid(s));
	json_end(&j);
}

/* It ran, so its own end is what there is to say; one that ended well was not ready either. */
static int not_ready(bailiff_connection *c, bailiff_sandbox *s, int error, const char *profile)
{
	bailiff_exit e;
	int status;

	report_failure(c, error, profile);
	if (error != -ESRCH || bailiff_sandbox_wait(s, BAILIFF_TIMEOUT_INFINITE, &e) < 0)
		return EXIT_BROKER;
	report_end(profile, &e);
	status = exit_status(&e);
	return status != EXIT_SUCCESS ? status : EXIT_FAILURE;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	_cleanup_(bailiff_request_freep) bailiff_request *request = NULL;
	_cleanup_(bailiff_sandbox_freep) bailiff_sandbox *s = NULL;
	struct launch_options *o = state;
	int r;

	o->detach = true;
	r = launch_request_make(o, args, &request);
	if (r == 0)
		r = cli_connect(cli, &c);
	if (r < 0)
		return EXIT_BROKER;
	r = bailiff_launch(c, request, &s);
	if (r < 0)
		return launch_failed(c, r, args[0]);
	r = o->notify ? bailiff_sandbox_wait_ready(s, BAILIFF_TIMEOUT_INFINITE) : 0;
	if (r < 0)
		return not_ready(c, s, r, args[0]);
	print_sandbox(cli, s);
	return EXIT_SUCCESS;
}

static const struct option options[] = { LAUNCH_OPTIONS };

const struct verb verb_launch = {
	.name = "launch",
	.arguments = LAUNCH_OPTIONS_ARGUMENTS,
	.summary = "Start a program in a sandbox and print its id",
	.details = "The profile must have AllowDetach=yes, as the program outlives this command. Its "
		   "standard streams\n"
		   "are /dev/null or what the profile says, unless --fd=0, --fd=1 or --fd=2 pass ours on.\n"
		   "With --ready=notify the id is printed when the program is ready; if it ends before, the "
		   "exit status is its.\n"
		   "Fails with 125, 126 and 127, as run does.",
	.min = 1,
	.max = SIZE_MAX,
	.passes_on = true,
	.reach = REACH_FDS,
	.usage_status = EXIT_BROKER,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct launch_options),
	.done = launch_options_done,
	.run = run,
};
