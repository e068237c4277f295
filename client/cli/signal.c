/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl signal */

#include "base/error.h"
#include "base/parse.h"
#include "cli/cli.h"

#include <signal.h>

struct signal_options {
	int signal; /* 0: SIGTERM */
	bool all;
};

static int set_signal(void *into, const char *value, char **reterr_why)
{
	struct signal_options *o = into;

	if (parse_signal(value, &o->signal) < 0)
		return option_refuse(reterr_why, "is no signal; write TERM, SIGTERM or 15");
	return 0;
}

static int set_all(void *into, const char *value, char **reterr_why)
{
	struct signal_options *o = into;

	o->all = true;
	return 0;
}

static int signal_one(bailiff_sandbox *s, const void *state)
{
	const struct signal_options *o = state;

	return bailiff_sandbox_signal(s, o->signal > 0 ? o->signal : SIGTERM, o->all);
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	return cli_each_sandbox(cli, args, n, signal_one, state);
}

static const struct option options[] = {
	{ "signal", 's', "SIGNAL", "which one, by name or number; SIGTERM if left out", set_signal },
	{ "all", 'a', NULL, "to every process inside, not the main one alone", set_all },
};

const struct verb verb_signal = {
	.name = "signal",
	.arguments = "ID...",
	.summary = "Send a signal to sandboxes",
	.details = "",
	.min = 1,
	.max = SIZE_MAX,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct signal_options),
	.run = run,
};
