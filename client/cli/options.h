/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Command lines by table: one list of options serves the parser, --help and the completion of scripts'
 * authors. Knows nothing of the verbs.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct option {
	const char *name;  /* without "--" */
	char letter;       /* 0: none */
	const char *value; /* what it takes, for --help ("SECONDS"); NULL: nothing */
	const char *help;
	/* @value: NULL for an option that takes none. Returns 0, or a negative errno and why (may stay NULL).
	 */
	int (*set)(void *into, const char *value, char **reterr_why);
};

struct option_table {
	const struct option *options;
	size_t n;
	void *into; /* first argument of set */
};

/*
 * Reads options until the end or "--". Other arguments are moved to the front of argv, in order; *ret_n is
 * their number. With stop_early the first of them ends the options: it and all that follows stay as they are.
 * -EINVAL with a sentence in *reterr_why (fresh), -ENOMEM.
 */
int options_parse(const struct option_table *tables, size_t n_tables, char **argv, bool stop_early,
	size_t *ret_n, char **reterr_why);
/* The options of a table, a line or more each. */
void options_help(FILE *f, const struct option *options, size_t n);
/* Writes a sentence into *reterr_why, in place of an earlier one, and returns -EINVAL (or -ENOMEM). */
int option_refuse(char **reterr_why, const char *format, ...) __attribute__((format(printf, 2, 3)));
