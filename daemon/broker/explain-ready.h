/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a launch that Explain allows would come to is the profile's, but for its rule, its program and the
 * names of its variables, when it is asked about without options. So for the profiles that were asked about
 * last it is kept as it was written, to be put around these names; a reload forgets it.
 */

#include "broker/explain-effective.h"

#define READY_MAX 32 /* profiles */

struct ready_answer {
	const struct compiled_profile *profile; /* NULL: none */
	const char *executable;                 /* the profile's string */
	uint8_t *data;                          /* owned; entries of a{sv}, from a multiple of eight on */
	size_t before, size;                    /* those before the names of variables, and all */
};

struct ready_answers {
	struct ready_answer v[READY_MAX];
};

/* @index: of the profile in its catalog. NULL: there is none. Until the next call of another function. */
const struct ready_answer *ready_find(
	const struct ready_answers *all, size_t index, const struct compiled_profile *p);
/* Keeps it of an explanation without options. Without memory for it, it does not. */
void ready_keep(struct ready_answers *all, size_t index, const struct explanation *e);
/* As explain_put_allowed(), into bytes. */
int ready_put(struct writer *w, const char *rule, const struct ready_answer *ready, char *const *env);
void ready_forget(struct ready_answers *all);
