/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a launch that Explain allows would come to, for its caller to look at. */

#include "broker/body.h"
#include "broker/launch-args.h"

struct explanation {
	const struct compiled_profile *profile;
	const struct launch_args *args;
	struct jail_spec spec;
	struct plan_effective effective;
	uint32_t generation;
};

/* The answer of Explain. @rule: the one that lets the caller in. -ENOMEM. */
int explain_put_allowed(struct writer *w, const char *rule, const struct explanation *e);
