/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What tools get beside the program: the parsed policy, with the texts that its positions point into. */

#include "seccomp/policy.h"
#include "seccomp/source.h"

struct loaded_policy {
	struct source_set sources;
	struct policy policy;
};

void loaded_policy_free(struct loaded_policy *l);
