/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl stop */

#include "base/error.h"
#include "cli/cli.h"

struct stop_options {
	bool no_block, has_timeout;
	uint64_t timeout;
};

static int set_timeout(void *into, const char *value, char **reterr_why)
{
	struct stop_options *o = into;

	o->has_timeout = true;
	return parse_span(value, &o->timeout, reterr_why);
}

static int set_no_block(void *into, const char *value, char **reterr_why)
{
	struct stop_options *o = into;

	o->no_block = true;
	return 0;
}

static int stop_one(bailiff_connection *c, const struct stop_options *o, const char *id)
{
	_cleanup_(bailiff_sandbox_freep) bailiff_sandbox *s = NULL;
	int r = cli_open_sandbox(c, id, &s);

	if (r < 0)
		return r;
	r = bailiff_sandbox_stop(s, o->has_timeout ? o->timeout : BAILIFF_TIMEOUT_INFINITE);
	if (r == 0 && !o->no_block)
		r = bailiff_sandbox_wait(s, BAILIFF_TIMEOUT_INFINITE, NULL);
	/* Whoever else waited for it may have released it already: it has ended, which was the wish. */
	if (r == -ESRCH)
		return 0;
	if (r < 0)
		report_failure(c, r, id);
	return r;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	int status = EXIT_SUCCESS;

	if (cli_connect(cli, &c) < 0)
		return EXIT_FAILURE;
	for (size_t i = 0; i < n; i++)
		if (stop_one(c, state, args[i]) < 0)
			status = EXIT_FAILURE;
	return status;
}

static const struct option options[] = {
	{ "timeout", 't', "TIME", "kill after this time instead of the sandbox's own; 0 kills at once",
		set_timeout },
	{ "no-block", 0, NULL, "do not wait until it has ended", set_no_block },
};

const struct verb verb_stop = {
	.name = "stop",
	.arguments = "ID...",
	.summary = "Stop sandboxes: stop signal, grace, kill",
	.details = "",
	.min = 1,
	.max = SIZE_MAX,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct stop_options),
	.run = run,
};
