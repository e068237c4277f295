/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl freeze */

#include "cli/cli.h"

static int freeze_one(bailiff_sandbox *s, const void *state)
{
	return bailiff_sandbox_freeze(s);
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	return cli_each_sandbox(cli, args, n, freeze_one, state);
}

const struct verb verb_freeze = {
	.name = "freeze",
	.arguments = "ID...",
	.summary = "Halt every process of sandboxes until thaw",
	.details = "Their times go on: what is stopped or runs out of time ends all the same.",
	.min = 1,
	.max = SIZE_MAX,
	.run = run,
};
