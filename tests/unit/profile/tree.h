/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A configuration directory of the test's own, made and removed; one that root alone can change. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tree {
	char root[64];
};

/* For cmocka: a fresh tree as the test's state. */
int tree_setup(void **state);
int tree_teardown(void **state);
/* Skips the test for anyone but root, who alone can own configuration. */
void tree_need_root(void);
void tree_make(struct tree *t);
void tree_remove(struct tree *t);
/* A path below it, in static storage of four slots that take turns. */
const char *tree_path(const struct tree *t, const char *name);
/* Makes a file with its directories, mode 0644, from text. */
void tree_write(const struct tree *t, const char *name, const char *text);
void tree_mkdir(const struct tree *t, const char *name, mode_t mode);
void tree_link(const struct tree *t, const char *name, const char *target);
