/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The text of random policies, in all that the language has, and beside it the rules that the text stands
 * for, put together without the parser.
 */

#include "random-policy.h"

#include <stdio.h>

struct text_shape {
	const struct architecture *architecture;
	const uint32_t *numbers; /* that statements are for; without the first number of the architecture */
	size_t n_numbers;
	size_t max_statements, max_rules, max_atoms;
	/* Whether there may be @include and @frequency, groups of calls, and a @denylist. */
	bool files, groups, denylists;
};

#define TEXT_FILES 6

struct text_file {
	char name[24]; /* of the first one empty */
	char *text;
	size_t size;
};

struct random_text {
	struct policy model; /* what the text stands for */
	struct text_file files[TEXT_FILES];
	size_t n_files;
};

void random_text_make(struct random *r, const struct text_shape *shape, struct random_text *ret);
void random_text_done(struct random_text *p);
/* Shows the text of all files. */
void random_text_print(const struct random_text *p, FILE *f);
