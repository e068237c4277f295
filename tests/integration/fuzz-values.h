/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Random D-Bus values from a seed: of a given type or of any, plain ones, edges, and words that mean
 * something to the broker. The same seed and the same calls give the same values; only what the broker makes
 * up (ids and paths of sandboxes) may differ from run to run.
 */

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <stdbool.h>

#define FUZZ_SOURCES 18 /* descriptors to choose from */

struct fuzz_values {
	GRand *random;
	GPtrArray *words;          /* strings that the broker knows, owned */
	GPtrArray *paths;          /* object paths that are there, or were, owned */
	GArray *ids;               /* guint64: the same of sandboxes */
	int sources[FUZZ_SOURCES]; /* of every kind, and held until fuzz_values_done() */
	int partners[FUZZ_SOURCES];
	GUnixFDList *fds; /* of the message in the making, see fuzz_begin() */
};

void fuzz_values_init(struct fuzz_values *v, guint32 seed);
void fuzz_values_done(struct fuzz_values *v);
void fuzz_word(struct fuzz_values *v, const char *word);
/* 0 to n - 1. */
guint fuzz_below(struct fuzz_values *v, guint n);
bool fuzz_chance(struct fuzz_values *v, guint percent);
const char *fuzz_pick(struct fuzz_values *v, const GPtrArray *strings);
/* A new message: it has no descriptors yet. What fuzz_value() makes of type h goes into v->fds. */
void fuzz_begin(struct fuzz_values *v);
/* All floating. */
GVariant *fuzz_value(struct fuzz_values *v, const GVariantType *type, guint depth);
GVariant *fuzz_options(struct fuzz_values *v);
/* A tuple of any types, for calls with a wrong signature. */
GVariant *fuzz_tuple(struct fuzz_values *v, guint n_max);
