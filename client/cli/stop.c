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

static int stop_one(bailiff_sandbox *s, const void *state)
{
	const struct stop_options *o = state;
	int r = bailiff_sandbox_stop(s, o->has_timeout ? o->timeout : BAILIFF_TIMEOUT_INFINITE);

	if (r == 0 && !o->no_block)
		r = bailiff_sandbox_wait(s, BAILIFF_TIMEOUT_INFINITE, NULL);
	/* Whoever else waited for it may have released it already: it has ended, which was the wish. */
	return r == -ESRCH ? 0 : r;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	return cli_each_sandbox(cli, args, n, stop_one, state);
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
