/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Blocks as of malloc(3), in pages that no child has. They are for what a process that clones others keeps
 * for long and no child looks at: a page that a child shares is copied when it is next written to, and each
 * that there is makes the clone, and the child's end, take longer. A child that touches one ends (SIGSEGV).
 * Before private_open(), and where there is no room left, blocks are malloc(3)'s.
 */

#include <stddef.h>

/* Once, in a process of one thread; later calls do nothing. Without the memory, and on a kernel that would
 * have children share it, nothing is opened. @size: of memory that is used only as far as it is needed. */
void private_open(size_t size);
/* Zeroed. NULL: no memory. */
void *private_calloc(size_t size);
char *private_strdup(const char *text);
/* Of either kind, or NULL. */
void private_free(void *p);
