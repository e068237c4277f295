/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Writes a graph down as classic BPF. */

#include "seccomp/emit-graph.h"

#include <linux/filter.h>

/*
 * The program that starts at @root. @cost: for each owner how many instructions its nodes take; room for
 * @n_owners is the caller's, and what belongs to others is not counted. Freed with free(3).
 */
int program_write(const struct graph *g, uint32_t root, struct sock_filter **ret, size_t *ret_n, size_t *cost,
	size_t n_owners);
