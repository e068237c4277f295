/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Turns the rules of one system call into a graph of tests. Knows policies, but no instructions. */

#include "seccomp/emit-graph.h"
#include "seccomp/policy.h"

/* Memory that is used again for one entry after the other. */
struct matcher;

struct matcher *matcher_new(struct graph *g, const struct architecture *architecture);
void matcher_free(struct matcher *m);
/* The node that decides about an entry; @otherwise: the node for when no rule applies. Errors are the
 * graph's. */
uint32_t matcher_build(struct matcher *m, const struct policy_entry *entry, uint32_t otherwise);
