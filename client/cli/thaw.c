/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl thaw */

#include "cli/cli.h"

static int thaw_one(bailiff_sandbox *s, const void *state)
{
	return bailiff_sandbox_thaw(s);
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	return cli_each_sandbox(cli, args, n, thaw_one, state);
}

const struct verb verb_thaw = {
	.name = "thaw",
	.arguments = "ID...",
	.summary = "Let frozen sandboxes go on",
	.details = "",
	.min = 1,
	.max = SIZE_MAX,
	.run = run,
};
