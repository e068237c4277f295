/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The single layers, each as a policy of its own: what layers.c puts together. For this folder and its tests.
 */

#include "seccomp/layers.h"
#include "seccomp/policy.h"

/* Adds its rules to a policy that allows all; nothing when it is not asked for. */
struct layer {
	const char *name; /* the key, for messages */
	int (*build)(const struct seccomp_layers *l, struct policy *p);
};

int layer_filter(const struct seccomp_layers *l, struct policy *p);
int layer_log(const struct seccomp_layers *l, struct policy *p);
/* The same lists for what is inside of socketcall(2) and ipc(2). */
int layer_filter_packed(const struct seccomp_layers *l, struct policy *p);
int layer_log_packed(const struct seccomp_layers *l, struct policy *p);

/* All but these. */
extern const struct layer key_layers[];
extern const size_t n_key_layers;
