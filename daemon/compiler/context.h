/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What compile.c and verify.c share: everything that is opened and read once for all profiles. */

#include "compiler/compile.h"
#include "compiler/shared.h"
#include "compiler/translate.h"

struct compile_context {
	struct places places, policies;
	struct compiled_config config;
	struct diagnostics config_diagnostics;
	int config_error; /* 0 or -EBADMSG */
	struct shared_filters filters;
	struct known_user user;
	struct translation translation;
};

int compile_open_places(const struct compile_options *options, struct places *ret);
/* In place: it points into itself. compile_context_close() it in every case. */
int compile_context_open(const struct compile_options *options, struct compile_context *ret);
void compile_context_close(struct compile_context *c);
/* Appends lines that are not there yet, some thousands at most; an excerpt and its notes stay with their
 * error. *count: lines so far. */
int compile_merge_lines(char ***to, size_t *count, char *const *from);
/* Compiles one; with any error *ret is marked invalid, and @d has the lines. 0 or -ENOMEM. */
int compile_profile(const struct compile_context *c, const struct profile *p, const struct unit *u,
	struct diagnostics *d, struct compiled_profile *ret);
