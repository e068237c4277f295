/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Policies that others have written, which lie beside the tree or not at all. Knows which architecture each
 * is for, and gives each the files that it includes from where it is installed.
 */

#include "seccomp/seccomp.h"

#include <stdbool.h>

struct collection {
	int fd; /* the directory that the names of policies start from; -1: there is none */
	char *path;
	char scratch[32]; /* a root to include from for each architecture */
};

/* The state of a group of tests. */
int collection_setup(void **state);
int collection_teardown(void **state);
/*
 * Whether there is a collection. Without one, skips the test, or returns false where skipped tests are not
 * allowed: nobody needs to have it.
 */
bool collection_there(const struct collection *c);
/* Every policy, sorted, by its path below .path. */
char **collection_list(const struct collection *c);
/* The text of a file; fails the test without. */
char *collection_read(const struct collection *c, const char *name);
/* Compiles a policy. Result as seccomp_compile_file(). */
int collection_compile(const struct collection *c, const char *name, const struct architecture *a,
	unsigned flags, struct seccomp_result *ret);
