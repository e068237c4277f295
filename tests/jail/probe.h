/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * probe: a static program that is run inside a jail and says what it sees and what it can do there.
 *
 *   probe COMMAND [ARGUMENT…] [-- COMMAND [ARGUMENT…]]…
 *
 * Commands run in order. "see" prints "key value" lines. Every attempt prints "NAME result", the result being
 * "ok", "ok NUMBER" or the name of an errno value ("EPERM"). "commands" lists them all. Exit status 0, unless
 * the last command says otherwise ("exit 3") or one is unknown or malformed (64).
 */

#include <errno.h>
#include <stddef.h>

struct probe_command {
	const char *name;
	int min_args, max_args;
	const char *usage;
	/* 0 or positive: printed as "ok" (with the number, when it is not 0); negative errno. */
	long (*run)(int argc, char **argv);
};

/* A decimal number, 0 if it is none. */
int number(const char *s);
/* Of a system call that returns 0 or something to be forgotten. */
static inline long result(long r)
{
	return r < 0 ? -errno : 0;
}
/* "parent", or a number. */
int pid_argument(const char *s);

/* Ended by one without a name. */
extern const struct probe_command see_commands[], try_commands[], process_commands[], filter_commands[],
	reach_commands[], own_commands[], call_commands[], share_commands[], pty_commands[],
	notify_commands[];
