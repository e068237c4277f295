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
/* Its parts, in their order: up to its dictionary, which the caller closes; then entries of that. The names
 * are those of the variables. */
int explain_begin_allowed(struct writer *w, const char *rule);
int explain_put_before(struct writer *w, const struct explanation *e);
int explain_put_names(struct writer *w, char *const *env);
int explain_put_after(struct writer *w, const struct explanation *e);
